import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct DeadLetterTests {
    /// A replica whose edit 1 was refused.
    private func refused() throws -> TestReplica {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        var refusal = result(1, .rejected)
        refusal.reason = "CBC.0101"
        refusal.message = "not like this"
        try replica.record(refusal)
        return replica
    }

    @Test func `a dead letter is kept with its reason through restarts and a load of another epoch`() throws {
        let replica = try refused()
        try replica.reopen()
        _ = try replica.meet("e2")
        try replica.store.forgetImage()
        try replica.load("e2", sequence: 3, TestReplica.standardRows)
        let letter = try #require(try replica.reader().edits(all: false).first)
        #expect(letter.state == .dead && letter.result?.message == "not like this" && letter.intent == budget(500))
        #expect(try replica.store.outboxCounts().dead == 1 && replica.store.outboxCounts().unsettled == 0)
    }

    @Test func `a dead letter neither is sent nor changes what a person sees`() throws {
        let replica = try refused()
        #expect(try replica.push().isEmpty)
        let seen = try replica.reader().customer(CustomerKey(1)).summary.budget
        #expect(seen.pending == nil && seen.pendingState == nil)
        #expect(try replica.texts(replica.imageFile, "SELECT count(*) FROM pending") == ["0"])
        #expect(try replica.add(adjust(1)).wire.predecessor == nil)
    }

    @Test func `a discarded dead letter stays listed as discarded`() throws {
        let replica = try refused()
        try replica.store.discard(EditNumber(1))
        #expect(try replica.reader().edits(all: false).isEmpty)
        #expect(try replica.reader().edits(all: true).map(\.state) == [.discarded])
        #expect(code { try replica.store.discard(EditNumber(1)) } == .badState)
        #expect(code { _ = try replica.store.resend(EditNumber(1)) } == .badState)
    }

    @Test func `a resent dead letter is a new edit on what the register holds now`() throws {
        let replica = try refused()
        try replica.feed(sequence: 15, [.budget(1, version: 14, 300)])
        let again = try replica.store.resend(EditNumber(1))
        #expect(again.number == EditNumber(2) && again.intent == budget(500) && again.wire.base.value == 14)
        #expect(again.wire.payloadHash != nil && again.state == .saved)
        let old = try replica.reader().edit(EditNumber(1))
        #expect(old.state == .discarded && old.resentAs == EditNumber(2))
        #expect(try replica.push() == [EditNumber(2)])
    }

    @Test func `a dead letter whose resending is refused stays a dead letter`() throws {
        let replica = try refused()
        try replica.feed(sequence: 15, [PageRow(.customer, 1, version: 15)])
        #expect(code { _ = try replica.store.resend(EditNumber(1)) } == .notFound)
        #expect(try replica.state(1) == .dead)
    }

    @Test func `an unsent edit is discarded after those that build on it`() throws {
        let replica = try TestReplica.loaded()
        for intent in [budget(500), adjust(1)] { _ = try replica.add(intent) }
        #expect(code { try replica.store.discard(EditNumber(1)) } == .badState)
        try replica.store.discard(EditNumber(2))
        try replica.store.discard(EditNumber(1))
        #expect(try replica.reader().customer(CustomerKey(1)).summary.budget.pending == nil)
        #expect(code { try replica.store.discard(EditNumber(9)) } == .notFound)
    }

    @Test func `a dead letter is resent with other arguments of its kind, and only of its kind`() throws {
        let replica = try refused()
        #expect(code { _ = try replica.store.resend(EditNumber(1), as: adjust(5)) } == .refused)
        #expect(code { _ = try replica.store.checkResend(EditNumber(1), as: budget(0)) } == .refused)
        let preview = try replica.store.checkResend(EditNumber(1), as: budget(400))
        #expect(preview.after == .budget(TestReplica.monthly(400)))
        #expect(try replica.state(1) == .dead)
        let again = try replica.store.resend(EditNumber(1), as: budget(400))
        #expect(again.intent == budget(400) && again.number == EditNumber(2))
        #expect(try replica.reader().edit(EditNumber(1)).resentAs == again.number)
    }
}
