import LocalAPI
import SyncProtocol
import TerminalKit
import Testing

@testable import fieldbook

/// What a person is told of a metered link.
@Suite struct MeteringWordsTests {
    private func metering(
        _ waits: [String], used: Int64 = 3_250_000, of limit: Int64? = 20_000_000, usedUp: Bool = false,
        asked: Bool = false
    ) -> Local.Metering {
        var metering = Local.Metering(usedBytes: used, usedUp: usedUp, waits: waits, recordsAsked: asked)
        metering.dailyBytes = limit.map { WireInteger($0) }
        if usedUp { metering.anewAt = "2026-11-22T00:00:00Z" }
        return metering
    }

    @Test func `the line says what waits, how to have it, and what of the day's bytes went`() {
        #expect(
            Context.text(metering(["records"]))
                == "metered: bill records wait until asked for (fetch them with: fieldbook sync --records); 3.2 MB of 20 MB used today"
        )
        #expect(Context.text(metering([], used: 0, of: nil)) == "metered: 0 B used today")
        #expect(
            Context.text(metering([], of: nil, asked: true))
                == "metered: bill records come, as asked for; 3.2 MB used today")
        let gone = Context.text(metering(["edits", "feed"], used: 20_000_000, usedUp: true))
        #expect(gone.contains("edits and the feed wait until 2026-11-22T00:00:00Z or until: fieldbook sync"))
        #expect(gone.hasSuffix("used up: freezes and budgets still go"))
        #expect(Context.text(metering(["feed"], usedUp: true)).contains("the feed waits until"))
    }

    @Test func `a link that is not metered is null for programs`() {
        #expect(Context.json(nil as Local.Metering?) == .null)
        #expect(Context.json(metering(["records"])).compact.contains("\"waits\":[\"records\"]"))
    }
}
