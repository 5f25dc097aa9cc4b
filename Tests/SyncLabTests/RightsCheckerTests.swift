import PartnerModel
import SyncCore
import SyncEngine
import SyncProtocol
import Testing

@testable import SyncLab

/// What checkers make of roles that change, and of accesses that end; cem manages customer 7 and is agent 2.
@Suite struct RightsCheckerTests {
    private static let rows: [TruthRow] = [
        .row(.customer, 7, 1, .customer(.reseller, isFormer: false, managedBy: nil)),
        .row(.manager, 7, 2, .manager("cem")),
        .row(.customer, 8, 3, subject: 8, .customer(.reseller, isFormer: false, managedBy: nil)),
        .row(.manager, 8, 4, subject: 8, .manager("dan")),
    ]
    private static let own: [RowMark] = [.row(.customer, 7, 1), .row(.manager, 7, 2)]
    private static let all: [RowMark] = [
        .row(.customer, 7, 1), .row(.customer, 8, 3), .row(.manager, 7, 2), .row(.manager, 8, 4),
    ]

    private static func change(_ roles: Scenario.Roles, _ before: Int64, _ after: Int64) -> History.What {
        .rights(
            RightsChange(account: "cem", rights: RightsFacts(roles, of: "cem"), before: before, after: after))
    }

    @Test(
        arguments: [
            (Scenario.Roles([.administrator]), .administrator, nil, 7),
            (Scenario.Roles([.manager]), .manager, ["cem"], 4),
            (Scenario.Roles([.director], managers: ["a", "b"]), .director, ["a", "b"], 4),
            (Scenario.Roles([.operator]), .operator, nil, 7),
            (Scenario.Roles([.operator], items: [.budgets]), .operator, [], 1),
            (Scenario.Roles([.manager, .operator], items: [.coupons]), .operator, nil, 5),
            (Scenario.Roles([.operator, .director], items: [.quota], managers: ["a"]), .director, nil, 5),
        ] as [(Scenario.Roles, MemberRole, [String]?, Int)])
    func `roles give what is written`(roles: Scenario.Roles, role: MemberRole, follows: [String]?, items: Int) {
        let rights = RightsFacts(roles, of: "cem")
        #expect(rights.role == role && rights.follows == follows && rights.items.count == items, "\(rights)")
    }

    @Test func `an image is of the rights before a change until it stands past it, and never of both`() {
        let director = Scenario.Roles([.director], managers: ["cem", "dan"])
        let truth = History.What.truth(4, RightsCheckerTests.rows)
        let checker = CursorNotAhead()
        let widened = [truth, RightsCheckerTests.change(director, 4, 5), .truth(5, [])]
        expectValid(checker, [truth, .image(4, RightsCheckerTests.own, agent: 2)])
        expectValid(checker, widened + [.image(4, RightsCheckerTests.own, agent: 2)])
        expectValid(checker, widened + [.image(5, RightsCheckerTests.all, agent: 2)])
        expectViolation(checker, widened + [.image(5, RightsCheckerTests.own, agent: 2)], at: 4, "is missing")
        expectViolation(checker, widened + [.image(4, RightsCheckerTests.all, agent: 2)], at: 4, "must not be there")
        // Where no sequence passed, either may be.
        let same = [truth, RightsCheckerTests.change(Scenario.Roles([.operator]), 4, 4)]
        for rows in [RightsCheckerTests.own, RightsCheckerTests.all] {
            expectValid(checker, same + [.image(4, rows, agent: 2)])
        }
        expectViolation(InsideScope(), [truth, .image(4, RightsCheckerTests.all, agent: 2)], at: 2, "is not for it")
        expectValid(InsideScope(), same + [.image(4, RightsCheckerTests.all, agent: 2)])
    }

    @Test func `once it is at rest, only the newest rights count`() {
        let truth = History.What.truth(4, RightsCheckerTests.rows)
        let end: [History.What] = [.status(agent: 2), .ended(settled: true)]
        let change = RightsCheckerTests.change(Scenario.Roles([.operator]), 4, 4)
        let others: [History.What] = [
            .image(4, RightsCheckerTests.all, agent: 0), .image(4, RightsCheckerTests.all, agent: 1),
        ]
        expectValid(Agreement(), [truth, change, .image(4, RightsCheckerTests.all, agent: 2)] + others + end)
        expectViolation(
            Agreement(), [truth, change, .image(4, RightsCheckerTests.own, agent: 2)] + others + end, at: 7,
            "is missing")
    }

    @Test func `an edit needs its item at the time that it is judged`() {
        let begin = History.What.truth(
            5,
            [
                .row(.customer, 7, 1, .customer(.reseller, isFormer: false, managedBy: nil)),
                .row(.manager, 7, 2, .manager("cem")),
            ])
        var edit = V1.Edit(number: 10, kind: "set-budget", customer: 7, base: 0, deviceTime: 0)
        (edit.amount, edit.type, edit.onExhaustion) = ("600", "monthly", "manual")
        let refused = History.What.judged([edit], told: [(10, .forbidden)], account: "cem")
        let taken = RightsCheckerTests.change(Scenario.Roles([.operator], items: [.customers, .freezes]), 5, 5)
        expectViolation(FollowsModel(), [begin, refused], at: 2, "is forbidden, by the rules applied")
        expectValid(FollowsModel(), [begin, taken, refused])
    }

    @Test func `a replica wipes itself for an ended access only, leaves nothing, and is not asked to be in sync`() {
        let truth = History.What.truth(4, RightsCheckerTests.rows)
        let image = History.What.image(4, RightsCheckerTests.own, agent: 2)
        let ended = History.What.access(account: "cem", isOpen: false)
        let asked = History.What.request(
            agent: 2,
            RequestMark(lane: .pull, path: "", account: "cem", replica: nil, ownReplica: "r", edits: []))
        expectViolation(
            ReadsNeverGoBack(), [truth, image, asked, .wiped(agent: 2, traces: [])], at: 4, "has not ended")
        expectValid(
            ReadsNeverGoBack(), [truth, image, asked, ended, .wiped(agent: 2, traces: []), .image(nil, [], agent: 2)])
        expectViolation(WipedIsGone(), [truth, image, .wiped(agent: 2, traces: [44])], at: 3, "hold bill_record 44")
        let blocked = History.What.status(.blocked, unsettled: 1, pull: .blocked, agent: 2)
        let open = History.What.outbox(agent: 2, edits: [.edit(1, "saved")])
        let rest: [History.What] = [open, blocked, .ended(settled: true)]
        expectValid(QueuesDrain(), [asked, ended] + rest)
        expectViolation(QueuesDrain(), [asked] + rest, at: 4, "is still saved")
        expectViolation(
            Agreement(), [truth, image, asked, ended, .status(agent: 2), .ended(settled: true)], at: 6,
            "its access has ended")
    }

    @Test func `a load for less must have taken the image before the next moment, not within its own`() {
        let asked = History.What.request(
            agent: 2,
            RequestMark(
                lane: .pull, path: "/sync/v1/snapshot", account: "cem", replica: nil, ownReplica: "r", edits: []))
        let planned = History.What.step(
            agent: 2, .pull(from: .planning, on: .planReceived(.snapshotPage), to: .loading))
        // A metered link may let no page go, which the same event finds out.
        let put = History.What.step(agent: 2, .pull(from: .loading, on: .pageKept(.later), to: .resting))
        let begin: [History.What] = [
            .truth(4, RightsCheckerTests.rows), .image(4, RightsCheckerTests.all, agent: 2), asked, planned,
        ]
        expectViolation(WipedIsGone(), begin + [put], at: 5, "loads anew and still shows")
        var history = HistoryMaker.history(begin)
        history.events.append(History.Event(at: history.events[3].at, what: put))
        history.events.append(History.Event(at: history.events[3].at + 1, what: .wiped(agent: 2, traces: [])))
        #expect(WipedIsGone().check(history) == .valid)
    }
}
