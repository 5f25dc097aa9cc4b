/// An exact amount of money in units of 10^-8 of the major currency unit (dollar, yuan).
///
/// 64 bits hold ±92,233,720,368.54775807; the largest budget is 2,147,483,647. Arithmetic is checked and
/// never passes through binary floating point. The currency is kept beside the amount by its owner.
package struct Money: Sendable, Hashable, Comparable, CustomStringConvertible {
    package static let unitsPerMajor: Int64 = 100_000_000
    package static let fractionDigits = 8
    package static let zero = Money(units: 0)

    /// The amount in units of 10^-8.
    package let units: Int64

    /// An amount of `units` × 10^-8.
    package init(units: Int64) { self.units = units }

    /// A whole number of major units; nil when it does not fit.
    package init?(major: Int64) {
        let (units, overflow) = major.multipliedReportingOverflow(by: Money.unitsPerMajor)
        guard !overflow else { return nil }
        self.units = units
    }

    /// Reads `-12.34000000`: optional sign, digits, optionally a point and 1 to 8 decimals. Nil for anything else:
    /// exponents, separators, more decimals than are kept, or a value that does not fit.
    package init?(_ text: some StringProtocol) {
        guard let parsed = DecimalText(text), parsed.fraction.count <= Money.fractionDigits,
            let units = parsed.units(roundingTo: Money.fractionDigits)?.units
        else { return nil }
        self.units = units
    }

    /// The sum, or nil when it does not fit.
    package func adding(_ other: Money) -> Money? {
        let (units, overflow) = units.addingReportingOverflow(other.units)
        return overflow ? nil : Money(units: units)
    }

    /// The difference, or nil when it does not fit.
    package func subtracting(_ other: Money) -> Money? {
        let (units, overflow) = units.subtractingReportingOverflow(other.units)
        return overflow ? nil : Money(units: units)
    }

    /// Always eight decimals: `-0.00000001`, `500.00000000`.
    package var exactText: String {
        let magnitude = units.magnitude
        let whole = magnitude / UInt64(Money.unitsPerMajor)
        let fraction = String(magnitude % UInt64(Money.unitsPerMajor))
        let padding = String(repeating: "0", count: Money.fractionDigits - fraction.count)
        return "\(units < 0 ? "-" : "")\(whole).\(padding)\(fraction)"
    }

    /// The exact text of a sum that may be larger than an amount can be: whole units, and fractions in units of 10^-8 that
    /// were summed apart.
    package static func exactText(whole: Int64, fraction: Int64) -> String {
        let perMajor = Int128(unitsPerMajor)
        let total = Int128(whole) * perMajor + Int128(fraction)
        let magnitude = total.magnitude
        let decimals = String(magnitude % UInt128(perMajor))
        let padding = String(repeating: "0", count: fractionDigits - decimals.count)
        return "\(total < 0 ? "-" : "")\(magnitude / UInt128(perMajor)).\(padding)\(decimals)"
    }

    /// Eight decimals without trailing zeros beyond the second: `500.00`, `0.00001606`.
    package var shortText: String {
        var text = exactText
        let shortest = text.count - Money.fractionDigits + 2
        while text.count > shortest, text.hasSuffix("0") { text.removeLast() }
        return text
    }

    /// True when the amount has at most two decimals, the finest a budget may be set to.
    package var isWholeCents: Bool { units % (Money.unitsPerMajor / 100) == 0 }

    package var description: String { exactText }

    package static func < (left: Money, right: Money) -> Bool { left.units < right.units }
}
