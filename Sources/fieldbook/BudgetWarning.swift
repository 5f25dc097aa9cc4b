import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

extension Context {
    /// What is to be known before budgets are queued that freeze when they are used up, and that are used up as soon as
    /// they are set: by the figure that is known here, at list price. A guard of the rules may hold or refuse such an
    /// edit at the server; here it is told and queued.
    func freezeWarnings(of asking: Asking) -> [String] {
        let kinds: [EditKind] = [.setBudget, .adjustBudget]
        guard asking.edits.contains(where: { kinds.contains($0.intent.kind) }), let reader = try? reader() else {
            return []
        }
        var budgets: [CustomerKey: Budget] = [:]
        return asking.edits.compactMap { wanted in
            let key = wanted.customer.key
            guard kinds.contains(wanted.intent.kind), let summary = try? reader.customer(key).summary,
                let used = summary.used
            else { return nil }
            var before = budgets[key]
            if before == nil, case .budget(let budget) = summary.budget.visible { before = budget }
            guard let budget = Context.budget(before, after: wanted.intent) else { return nil }
            budgets[key] = budget
            guard budget.onExhaustion == .freeze, used >= budget.amount, isOfNow(summary.usedAsOf, budget) else {
                return nil
            }
            let asOf = summary.usedAsOf.map { " (as of \(age($0)))" } ?? ""
            return TextWidth.safe(
                "\(Wording.text(wanted.customer)) has used \(used.shortText)\(asOf), which is not below "
                    + "\(budget.amount.shortText): this budget freezes the account when it is used up, so it "
                    + "will freeze it; --on-exhaustion manual does not")
        }
    }

    /// The budget that an edit leads to; nil when the edit is about something else, or nothing is known to adjust.
    private static func budget(_ before: Budget?, after intent: EditIntent) -> Budget? {
        switch intent {
        case .setBudget(let budget, _): return budget
        case .adjustBudget(let delta, _):
            guard let before, let amount = before.amount.adding(delta) else { return nil }
            return Budget(amount: amount, type: before.type, onExhaustion: before.onExhaustion)
        default: return nil
        }
    }

    /// Usage of a month that is over says nothing of a monthly budget, whose usage begins at 0 then.
    private func isOfNow(_ asOf: Int64?, _ budget: Budget) -> Bool {
        guard budget.type == .monthly, let asOf else { return true }
        return BillingCycle(containing: asOf) >= BillingCycle(containing: clock.now().seconds)
    }
}
