package import PartnerModel

/// One edit and what it met: all that a rule may look at.
package struct RuleQuestion: Sendable, Hashable {
    package let intent: EditIntent
    /// What the author saw; nil = not known, which counts as the less favourable of what is possible.
    package let before: RegisterState?
    /// What the register holds now. For a decision on a conflict: the register that the conflict is about.
    package let current: RegisterState
    /// The register's version is the edit's base, or the result of an unbroken run of the same author's edits on it.
    package let isIntact: Bool
    package let facts: EditFacts

    package init(
        intent: EditIntent, before: RegisterState?, current: RegisterState, isIntact: Bool, facts: EditFacts
    ) {
        self.intent = intent
        self.before = before
        self.current = current
        self.isIntact = isIntact
        self.facts = facts
    }
}

// MARK: What rules ask of a question

extension RuleQuestion {
    /// How long ago the edit was made by the server's clock, never below 0; nil = not known, older than any limit.
    var ageSeconds: Int64? {
        guard let madeAt = facts.madeAt else { return nil }
        let (age, overflow) = facts.now.seconds.subtractingReportingOverflow(madeAt.seconds)
        return overflow ? nil : max(0, age)
    }

    /// True when the edit is at most as old as the limit.
    func isWithin(_ seconds: Int64) -> Bool { ageSeconds.map { $0 <= seconds } ?? false }

    /// The budget that stands; nil when there is none.
    var currentBudget: Budget? {
        guard case .budget(let budget) = current else { return nil }
        return budget
    }

    /// The budget that the author saw; nil when there was none or it is not known.
    var seenBudget: Budget? {
        guard case .budget(let budget)? = before else { return nil }
        return budget
    }

    /// The freezes that stand.
    var currentFreezes: [Freeze] {
        guard case .freezes(let freezes) = current else { return [] }
        return freezes
    }

    /// The amount that carrying the edit out would give; nil for another register, without a budget to adjust, or when
    /// it does not fit.
    var amountAfter: Money? {
        switch intent {
        case .setBudget(let budget, _): budget.amount
        case .adjustBudget(let delta, _): currentBudget?.amount.adding(delta)
        default: nil
        }
    }

    /// The edit asks for what is so already. An unfreeze whose own freezes are gone while another freeze stands does
    /// not: its author wanted the customer free, and the customer is not.
    var asksForWhatIs: Bool { current.alreadyHolds(intent) && !holds(.unseen) }
}
