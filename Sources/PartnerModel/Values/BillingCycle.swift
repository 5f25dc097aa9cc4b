/// A calendar month of Beijing time (GMT+08:00), the vendor's billing month: `2026-11`.
package struct BillingCycle: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Months since year 0: year × 12 + (month − 1).
    package let ordinal: Int

    /// A month of a year 1970…9999; nil outside.
    package init?(year: Int, month: Int) {
        guard (1970...9999).contains(year), (1...12).contains(month) else { return nil }
        ordinal = year * 12 + month - 1
    }

    /// Reads `YYYY-MM`.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 7, bytes[4] == UInt8(ascii: "-") else { return nil }
        var digits: [Int] = []
        for (index, byte) in bytes.enumerated() where index != 4 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            digits.append(Int(byte - UInt8(ascii: "0")))
        }
        let year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]
        self.init(year: year, month: digits[4] * 10 + digits[5])
    }

    /// The cycle that holds a moment given in seconds since 1970 UTC (cycle 2024-04 starts 2024-03-31T16:00:00Z). A moment
    /// outside the years 1970…9999, which only a wrong clock shows, is taken for the nearest month that can be written.
    package init(containing secondsSince1970: Int64) {
        let beijing = secondsSince1970 + 8 * 3600
        let days = beijing >= 0 ? beijing / 86_400 : -((-beijing + 86_399) / 86_400)
        ordinal = min(max(BillingCycle.ordinal(ofDay: days), 1970 * 12), 9999 * 12 + 11)
    }

    package var year: Int { ordinal / 12 }
    package var month: Int { ordinal % 12 + 1 }
    package var next: BillingCycle { BillingCycle(ordinal: ordinal + 1) }
    package var previous: BillingCycle { BillingCycle(ordinal: ordinal - 1) }

    package var description: String {
        let text = String(month)
        return "\(year)-\(text.count == 1 ? "0" : "")\(text)"
    }

    package static func < (left: BillingCycle, right: BillingCycle) -> Bool { left.ordinal < right.ordinal }

    private init(ordinal: Int) { self.ordinal = ordinal }

    /// The month that holds a day numbered since 1970-01-01 (proleptic Gregorian). `CivilDate` of Diagnostics knows whole
    /// dates, but stands on the same level as this module.
    private static func ordinal(ofDay days: Int64) -> Int {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // Months counted from March, so that a leap day ends the year.
        let sinceMarch = (5 * dayOfYear + 2) / 153
        return Int((yearOfEra + era * 400) * 12 + sinceMarch + 2)
    }
}
