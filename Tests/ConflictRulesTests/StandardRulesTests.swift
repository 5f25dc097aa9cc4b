import ConflictRules
import PartnerModel
import Testing

@Suite struct StandardRulesTests {
    @Test func `the rules that a program carries are those of the file, byte for byte`() throws {
        #expect(RuleSet.standard.bytes == (try repositoryFile("Config/conflict-rules.json")))
    }

    @Test func `every kind of edit has its rule`() {
        for kind in EditKind.allCases { #expect(RuleSet.standard.rule(for: kind).edit == kind) }
        #expect(RuleSet.standard.version == 2)
    }

    @Test func `layout does not change the hash, content does`() throws {
        let spaced = RuleText.standard.replacing("\": ", with: "\" :\n\t ")
        #expect(try RuleSet.read(Array(spaced.utf8), file: "f").hash == RuleSet.standard.hash)
        let escaped = RuleText.standard.replacing("\"history\"", with: "\"\\u0068istory\"")
        #expect(try RuleSet.read(Array(escaped.utf8), file: "f").hash == RuleSet.standard.hash)
        let changed = RuleText.standard.replacing("\"24h\"", with: "\"25h\"")
        #expect(try RuleSet.read(Array(changed.utf8), file: "f").hash != RuleSet.standard.hash)
        #expect(RuleSet.standard.hash.utf8.count == 64)
    }

    @Test func `rules written anew in a test stand in the same file`() throws {
        #expect(RuleText.file([:]) == RuleText.standard)
        #expect(try RuleText.read([:]).hash == RuleSet.standard.hash)
    }

    // MARK: Budgets

    @Test func `a budget on an intact base is set, on a moved one a person decides within a week`() {
        #expect(judged(intact(set("5"), state("4"))) == "applied by compare-and-set")
        #expect(judged(intact(set("5"), .budget(nil))) == "applied by compare-and-set")
        let held = RuleSet.standard.judge(moved(set("3"), from: state("4"), to: state("5")))
        #expect(held.outcome == .hold && held.rule == "hold")
        #expect(held.terms == HoldTerms(deadlineSeconds: 7 * 86_400, fallback: .theirs))
    }

    @Test func `a budget whose type changed is held under its own name`() {
        let question = moved(set("3"), from: state("4"), to: state("4", .oneTime))
        #expect(judged(question) == "hold by type-changed")
        #expect(judged(moved(set("3"), from: nil, to: state("4"))) == "hold by type-changed")
        #expect(judged(moved(set("3"), from: .budget(nil), to: state("4"))) == "hold by type-changed")
    }

    @Test func `two raises add up, and the second is told as merged`() {
        #expect(judged(intact(adjust("300"), state("500"))) == "applied by raises-add-up")
        let second = RuleSet.standard.judge(moved(adjust("300"), from: state("500"), to: state("800")))
        #expect(second.outcome == .apply(adjust("300"), isAsAsked: false))
        #expect(outcome(of: second, on: state("800")) == state("1100"))
    }

    @Test func `a raise of a budget whose type changed is held`() {
        #expect(
            judged(moved(adjust("1"), from: state("5"), to: state("5", .oneTime))) == "hold by type-changed")
        #expect(judged(moved(adjust("1"), from: nil, to: state("5"))) == "hold by type-changed")
    }

    @Test func `an adjustment out of range is refused and never traps`() {
        #expect(judged(intact(adjust("-5"), state("5"))) == "rejected CBC.0101 by limits")
        let most = EditIntent.adjustBudget(delta: Money(units: .max), validThrough: nil)
        #expect(judged(intact(most, state("5"))) == "rejected CBC.0101 by limits")
        #expect(judged(intact(adjust("1"), .budget(nil))) == "rejected FB.NO_BUDGET by has-budget")
    }

    // MARK: Freezes

    @Test func `a freeze of resources is never automatic when it is late or old`() {
        let resources = EditIntent.freeze(.accountAndResources, reason: "fraud")
        #expect(judged(intact(resources, .freezes([]))) == "applied by freeze-adds")
        #expect(judged(intact(resources, .freezes([]), facts(age: 86_400))) == "applied by freeze-adds")
        #expect(judged(intact(resources, .freezes([]), facts(age: 86_401))) == "hold by old-resources")
        #expect(judged(intact(resources, .freezes([]), facts(age: nil))) == "hold by old-resources")
        let late = moved(resources, from: .freezes([]), to: .freezes([freeze(1)]))
        #expect(judged(late) == "hold by late-resources")
    }

    @Test func `a freeze against a release stands for an hour and is then for a person`() {
        let account = EditIntent.freeze(.account, reason: "unpaid")
        let seen = RegisterState.freezes([freeze(1)])
        #expect(judged(moved(account, from: seen, to: .freezes([]))) == "applied by strictest-wins")
        #expect(judged(moved(account, from: seen, to: .freezes([]), facts(age: 3601))) == "hold by released")
        #expect(judged(moved(account, from: .freezes([]), to: .freezes([]), facts(age: nil))) == "hold by released")
        let stricter = RegisterState.freezes([freeze(2, .accountAndResources)])
        #expect(judged(moved(account, from: seen, to: stricter)) == "overruled by strictest-wins")
    }

    @Test func `a freeze beside another one is added`() {
        let account = EditIntent.freeze(.account, reason: "unpaid")
        let other = RegisterState.freezes([freeze(1, .accountAndResources)])
        #expect(judged(moved(account, from: .freezes([]), to: other)) == "applied by freeze-adds")
        #expect(judged(moved(account, from: .freezes([]), to: .freezes([freeze(1)]))) == "noop by equal")
    }

    @Test func `a late unfreeze does not lift a freeze that its author had not seen`() {
        #expect(judged(intact(unfreeze(seen: [1]), .freezes([freeze(1)]))) == "applied by observed-remove")
        let both = RegisterState.freezes([freeze(1), freeze(2)])
        let partly = RuleSet.standard.judge(moved(unfreeze(seen: [1]), from: .freezes([freeze(1)]), to: both))
        #expect(partly.outcome.word == "merged")
        #expect(outcome(of: partly, on: both) == .freezes([freeze(2)]))
        let newer = moved(unfreeze(seen: [1]), from: .freezes([freeze(1)]), to: .freezes([freeze(2)]))
        #expect(judged(newer) == "overruled by freeze-wins")
        #expect(judged(moved(unfreeze(seen: [1]), from: nil, to: .freezes([]))) == "noop by equal")
    }

    // MARK: The rest

    @Test func `a discount is a promise: held while it may be kept, never changed`() {
        let grant = EditIntent.setDiscount(discount(2000))
        #expect(judged(intact(grant, .discount(nil), facts(.referral))) == "applied by compare-and-set")
        let other = RegisterState.discount(discount(500))
        let held = RuleSet.standard.judge(moved(grant, from: .discount(nil), to: other, facts(.referral)))
        #expect(held.outcome == .hold)
        #expect(held.terms == HoldTerms(deadlineSeconds: nil, fallback: nil))
        #expect(judged(moved(.cancelDiscount, from: nil, to: other, facts(.referral))) == "hold by hold")
        #expect(judged(intact(.cancelDiscount, other, facts(.referral))) == "applied by compare-and-set")
    }

    @Test func `the first manager stays, and another one is put in place by hand`() {
        let mine = EditIntent.assignManager("li")
        #expect(judged(intact(mine, .manager(nil))) == "applied by first-assignment")
        #expect(judged(intact(mine, .manager("wu"))) == "rejected FB.HAS_MANAGER by unassigned")
        #expect(judged(moved(mine, from: .manager(nil), to: .manager("wu"))) == "overruled by first-writer")
        #expect(judged(moved(mine, from: .manager(nil), to: .manager("li"))) == "noop by equal")
        #expect(judged(intact(.withdrawManager, .manager("wu"))) == "applied by compare-and-set")
        let late = moved(.withdrawManager, from: .manager("wu"), to: .manager("li"))
        #expect(judged(late) == "overruled by first-writer")
    }

    @Test func `the last label stays`() {
        let late = moved(.setLabel("b"), from: .label(nil), to: .label("a"))
        #expect(judged(late) == "applied by last-writer")
    }

    @Test func `a request is decided once, also for a customer that is former`() {
        let former = facts { $0.isFormer = true }
        let approve = EditIntent.decideRequest(approve: true)
        #expect(judged(intact(approve, request(.pending), former)) == "applied by first-decision")
        #expect(judged(moved(approve, from: nil, to: request(.approved))) == "noop by equal")
        #expect(judged(moved(approve, from: nil, to: request(.rejected))) == "overruled by first-writer")
        #expect(judged(intact(approve, request(.rejected))) == "rejected FB.NO_REQUEST by pending")
    }

    @Test func `a decision on a conflict is on the values that were looked at`() {
        let mine = EditIntent.decideConflict(ConflictKey(1), .mine)
        #expect(judged(intact(mine, state("5"))) == "applied by compare-and-set")
        #expect(judged(moved(mine, from: state("4"), to: state("5"))) == "overruled by first-writer")
        let misfit = EditIntent.decideConflict(ConflictKey(1), .discount(discount(500)))
        #expect(judged(intact(misfit, state("5"))) == "rejected CBC.0101 by limits")
    }
}
