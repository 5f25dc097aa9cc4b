/// A share in hundredths of a percent: 1250 = 12.50 %.
package struct BasisPoints: Sendable, Hashable, Comparable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }

    /// Reads `12`, `12.5` or `12.50`; nil for more than two decimals, a sign or anything else.
    package init?(percent text: some StringProtocol) {
        guard let decimal = DecimalText(text), !decimal.isNegative, decimal.fraction.count <= 2,
            let scaled = decimal.units(roundingTo: 2)
        else { return nil }
        value = scaled.units
    }

    /// `12.5 %` without trailing zeros: `12.5`, `10`.
    package var percentText: String {
        let fraction = value % 100
        if fraction == 0 { return String(value / 100) }
        if fraction % 10 == 0 { return "\(value / 100).\(fraction / 10)" }
        return "\(value / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    package static func < (left: BasisPoints, right: BasisPoints) -> Bool { left.value < right.value }
}

/// A general discount granted to a referral customer for a time. One grant a customer at a time.
package struct Discount: Sendable, Hashable {
    package let percent: BasisPoints
    package let validFrom: Timestamp
    package let validUntil: Timestamp

    package init(percent: BasisPoints, validFrom: Timestamp, validUntil: Timestamp) {
        self.percent = percent
        self.validFrom = validFrom
        self.validUntil = validUntil
    }
}
