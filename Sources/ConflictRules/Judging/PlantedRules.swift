#if FIELDBOOK_DEFECTS
import Defects
import PartnerModel

/// The planted bugs of the rules: each makes one of them come out as it would if its code were wrong.
enum PlantedRules {
    static func distorted(_ judgement: Judgement, _ question: RuleQuestion) -> Judgement {
        guard let planted = Defect.planted else { return judgement }
        let asAsked = Judgement.Outcome.apply(question.intent, isAsAsked: true)
        func otherwise(_ outcome: Judgement.Outcome) -> Judgement {
            Judgement(outcome: outcome, rule: judgement.rule, readings: judgement.readings, terms: nil)
        }
        switch (planted, judgement.rule) {
        case (.raisesCollapse, "raises-add-up"):
            guard case .adjustBudget(let delta, let cycle) = question.intent, let seen = question.seenBudget,
                let sum = seen.amount.adding(delta)
            else { return judgement }
            let budget = Budget(amount: sum, type: seen.type, onExhaustion: seen.onExhaustion)
            return otherwise(.apply(.setBudget(budget, validThrough: cycle), isAsAsked: question.isIntact))
        case (.lateFreezeTaken, "late-resources"), (.lateFreezeTaken, "old-resources"),
            (.releaseForgotten, "released"), (.typeChangeMerged, "type-changed"),
            (.uncuredFreezeLifted, "cures"), (.delegatedEditTaken, "permission"), (.cutBelowSpent, "spent"),
            (.codeForgotten, "ceiling"), (.answeredByAnyone, "role"):
            // A guard that only warned let the edit pass already.
            if case .apply = judgement.outcome { return judgement }
            return otherwise(asAsked)
        case (.frozenAnewToldDone, "freeze-wins"): return otherwise(.noop)
        case (.secondAssignmentTaken, "first-writer") where question.intent.register == .manager,
            (.secondAnswerTaken, "first-writer") where question.intent.register == .request:
            return otherwise(asAsked)
        case (.labelKept, "last-writer"): return otherwise(.overruled)
        case (.promiseDropped, "authorised-range"):
            guard case .setDiscount(let discount) = question.intent,
                let violation = EditLimits.rangeViolation(of: discount, facts: question.facts)
            else { return judgement }
            return otherwise(.rejected(violation))
        default: return judgement
        }
    }
}
#endif
