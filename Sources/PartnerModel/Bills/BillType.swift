/// The vendor's class of a bill record, as its console shows it.
package enum BillClass: String, Sendable, CaseIterable {
    case expenditure, refund, adjustment

    /// The class of a vendor bill type code; nil for a code the vendor's tables do not name.
    package init?(billType: Int) {
        switch billType {
        case 1, 2, 3, 5, 8, 12, 14, 15, 17, 18, 23, 25, 103: self = .expenditure
        case 4, 20, 24, 100: self = .refund
        case 9, 16, 101, 102: self = .adjustment
        default: return nil
        }
    }
}

/// Whether the figures of a billing cycle may still change.
package enum CycleStatus: String, Sendable, CaseIterable {
    /// Refreshed daily, without tax, before coupons.
    case estimate
    /// Closed by noon Beijing time on the 5th of the next month.
    case final
}
