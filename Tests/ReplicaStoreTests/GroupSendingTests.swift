import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// How tied edits leave, wait and are set aside.
@Suite struct GroupSendingTests {
    private func group(_ replica: TestReplica, _ count: Int, _ customer: Int64 = 1) throws -> [OutboxEdit] {
        let drafts = (1...count).map {
            EditDraft(customer: CustomerKey(customer), intent: .setLabel("label \($0)"))
        }
        return try replica.store.add(drafts, link: .group)
    }

    private func held(_ number: Int64) -> V1.Result {
        var held = result(number, .held)
        held.conflict = 77
        return held
    }

    @Test func `a group that does not fit waits for the next push and goes whole`() throws {
        let replica = try TestReplica.loaded()
        for intent in stack(ProtocolLimits.pushEditsMax - 5) { _ = try replica.add(intent, 2) }
        let members = try group(replica, 10).map(\.number)
        #expect(try replica.push().count == ProtocolLimits.pushEditsMax - 5)
        let sent = try replica.store.openEdits().filter { $0.state == .sent }.map(\.number.value)
        _ = try replica.store.record(
            V1.Results(epoch: "e1", results: sent.map { result($0, .noop) }), sent: sent.map { EditNumber($0) })
        #expect(try replica.push() == members)
    }

    @Test func `sent alone, a group is one turn`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(5))
        _ = try group(replica, 3)
        _ = try replica.add(budget(6), 2)
        func alone(_ last: Int64) throws -> [Int64] {
            try replica.store.nextPush(aloneAfter: EditNumber(last))?.edits.map(\.number.value) ?? []
        }
        #expect(try alone(0) == [1] && alone(1) == [2, 3, 4] && alone(4) == [5] && alone(5) == [1])
    }

    @Test func `sent alone, an edit does not go before the one it needs was tried`() throws {
        let replica = try TestReplica.loaded()
        let drafts = [budget(500), .setLabel("x")].map { EditDraft(customer: CustomerKey(1), intent: $0) }
        _ = try replica.store.add(drafts, link: .dependsOnFirst)
        #expect(try replica.store.nextPush(aloneAfter: EditNumber(1))?.edits.map(\.number.value) == [1])
        #expect(try replica.store.nextPush(aloneAfter: EditNumber(1))?.edits.map(\.number.value) == [2])
    }

    @Test func `an unfreeze never goes before the budget it depends on, though freezes go first`() throws {
        let replica = try TestReplica.loaded(TestReplica.standardRows + [.freezes(1, version: 8, ids: [41])])
        _ = try replica.add(budget(7), 2)
        _ = try replica.store.add(
            [budget(900), .unfreeze(.account, reason: "paid", seen: [])].map {
                EditDraft(customer: CustomerKey(1), intent: $0)
            }, link: .dependsOnFirst)
        #expect(try replica.push().map(\.value) == [2, 3, 1])
    }

    @Test func `what depends on a held edit waits with it, through any chain`() throws {
        let replica = try TestReplica.loaded()
        // 2 depends on 1; 3 builds on 2; 4, 5 are a group whose 5 builds on 3; 6 builds on 4. 7 is apart.
        _ = try replica.store.add(
            [budget(500), .setLabel("a")].map { EditDraft(customer: CustomerKey(1), intent: $0) },
            link: .dependsOnFirst)
        _ = try replica.add(.setLabel("b"))
        _ = try replica.store.add(
            [.assignManager("eve"), .setLabel("c")].map { EditDraft(customer: CustomerKey(1), intent: $0) },
            link: .group)
        _ = try replica.add(.withdrawManager)
        _ = try replica.add(.freeze(.account, reason: "late"))
        #expect(try replica.store.nextPush(aloneAfter: EditNumber(0))?.edits.map(\.number.value) == [1])
        try replica.record(held(1))
        #expect(try replica.store.rows.behindPerson().numbers == [2, 3, 4, 5, 6])
        #expect(try replica.store.outboxCounts().behindPerson == 5)
        #expect(try replica.push().map(\.value) == [7])
        try replica.record(result(7, .applied, version: 11))
        #expect(try replica.push().isEmpty && replica.store.outboxCounts().moving == 1)
    }

    @Test func `a group waits whole when one of it is held`() throws {
        let replica = try TestReplica.loaded()
        _ = try group(replica, 3)
        _ = try replica.push()
        try replica.record(result(1, .blocked, sequence: 0), held(2), result(3, .blocked, sequence: 0))
        #expect(try replica.push().isEmpty)
    }

    @Test func `one of an unsent group is discarded with the whole group`() throws {
        let replica = try TestReplica.loaded()
        let members = try group(replica, 3).map(\.number)
        let other = try replica.add(budget(5))
        #expect(try replica.store.discard(members[1], dryRun: true) == members)
        #expect(try replica.state(2) == .saved)
        #expect(try replica.store.discard(members[1]) == members)
        #expect(try members.map { try replica.state($0.value) } == [.discarded, .discarded, .discarded])
        #expect(try replica.push() == [other.number])
    }

    @Test func `what another open edit builds or depends on is not discarded`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.store.add(
            [budget(500), .setLabel("a")].map { EditDraft(customer: CustomerKey(1), intent: $0) },
            link: .dependsOnFirst)
        #expect(code { try replica.store.discard(EditNumber(1)) } == .badState)
        try replica.store.discard(EditNumber(2))
        try replica.store.discard(EditNumber(1))
        _ = try group(replica, 2, 2)
        _ = try replica.add(.setLabel("after"), 2)
        #expect(code { try replica.store.discard(EditNumber(3)) } == .badState)
        #expect(try replica.state(3) == .saved && replica.state(4) == .saved)
    }

    @Test func `a dead letter that an edit under way builds on stays until that has its end`() throws {
        let replica = try TestReplica.loaded()
        for intent in [budget(500), adjust(1)] { _ = try replica.add(intent) }
        _ = try replica.push()
        try replica.record(result(1, .rejected), result(2, .retry, sequence: 0))
        let failure = #expect(throws: StoreError.self) { try replica.store.discard(EditNumber(1)) }
        #expect(failure?.next.contains("edits show 2") == true)
        _ = try replica.push()
        try replica.record(result(2, .rejected))
        #expect(try replica.store.discard(EditNumber(1)) == [EditNumber(1)])
    }

    @Test func `a dead one of a group is resent alone and a dependent one keeps its dependency`() throws {
        let replica = try TestReplica.loaded()
        _ = try group(replica, 2)
        _ = try replica.store.add(
            [budget(500), .assignManager("eve")].map { EditDraft(customer: CustomerKey(1), intent: $0) },
            link: .dependsOnFirst)
        _ = try replica.push()
        try replica.record(
            result(1, .rejected), result(2, .rejected), result(3, .rejected), result(4, .rejected))
        let alone = try replica.store.resend(EditNumber(2))
        #expect(alone.wire.group == nil && alone.wire.groupSize == nil && alone.wire.dependsOn == nil)
        // Its budget is a dead letter still, so it depends on nothing; made anew, it is waited for.
        #expect(try replica.store.checkResend(EditNumber(4), as: nil).predecessor == nil)
        let again = try replica.store.resend(EditNumber(3))
        let dependent = try replica.store.resend(EditNumber(4))
        #expect(dependent.wire.dependsOn?.value == again.number.value)
    }
}
