/// What a person asks of one register of one customer. An intent says what is wanted, not the row to write, so that
/// it can be judged again on whatever the register holds when it arrives.
package enum EditIntent: Sendable, Hashable {
    /// Replaces amount, type and action at once. Past the end of `validThrough` the edit expires.
    case setBudget(Budget, validThrough: BillingCycle?)
    /// Raises (positive) or lowers (negative) the amount and keeps type and action.
    case adjustBudget(delta: Money, validThrough: BillingCycle?)
    case freeze(FreezeKind, reason: String)
    /// Removes the freezes of one kind among those its author saw, named by id.
    case unfreeze(FreezeKind, reason: String, seen: [Int64])
    case setDiscount(Discount)
    case cancelDiscount
    /// Makes a member, by account name, the customer's account manager. The customer must have none.
    case assignManager(String)
    case withdrawManager
    /// Nil takes the label away.
    case setLabel(String?)
    /// Answers the customer's pending association request: true = approve, false = reject.
    case decideRequest(approve: Bool)
    /// Settles a conflict held for a person.
    case decideConflict(ConflictKey, ConflictChoice)

    /// Stable name on the wire, in the schema and in the log.
    package var kind: EditKind {
        switch self {
        case .setBudget: .setBudget
        case .adjustBudget: .adjustBudget
        case .freeze: .freeze
        case .unfreeze: .unfreeze
        case .setDiscount: .setDiscount
        case .cancelDiscount: .cancelDiscount
        case .assignManager: .assignManager
        case .withdrawManager: .withdrawManager
        case .setLabel: .setLabel
        case .decideRequest: .decideRequest
        case .decideConflict: .decideConflict
        }
    }

    /// The register that the intent changes.
    package var register: Register { kind.register }

    /// The reason given, for the intents that carry one.
    package var reason: String? {
        switch self {
        case .freeze(_, let reason), .unfreeze(_, let reason, _): reason
        default: nil
        }
    }

    /// The last cycle in which the edit may still be applied.
    package var validThrough: BillingCycle? {
        switch self {
        case .setBudget(_, let cycle), .adjustBudget(_, let cycle): cycle
        default: nil
        }
    }
}

/// The kinds of edit this build knows; an unknown kind is refused, never guessed.
package enum EditKind: String, Sendable, CaseIterable {
    case setBudget = "set-budget"
    case adjustBudget = "adjust-budget"
    case freeze, unfreeze
    case setDiscount = "set-discount"
    case cancelDiscount = "cancel-discount"
    case assignManager = "assign-manager"
    case withdrawManager = "withdraw-manager"
    case setLabel = "set-label"
    case decideRequest = "decide-request"
    case decideConflict = "decide-conflict"

    package var register: Register {
        switch self {
        case .setBudget, .adjustBudget: .budget
        case .freeze, .unfreeze: .freezes
        case .setDiscount, .cancelDiscount: .discount
        case .assignManager, .withdrawManager: .manager
        case .setLabel: .label
        case .decideRequest: .request
        case .decideConflict: .conflict
        }
    }
}

/// A person's decision on a held edit.
package enum ConflictChoice: Sendable, Hashable {
    /// Carry out the held edit on the register as the decider saw it.
    case mine
    /// Keep what the server holds.
    case theirs
    /// A third value, for a conflict on a budget.
    case budget(Budget)
    /// A third value, for a conflict on a discount.
    case discount(Discount)
    /// Another kind, for a freeze that waits.
    case freeze(FreezeKind)
}
