/// A share of a budget at which people are told.
package enum BudgetMark: Int64, Sendable, Hashable, CaseIterable {
    case threeQuarters = 75
    case nineTenths = 90
    case exhausted = 100

    /// The highest share that `used` has reached; nil below the lowest. A budget of nothing is used up.
    package init?(used: Money, of amount: Money) {
        let reached = BudgetMark.allCases.last { mark in
            Int128(used.units) * 100 >= Int128(amount.units) * Int128(mark.rawValue)
        }
        guard let reached else { return nil }
        self = reached
    }
}
