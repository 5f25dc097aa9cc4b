import PartnerModel

/// What a guard read, and the limit that it found broken.
struct GuardFinding {
    var value: String
    var limit: String
    var asOf: Timestamp?
    /// Nil when the guard holds.
    var violation: LimitViolation?

    init(_ value: String, _ limit: String, asOf: Timestamp? = nil, _ violation: LimitViolation?) {
        self.value = value
        self.limit = limit
        self.asOf = asOf
        self.violation = violation
    }

    func reading(of spec: GuardSpec, _ outcome: GuardReading.Outcome) -> GuardReading {
        GuardReading(name: spec.word.rawValue, outcome: outcome, value: value, limit: limit, asOf: asOf)
    }
}

extension GuardSpec {
    /// What the guard finds on a question. What cannot be known of usage, budget or role lets the edit pass: the side
    /// that knows judges again. An unknown age does not.
    func finding(on question: RuleQuestion) -> GuardFinding {
        let facts = question.facts
        switch test {
        case .associated:
            return GuardFinding(
                facts.isFormer ? "former" : "associated", "associated", EditLimits.formerViolation(facts: facts))
        case .association(let required):
            return GuardFinding(
                facts.association.rawValue, required.rawValue,
                EditLimits.associationViolation(of: question.intent.kind, required: required, facts: facts))
        case .permission:
            return GuardFinding(facts.managedBy ?? "", "", EditLimits.managedByViolation(facts: facts))
        case .partnerState(let states, let kind):
            let isConcerned = kind == nil || question.freezeKind == kind
            return GuardFinding(
                facts.partnerState.rawValue, "not \(states.map(\.rawValue).joined(separator: " or "))",
                isConcerned && states.contains(facts.partnerState)
                    ? EditLimits.partnerStateViolation(of: question.intent, facts: facts) : nil)
        case .role(let roles):
            let names = roles.map(\.rawValue).joined(separator: " or ")
            guard let role = facts.role else { return GuardFinding("system", names, nil) }
            return GuardFinding(
                role.rawValue, names, roles.contains(role) ? nil : GuardWording.role(role, takes: names))
        case .cycle:
            return GuardFinding(
                facts.cycle.description, question.intent.validThrough?.description ?? "",
                EditLimits.cycleViolation(of: question.intent, facts: facts))
        case .age(let limit):
            let isTooOld = !question.isWithin(limit)
            return GuardFinding(
                question.ageSeconds.map(DurationText.text) ?? "unknown", DurationText.text(limit),
                isTooOld ? GuardWording.tooOld(question.ageSeconds, atMost: limit) : nil)
        case .validity, .authorisedRange: return discountFinding(on: question)
        case .ceiling, .spent, .hasBudget, .cures: return amountFinding(on: question)
        case .hasDiscount, .freezeStands, .unassigned, .assigned, .pending, .notFrozen:
            return standingFinding(on: question)
        }
    }

    private func discountFinding(on question: RuleQuestion) -> GuardFinding {
        let facts = question.facts
        guard case .setDiscount(let discount) = question.intent else { return GuardFinding("", "", nil) }
        if case .validity = test {
            return GuardFinding(
                GuardWording.time(discount.validUntil), GuardWording.time(facts.now),
                EditLimits.validityViolation(of: discount, facts: facts))
        }
        let range = facts.discountRange.map { "\($0.lowerBound.percentText) to \($0.upperBound.percentText)" }
        return GuardFinding(
            discount.percent.percentText, range ?? "", EditLimits.rangeViolation(of: discount, facts: facts))
    }

    private func amountFinding(on question: RuleQuestion) -> GuardFinding {
        let facts = question.facts
        switch test {
        case .ceiling(let role, let ceiling):
            guard let amount = question.amountAfter else { return GuardFinding("", ceiling.shortText, nil) }
            let isAbove = facts.role == role && !facts.isConfirmed && amount > ceiling
            return GuardFinding(
                amount.shortText, ceiling.shortText, isAbove ? GuardWording.ceiling(role, ceiling, amount) : nil)
        case .spent:
            guard let amount = question.amountAfter, let used = facts.used else {
                return GuardFinding(question.amountAfter?.shortText ?? "", facts.used?.shortText ?? "", nil)
            }
            var isBelow = amount < used
            if case .adjustBudget(let delta, _) = question.intent, delta > .zero { isBelow = false }
            return GuardFinding(
                amount.shortText, used.shortText, asOf: facts.usedAsOf,
                isBelow ? GuardWording.spent(amount, used: used, asOf: facts.usedAsOf) : nil)
        case .cures:
            guard question.liftsBudgetFreeze, let budget = facts.budget, let used = facts.used else {
                return GuardFinding(
                    facts.budget?.amount.shortText ?? "", facts.used?.shortText ?? "", asOf: facts.usedAsOf, nil)
            }
            return GuardFinding(
                budget.amount.shortText, used.shortText, asOf: facts.usedAsOf,
                budget.amount > used ? nil : GuardWording.notCured(budget.amount, used: used, asOf: facts.usedAsOf))
        default:
            return GuardFinding(
                question.currentBudget?.amount.shortText ?? "", "",
                EditLimits.budgetMissingViolation(on: question.current))
        }
    }

    private func standingFinding(on question: RuleQuestion) -> GuardFinding {
        let current = question.current
        switch (test, current) {
        case (.hasDiscount, .discount(let discount)):
            return GuardFinding(
                discount?.percent.percentText ?? "", "", EditLimits.discountMissingViolation(on: current))
        case (.freezeStands, .freezes(let freezes)):
            guard let kind = question.freezeKind else { return GuardFinding("", "", nil) }
            return GuardFinding(
                freezes.strictestKind?.rawValue ?? "", kind.rawValue,
                EditLimits.freezeStandsViolation(of: kind, on: current))
        case (.unassigned, .manager(let account)):
            return GuardFinding(account ?? "", "", EditLimits.managerPresentViolation(on: current))
        case (.assigned, .manager(let account)):
            return GuardFinding(account ?? "", "", EditLimits.managerMissingViolation(on: current))
        case (.pending, .request(let request)):
            return GuardFinding(
                request?.status.rawValue ?? "", RequestStatus.pending.rawValue,
                EditLimits.requestMissingViolation(on: current))
        case (.notFrozen, .request(let request)):
            let byHand = question.facts.freezes.filter { $0.cause == .manual }
            let isStopped =
                request?.purpose == .disassociate && question.intent == .decideRequest(approve: true)
                && !byHand.isEmpty
            return GuardFinding(
                byHand.strictestKind?.rawValue ?? "", "not frozen", isStopped ? GuardWording.frozen : nil)
        default: return GuardFinding("", "", nil)
        }
    }
}

extension RuleQuestion {
    /// The kind of freeze that the edit is about; nil for other edits.
    fileprivate var freezeKind: FreezeKind? {
        switch intent {
        case .freeze(let kind, _), .unfreeze(let kind, _, _): kind
        default: nil
        }
    }

    /// The edit would lift a freeze that stands because a budget was used up.
    fileprivate var liftsBudgetFreeze: Bool {
        guard case .unfreeze(let kind, _, let seen) = intent else { return false }
        return currentFreezes.contains { $0.cause == .budget && $0.kind == kind && seen.contains($0.id) }
    }
}
