import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct ConflictTests {
    /// A conflict row on edit `number` of the replica; decided when there is an outcome.
    private func row(
        _ replica: TestReplica, edit number: Int64 = 1, version: Int64, outcome: ResultCode? = nil
    ) throws -> PageRow {
        let edit = try replica.reader().edit(EditNumber(number))
        let base = try WireCoding.text(try #require(edit.wire.before))
        let theirs = try WireCoding.text(
            V1.State(
                .budget(Budget(amount: Money(units: 300 * Money.unitsPerMajor), type: .monthly, onExhaustion: .manual)))
        )
        return PageRow(
            .conflict, 77, version: version,
            [
                1, "budget", .text(replica.store.identity.replica), .integer(number),
                outcome == nil ? "open" : "decided",
                .text(try WireCoding.text(edit.wire)), .text(base), .text(theirs), 9, "ana", "mona", "hold", 1, 1,
                RowField(outcome.map { _ in "mine" }), RowField(outcome.map { _ in "boss" }),
                RowField(outcome.map { _ in Int64(5) }),
                RowField(outcome?.rawValue), RowField(outcome.map { _ in version }), nil, nil, nil, nil, nil,
            ])
    }

    /// A replica whose edit 1 is held in conflict 77 and has seen it.
    private func held() throws -> TestReplica {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        var held = result(1, .held, sequence: 11)
        held.conflict = 77
        try replica.record(held)
        let outcome = try replica.feed(sequence: 11, [.budget(1, version: 9, 300), try row(replica, version: 11)])
        #expect(outcome.newConflicts == [ConflictKey(77)] && outcome.settled.isEmpty)
        return replica
    }

    @Test func `a held edit stays visible as held until a person decides`() throws {
        let replica = try held()
        #expect(try replica.feed(sequence: 12).newConflicts.isEmpty)
        #expect(try replica.state(1) == .held)
        let seen = try replica.reader().customer(CustomerKey(1))
        #expect(seen.summary.budget.pendingState == "held, conflict 77" && seen.openConflicts == [ConflictKey(77)])
        #expect(
            seen.summary.budget.confirmed
                == .budget(Budget(amount: try #require(Money(major: 300)), type: .monthly, onExhaustion: .manual)))
        let detail = try replica.reader().conflict(ConflictKey(77))
        #expect(detail.ownEdit == EditNumber(1) && detail.mine == budget(500) && detail.isOpen)
    }

    @Test(arguments: [ResultCode.applied, .merged, .overruled])
    func `a decision ends the held edit`(outcome: ResultCode) throws {
        let replica = try held()
        let page = try replica.feed(sequence: 14, [try row(replica, version: 14, outcome: outcome)])
        #expect(page.settled == [EditNumber(1)])
        let edit = try replica.reader().edit(EditNumber(1))
        #expect(edit.state == .settled && edit.result?.code == outcome && edit.result?.message == "decided by boss")
        #expect(try replica.store.ackable() == EditNumber(1))
    }

    @Test func `a decision that refuses the held edit makes it a dead letter`() throws {
        let replica = try held()
        #expect(try replica.feed(sequence: 14, [try row(replica, version: 14, outcome: .rejected)]).settled.isEmpty)
        #expect(try replica.state(1) == .dead)
    }

    @Test func `a conflict of another's edit under the same key decides nothing of ours`() throws {
        let replica = try held()
        let other = try row(replica, version: 14, outcome: .overruled)
        var fields = other.fields
        fields[2] = "someone-else"
        #expect(try replica.feed(sequence: 14, [PageRow(.conflict, 77, version: 14, fields)]).settled.isEmpty)
        #expect(try replica.state(1) == .held)
    }

    @Test func `our own copy of a conflict outlives the image`() throws {
        let replica = try held()
        _ = try replica.meet("e2")
        try replica.store.forgetImage()
        try replica.load("e2", sequence: 3, TestReplica.standardRows)
        #expect(try replica.reader().conflicts(onlyOpen: false).isEmpty)
        #expect(try replica.reader().conflict(ConflictKey(77)).ownEdit == EditNumber(1))
        #expect(code { _ = try replica.reader().conflict(ConflictKey(78)) } == .notFound)
    }

    @Test func `a decision is an edit of its own and is made once`() throws {
        let replica = try held()
        #expect(try replica.reader().undecidedConflictCount() == 1)
        let decision = try replica.add(.decideConflict(ConflictKey(77), .theirs), 0)
        #expect(
            decision.customer == CustomerKey(1) && decision.wire.base.value == 9 && decision.number == EditNumber(2))
        #expect(code { _ = try replica.add(.decideConflict(ConflictKey(77), .mine), 0) } == .badState)
        #expect(try replica.reader().undecidedConflictCount() == 0)
        #expect(try replica.push() == [EditNumber(2)])
        try replica.feed(sequence: 14, [try row(replica, version: 14, outcome: .overruled)])
        #expect(code { _ = try replica.add(.decideConflict(ConflictKey(77), .mine), 0) } == .badState)
    }

    @Test func `the reason of a decision goes with it, and only a fit one`() throws {
        let replica = try held()
        let decision = EditIntent.decideConflict(ConflictKey(77), .theirs)
        func add(_ reason: String) throws -> OutboxEdit {
            try replica.store.add(EditDraft(customer: CustomerKey(1), intent: decision, reason: reason))
        }
        for reason in [" ", "a\nb", String(repeating: "x", count: 257)] {
            #expect(code { _ = try add(reason) } == .refused, "\(reason.prefix(9))")
        }
        #expect(try add("agreed by phone").wire.reason == "agreed by phone")
        #expect(try replica.reader().edit(EditNumber(2)).intent == decision)
    }

    @Test func `a conflict tells when its register moved on after the server showed it`() throws {
        let replica = try held()
        #expect(try replica.reader().conflict(ConflictKey(77)).movedTo == nil)
        try replica.feed(sequence: 15, [.budget(1, version: 15, 450)])
        #expect(try replica.reader().conflict(ConflictKey(77)).movedTo == .budget(TestReplica.monthly(450)))
    }
}
