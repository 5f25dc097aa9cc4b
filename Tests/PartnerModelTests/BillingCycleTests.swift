import PartnerModel
import Testing

@Suite struct BillingCycleTests {
    /// Midnights in Beijing, as seconds since 1970 UTC.
    @Test(arguments: [
        ("1970-01", Int64(-28_800)), ("2000-03", 951_840_000), ("2024-03", 1_709_222_400), ("2024-04", 1_711_900_800),
        ("2025-01", 1_735_660_800), ("2100-03", 4_107_513_600), ("9999-12", 253_399_593_600),
    ])
    func `a cycle begins at midnight in Beijing and not a second before`(text: String, start: Int64) throws {
        let cycle = try #require(BillingCycle(text))
        #expect(BillingCycle(containing: start) == cycle)
        // Before the first month there is none that could be written.
        #expect(BillingCycle(containing: start - 1) == (text == "1970-01" ? cycle : cycle.previous))
        #expect(cycle.previous.next == cycle && cycle.description == text)
    }

    @Test func `months follow each other without a gap over four hundred years`() {
        var cycle = BillingCycle(containing: 0)
        for day in 1...Int64(146_097) {
            let next = BillingCycle(containing: day * 86_400)
            if next != cycle { #expect(next == cycle.next) }
            cycle = next
        }
        #expect(cycle.year == 2370 && cycle.month == 1)
        // What only a wrong clock shows can still be written and read.
        for seconds in [Int64.min / 2, -3_456_000_000, Int64.max / 2] {
            let found = BillingCycle(containing: seconds)
            #expect(BillingCycle(found.description) == found)
        }
    }

    @Test(arguments: [
        "2024-00", "2024-13", "1969-12", "2024-4", "24-01", "2024/04", "2024-04 ", "2024-011", "٢٠٢٤-04", "",
    ])
    func `what is no month of the calendar is refused`(text: String) { #expect(BillingCycle(text) == nil) }
}
