import ConflictRules
import PartnerModel
import PropertyKit
import Testing

@Suite struct SafetyTests {
    @Test(arguments: EditKind.allCases)
    func `what comes out of any edit is within the limits, and a judgement explains itself`(kind: EditKind) throws {
        try checkProperty("\(kind) stays within the limits", cases: 1_500) { choices in
            let question = QuestionMaker.question(kind, &choices)
            let judgement = RuleSet.standard.judge(question)
            try #require(!judgement.rule.isEmpty)
            if let violation = judgement.outcome.violation {
                try #require(!violation.code.isEmpty && !violation.message.isEmpty && !violation.next.isEmpty)
            }
            if judgement.outcome == .noop { try #require(question.current.alreadyHolds(question.intent)) }
            guard case .apply(let intent, _) = judgement.outcome, kind != .decideConflict else { return }
            try #require(!question.facts.isFormer || kind == .decideRequest)
            try #require(EditLimits.outcomeViolation(of: intent, on: question.current) == nil)
            try #require(outcome(of: judgement, on: question.current) != question.current)
            try #require(!judgement.readings.contains { $0.outcome == .failed })
        }
    }

    @Test func `a freeze is never lifted by an edit that had not seen it, nor one that a partner may not lift`() throws
    {
        var lifted = 0
        try checkProperty("unseen freezes stay", cases: 3_000) { choices in
            let question = QuestionMaker.question(.unfreeze, &choices)
            let judgement = RuleSet.standard.judge(question)
            guard case .unfreeze(let kind, _, let seen) = question.intent, case .freezes(let before) = question.current,
                case .freezes(let after)? = outcome(of: judgement, on: question.current)
            else { return }
            for freeze in before where !after.contains(freeze) {
                lifted += 1
                try #require(seen.contains(freeze.id) && freeze.kind == kind && freeze.cause.isLiftedByPartner)
            }
        }
        #expect(lifted > 100)
    }

    @Test func `raises add up: nothing that was told as carried out is missing from the sum`() throws {
        try checkProperty("raises add up", cases: 1_000) { choices in
            let base = RegisterState.budget(QuestionMaker.budget(&choices))
            var current = base
            var sum = Money.zero
            for _ in 0..<choices.int(in: 1...6) {
                let question = moved(
                    QuestionMaker.intent(.adjustBudget, &choices), from: base, to: current,
                    QuestionMaker.surroundings(.adjustBudget, &choices))
                let judgement = RuleSet.standard.judge(question)
                guard case .apply(.adjustBudget(let delta, _), _) = judgement.outcome else { continue }
                sum = try #require(sum.adding(delta))
                current = try #require(outcome(of: judgement, on: current))
            }
            guard case .budget(let first?) = base, case .budget(let last?) = current else { return }
            try #require(last.amount == (try #require(first.amount.adding(sum))))
            try #require(last.type == first.type && last.onExhaustion == first.onExhaustion)
        }
    }

    @Test func `a merge takes each field from a side that has it`() throws {
        let rules = try RuleText.trying(.setBudget, "\"field-merge\"")
        try checkProperty("merge", cases: 2_000) { choices in
            let question = QuestionMaker.question(.setBudget, &choices)
            guard case .setBudget(let mine, _) = question.intent, case .budget(let theirs?) = question.current,
                case .apply(.setBudget(let merged, _), let isAsAsked) = rules.judge(question).outcome
            else { return }
            try #require([mine.amount, theirs.amount].contains(merged.amount))
            try #require([mine.type, theirs.type].contains(merged.type))
            try #require([mine.onExhaustion, theirs.onExhaustion].contains(merged.onExhaustion))
            try #require(isAsAsked == (merged == mine))
            guard case .budget(let base?)? = question.before, !question.isIntact else { return }
            if mine.amount != base.amount { try #require(merged.amount == mine.amount) }
            if theirs.amount != base.amount { try #require(merged.amount == theirs.amount) }
        }
    }

    @Test func `an edit of any size on any register has an answer`() throws {
        try checkProperty("total", cases: 2_000) { choices in
            let kind = choices.element(of: EditKind.allCases)
            let current = QuestionMaker.state(choices.element(of: Register.allCases), &choices)
            var known = QuestionMaker.surroundings(kind, &choices)
            known.madeAt = Timestamp(seconds: choices.element(of: [.min, .max, 0]))
            known.toleratedToday = Money(units: .max)
            let intent: EditIntent =
                choices.bool()
                ? QuestionMaker.intent(kind, &choices)
                : .adjustBudget(delta: Money(units: choices.element(of: [.min, .max, -1])), validThrough: nil)
            let judgement = RuleSet.standard.judge(
                RuleQuestion(intent: intent, before: nil, current: current, isIntact: choices.bool(), facts: known))
            if intent.register != current.register, intent.kind != .decideConflict {
                try #require(judgement.outcome.word == "rejected CBC.0101")
            }
        }
    }
}
