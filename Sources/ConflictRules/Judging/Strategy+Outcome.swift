import PartnerModel

extension Strategy {
    /// What the strategy makes of an edit; nil when it does not apply, so that the next case is asked.
    func outcome(of question: RuleQuestion) -> Judgement.Outcome? {
        switch self {
        case .clientWins, .lastWriter, .sumOfDeltas, .observedRemove, .appendOnly: question.carriedOut
        case .serverWins, .firstWriter: .overruled
        case .fieldMerge: question.merged
        case .max: question.chosen(by: >)
        case .min: question.chosen(by: <)
        case .strictestWins: question.strictest
        case .rebaseIntent(let drift): question.rebased(within: drift)
        case .tolerance(let amount, let settlement): question.tolerated(upTo: amount, settlement)
        case .hold: .hold
        }
    }
}

extension RuleQuestion {
    /// The edit is carried out on what stands. An adjustment is as asked when what stands is what its author saw; an
    /// unfreeze when nobody is left frozen by it. An unfreeze that would lift nothing is overruled by what stands.
    fileprivate var carriedOut: Judgement.Outcome {
        switch intent {
        case .adjustBudget: return .apply(intent, isAsAsked: isIntact)
        case .unfreeze:
            let left = current.applying(intent) { kind, reason in
                Freeze(id: 0, kind: kind, cause: .manual, reason: reason, author: "", at: facts.now)
            }
            guard case .freezes(let freezes)? = left, freezes != currentFreezes else { return .overruled }
            return .apply(intent, isAsAsked: freezes.isEmpty)
        default: return .apply(intent, isAsAsked: true)
        }
    }

    /// A freeze that is at least as strict as what stands is added.
    fileprivate var strictest: Judgement.Outcome? {
        guard case .freeze(let kind, _) = intent else { return nil }
        return kind >= currentFreezes.strictestKind ?? kind ? carriedOut : .overruled
    }

    /// The budget that the order puts first. Without one that stands, the edit's own is it.
    fileprivate func chosen(by comesFirst: (Money, Money) -> Bool) -> Judgement.Outcome? {
        guard case .setBudget(let mine, _) = intent else { return nil }
        guard let theirs = currentBudget else { return carriedOut }
        guard mine.type == theirs.type, mine.onExhaustion == theirs.onExhaustion else { return nil }
        return comesFirst(mine.amount, theirs.amount) ? carriedOut : .overruled
    }

    /// Decided without a person while the difference, with what was tolerated today, is at most the limit.
    fileprivate func tolerated(upTo limit: Money, _ settlement: Strategy.Settlement) -> Judgement.Outcome? {
        guard case .setBudget(let mine, _) = intent, let theirs = currentBudget, mine.type == theirs.type,
            mine.onExhaustion == theirs.onExhaustion, let difference = theirs.amount.distance(to: mine.amount),
            let total = difference.adding(facts.toleratedToday), total <= limit
        else { return nil }
        switch settlement {
        case .clientWins: return carriedOut
        case .serverWins: return .overruled
        case .max: return chosen(by: >)
        case .min: return chosen(by: <)
        }
    }

    /// An adjustment on what stands, while the outcome differs little from the one that its author saw. The share is of
    /// the outcome that the author saw.
    fileprivate func rebased(within drift: Strategy.Drift) -> Judgement.Outcome? {
        guard case .adjustBudget(let delta, _) = intent, let theirs = currentBudget, let seen = seenBudget,
            seen.type == theirs.type, let expected = seen.amount.adding(delta),
            let difference = seen.amount.distance(to: theirs.amount)
        else { return nil }
        let isNear =
            switch drift {
            case .amount(let limit): difference <= limit
            case .share(let share):
                UInt128(difference.units.magnitude) * 10_000
                    <= UInt128(expected.units.magnitude) * UInt128(share.value.magnitude)
            }
        return isNear ? .apply(intent, isAsAsked: difference == .zero) : nil
    }

    /// Field by field, what only one side changed. An outcome that equals what stands overrules the edit.
    fileprivate var merged: Judgement.Outcome? {
        switch (intent, before, current) {
        case (.setBudget(let mine, let cycle), .budget(let base)?, .budget(let theirs)):
            guard base != theirs else { return carriedOut }
            guard let theirs, let amount = merge(base?.amount, mine.amount, theirs.amount),
                let type = merge(base?.type, mine.type, theirs.type),
                let action = merge(base?.onExhaustion, mine.onExhaustion, theirs.onExhaustion)
            else { return nil }
            let outcome = Budget(amount: amount, type: type, onExhaustion: action)
            if outcome == theirs { return .overruled }
            return .apply(.setBudget(outcome, validThrough: cycle), isAsAsked: outcome == mine)
        case (.setDiscount(let mine), .discount(let base)?, .discount(let theirs)):
            guard base != theirs else { return carriedOut }
            guard let theirs, let percent = merge(base?.percent, mine.percent, theirs.percent),
                let from = merge(base?.validFrom, mine.validFrom, theirs.validFrom),
                let until = merge(base?.validUntil, mine.validUntil, theirs.validUntil)
            else { return nil }
            let outcome = Discount(percent: percent, validFrom: from, validUntil: until)
            // Two changes that make sense alone and none together clash.
            guard EditLimits.validityViolation(of: outcome, facts: facts) == nil else { return nil }
            if outcome == theirs { return .overruled }
            return .apply(.setDiscount(outcome), isAsAsked: outcome == mine)
        default: return nil
        }
    }

    /// The value of the side that changed it; nil when both did, to different values.
    private func merge<Value: Equatable>(_ base: Value?, _ mine: Value, _ theirs: Value) -> Value? {
        if mine == theirs || theirs == base { return mine }
        return mine == base ? theirs : nil
    }
}

extension Money {
    /// How far two amounts are apart; nil when it does not fit.
    fileprivate func distance(to other: Money) -> Money? {
        self < other ? other.subtracting(self) : subtracting(other)
    }
}
