/// Whether spending counts per Beijing-time month or accumulates once.
package enum BudgetType: String, Sendable, CaseIterable {
    case monthly
    /// The vendor's `PACKAGE`: accumulates, never resets.
    case oneTime = "one-time"
}

/// What happens when a budget is exhausted.
package enum ExhaustionAction: String, Sendable, CaseIterable {
    /// Alerts only.
    case manual
    /// The account is frozen automatically.
    case freeze
}

/// A spending budget of a reseller customer: amount, type and action form one register.
package struct Budget: Sendable, Hashable {
    package let amount: Money
    package let type: BudgetType
    package let onExhaustion: ExhaustionAction

    package init(amount: Money, type: BudgetType, onExhaustion: ExhaustionAction) {
        self.amount = amount
        self.type = type
        self.onExhaustion = onExhaustion
    }
}
