import Diagnostics
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Taking back what an own edit did.
@Suite struct UndoTests {
    private static let now = Timestamp(seconds: FixedClock().now().seconds)
    private static let grant = Discount(
        percent: BasisPoints(1000), validFrom: Timestamp(seconds: 1), validUntil: Timestamp(seconds: now.seconds + 9))
    private static let over = Discount(
        percent: BasisPoints(1000), validFrom: Timestamp(seconds: 1), validUntil: Timestamp(seconds: now.seconds - 9))

    private static func freeze(_ id: Int64, _ kind: FreezeKind = .account) -> Freeze {
        Freeze(id: id, kind: kind, cause: .manual, reason: "r", author: "x", at: Timestamp(seconds: 1))
    }

    /// Edit 1 with a result that tells what stood before and after it; the image has not reached it.
    private func replica(
        _ intent: EditIntent, was: RegisterState?, became: RegisterState?, _ code: ResultCode = .applied,
        customer: Int64 = 1, rows: [PageRow] = []
    ) throws -> TestReplica {
        let replica = try TestReplica.loaded(TestReplica.standardRows + rows)
        _ = try replica.add(intent, customer)
        _ = try replica.push()
        var told = result(1, code, sequence: 20, version: 20)
        told.was = was.map { V1.State($0) }
        told.became = became.map { V1.State($0) }
        try replica.record(told)
        return replica
    }

    @Test func `a set budget is undone by setting what stood before, on what the edit made`() throws {
        let made = RegisterState.budget(TestReplica.monthly(500))
        let replica = try replica(budget(500), was: .budget(TestReplica.monthly(100)), became: made)
        let preview = try replica.store.checkUndo(EditNumber(1))
        #expect(preview.intent == budget(100) && preview.before == made && preview.base == Version(20))
        let undo = try replica.store.undo(EditNumber(1))
        #expect(undo.intent == budget(100) && undo.wire.undoes?.value == 1 && undo.wire.base.value == 20)
        #expect(undo.wire.predecessor == nil)
        #expect(try undo.wire.before?.state() == made && undo.wire.payloadHash == undo.wire.computedPayloadHash())
        #expect(try replica.reader().edit(EditNumber(1)).undoneBy == EditNumber(2))
        #expect(
            try replica.reader().customer(CustomerKey(1)).summary.budget.visible == .budget(TestReplica.monthly(100)))
        #expect(try replica.push() == [EditNumber(2)])
    }

    @Test func `each kind is undone by its opposite`() throws {
        let (no, yes) = (RegisterState.freezes([]), RegisterState.freezes([Self.freeze(1), Self.freeze(9)]))
        let standing = PageRow.freezes(1, version: 8, ids: [1])
        let both = RegisterState.freezes([Self.freeze(1), Self.freeze(2, .accountAndResources)])
        let none = RegisterState.discount(nil)
        let set = EditIntent.setDiscount(Self.grant)
        typealias Case = (EditIntent, RegisterState, RegisterState, Int64, [PageRow], EditIntent)
        let cases: [Case] = [
            (adjust(50), .budget(TestReplica.monthly(100)), .budget(TestReplica.monthly(150)), 1, [], adjust(-50)),
            (
                .freeze(.account, reason: "x"), .freezes([Self.freeze(1)]), yes, 1, [],
                .unfreeze(.account, reason: "undo of edit 1", seen: [9])
            ),
            (
                .unfreeze(.account, reason: "x", seen: []), both, no, 1, [standing],
                .freeze(.accountAndResources, reason: "undo of edit 1")
            ),
            (set, none, .discount(Self.grant), 3, [], .cancelDiscount),
            (set, .discount(Self.over), .discount(Self.grant), 3, [], .cancelDiscount),
            (
                .cancelDiscount, .discount(Self.grant), none, 3,
                [.discount(3, version: 9, until: Self.now.seconds + 9)], set
            ),
            (.assignManager("eve"), .manager(nil), .manager("eve"), 1, [], .withdrawManager),
            (
                .withdrawManager, .manager("eve"), .manager(nil), 1, [PageRow(.manager, 1, version: 9, ["eve"])],
                .assignManager("eve")
            ),
            (.setLabel("new"), .label("old"), .label("new"), 1, [], .setLabel("old")),
            (.setLabel("new"), .label(nil), .label("new"), 1, [], .setLabel(nil)),
        ]
        for (intent, was, became, customer, rows, wanted) in cases {
            let replica = try replica(intent, was: was, became: became, .merged, customer: customer, rows: rows)
            let undo = try replica.store.undo(EditNumber(1))
            #expect(undo.intent == wanted && undo.wire.undoes?.value == 1, "\(intent)")
        }
    }

    @Test func `what has no opposite is refused with what to do instead`() throws {
        let budgetMade = RegisterState.budget(TestReplica.monthly(500))
        let request = PageRow(.request, 1, version: 9, ["disassociate", "pending", "bye", 1, nil, nil])
        let refused = [
            try replica(budget(500), was: .budget(nil), became: budgetMade),
            try replica(budget(500), was: nil, became: nil),
            try replica(budget(500), was: budgetMade, became: budgetMade, .noop),
            try replica(budget(500), was: budgetMade, became: budgetMade, .overruled),
            try replica(budget(500), was: nil, became: nil, .rejected),
            try replica(budget(500), was: nil, became: nil, .held),
            try replica(budget(500), was: nil, became: nil, .retry),
            try replica(.decideRequest(approve: true), was: .request(nil), became: .request(nil), rows: [request]),
            try replica(.setLabel("a"), was: budgetMade, became: .label("a")),
            try replica(
                .cancelDiscount, was: .discount(Self.over), became: .discount(nil), customer: 3,
                rows: [.discount(3, version: 9, until: Self.now.seconds - 9)]),
        ]
        for replica in refused {
            let failure = #expect(throws: StoreError.self) { try replica.store.undo(EditNumber(1)) }
            #expect(failure?.code == .badState && failure?.next.isEmpty == false, "\(String(describing: failure))")
            #expect(try replica.store.outboxCounts().saved == 0)
            #expect(try replica.reader().edit(EditNumber(1)).undoneBy == nil)
        }
        #expect(code { _ = try refused[0].store.undo(EditNumber(9)) } == .notFound)
    }

    @Test func `an edit under way on the same register comes before an undo`() throws {
        let made = RegisterState.budget(TestReplica.monthly(500))
        let replica = try replica(budget(500), was: .budget(TestReplica.monthly(100)), became: made)
        let newer = try replica.add(adjust(5))
        let failure = #expect(throws: StoreError.self) { try replica.store.undo(EditNumber(1)) }
        #expect(failure?.why.contains("edit 2") == true && failure?.next.contains("edits discard 2") == true)
        try replica.store.discard(newer.number)
        _ = try replica.add(.setLabel("another register"))
        #expect(try replica.store.undo(EditNumber(1)).number == EditNumber(4))
    }

    @Test func `an edit is undone once, and again when the undo came to nothing`() throws {
        let made = RegisterState.label("a")
        for ending in [ResultCode.rejected, .overruled, nil] {
            let replica = try replica(.setLabel("a"), was: .label(nil), became: made)
            let first = try replica.store.undo(EditNumber(1)).number
            // It is unsent, so it is on its way.
            let failure = #expect(throws: StoreError.self) { try replica.store.undo(EditNumber(1)) }
            #expect(failure?.code == .badState)
            if let ending {
                _ = try replica.push()
                try replica.record(result(first.value, ending, sequence: 30))
            } else {
                try replica.store.discard(first)
            }
            let second = try replica.store.undo(EditNumber(1)).number
            #expect(try replica.reader().edit(EditNumber(1)).undoneBy == second)
            if ending == .rejected {
                // The refused undo is not made anew beside the second.
                #expect(code { _ = try replica.store.resend(first) } == .badState)
            }
            _ = try replica.push()
            try replica.record(result(second.value, .applied, sequence: 31, version: 31))
            #expect(code { _ = try replica.store.undo(EditNumber(1)) } == .badState)
        }
    }

    @Test func `a refused undo that is resent is the one that undoes`() throws {
        let replica = try replica(
            .freeze(.account, reason: "x"), was: .freezes([Self.freeze(1)]),
            became: .freezes([Self.freeze(1), Self.freeze(9)]))
        let first = try replica.store.undo(EditNumber(1))
        _ = try replica.push()
        try replica.record(result(2, .rejected))
        try replica.feed(sequence: 40, [.freezes(1, version: 40, ids: [1, 9, 12])])
        let again = try replica.store.resend(first.number)
        #expect(again.wire.undoes?.value == 1 && again.wire.seen == [9] && again.wire.base.value == 40)
        #expect(try replica.reader().edit(EditNumber(1)).undoneBy == again.number)
        #expect(code { _ = try replica.store.undo(EditNumber(1)) } == .badState)
    }

    @Test func `an undo can be undone`() throws {
        let replica = try replica(.setLabel("a"), was: .label("z"), became: .label("a"))
        let undo = try replica.store.undo(EditNumber(1)).number
        _ = try replica.push()
        var told = result(undo.value, .applied, sequence: 30, version: 30)
        (told.was, told.became) = (V1.State(RegisterState.label("a")), V1.State(RegisterState.label("z")))
        try replica.record(told)
        #expect(try replica.store.undo(undo).intent == .setLabel("a"))
    }
}
