import PartnerModel
import SyncProtocol
import Testing

@testable import SyncLab

/// The model's answers to edits on a register in a known state: 7 is a reseller's customer with a budget of 500 and
/// three freezes, 8 a referral with a discount of 10 %, 9 a former customer; every register has version 5.
@Suite struct ModelTests {
    struct Case: Sendable, CustomStringConvertible {
        let edit: V1.Edit
        let code: ResultCode
        let description: String
    }

    private static let now = HistoryMaker.now
    private static let admin = MemberFacts(name: "ann", account: "ann", roles: Scenario.Roles([.administrator]))

    private static func model() -> Model {
        var model = Model()
        model.adopt(.row(.partner, 1, 1, .partner(.active, lowest: 500, highest: 3000)))
        model.adopt(.row(.freezes, 12, 5, .freezes([])))
        model.adopt(.row(.manager, 7, 5, .manager("mia")))
        model.adopt(.row(.label, 7, 5, .label("gold")))
        model.adopt(.row(.request, 12, 5, .request(purpose: "disassociate", status: "pending")))
        model.adopt(.row(.request, 8, 5, .request(purpose: "disassociate", status: "approved")))
        for (key, association, isFormer) in [
            (12, .reseller, false), (7, .reseller, false), (8, .referral, false), (9, .reseller, true),
        ]
            as [(Int64, AssociationType, Bool)]
        {
            model.adopt(.row(.customer, key, 1, .customer(association, isFormer: isFormer, managedBy: nil)))
        }
        model.adopt(
            .row(
                .budget, 7, 5,
                .budget(Budget(amount: Money(units: 500 * 100_000_000), type: .monthly, onExhaustion: .manual))))
        model.adopt(
            .row(
                .freezes, 7, 5,
                .freezes([
                    freeze(1, .manual, .account), freeze(2, .vendor, .account),
                    freeze(3, .vendor, .accountAndResources),
                ])))
        model.adopt(
            .row(
                .discount, 8, 5,
                .discount(
                    Discount(
                        percent: BasisPoints(1000), validFrom: Timestamp(seconds: now),
                        validUntil: Timestamp(seconds: now + 9)))))
        return model
    }

    private static func freeze(_ id: Int64, _ cause: FreezeCause, _ kind: FreezeKind) -> Freeze {
        Freeze(id: id, kind: kind, cause: cause, reason: "x", author: "y", at: Timestamp(seconds: 1))
    }

    private static func edit(
        _ kind: String, _ customer: Int64 = 7, base: Int64 = 5, _ change: (inout V1.Edit) -> Void = { _ in }
    ) -> V1.Edit {
        var edit = V1.Edit(number: 10, kind: kind, customer: customer, base: base, deviceTime: 0)
        if kind == "set-budget" { (edit.amount, edit.type, edit.onExhaustion) = ("600", "monthly", "manual") }
        if kind == "adjust-budget" { edit.delta = "100" }
        if kind.hasSuffix("freeze") {
            (edit.freezeKind, edit.reason, edit.seen) = ("account", "late", [WireInteger(1), WireInteger(2)])
        }
        if kind == "set-discount" {
            (edit.percentBasisPoints, edit.validFrom, edit.validUntil) = (1500, WireInteger(now), WireInteger(now + 9))
        }
        change(&edit)
        return edit
    }

    /// A cursor of that age, as the server seals it.
    private static func cursor(age: Int64?) -> String? { age.map { "f2-e1-1-1-9-\(now - $0)-seal" } }

    private static func resources(age: Int64?, base: Int64 = 5) -> V1.Edit {
        edit("freeze", 7, base: base) { ($0.freezeKind, $0.madeUpon) = ("account-and-resources", cursor(age: age)) }
    }

    /// A freeze of an account whose author saw a freeze that is gone; customer 12 has none.
    private static func released(age: Int64) -> V1.Edit {
        edit("freeze", 12, base: 4) { $0.madeUpon = cursor(age: age) }
    }

    private static func cases(_ rows: [(V1.Edit, ResultCode, String)]) -> [Case] {
        rows.map { Case(edit: $0, code: $1, description: $2) }
    }

    private static let budgets = cases([
        (edit("set-budget"), .applied, "another budget"),
        (edit("set-budget", base: 4), .held, "another budget on a base that moved"),
        (edit("set-budget") { $0.amount = "500" }, .noop, "the same budget"),
        (edit("set-budget", base: 4) { $0.amount = "500.00" }, .noop, "the same budget on a base that moved"),
        (
            edit("set-budget") { ($0.amount, $0.type) = ("500", "one-time") }, .applied,
            "the same amount of another type"
        ),
        (edit("set-budget") { $0.amount = "0" }, .rejected, "a budget of nothing"),
        (edit("set-budget") { $0.amount = "-1" }, .rejected, "a budget below nothing"),
        (edit("set-budget") { $0.amount = "1.001" }, .rejected, "a budget in tenths of a cent"),
        (edit("set-budget") { $0.amount = "2147483647" }, .applied, "the largest budget"),
        (edit("set-budget") { $0.amount = "2147483647.01" }, .rejected, "a cent more than the largest budget"),
        (edit("set-budget") { $0.validThrough = "2026-03" }, .applied, "a budget of the running month"),
        (edit("set-budget") { $0.validThrough = "2026-02" }, .expired, "a budget of a month that is over"),
        (edit("set-budget", 8, base: 0), .rejected, "a budget of a referral"),
        (edit("set-budget", 9, base: 0), .rejected, "a budget of a former customer"),
        (edit("set-budget", 10, base: 0), .forbidden, "a budget of nobody"),
        (edit("adjust-budget"), .applied, "an adjustment"),
        (edit("adjust-budget", base: 4), .held, "an adjustment on a base that moved"),
        (edit("adjust-budget") { $0.delta = "-499.99" }, .applied, "an adjustment to a cent"),
        (edit("adjust-budget") { $0.delta = "-500" }, .rejected, "an adjustment to nothing"),
        (edit("adjust-budget") { $0.delta = "0" }, .rejected, "an adjustment by nothing"),
        (edit("set-budget") { $0.schema = 2 }, .unsupported, "another schema"),
        (edit("set-limit"), .unsupported, "another kind"),
    ])

    private static let freezes = cases([
        (resources(age: 60), .applied, "a freeze of resources, seen a minute ago"),
        (resources(age: 86_401), .held, "a freeze of resources, a day later"),
        (resources(age: nil), .held, "a freeze of resources, nobody knows when"),
        (resources(age: 60, base: 4), .held, "a freeze of resources on a base that moved"),
        (released(age: 60), .applied, "a freeze after a fresh release"),
        (released(age: 3601), .held, "a freeze after a release, an hour late"),
        (edit("freeze"), .noop, "a freeze that stands"),
        (edit("freeze") { $0.reason = "  " }, .rejected, "a freeze without a reason"),
        (edit("freeze") { $0.reason = String(repeating: "a", count: 257) }, .rejected, "a freeze with a long reason"),
        (edit("freeze", 8, base: 0), .rejected, "a freeze of a referral"),
        (edit("unfreeze"), .merged, "an unfreeze of what was seen, where others stand"),
        (edit("unfreeze", base: 4), .merged, "an unfreeze of what was seen, on a base that moved"),
        (edit("unfreeze") { $0.seen = [WireInteger(99)] }, .overruled, "an unfreeze of what is lifted already"),
        (
            edit("unfreeze") { ($0.freezeKind, $0.seen) = ("account-and-resources", [WireInteger(3)]) }, .rejected,
            "an unfreeze of the vendor's"
        ),
    ])

    private static let discounts = cases([
        (edit("set-discount", 8), .applied, "another discount"),
        (edit("set-discount", 8, base: 4), .held, "another discount on a base that moved"),
        (edit("set-discount", 8) { $0.percentBasisPoints = 1000 }, .noop, "the same discount"),
        (edit("set-discount", 8) { $0.percentBasisPoints = 499 }, .rejected, "a discount below the range"),
        (edit("set-discount", 8) { $0.percentBasisPoints = 3001 }, .rejected, "a discount above the range"),
        (edit("set-discount", 8) { $0.validUntil = WireInteger(now) }, .expired, "a discount that is over"),
        (edit("set-discount"), .rejected, "a discount of a reseller's customer"),
        (edit("cancel-discount", 8), .applied, "an end of the discount"),
        (edit("cancel-discount", 8, base: 4), .held, "an end of a discount that moved"),
        (edit("cancel-discount", 11), .forbidden, "an end of nobody's discount"),
    ])

    private static let others = cases([
        (edit("assign-manager") { $0.manager = "max" }, .rejected, "a manager where one is"),
        (edit("assign-manager") { $0.manager = "mia" }, .noop, "the same manager"),
        (edit("assign-manager", base: 4) { $0.manager = "max" }, .overruled, "a manager after another was faster"),
        (edit("assign-manager", 8, base: 0) { $0.manager = "max" }, .applied, "a first manager"),
        (edit("assign-manager", 8, base: 0) { $0.manager = " " }, .rejected, "a manager without a name"),
        (edit("withdraw-manager"), .applied, "the manager withdrawn"),
        (edit("withdraw-manager", base: 4), .overruled, "the manager withdrawn, on a base that moved"),
        (edit("withdraw-manager", 8, base: 0), .noop, "no manager to withdraw"),
        (edit("set-label", base: 4) { $0.label = "silver" }, .applied, "a label on a base that moved"),
        (edit("set-label") { $0.label = "gold" }, .noop, "the same label"),
        (edit("set-label"), .applied, "the label taken away"),
        (edit("set-label", 9, base: 0) { $0.label = "x" }, .rejected, "a label of a former customer"),
        (edit("decide-request", 12) { $0.approve = true }, .applied, "a request approved"),
        (edit("decide-request", 12, base: 4) { $0.approve = true }, .overruled, "a request that moved"),
        (edit("decide-request", 8, base: 4) { $0.approve = false }, .overruled, "a request decided otherwise before"),
        (edit("decide-request", 8, base: 4) { $0.approve = true }, .noop, "a request decided alike before"),
        (edit("decide-request", 7, base: 0) { $0.approve = true }, .rejected, "no request to decide"),
    ])

    @Test(arguments: budgets + freezes + discounts + others) func `the written rules give this answer`(row: Case) {
        var model = ModelTests.model()
        let answer = model.judge(row.edit, replica: "r", member: ModelTests.admin, now: ModelTests.now)
        #expect(answer.code == row.code)
        #expect((answer.effect != nil) == (row.code == .applied || row.code == .merged))
        // A repeat is answered alike and does nothing.
        let again = model.judge(row.edit, replica: "r", member: ModelTests.admin, now: ModelTests.now + 1_000_000)
        #expect(again.code == row.code && again.isRepeat && again.effect == nil)
    }

    @Test(
        arguments: [
            (.applied, 5, true, .applied), (.noop, 5, true, .applied), (.merged, 5, true, .applied),
            (.applied, 4, true, .held),
            (.applied, 5, false, .held), (.held, nil, false, .blocked), (.rejected, nil, false, .rejected),
            (.expired, nil, false, .rejected),
            (.overruled, nil, true, .rejected),
        ] as [(ResultCode, Int64?, Bool, ResultCode)])
    func `an edit that builds on another depends on its end`(
        before: ResultCode, version: Int64?, isIntact: Bool, code: ResultCode
    ) {
        var model = ModelTests.model()
        model.answers["r/9"] = Model.Answer(code: before, isIntact: isIntact, version: version)
        // Its own base is the one of the whole run, which has moved.
        let edit = ModelTests.edit("set-budget", base: 3) { $0.predecessor = WireInteger(9) }
        #expect(model.judge(edit, replica: "r", member: ModelTests.admin, now: ModelTests.now).code == code)
    }

    @Test func `an edit that builds on an unknown one is asked for again and not remembered`() {
        var model = ModelTests.model()
        let edit = ModelTests.edit("set-budget", base: 3) { $0.predecessor = WireInteger(9) }
        #expect(model.judge(edit, replica: "r", member: ModelTests.admin, now: ModelTests.now).code == .retry)
        model.answers["r/9"] = Model.Answer(code: .applied, isIntact: true, version: 5)
        #expect(model.judge(edit, replica: "r", member: ModelTests.admin, now: ModelTests.now).code == .applied)
    }

    @Test func `a manager decides on the own customers only`() {
        var model = ModelTests.model()
        let cem = MemberFacts(name: "cem", account: "cem", roles: Scenario.Roles([.manager]))
        #expect(
            model.judge(ModelTests.edit("set-budget"), replica: "r", member: cem, now: ModelTests.now).code
                == .forbidden)
    }

    @Test func `a frozen partner lifts no freeze of resources`() {
        var model = ModelTests.model()
        model.adopt(.row(.freezes, 7, 6, .freezes([ModelTests.freeze(4, .manual, .accountAndResources)])))
        model.adopt(.row(.partner, 1, 7, .partner(.frozen, lowest: 500, highest: 3000)))
        let edit = ModelTests.edit("unfreeze", base: 6) {
            ($0.freezeKind, $0.seen) = ("account-and-resources", [WireInteger(4)])
        }
        #expect(model.judge(edit, replica: "r", member: ModelTests.admin, now: ModelTests.now).code == .rejected)
    }

    @Test(
        arguments: [
            ("mine", 5, true, .applied), ("theirs", 5, true, .applied), ("value", 5, true, .applied),
            ("mine", 4, true, .overruled),
            ("mine", 5, false, .noop), ("theirs", 5, false, .overruled), ("value", 5, false, .overruled),
        ] as [(String, Int64, Bool, ResultCode)])
    func `a decision counts once, on the values that were seen`(
        choice: String, base: Int64, isOpen: Bool, code: ResultCode
    ) {
        var model = ModelTests.model()
        let held = ModelTests.edit("set-budget", base: 4) { $0.amount = "900" }
        let mark = ConflictMark(
            customer: 7, register: "budget", replica: "r", edit: 10, isOpen: isOpen, theirsVersion: 5,
            choice: isOpen ? nil : "mine")
        model.conflicts[50] = (mark, held)
        var decision = ModelTests.edit("decide-conflict", base: base) {
            ($0.conflict, $0.choice) = (WireInteger(50), choice)
        }
        if choice == "value" { (decision.amount, decision.type, decision.onExhaustion) = ("800", "monthly", "manual") }
        let answer = model.judge(decision, replica: "s", member: ModelTests.admin, now: ModelTests.now)
        #expect(answer.code == code)
        let amounts: [String: Int64] = ["mine": 900, "value": 800]
        guard code == .applied, let amount = amounts[choice] else { return #expect(answer.effect == nil) }
        #expect(
            answer.effect?.value
                == .budget(Budget(amount: Money(units: amount * 100_000_000), type: .monthly, onExhaustion: .manual)))
    }

    @Test func `the checker holds the server to it: results, effects and nothing else`() {
        let checker = FollowsModel()
        let budget = { (major: Int64) in
            RowValue.budget(Budget(amount: Money(units: major * 100_000_000), type: .monthly, onExhaustion: .manual))
        }
        let begin = History.What.truth(
            5,
            [
                .row(.customer, 7, 1, .customer(.reseller, isFormer: false, managedBy: nil)),
                .row(.budget, 7, 5, budget(500)),
            ])
        let edit = ModelTests.edit("set-budget")
        func pushed(_ rows: [TruthRow]) -> History.What { .truth(sequence: 6, rows: rows, isPush: true) }
        let applied = History.What.judged([edit], told: [(10, .applied)])
        expectValid(checker, [begin, applied, pushed([.row(.budget, 7, 6, budget(600))])])
        expectViolation(
            checker, [begin, .judged([edit], told: [(10, .held)])], at: 2,
            "edit 10 of ann (set-budget) is held, by the rules applied")
        expectViolation(
            checker, [begin, .judged([edit], told: nil, stored: [(10, .noop)])], at: 2, "is noop, by the rules applied")
        expectViolation(checker, [begin, applied, pushed([.row(.budget, 7, 6, budget(700))])], at: 3, "by the rules")
        expectViolation(checker, [begin, applied, pushed([])], at: 3, "budget 7 did not move, by the rules it does")
        expectViolation(
            checker, [begin, pushed([.row(.budget, 7, 6, budget(600))])], at: 2, "budget 7 moved without an edit")
        // Nothing of a push that died uncommitted came to be, and the system may move what it likes.
        expectValid(checker, [begin, .judged([edit], told: nil), pushed([])])
        expectValid(checker, [begin, .truth(6, [.row(.budget, 7, 6, budget(600))])])
    }
}
