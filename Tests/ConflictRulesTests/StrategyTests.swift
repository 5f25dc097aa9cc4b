import ConflictRules
import PartnerModel
import Testing

@Suite struct StrategyTests {
    @Test func `client wins, last writer, server wins and first writer are what they say`() throws {
        let question = moved(set("3"), from: state("4"), to: state("5"))
        for (use, expected) in [
            ("client-wins", "applied"), ("last-writer", "applied"), ("server-wins", "overruled"),
            ("first-writer", "overruled"),
        ] { #expect(judged(question, try RuleText.always(.setBudget, use)) == "\(expected) by tried") }
    }

    @Test func `the larger or the smaller budget stays when type and action agree`() throws {
        let largest = try RuleText.trying(.setBudget, "\"max\"", promises: "may-hold")
        let smallest = try RuleText.trying(.setBudget, "\"min\"", promises: "may-hold")
        let raise = moved(set("7"), from: state("4"), to: state("5"))
        #expect(judged(raise, largest) == "applied by tried")
        #expect(judged(raise, smallest) == "overruled by tried")
        let cut = moved(set("2"), from: state("4"), to: state("5"))
        #expect(judged(cut, largest) == "overruled by tried")
        #expect(judged(cut, smallest) == "applied by tried")
        for rules in [largest, smallest] {
            #expect(judged(moved(set("7", .oneTime), from: nil, to: state("5")), rules) == "hold by asked")
            #expect(judged(moved(set("7", .monthly, .freeze), from: nil, to: state("5")), rules) == "hold by asked")
            #expect(judged(moved(set("7"), from: state("4"), to: .budget(nil)), rules) == "applied by tried")
        }
    }

    @Test func `fields of a budget that only one side changed are merged`() throws {
        let rules = try RuleText.trying(.setBudget, "\"field-merge\"")
        let base = state("5")
        let both = rules.judge(moved(set("9"), from: base, to: state("5", .monthly, .freeze)))
        #expect(both.outcome == .apply(set("9", .monthly, .freeze), isAsAsked: false))
        #expect(judged(moved(set("9"), from: base, to: state("8")), rules) == "hold by asked")
        #expect(judged(moved(set("5"), from: base, to: state("8")), rules) == "overruled by tried")
        #expect(
            judged(moved(set("9", .oneTime), from: base, to: state("5", .oneTime)), rules) == "applied by tried")
        #expect(judged(moved(set("9"), from: nil, to: state("8")), rules) == "hold by asked")
        #expect(judged(moved(set("9"), from: .budget(nil), to: state("8")), rules) == "hold by asked")
        #expect(judged(moved(set("9"), from: base, to: .budget(nil)), rules) == "hold by asked")
        #expect(judged(intact(set("9"), .budget(nil)), rules) == "applied by tried")
    }

    @Test func `fields of a discount are merged unless the outcome makes no sense`() throws {
        let rules = try RuleText.trying(.setDiscount, "\"field-merge\"")
        func judge(_ mine: Discount, _ theirs: Discount) -> Judgement {
            rules.judge(
                moved(.setDiscount(mine), from: .discount(discount(500)), to: .discount(theirs), facts(.referral)))
        }
        let merged = judge(discount(700), discount(500, until: 2000))
        #expect(merged.outcome == .apply(.setDiscount(discount(700, until: 2000)), isAsAsked: false))
        #expect(judge(discount(700), discount(600)).rule == "asked")
        #expect(judge(discount(500, from: 900), discount(500, until: 800)).rule == "asked")
        #expect(judge(discount(500, from: 900), discount(500, until: 901)).outcome.word == "merged")
        #expect(judge(discount(500), discount(600)).outcome == .overruled)
    }

    @Test func `adjustments add up`() throws {
        let rules = try RuleText.always(.adjustBudget, "sum-of-deltas")
        #expect(judged(intact(adjust("2"), state("5")), rules) == "applied by tried")
        #expect(judged(moved(adjust("2"), from: state("5"), to: state("6")), rules) == "merged by tried")
        // Without a guard that asks for a budget the limit on what comes out still does.
        #expect(
            judged(moved(adjust("2"), from: state("5"), to: .budget(nil)), rules) == "rejected FB.NO_BUDGET by limits")
    }

    @Test func `an adjustment is carried out anew while its outcome stays near the one that was seen`() throws {
        let share = try RuleText.trying(.adjustBudget, "\"rebase-intent\", \"tolerance\": \"10%\"")
        let amount = try RuleText.trying(.adjustBudget, "\"rebase-intent\", \"tolerance\": \"50\"")
        func judge(_ current: RegisterState, _ rules: RuleSet, from before: RegisterState? = state("900")) -> String {
            judged(moved(adjust("100"), from: before, to: current), rules)
        }
        #expect(judge(state("1000"), share) == "merged by tried")
        #expect(judge(state("800"), share) == "merged by tried")
        #expect(judge(state("1000.01"), share) == "hold by asked")
        #expect(judge(state("950"), amount) == "merged by tried")
        #expect(judge(state("850"), amount) == "merged by tried")
        #expect(judge(state("950.01"), amount) == "hold by asked")
        #expect(judge(state("900"), amount) == "applied by tried")
        #expect(judge(state("900", .oneTime), amount) == "hold by asked")
        #expect(judge(state("900"), amount, from: nil) == "hold by asked")
        #expect(judge(.budget(nil), amount) == "hold by asked")
    }

    @Test func `a small difference is decided without a person until the day's share is used`() throws {
        func judge(_ mine: String, _ then: String, today: String = "0", _ type: BudgetType = .monthly) throws -> String
        {
            let use = "\"tolerance\", \"amount\": \"50\", \"then\": \"\(then)\""
            let rules = try RuleText.trying(.setBudget, use, promises: "may-hold")
            let facts = facts { $0.toleratedToday = money(today) }
            return judged(moved(set(mine, type), from: state("90"), to: state("100"), facts), rules)
        }
        #expect(try judge("150", "client-wins") == "applied by tried")
        #expect(try judge("50", "client-wins") == "applied by tried")
        #expect(try judge("150.01", "client-wins") == "hold by asked")
        #expect(try judge("120", "client-wins", today: "30") == "applied by tried")
        #expect(try judge("120", "client-wins", today: "30.01") == "hold by asked")
        #expect(try judge("120", "server-wins") == "overruled by tried")
        #expect(try judge("120", "max") == "applied by tried")
        #expect(try judge("120", "min") == "overruled by tried")
        #expect(try judge("80", "min") == "applied by tried")
        #expect(try judge("80", "max") == "overruled by tried")
        #expect(try judge("120", "client-wins", .oneTime) == "hold by asked")
        let most = facts { $0.toleratedToday = Money(units: .max) }
        let use = "\"tolerance\", \"amount\": \"50\", \"then\": \"max\""
        let rules = try RuleText.trying(.setBudget, use, promises: "may-hold")
        #expect(judged(moved(set("2"), from: nil, to: state("1"), most), rules) == "hold by asked")
        #expect(judged(intact(set("2"), .budget(nil)), rules) == "hold by asked")
    }

    @Test func `the strictest freeze wins, and a freeze is only ever added`() throws {
        let strictest = try RuleText.always(.freeze, "strictest-wins")
        let adding = try RuleText.always(.freeze, "append-only")
        let account = EditIntent.freeze(.account, reason: "r")
        let resources = EditIntent.freeze(.accountAndResources, reason: "r")
        let strict = RegisterState.freezes([freeze(1, .accountAndResources, .vendor)])
        let mild = RegisterState.freezes([freeze(1, .account, .vendor)])
        #expect(judged(intact(account, strict), strictest) == "overruled by tried")
        #expect(judged(intact(account, mild), strictest) == "applied by tried")
        #expect(judged(intact(resources, mild), strictest) == "applied by tried")
        #expect(judged(intact(account, .freezes([])), strictest) == "applied by tried")
        let added = adding.judge(intact(account, strict))
        #expect(added.outcome == .apply(account, isAsAsked: true))
        guard case .freezes(let after)? = outcome(of: added, on: strict) else { return }
        #expect(after.count == 2 && after.contains(freeze(1, .accountAndResources, .vendor)))
    }

    @Test func `an unfreeze that could lift nothing is overruled, one that leaves another freeze is merged`() throws {
        let rules = try RuleText.always(.unfreeze, "observed-remove")
        let vendor = RegisterState.freezes([freeze(1, .account, .vendor), freeze(2)])
        #expect(judged(intact(unfreeze(seen: [1]), vendor), rules) == "overruled by tried")
        #expect(judged(intact(unfreeze(seen: [1, 2]), vendor), rules) == "merged by tried")
        #expect(judged(intact(unfreeze(seen: [2]), .freezes([freeze(2)])), rules) == "applied by tried")
    }
}
