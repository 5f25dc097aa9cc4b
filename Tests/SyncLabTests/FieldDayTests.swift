import Testing

@testable import SyncLab

/// A day of field work, in small; `fieldbook-lab bench day` runs all of it.
@Suite struct FieldDayTests {
    @Test(arguments: [1, 2] as [UInt64]) func `three hours with links, suspends and a month's end keep every promise`(
        seed: UInt64
    ) throws {
        var day = FieldDay()
        (day.hours, day.seed) = (3, seed)
        let found = try day.run()
        #expect(found.broken == [])
        #expect(found.hours.count == 4 && found.hours.allSatisfy { $0.wakeUps > 0 && $0.requests > 0 })
        #expect(found.rows > 100 && found.edits > 0)
        // At rest a machine looks at the feed about every half minute and does nothing else.
        let rest = try #require(found.hours.last)
        #expect((100...200).contains(rest.requests) && rest.wakeUps <= 2 * rest.requests + 10)
    }

    @Test func `a machine that is woken too often, a log or a file that grows, and a broken promise are told`() {
        let hours = [
            FieldDay.Hour(requests: 1, wakeUps: 3_601, fileBytes: 0, logBytes: 0),
            FieldDay.Hour(requests: 1, wakeUps: 3_600, fileBytes: 0, logBytes: FieldDay.logBytesMax + 1),
            FieldDay.Hour(requests: 1, wakeUps: 1, fileBytes: 9 << 20, logBytes: 0),
        ]
        let found = FieldDay.Figures(hours: hours, rows: 10, edits: 1, wrongs: ["L5"])
        #expect(found.broken.count == 4)
        #expect(
            found.broken[0] == "L5" && found.broken[1].hasPrefix("hour 1: woken") && found.broken[2].hasPrefix("hour 2")
        )
        #expect(found.broken[3].contains("bytes for 10 rows"))
        #expect(FieldDay.Figures(hours: [hours[0]], rows: 1, edits: 0, wrongs: []).broken.count == 1)
    }
}
