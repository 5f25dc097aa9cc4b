import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What the outbox keeps of edits on a customer that left.
@Suite struct DepartedEditTests {
    /// The wanderer is here; edit 1 on its label is settled, edit 2 on its budget refused, edit 3 a freeze not sent.
    private func make() throws -> TestReplica {
        let replica = try TestReplica.settled()
        let before = [Wanderer.label(6, "wander-before")]
        try replica.feed(sequence: 11, Wanderer.joins(at: 11).filter { $0.entity != .label } + before)
        _ = try replica.add(.setLabel("my-own-words"), Wanderer.key)
        _ = try replica.push()
        var first = result(1, .overruled, sequence: 12)
        first.was = V1.State(.label("wander-of-theirs"))
        first.otherBy = "wander-colleague"
        first.message = "wander-message"
        try replica.record(first)
        _ = try replica.add(budget(5), Wanderer.key)
        _ = try replica.push()
        var second = result(2, .rejected, sequence: 12)
        second.message = "not like this"
        try replica.record(second)
        _ = try replica.add(.freeze(.account, reason: "late"), Wanderer.key)
        #expect(try [1, 2, 3].map { try replica.state($0) } == [.settled, .dead, .saved])
        return replica
    }

    @Test func `an edit with its end keeps its author's words and nothing of others`() throws {
        let replica = try make()
        try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        let edit = try replica.reader().edit(EditNumber(1))
        #expect(edit.intent == .setLabel("my-own-words") && edit.state == .settled && edit.result?.code == .overruled)
        #expect(edit.customerName.isEmpty && edit.customerID.isEmpty && edit.wire.before == nil)
        #expect(edit.result?.was == nil && edit.result?.otherBy == nil && edit.result?.message == nil)
        #expect(edit.prediction == nil)
        // Edits 2 and 3 name the customer still; of edit 1 nothing is in the bytes.
        let left = Wanderer.traces(in: replica.path)
        #expect(!left.contains { $0.hasPrefix("wander-") }, "\(left)")
        #expect(left.allSatisfy { $0.contains("outbox.db") })
    }

    @Test func `refused and unsettled edits keep the customer's name, are judged, and go with their end`() throws {
        let replica = try make()
        try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        for number in [2, 3] as [Int64] {
            let edit = try replica.reader().edit(EditNumber(number))
            #expect(edit.customerName == "Wanderer Limited" && edit.customerID == "id-77" && edit.wire.before != nil)
        }
        #expect(try replica.push() == [EditNumber(3)])
        try replica.record(result(3, .forbidden, sequence: 14))
        try replica.reopen()
        try replica.feed(sequence: 15)
        #expect(
            try replica.state(3) == .dead && replica.reader().edit(EditNumber(3)).customerName == "Wanderer Limited")
        #expect(code { _ = try replica.store.resend(EditNumber(3)) } == .notFound)
        try replica.store.discard(EditNumber(2))
        try replica.store.discard(EditNumber(3))
        try replica.feed(sequence: 16)
        #expect(try replica.reader().edits(all: true).map(\.customerName) == ["", "", ""])
        #expect(Wanderer.traces(in: replica.path).isEmpty)
        #expect(try replica.texts(replica.outboxFile, "SELECT count(*) FROM departed") == ["0"])
    }

    @Test func `a customer that is back before its edits were reduced keeps them as they are`() throws {
        let replica = try make()
        try replica.feed(sequence: 22, Wanderer.leaves(at: 20) + Wanderer.joins(at: 21, cursor: Wanderer.secondFill))
        #expect(
            try replica.reader().edits(all: true).map(\.customerName) == Array(repeating: "Wanderer Limited", count: 3))
        #expect(try replica.texts(replica.outboxFile, "SELECT count(*) FROM departed") == ["0"])
        #expect(try replica.reader().edit(EditNumber(1)).result?.otherBy == "wander-colleague")
    }

    @Test func `an accepted edit whose customer left is settled by the checkpoint and reduced with it`() throws {
        let replica = try make()
        #expect(try replica.push() == [EditNumber(3)])
        try replica.record(result(3, .applied, sequence: 12, version: 12))
        #expect(try replica.state(3) == .resulted)
        try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        let edit = try replica.reader().edit(EditNumber(3))
        #expect(edit.state == .settled && edit.customerName.isEmpty && edit.wire.before == nil)
    }

    @Test func `our copy of a conflict goes with the customer, and the held edit stays`() throws {
        let replica = try make()
        _ = try replica.push()
        var held = result(3, .held, sequence: 12)
        held.conflict = 500
        try replica.record(held)
        let conflict = PageRow(
            .conflict, 500, version: 12,
            [
                .integer(Wanderer.key), "freezes", .text(replica.store.identity.replica), 3, "open", "{}", "{}", "{}",
                1,
                "ana", "wander-colleague", "r", 1, 1, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil,
            ])
        try replica.feed(sequence: 12, [conflict])
        #expect(try replica.texts(replica.outboxFile, "SELECT count(*) FROM conflict_copy") == ["1"])
        try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        #expect(try replica.texts(replica.outboxFile, "SELECT count(*) FROM conflict_copy") == ["0"])
        #expect(try replica.state(3) == .held && !replica.reader().edit(EditNumber(3)).customerName.isEmpty)
        #expect(!Wanderer.traces(in: replica.path).contains { $0.hasPrefix("wander-colleague") })
    }
}
