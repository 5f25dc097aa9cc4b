import Diagnostics
import Glibc
import Testing

@Suite struct InstantTests {
    @Test func `times agree with the C library from year 1 to year 9999`() {
        // 86,413 s a step walks through the times of day; 30 days, through the months.
        var seconds: Int64 = -62_135_596_800
        var count = 0
        while seconds < 253_402_300_800 {
            let expected = reference(seconds)
            let text = Instant(seconds: seconds).rfc3339
            if text != expected { Issue.record("\(seconds): \(text), not \(expected)") }
            if Instant(rfc3339: text) != Instant(seconds: seconds) { Issue.record("\(text) is not read back") }
            seconds += 30 * 86_400 + 86_413
            count += 1
        }
        #expect(count > 100_000)
    }

    @Test func `every day of four centuries has its number and its date`() {
        var expected = CivilDate.days(year: 1800, month: 1, day: 1)
        for year in 1800..<2200 {
            for month in 1...12 {
                for day in 1...CivilDate.days(inMonth: month, of: year) {
                    let date = CivilDate.date(fromDays: expected)
                    if CivilDate.days(year: year, month: month, day: day) != expected || date != (year, month, day) {
                        Issue.record("\(year)-\(month)-\(day)")
                    }
                    expected += 1
                }
            }
        }
        #expect(CivilDate.days(year: 1970, month: 1, day: 1) == 0)
    }

    /// The first five are the examples of RFC 3339, section 5.8.
    @Test(arguments: [
        ("1985-04-12T23:20:50.52Z", 482_196_050_520_000),
        ("1996-12-19T16:39:57-08:00", 851_042_397_000_000),
        ("1990-12-31T23:59:60Z", 662_688_000_000_000),
        ("1990-12-31T15:59:60-08:00", 662_688_000_000_000),
        ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130_000),
        ("2026-11-21T02:46:25Z", 1_795_229_185_000_000),
        ("2026-11-21t02:46:25z", 1_795_229_185_000_000),
        ("2026-11-21 02:46:25", 1_795_229_185_000_000),
        ("2026-11-21", 1_795_219_200_000_000),
        ("2024-02-29T00:00:00.123456789Z", 1_709_164_800_123_456),
    ])
    func `these are read`(text: String, microseconds: Int64) {
        #expect(Instant(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-21T", "2026-11-21Z", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
        "2026-04-31",
        "2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z", "2026-11-21T12:00:60Z", "2026-11-21T23:59:61Z",
        "2026-11-21T02:46Z",
        "2026-11-21T02:46:25.Z", "2026-11-21T02:46:25.1234567890Z", "2026-11-21T02:46:25+8:00",
        "2026-11-21T02:46:25+08:60",
        "2026-11-21T02:46:25+24:00", "2026-11-21T02:46:25ZZ", " 2026-11-21", "2026-11-21 ", "+026-11-21", "２０２６-11-21",
        "12026-11-21T02:46:25Z",
    ])
    func `these are refused`(text: String) { #expect(Instant(rfc3339: text) == nil) }

    @Test func `a text of a megabyte or with a NUL is refused`() {
        #expect(Instant(rfc3339: "2026-11-21T02:46:25Z\u{0}") == nil)
        #expect(Instant(rfc3339: "2026-11-21T02:46:25." + String(repeating: "1", count: 1 << 20)) == nil)
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max])
    func `no figure traps`(value: Int64) {
        let instant = Instant(microseconds: value)
        #expect(!instant.rfc3339.isEmpty)
        #expect(!Instant(seconds: value).rfc3339.isEmpty)
        #expect(instant.advanced(by: .seconds(Int64.max)) >= instant)
        #expect(instant.advanced(by: .seconds(Int64.min)) <= instant)
    }

    @Test func `seconds are rounded down before 1970 too`() {
        #expect(Instant(microseconds: -1).seconds == -1)
        #expect(Instant(microseconds: -1_000_000).seconds == -1)
        #expect(Instant(microseconds: -1).rfc3339 == "1969-12-31T23:59:59Z")
        #expect(Instant(microseconds: 999_999).rfc3339 == "1970-01-01T00:00:00Z")
    }

    @Test func `the system's clocks run forward`() {
        let clock = SystemClock()
        let (wall, monotonic) = (clock.now(), clock.monotonicNow())
        #expect(clock.monotonicNow() >= monotonic)
        #expect(wall > Instant(seconds: 1_700_000_000))
    }

    @Test func `chance gives as many bytes as asked, and others each time`() {
        let chance = SystemChance()
        for count in [0, 1, 7, 8, 9, 32] { #expect(chance.bytes(count).count == count) }
        #expect(chance.bytes(32) != chance.bytes(32))
    }

    private func reference(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let year = String(parts.tm_year + 1900)
        let date =
            String(repeating: "0", count: 4 - year.count) + "\(year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
