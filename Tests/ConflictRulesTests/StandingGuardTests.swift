import ConflictRules
import PartnerModel
import Testing

@Suite struct StandingGuardTests {
    @Test func `what must stand for an edit is asked for by name`() {
        for (question, expected) in [
            (intact(adjust("1"), .budget(nil)), "rejected FB.NO_BUDGET by has-budget"),
            (
                intact(unfreeze(seen: [1]), .freezes([freeze(1, .account, .vendor)])),
                "rejected FB.FREEZE_CAUSE by freeze-stands"
            ),
            (
                moved(unfreeze(seen: [1]), from: nil, to: .freezes([freeze(2, .accountAndResources)])),
                "rejected FB.FREEZE_KIND by freeze-stands"
            ),
            (intact(.assignManager("li"), .manager("wu")), "rejected FB.HAS_MANAGER by unassigned"),
            (intact(.decideRequest(approve: true), .request(nil)), "rejected FB.NO_REQUEST by pending"),
        ] { #expect(judged(question) == expected) }
    }

    @Test func `a customer frozen by a person is not disassociated`() {
        let frozen = facts { $0.freezes = [freeze(1)] }
        let byBudget = facts { $0.freezes = [freeze(1, .account, .budget)] }
        let approve = EditIntent.decideRequest(approve: true)
        let leave = request(.pending, .disassociate)
        #expect(judged(intact(approve, leave, frozen)) == "rejected FB.FROZEN by not-frozen")
        #expect(judged(intact(approve, leave, byBudget)) == "applied by first-decision")
        #expect(judged(intact(approve, request(.pending), frozen)) == "applied by first-decision")
        #expect(judged(intact(.decideRequest(approve: false), leave, frozen)) == "applied by first-decision")
    }

    @Test func `only an administrator decides requests, and approves none while the partner is frozen`() {
        let approve = EditIntent.decideRequest(approve: true)
        let manager = facts { $0.role = .manager }
        #expect(judged(intact(approve, request(.pending), manager)) == "forbidden FB.ROLE by role")
        let frozen = facts { $0.partnerState = .frozen }
        #expect(judged(intact(approve, request(.pending), frozen)) == "rejected FB.PARTNER_FROZEN by partner-state")
        #expect(
            judged(intact(.decideRequest(approve: false), request(.pending), frozen)) == "applied by first-decision")
    }

    @Test func `the first guard that does not hold decides, and what was read before it is told`() {
        let known = facts {
            $0.isFormer = true
            $0.managedBy = "north"
        }
        #expect(judged(intact(set("5"), state("4"), known)) == "rejected CBC.99000035 by associated")
        let managed = RuleSet.standard.judge(intact(set("5"), state("4"), facts { $0.managedBy = "north" }))
        #expect(managed.readings.map(\.name) == ["associated", "association", "permission"])
        #expect(managed.readings.map(\.outcome) == [.passed, .passed, .failed])
    }

    @Test func `a guard is asked only when its conditions hold`() {
        let used = facts { $0.used = money("10") }
        #expect(judged(intact(adjust("-1"), state("5"), used)) == "rejected FB.SPENT by spent")
        let raise = RuleSet.standard.judge(intact(adjust("1"), state("5"), used))
        #expect(!raise.readings.contains { $0.name == "spent" })
    }

    // MARK: Equality

    @Test func `what is so already changes nothing, whatever the base`() {
        for (intent, current) in [
            (set("5"), state("5")), (.freeze(.account, reason: "r"), .freezes([freeze(1)])),
            (unfreeze(seen: [1]), .freezes([])), (.assignManager("li"), .manager("li")),
            (.withdrawManager, .manager(nil)), (.setLabel(nil), .label(nil)),
            (.decideRequest(approve: false), request(.rejected)),
        ] as [(EditIntent, RegisterState)] {
            #expect(judged(intact(intent, current)) == "noop by equal")
            #expect(judged(moved(intent, from: nil, to: current, facts(age: nil))) == "noop by equal")
        }
        #expect(judged(moved(.cancelDiscount, from: nil, to: .discount(nil), facts(.referral))) == "noop by equal")
    }

    @Test func `what is so already is still refused to those who may not ask`() {
        let equal = intact(set("5"), state("5"), facts { $0.isFormer = true })
        #expect(judged(equal) == "rejected CBC.99000035 by associated")
        let late = EditIntent.setBudget(budget("5"), validThrough: BillingCycle(containing: judgedAt.seconds).previous)
        #expect(judged(intact(late, state("5"))) == "expired FB.EXPIRED by cycle")
        let manager = facts { $0.role = .manager }
        let decided = intact(.decideRequest(approve: true), request(.approved), manager)
        #expect(judged(decided) == "forbidden FB.ROLE by role")
        #expect(judged(intact(set("0"), state("0"))) == "rejected CBC.0101 by limits")
    }

    @Test func `what is so already is not weighed as a change`() {
        let manager = facts {
            $0.role = .manager
            $0.used = money("9000000")
        }
        let equal = RuleSet.standard.judge(intact(set("2000000"), state("2000000"), manager))
        #expect(equal.outcome == .noop && equal.rule == "equal")
        #expect(equal.readings.map(\.name) == ["associated", "association", "permission", "cycle"])
        let outside = facts(.referral) {
            $0.rangeHasMoved = true
            $0.discountRange = BasisPoints(1)...BasisPoints(2)
        }
        let same = intact(.setDiscount(discount(500)), .discount(discount(500)), outside)
        #expect(judged(same) == "noop by equal")
    }
}
