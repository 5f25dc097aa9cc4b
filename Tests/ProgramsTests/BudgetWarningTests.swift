import Diagnostics
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// A budget that is used up as soon as it is set, and freezes then.
@Suite struct BudgetWarningTests {
    /// Alpha has used 60 of its 100, by a figure of that time.
    private func desk(asOf: Int64) throws -> OfflineDesk {
        try OfflineDesk { store in
            let usage = PageRow(.usage, 1, version: 11, [.integer(60 * 100_000_000), .integer(asOf)])
            var page = try ReceivedPage(
                pageBytes("feed/1", epoch: "e1", from: "c", to: "d", sequence: 11, .checkpoint, [usage]),
                kind: "feed/1", expectedCursor: "c", isWhole: true)
            _ = try store.applyFeedPage(&page)
        }
    }

    @Test func `it is told before the edit is queued, and by a dry run`() throws {
        let desk = try desk(asOf: SystemClock().now().seconds)
        let freeze = ["budget", "set", "Alpha", "50", "--on-exhaustion", "freeze"]
        for words in [freeze + ["--dry-run"], freeze, ["budget", "adjust", "Alpha", "+10", "--dry-run"]] {
            let outcome = desk.installation.run(words)
            #expect(outcome.code == 0 && outcome.errors.hasPrefix("warning: Alpha"), "\(outcome)")
            #expect(
                outcome.errors.contains("has used 60.00") && outcome.errors.contains("so it will freeze"), "\(outcome)")
        }
        let told = desk.run("budget", "set", "Alpha", "59", "--dry-run", "--json")
        #expect(told.output.contains("\"warnings\": [") && told.output.contains("it will freeze it"), "\(told)")
        for words in [
            ["budget", "set", "Alpha", "60.01", "--on-exhaustion", "freeze"], ["budget", "adjust", "Alpha", "+11"],
            ["budget", "set", "Alpha", "50", "--on-exhaustion", "manual"],
            ["budget", "set", "Beta", "1", "--on-exhaustion", "freeze"], ["label", "set", "Alpha", "x"],
        ] {
            let outcome = desk.installation.run(words + ["--dry-run"])
            #expect(outcome.code == 0 && !outcome.errors.contains("warning"), "\(outcome)")
        }
    }

    @Test func `a figure of a month that is over says nothing of a monthly budget`() throws {
        let desk = try desk(asOf: 1_700_000_000)
        let monthly = desk.run("budget", "set", "Alpha", "50", "--on-exhaustion", "freeze", "--dry-run")
        #expect(monthly.code == 0 && !monthly.errors.contains("warning"), "\(monthly)")
        let once = desk.run(
            "budget", "set", "Alpha", "50", "--type", "one-time", "--on-exhaustion", "freeze", "--dry-run")
        #expect(once.errors.contains("warning: Alpha"), "\(once)")
    }
}
