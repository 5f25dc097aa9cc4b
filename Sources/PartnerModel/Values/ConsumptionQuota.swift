/// What a partner may consume and what it has, in the partner's currency. It has nothing to do with customers' budgets.
package struct ConsumptionQuota: Sendable, Hashable {
    package let amount: Money
    /// Dues and unbilled spending less balance and coupons, so it may be negative: then nothing is used.
    package let used: Money

    package init(amount: Money, used: Money) {
        self.amount = amount
        self.used = used
    }

    /// Above this share the vendor warns the partner.
    package static let warningPercent = 80

    /// The used share in hundredths of a percent, rounded down; nil when there is no quota to have a share of.
    package var usedShare: BasisPoints? {
        guard amount > .zero else { return nil }
        let share = max(0, Int128(used.units)) * 10_000 / Int128(amount.units)
        return BasisPoints(Int64(clamping: share))
    }

    /// More than the share is used at which the vendor warns.
    package var isNearEnd: Bool {
        Int128(used.units) * 100 > Int128(amount.units) * Int128(ConsumptionQuota.warningPercent)
    }

    /// More is used than there is. The vendor then restricts the partner: its reseller customers cannot purchase.
    package var isExceeded: Bool { used > amount }
}
