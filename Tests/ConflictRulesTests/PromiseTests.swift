import ConflictRules
import PartnerModel
import PropertyKit
import Testing

/// The kinds of edit whose standard rule declares something.
private func declaring(_ promise: RulePromise) -> [EditKind] {
    EditKind.allCases.filter { RuleSet.standard.rule(for: $0).promises.contains(promise) }
}

private let cases = 1_500

@Suite struct PromiseTests {
    @Test(arguments: declaring(.deterministic))
    func `the same question has the same judgement`(kind: EditKind) throws {
        let again = try RuleSet.read(RuleSet.standard.bytes, file: "f")
        try checkProperty("\(kind) is deterministic", cases: cases) { choices in
            let question = QuestionMaker.question(kind, &choices)
            let judgement = RuleSet.standard.judge(question)
            try #require(RuleSet.standard.judge(question) == judgement)
            try #require(again.judge(question) == judgement)
        }
    }

    @Test(arguments: declaring(.idempotent))
    func `an edit judged again on its own outcome changes nothing more, or its key keeps it from being judged`(
        kind: EditKind
    ) throws {
        var applied = 0
        try checkProperty("\(kind) is idempotent", cases: cases) { choices in
            let question = QuestionMaker.question(kind, &choices)
            let first = RuleSet.standard.judge(question)
            guard case .apply = first.outcome, kind != .decideConflict else { return }
            applied += 1
            let after = try #require(outcome(of: first, on: question.current))
            let second = RuleSet.standard.judge(question.meeting(after, isIntact: false, before: question.before))
            let word = try #require(RuleSet.standard.rule(for: kind).combine.first { $0.name == first.rule }).strategy
                .word
            if word.idempotence(of: kind) == .byKey { return }
            try #require(try #require(outcome(of: second, on: after)) == after)
            try #require(second.outcome != .hold)
        }
        if kind != .decideConflict { #expect(applied > cases / 50) }
    }

    @Test func `only an adjustment is idempotent by its key alone`() {
        let once = RuleSet.standard.judge(intact(adjust("1"), state("5")))
        let twice = RuleSet.standard.judge(moved(adjust("1"), from: state("5"), to: state("6")))
        #expect(once.outcome.word == "applied" && twice.outcome.word == "merged")
        for word in StrategyWord.allCases {
            for kind in EditKind.allCases {
                #expect(word.idempotence(of: kind) == (kind == .adjustBudget ? .byKey : .byValue))
            }
        }
    }

    @Test(arguments: declaring(.commutative))
    func `the order of two edits that are both carried out does not matter`(kind: EditKind) throws {
        try checkOrder(kind, RuleSet.standard)
    }

    @Test func `strategies that keep their promise whatever the order`() throws {
        try checkOrder(.freeze, try RuleText.always(.freeze, "append-only"))
        try checkOrder(.unfreeze, try RuleText.always(.unfreeze, "observed-remove"))
        try checkOrder(.setBudget, try RuleText.trying(.setBudget, "\"max\"", promises: "may-hold commutative"))
        try checkOrder(.setBudget, try RuleText.trying(.setBudget, "\"min\"", promises: "may-hold commutative"))
        let rebase = "\"rebase-intent\", \"tolerance\": \"100%\""
        try checkOrder(
            .adjustBudget, try RuleText.trying(.adjustBudget, rebase, promises: "may-hold needs-base commutative"))
    }

    /// Two edits of one base, in both orders. A freeze counts by its kind, since ids are given in order of arrival.
    private func checkOrder(_ kind: EditKind, _ rules: RuleSet) throws {
        var compared = 0
        try checkProperty("\(kind) commutes", cases: cases) { choices in
            let one = QuestionMaker.question(kind, &choices)
            let base = one.current
            let other = RuleQuestion(
                intent: QuestionMaker.intent(kind, &choices), before: base, current: base, isIntact: true,
                facts: one.facts)
            func run(_ first: RuleQuestion, _ second: RuleQuestion) throws -> RegisterState? {
                let opening = rules.judge(first.meeting(base, isIntact: true, before: base))
                let middle = try #require(outcome(of: opening, on: base))
                let closing = rules.judge(second.meeting(middle, isIntact: middle == base, before: base))
                for judgement in [opening, closing] {
                    switch judgement.outcome {
                    case .apply, .noop, .overruled: continue
                    default: return nil
                    }
                }
                return outcome(of: closing, on: middle)
            }
            guard let forth = try run(one, other), let back = try run(other, one) else { return }
            compared += 1
            try #require(sorted(forth) == sorted(back))
        }
        #expect(compared > cases / 50)
    }

    private func sorted(_ state: RegisterState) -> [String] {
        guard case .freezes(let freezes) = state else { return ["\(state)"] }
        return Set(freezes.map { "\($0.kind) \($0.id < 1000 ? $0.id : 0)" }).sorted()
    }

    @Test func `a rule that needs no base has one judgement whatever its author saw`() throws {
        for kind in EditKind.allCases where !declaring(.needsBase).contains(kind) {
            try checkProperty("\(kind) needs no base", cases: cases) { choices in
                let question = QuestionMaker.question(kind, &choices)
                let stranger = question.meeting(
                    question.current, isIntact: !question.isIntact, before: QuestionMaker.state(kind.register, &choices)
                )
                try #require(RuleSet.standard.judge(question) == RuleSet.standard.judge(stranger))
            }
        }
    }

    @Test(arguments: EditKind.allCases)
    func `an edit is held where the rule says so and nowhere else`(kind: EditKind) throws {
        let mayHold = declaring(.mayHold).contains(kind)
        var held = 0
        try checkProperty("\(kind) may hold", cases: cases) { choices in
            let judgement = RuleSet.standard.judge(QuestionMaker.question(kind, &choices))
            try #require((judgement.terms != nil) == (judgement.outcome == .hold))
            if judgement.outcome == .hold { held += 1 }
        }
        #expect((held > 0) == mayHold)
    }
}
