import PartnerModel

#if FIELDBOOK_DEFECTS
import Defects
#endif

extension RuleSet {
    /// What becomes of an edit. Pure and total: it reads no clock and no store, and has an answer to every question.
    ///
    /// The order is fixed. Limits that no rule can change come first; then the guards, of which the first that does not
    /// hold decides; then the first case that fits; last, what would come out must be within the limits. An edit that
    /// asks for what is so already changes nothing, but is still refused by guards that say it may not be asked.
    package func judge(_ question: RuleQuestion) -> Judgement {
        #if FIELDBOOK_DEFECTS
        PlantedRules.distorted(judgement(of: question), question)
        #else
        judgement(of: question)
        #endif
    }

    private func judgement(of question: RuleQuestion) -> Judgement {
        let rule = rule(for: question.intent.kind)
        if let violation = EditLimits.formViolation(of: question.intent, on: question.current) {
            return Judgement(outcome: .rejected(violation), rule: Judgement.limits, readings: [], terms: nil)
        }
        let isEqual = question.asksForWhatIs
        var readings: [GuardReading] = []
        for spec in rule.guards where spec.conditions.allSatisfy(question.holds) {
            if isEqual, !spec.word.isAskedOfEqual { continue }
            let finding = spec.finding(on: question)
            let consequence = spec.consequence(for: question)
            // A confirmation by the author is what a step-up asks for.
            let isConfirmed = consequence == .stepUp && question.facts.isConfirmed
            guard let violation = finding.violation, !isConfirmed else {
                readings.append(finding.reading(of: spec, .passed))
                continue
            }
            if isEqual, violation.meansNothingIsThere || !consequence.isRefusal { continue }
            readings.append(finding.reading(of: spec, consequence == .warn ? .warned : .failed))
            guard let outcome = consequence.outcome(violation) else { continue }
            return Judgement(
                outcome: outcome, rule: spec.word.rawValue, readings: readings,
                terms: outcome == .hold ? rule.heldTerms : nil)
        }
        if isEqual { return Judgement(outcome: .noop, rule: Judgement.equal, readings: readings, terms: nil) }
        return rule.combination(of: question, readings)
    }
}

extension Rule {
    /// What the first case that fits makes of an edit that passed the guards.
    fileprivate func combination(of question: RuleQuestion, _ readings: [GuardReading]) -> Judgement {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .blindOverwrite {
            return Judgement(
                outcome: .apply(question.intent, isAsAsked: true), rule: "compare-and-set", readings: readings,
                terms: nil)
        }
        #endif
        for ruleCase in combine where ruleCase.fits(question) {
            guard let outcome = ruleCase.strategy.outcome(of: question) else { continue }
            if case .apply(let intent, _) = outcome,
                let violation = EditLimits.outcomeViolation(of: intent, on: question.current)
            {
                return Judgement(
                    outcome: .rejected(violation), rule: Judgement.limits, readings: readings, terms: nil)
            }
            return Judgement(
                outcome: outcome, rule: ruleCase.name, readings: readings, terms: outcome == .hold ? heldTerms : nil)
        }
        // A file that was accepted has a case for every edit; should one be missing, a person decides.
        return Judgement(outcome: .hold, rule: "hold", readings: readings, terms: heldTerms)
    }

    /// The terms of a held edit: without any, it waits until someone decides.
    fileprivate var heldTerms: HoldTerms { terms ?? HoldTerms(deadlineSeconds: nil, fallback: nil) }
}

extension GuardSpec.Otherwise {
    /// The edit ends here.
    fileprivate var isRefusal: Bool { self == .reject || self == .expire || self == .forbid }

    /// What the judgement is; nil when the edit goes on.
    fileprivate func outcome(_ violation: LimitViolation) -> Judgement.Outcome? {
        switch self {
        case .reject: .rejected(violation)
        case .expire: .expired(violation)
        case .forbid: .forbidden(violation)
        case .hold: .hold
        case .stepUp: .needsStepUp(violation)
        case .warn: nil
        }
    }
}
