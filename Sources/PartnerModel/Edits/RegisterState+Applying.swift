extension RegisterState {
    /// The state after `intent`, without judging it; nil when the intent does not belong to this register or the
    /// result does not fit.
    ///
    /// `newFreeze` supplies the member that a freeze adds: the ledger mints a real one, an overlay a pending one.
    package func applying(_ intent: EditIntent, newFreeze: (FreezeKind, String) -> Freeze) -> RegisterState? {
        switch (self, intent) {
        case (.budget, .setBudget(let budget, _)):
            return .budget(budget)
        case (.budget(let current?), .adjustBudget(let delta, _)):
            guard let amount = current.amount.adding(delta) else { return nil }
            return .budget(Budget(amount: amount, type: current.type, onExhaustion: current.onExhaustion))
        case (.freezes(let freezes), .freeze(let kind, let reason)):
            return .freezes(freezes + [newFreeze(kind, reason)])
        case (.freezes(let freezes), .unfreeze(let kind, _, let seen)):
            return .freezes(
                freezes.filter { !($0.kind == kind && seen.contains($0.id) && $0.cause.isLiftedByPartner) })
        case (.discount, .setDiscount(let discount)):
            return .discount(discount)
        case (.discount, .cancelDiscount):
            return .discount(nil)
        case (.manager, .assignManager(let account)):
            return .manager(account)
        case (.manager, .withdrawManager):
            return .manager(nil)
        case (.label, .setLabel(let label)):
            return .label(label)
        case (.request(let request?), .decideRequest(let approve)):
            return .request(request.decided(approve ? .approved : .rejected))
        default:
            return nil
        }
    }

    /// True when `intent` would leave the register as it is: an equal budget or discount, a freeze of a kind that
    /// stands already with cause `manual`, an unfreeze whose freezes are gone.
    package func alreadyHolds(_ intent: EditIntent) -> Bool {
        switch (self, intent) {
        case (.budget(let current), .setBudget(let budget, _)): current == budget
        case (.freezes(let freezes), .freeze(let kind, _)):
            freezes.contains { $0.kind == kind && $0.cause == .manual }
        case (.freezes(let freezes), .unfreeze(let kind, _, let seen)):
            !freezes.contains { $0.kind == kind && seen.contains($0.id) }
        case (.discount(let current), .setDiscount(let discount)): current == discount
        case (.discount(let current), .cancelDiscount): current == nil
        case (.manager(let current), .assignManager(let account)): current == account
        case (.manager(let current), .withdrawManager): current == nil
        case (.label(let current), .setLabel(let label)): current == label
        case (.request(let request?), .decideRequest(let approve)):
            request.status == (approve ? .approved : .rejected)
        default: false
        }
    }
}
