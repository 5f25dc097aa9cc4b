import ConflictRules
import PartnerModel
import Testing

@Suite struct GuardTests {
    /// What a guard alone makes of an edit that would be carried out.
    private func judge(_ spec: String, _ question: RuleQuestion) throws -> Judgement {
        let edit = question.intent.kind
        let mayHold = (spec.contains("at-most") || spec.contains("grace")) && !spec.contains("else")
        let rule = RuleText.rule(
            edit, guards: spec, cases: RuleText.fits("done", "always", "\"use\": \"client-wins\""),
            decide: mayHold ? "{ \"deadline\": \"7d\", \"fallback\": \"theirs\" }" : nil,
            promises: mayHold ? "may-hold" : "deterministic")
        return try RuleText.read([edit: rule]).judge(question)
    }

    private func word(_ spec: String, _ question: RuleQuestion) throws -> String {
        try judge(spec, question).outcome.word
    }

    @Test func `what is known of the customer refuses with the vendor's codes`() throws {
        let edit = set("5")
        let former = intact(edit, state("4"), facts { $0.isFormer = true })
        #expect(try word("{\"guard\": \"associated\"}", former) == "rejected CBC.99000035")
        let referral = intact(edit, state("4"), facts(.referral))
        #expect(try word("{\"guard\": \"association\", \"is\": \"reseller\"}", referral) == "rejected CBC.99005024")
        #expect(try word("{\"guard\": \"association\", \"is\": \"referral\"}", referral) == "applied")
        let managed = intact(edit, state("4"), facts { $0.managedBy = "north" })
        #expect(try word("{\"guard\": \"permission\"}", managed) == "rejected CBC.0151")
        #expect(try judge("{\"guard\": \"permission\"}", managed).readings.first?.value == "north")
    }

    @Test func `a state of the partner stops edits, or those of one kind of freeze only`() throws {
        let frozen = facts { $0.partnerState = .frozen }
        let all = "{\"guard\": \"partner-state\", \"not\": [\"frozen\", \"restricted\"]}"
        #expect(try word(all, intact(set("5"), state("4"), frozen)) == "rejected FB.PARTNER_FROZEN")
        #expect(try word(all, intact(set("5"), state("4"))) == "applied")
        let one = "{\"guard\": \"partner-state\", \"not\": [\"frozen\"], \"kind\": \"account-and-resources\"}"
        let account = intact(unfreeze(.account, seen: [1]), .freezes([freeze(1)]), frozen)
        #expect(try word(one, account) == "applied")
        let resources = intact(
            unfreeze(.accountAndResources, seen: [1]), .freezes([freeze(1, .accountAndResources)]), frozen)
        #expect(try word(one, resources) == "rejected FB.PARTNER_FROZEN")
    }

    @Test func `a role that may not is forbidden, and the system may`() throws {
        let spec = "{\"guard\": \"role\", \"in\": [\"administrator\", \"operator\"]}"
        for (role, expected) in [
            (MemberRole.manager, "forbidden FB.ROLE"), (.operator, "applied"), (nil, "applied"),
        ] { #expect(try word(spec, intact(set("5"), state("4"), facts { $0.role = role })) == expected) }
        let unsure = "{\"guard\": \"role\", \"in\": [\"administrator\"], \"else\": \"step-up\"}"
        #expect(try word(unsure, intact(set("5"), state("4"), facts { $0.role = .manager })) == "step-up FB.ROLE")
        let confirmed = facts {
            $0.role = .manager
            $0.isConfirmed = true
        }
        #expect(try word(unsure, intact(set("5"), state("4"), confirmed)) == "applied")
    }

    @Test func `an edit and a discount expire`() throws {
        let cycle = BillingCycle(containing: judgedAt.seconds)
        let spec = "{\"guard\": \"cycle\"}"
        let late = EditIntent.setBudget(budget("5"), validThrough: cycle.previous)
        #expect(try word(spec, intact(late, state("4"))) == "expired FB.EXPIRED")
        #expect(try word(spec, intact(.setBudget(budget("5"), validThrough: cycle), state("4"))) == "applied")
        let over = EditIntent.setDiscount(discount(500, from: -10, until: 0))
        let validity = "{\"guard\": \"validity\"}"
        #expect(try word(validity, intact(over, .discount(nil), facts(.referral))) == "expired FB.EXPIRED")
    }

    @Test func `a range that moved holds a discount within its grace and refuses it after`() throws {
        let spec = "{\"guard\": \"authorised-range\", \"grace\": \"30d\"}"
        let grant = EditIntent.setDiscount(discount(4000))
        func judge(_ spec: String, moved: Bool, age: Int64?, none: Bool = false) throws -> String {
            let known = facts(.referral, age: age) {
                $0.rangeHasMoved = moved
                if none { $0.discountRange = nil }
            }
            return try word(spec, intact(grant, .discount(nil), known))
        }
        #expect(try judge(spec, moved: true, age: 30 * 86_400) == "hold")
        #expect(try judge(spec, moved: true, age: 30 * 86_400 + 1) == "rejected FB.DISCOUNT_RANGE")
        #expect(try judge(spec, moved: true, age: nil) == "rejected FB.DISCOUNT_RANGE")
        #expect(try judge(spec, moved: false, age: 1) == "rejected FB.DISCOUNT_RANGE")
        #expect(try judge(spec, moved: false, age: 1, none: true) == "rejected CBC.0151")
        let honoured = "{\"guard\": \"authorised-range\", \"grace\": \"30d\", \"else-moved\": \"warn\"}"
        #expect(try judge(honoured, moved: true, age: 1) == "applied")
    }

    @Test func `a manager's ceiling asks for a confirmation of what would come out`() throws {
        let spec = "{\"guard\": \"ceiling\", \"role\": \"manager\", \"amount\": \"100\"}"
        func judge(
            _ intent: EditIntent, _ current: RegisterState, _ role: MemberRole?, sure: Bool = false
        ) throws
            -> String
        {
            let known = facts {
                $0.role = role
                $0.isConfirmed = sure
            }
            return try word(spec, intact(intent, current, known))
        }
        #expect(try judge(set("100"), state("4"), .manager) == "applied")
        #expect(try judge(set("100.01"), state("4"), .manager) == "step-up FB.CEILING")
        #expect(try judge(set("100.01"), state("4"), .manager, sure: true) == "applied")
        #expect(try judge(set("100.01"), state("4"), .operator) == "applied")
        #expect(try judge(set("100.01"), state("4"), nil) == "applied")
        #expect(try judge(adjust("10"), state("90"), .manager) == "applied")
        #expect(try judge(adjust("10.01"), state("90"), .manager) == "step-up FB.CEILING")
    }

    @Test func `a budget below what is used is told with both figures and since when they are known`() throws {
        let spec = "{\"guard\": \"spent\"}"
        let used = facts {
            $0.used = money("312.4")
            $0.usedAsOf = Timestamp(seconds: 1_795_255_200)
        }
        let warned = try judge(spec, intact(set("300"), state("400"), used))
        #expect(warned.outcome.word == "applied" && warned.rule == "done")
        #expect(warned.readings.map(\.outcome) == [.warned])
        #expect(warned.readings.first?.value == "300.00" && warned.readings.first?.limit == "312.40")
        #expect(warned.readings.first?.asOf == used.usedAsOf)
        let refused = try judge("{\"guard\": \"spent\", \"else\": \"reject\"}", intact(set("300"), state("400"), used))
        #expect(
            refused.outcome.violation?.message
                == "the budget of 300.00 is below what is already used, 312.40 as of 2026-11-21T10:00:00Z")
        #expect(try judge(spec, intact(set("312.40"), state("400"), used)).readings.map(\.outcome) == [.passed])
        #expect(try judge(spec, intact(set("1"), state("400"))).readings.map(\.outcome) == [.passed])
        #expect(try judge(spec, intact(adjust("1"), state("100"), used)).readings.map(\.outcome) == [.passed])
        #expect(try judge(spec, intact(adjust("-1"), state("100"), used)).readings.map(\.outcome) == [.warned])
    }

    @Test func `a freeze by a budget is lifted only when the budget cures it`() throws {
        let spec = "{\"guard\": \"cures\"}"
        let frozen = RegisterState.freezes([freeze(1, .account, .budget), freeze(2)])
        func judge(_ amount: String?, used: String?, seen: [Int64] = [1]) throws -> String {
            let known = facts {
                $0.budget = amount.map { budget($0) }
                $0.used = used.map { money($0) }
            }
            return try word(spec, intact(unfreeze(seen: seen), frozen, known))
        }
        #expect(try judge("100", used: "100") == "rejected FB.NOT_CURED")
        #expect(try judge("100.01", used: "100") == "merged")
        #expect(try judge("100", used: "100", seen: [2]) == "merged")
        #expect(try judge(nil, used: "100") == "merged")
        #expect(try judge("100", used: nil) == "merged")
    }

    @Test func `an edit that is too old or of unknown age waits`() throws {
        let spec = "{\"guard\": \"age\", \"at-most\": \"24h\"}"
        #expect(try word(spec, intact(set("5"), state("4"), facts(age: 86_400))) == "applied")
        #expect(try word(spec, intact(set("5"), state("4"), facts(age: -100))) == "applied")
        let held = try judge(spec, intact(set("5"), state("4"), facts(age: 93_784)))
        #expect(held.outcome == .hold && held.rule == "age")
        #expect(held.terms == HoldTerms(deadlineSeconds: 604_800, fallback: .theirs))
        #expect(held.readings.first?.value == "1d 2h 3m 4s" && held.readings.first?.limit == "1d")
        #expect(try word(spec, intact(set("5"), state("4"), facts(age: nil))) == "hold")
        let refused = "{\"guard\": \"age\", \"at-most\": \"24h\", \"else\": \"reject\"}"
        #expect(try word(refused, intact(set("5"), state("4"), facts(age: nil))) == "rejected FB.TOO_OLD")
    }
}
