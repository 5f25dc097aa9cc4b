import PartnerModel

/// Checks that the words of one rule make sense together.
struct RuleValidator {
    let rule: Rule
    let guards: [ReadGuard]
    let cases: [ReadCase]
    let item: FileItem
    let combine: FileItem
    let decide: FileItem?
    let promises: FileItem

    func validate() throws(RuleFileError) {
        try checkNames()
        if rule.edit == .decideConflict { try checkDecision() }
        try checkReach()
        try checkCover(.intact)
        try checkCover(.moved)
        try checkHolds()
        try checkPromises()
    }

    private func checkNames() throws(RuleFileError) {
        for (index, one) in cases.enumerated()
        where cases[..<index].contains(where: { $0.ruleCase.name == one.ruleCase.name }) {
            throw one.item.error(
                "two cases are called \(one.ruleCase.name)", "give each its own name; the record shows it")
        }
    }

    /// A decision is on the values that its author looked at, and the first one stands: nothing else is offered.
    private func checkDecision() throws(RuleFileError) {
        for one in cases {
            let ruleCase = one.ruleCase
            let isKnown =
                ruleCase.conditions == [.intact] && ruleCase.strategy == .clientWins
                || ruleCase.conditions == [.moved] && ruleCase.strategy == .firstWriter
            guard isKnown, ruleCase.withinSeconds == nil, ruleCase.olderThanSeconds == nil else {
                throw one.item.error(
                    "decisions on conflicts are carried out when intact and overruled when moved",
                    "use client-wins when intact and first-writer when moved")
            }
        }
    }

    /// A case is reached when earlier ones that always decide do not take all that it would take: one of them whatever
    /// the base, or one the intact and another the moved edits.
    private func checkReach() throws(RuleFileError) {
        for (index, one) in cases.enumerated() {
            let earlier = cases[..<index].map(\.ruleCase).filter(\.isDecisive)
            let wanted = Condition.closure(of: one.ruleCase.conditions)
            let standings: [Condition] = wanted.isDisjoint(with: [.intact, .moved]) ? [.intact, .moved] : []
            let takers =
                standings.isEmpty
                ? [earlier.first { $0.covers(one.ruleCase, wanted) }]
                : standings.map { standing in earlier.first { $0.covers(one.ruleCase, wanted.union([standing])) } }
            var names: [String] = []
            for taker in takers.compactMap({ $0?.name }) where !names.contains(taker) { names.append(taker) }
            guard !takers.contains(nil) else { continue }
            let taken = names.joined(separator: " and ")
            throw one.item.error(
                "the case is never reached; \(taken) before it take every edit that it is for",
                "put it first, or leave it out")
        }
    }

    /// Some case must take every edit that stands so, whatever its age, and must decide.
    private func checkCover(_ standing: Condition) throws(RuleFileError) {
        let isCovered = cases.contains { one in
            one.ruleCase.isDecisive && one.ruleCase.withinSeconds == nil && one.ruleCase.olderThanSeconds == nil
                && Condition.closure(of: one.ruleCase.conditions).isSubset(of: [standing])
        }
        guard !isCovered else { return }
        let what = standing == .intact ? "whose base is intact" : "whose base has moved"
        throw combine.error(
            "an edit \(what) may find no case",
            "end with a case for [\"\(standing.rawValue)\"] or [\"always\"], of any age, whose strategy always applies"
        )
    }

    private func checkHolds() throws(RuleFileError) {
        let holder = cases.first { $0.ruleCase.strategy == .hold }?.item ?? guards.first { $0.spec.mayHold }?.item
        switch (holder, decide) {
        case (let holder?, nil):
            throw holder.error(
                "an edit can be held here, and the rule does not say how long",
                "add \"decide\": {\"deadline\": \"7d\", \"fallback\": \"theirs\"} or {\"fallback\": \"none\"}")
        case (nil, let decide?): throw decide.error("this rule holds no edit", "leave \"decide\" out")
        default: break
        }
        if let holder, !rule.promises.contains(.mayHold) {
            throw holder.error("an edit can be held here, and the promises do not say so", "add may-hold to them")
        }
        if holder == nil, rule.promises.contains(.mayHold) {
            throw promises.error("may-hold is declared, but this rule holds no edit", "leave it out")
        }
    }

    private func checkPromises() throws(RuleFileError) {
        let needy =
            cases.first {
                $0.ruleCase.conditions.contains(where: \.needsBase) || $0.ruleCase.strategy.word.needsBase
            }?.item ?? guards.first { $0.spec.conditions.contains(where: \.needsBase) }?.item
        if let needy, !rule.promises.contains(.needsBase) {
            throw needy.error("this looks at the edit's base, and the promises do not say so", "add needs-base to them")
        }
        if needy == nil, rule.promises.contains(.needsBase) {
            throw promises.error("needs-base is declared, but nothing here looks at the base", "leave it out")
        }
        guard rule.promises.contains(.commutative) else { return }
        if let breaker = cases.first(where: { $0.ruleCase.strategy.word.isCommutative(for: rule.edit) == false }) {
            throw breaker.use.error(
                "\(breaker.ruleCase.strategy.word.rawValue) depends on the order, and the promises say commutative",
                "leave commutative out of them, or use another strategy")
        }
    }
}

extension RuleCase {
    /// The case decides every edit that it is for.
    fileprivate var isDecisive: Bool { !strategy.word.mayFallThrough }

    /// Every edit of which `wanted` is true and that is as old as the other case asks, this one is for too.
    fileprivate func covers(_ other: RuleCase, _ wanted: Set<Condition>) -> Bool {
        Condition.closure(of: conditions).isSubset(of: wanted)
            && (olderThanSeconds ?? -1) <= (other.olderThanSeconds ?? -1)
            && (withinSeconds ?? .max) >= (other.withinSeconds ?? .max)
    }
}
