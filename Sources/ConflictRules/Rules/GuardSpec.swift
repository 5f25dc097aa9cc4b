package import PartnerModel

/// One guard of a rule: what is tested, when, and what follows when it does not hold.
package struct GuardSpec: Sendable, Hashable {
    /// What a guard tests, with its values.
    package enum Test: Sendable, Hashable {
        /// The customer's association has not ended.
        case associated
        /// The customer is associated in this way.
        case association(AssociationType)
        /// No reseller manages the customer in the partner's place.
        case permission
        /// The partner is in none of these states; with a kind, only for edits of freezes of that kind.
        case partnerState(not: [PartnerState], kind: FreezeKind?)
        /// The author has one of these roles. The system passes.
        case role(in: [MemberRole])
        /// The last cycle in which the edit is wanted is not over.
        case cycle
        /// The discount begins before it ends and is not over.
        case validity
        /// The discount lies in the authorised range. When the range may have moved since the edit was made and the
        /// edit is at most `grace` old, the other consequence follows.
        case authorisedRange(graceSeconds: Int64?, elseMoved: Otherwise)
        /// An author of this role gets at most this amount without confirming it. The system passes.
        case ceiling(MemberRole, Money)
        /// At least what is used already would come out. An adjustment that raises passes.
        case spent
        case hasBudget, hasDiscount
        /// A freeze of the kind stands that a partner may lift.
        case freezeStands
        /// A freeze that a budget caused is lifted only once the budget is above what is used.
        case cures
        case unassigned, assigned
        /// The request waits for a decision.
        case pending
        /// A customer frozen by a person is not disassociated.
        case notFrozen
        /// The edit is at most this old; of unknown age is too old.
        case age(atMostSeconds: Int64)
    }

    /// What follows when a guard does not hold.
    package enum Otherwise: String, Sendable, CaseIterable {
        case reject, expire, forbid, hold
        case stepUp = "step-up"
        /// The edit goes on; the reading is recorded and told.
        case warn
    }

    package let test: Test
    package let otherwise: Otherwise
    /// The guard is asked only when all of them hold.
    package let conditions: [Condition]

    /// The guard's word in a rule file.
    package var word: GuardWord {
        switch test {
        case .associated: .associated
        case .association: .association
        case .permission: .permission
        case .partnerState: .partnerState
        case .role: .role
        case .cycle: .cycle
        case .validity: .validity
        case .authorisedRange: .authorisedRange
        case .ceiling: .ceiling
        case .spent: .spent
        case .hasBudget: .hasBudget
        case .hasDiscount: .hasDiscount
        case .freezeStands: .freezeStands
        case .cures: .cures
        case .unassigned: .unassigned
        case .assigned: .assigned
        case .pending: .pending
        case .notFrozen: .notFrozen
        case .age: .age
        }
    }

    /// The guard can make an edit wait for a person.
    package var mayHold: Bool {
        if case .authorisedRange(.some, .hold) = test { return true }
        return otherwise == .hold
    }

    /// What follows for this question.
    func consequence(for question: RuleQuestion) -> Otherwise {
        if case .authorisedRange(let grace?, let elseMoved) = test, question.facts.rangeHasMoved,
            question.isWithin(grace)
        {
            return elseMoved
        }
        return otherwise
    }
}

/// The words of the vocabulary for guards, and what is known of each.
package enum GuardWord: String, Sendable, CaseIterable {
    case associated, association, permission
    case partnerState = "partner-state"
    case role, cycle, validity
    case authorisedRange = "authorised-range"
    case ceiling, spent
    case hasBudget = "has-budget"
    case hasDiscount = "has-discount"
    case freezeStands = "freeze-stands"
    case cures, unassigned, assigned, pending
    case notFrozen = "not-frozen"
    case age

    /// What follows when a file does not say.
    package var otherwise: GuardSpec.Otherwise {
        switch self {
        case .role: .forbid
        case .cycle, .validity: .expire
        case .ceiling: .stepUp
        case .spent: .warn
        case .age: .hold
        default: .reject
        }
    }

    /// What a file may say. What the domain makes impossible can be refused or shown to a person, but not waved
    /// through; an edit that nothing stands for cannot be carried out by a person either.
    package var consequences: [GuardSpec.Otherwise] {
        switch self {
        case .ceiling, .spent, .age, .cures, .authorisedRange: GuardSpec.Otherwise.allCases
        case .role: [.reject, .forbid, .hold, .stepUp]
        case .hasBudget, .hasDiscount, .freezeStands, .unassigned, .assigned, .pending: [.reject, .expire, .forbid]
        default: [.reject, .expire, .forbid, .hold]
        }
    }

    /// The guard is asked also of an edit that asks for what is so already. The others ask whether there is anything to
    /// change, or weigh a change that will not take place.
    package var isAskedOfEqual: Bool {
        switch self {
        case .associated, .association, .permission, .partnerState, .role, .cycle, .validity, .authorisedRange,
            .freezeStands:
            true
        default: false
        }
    }

    /// The kinds of edit for which the guard means something.
    package var edits: [EditKind] {
        switch self {
        case .associated, .association, .permission, .partnerState, .role, .age: EditKind.allCases
        case .cycle, .ceiling, .spent, .hasBudget: [.setBudget, .adjustBudget]
        case .validity, .authorisedRange: [.setDiscount]
        case .hasDiscount: [.setDiscount, .cancelDiscount]
        case .freezeStands, .cures: [.unfreeze]
        case .unassigned, .assigned: [.assignManager, .withdrawManager]
        case .pending, .notFrozen: [.decideRequest]
        }
    }
}
