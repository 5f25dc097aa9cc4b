import Diagnostics
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct SendingTests {
    @Test func `that an edit was sent is durable before its bytes can leave`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        let push = try #require(try replica.store.nextPush())
        let other = TemporaryDirectory()
        crashCopy(replica.path, other.file("copy"))
        let kept = try #require(try ReplicaReader(directory: other.file("copy")).edits(all: false).first)
        #expect(kept.state == .sent && kept.firstSentAt == replica.clock.now().seconds && kept.sentCount == 1)
        #expect(push.edits.map(\.number.value) == [1] && push.replica == replica.store.identity.replica)
    }

    @Test func `a restart sends the same edit again, byte for byte`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        let first = try #require(try replica.store.nextPush())
        let firstSentAt = replica.clock.now().seconds
        replica.clock.advance(seconds: 100)
        try replica.reopen()
        let again = try #require(try replica.store.nextPush())
        #expect(again.edits == first.edits && again.incarnation.value == first.incarnation.value + 1)
        let edit = try replica.reader().edit(EditNumber(1))
        #expect(edit.sentCount == 2 && edit.firstSentAt == firstSentAt)
    }

    @Test func `an edit whose connection was never made counts as unsent and can be discarded`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        let numbers = try replica.push()
        #expect(code { try replica.store.discard(EditNumber(1)) } == .badState)
        try replica.store.neverLeft(numbers)
        let edit = try replica.reader().edit(EditNumber(1))
        #expect(edit.state == .saved && edit.firstSentAt == nil && edit.sentCount == 0)
        try replica.store.discard(EditNumber(1))
        #expect(try replica.push().isEmpty)
    }

    @Test func `an edit that may have left once stays sent when a later connection is never made`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        try replica.store.neverLeft(try replica.push())
        let edit = try replica.reader().edit(EditNumber(1))
        #expect(edit.state == .sent && edit.sentCount == 1 && edit.firstSentAt != nil)
        #expect(code { try replica.store.discard(EditNumber(1)) } == .badState)
    }

    @Test func `customers with a freeze go first and each author's order holds`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(5), 2)
        _ = try replica.add(budget(6), 1)
        _ = try replica.add(.freeze(.account, reason: "late"), 1)
        _ = try replica.add(adjust(1), 2)
        #expect(try replica.push().map(\.value) == [2, 3, 1, 4])
    }

    @Test func `what builds on a held edit waits with it, everything else goes`() throws {
        let replica = try TestReplica.loaded()
        for intent in [budget(500), adjust(1)] { _ = try replica.add(intent) }
        _ = try replica.add(budget(5), 2)
        _ = try replica.push()
        var held = result(1, .held)
        held.conflict = 77
        try replica.record(held, result(2, .retry, sequence: 0), result(3, .applied, version: 11))
        _ = try replica.add(adjust(2))
        _ = try replica.add(.freeze(.account, reason: "late"))
        #expect(try replica.push().map(\.value) == [5])
    }

    @Test func `a push stays within its bounds and the rest follows`() throws {
        let replica = try TestReplica.loaded()
        for intent in stack(ProtocolLimits.pushEditsMax + 20) { _ = try replica.add(intent, 2) }
        let push = try #require(try replica.store.nextPush())
        #expect(push.edits.map(\.number.value) == Array(1...Int64(ProtocolLimits.pushEditsMax)))
        #expect(try WireCoding.encode(push).count <= ProtocolLimits.pushBytesMax)
        #expect(try replica.state(Int64(ProtocolLimits.pushEditsMax) + 1) == .saved)
    }

    @Test func `a push of large edits stays within its bytes`() throws {
        let replica = try TestReplica.loaded()
        for _ in 0..<60 { _ = try replica.add(.freeze(.account, reason: String(repeating: "冻", count: 40)), 2) }
        let push = try #require(try replica.store.nextPush())
        #expect(push.edits.count < 60 && !push.edits.isEmpty)
        #expect(try WireCoding.encode(push).count <= ProtocolLimits.pushBytesMax)
    }

    @Test func `plain SQL is told that an edit was sent`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        let query = "SELECT budget_pending_state FROM customers WHERE key = 1"
        #expect(try replica.texts(replica.imageFile, query) == ["saved here, not sent"])
        let numbers = try replica.push()
        #expect(try replica.texts(replica.imageFile, query) == ["sent, no answer yet"])
        try replica.store.neverLeft(numbers)
        #expect(try replica.texts(replica.imageFile, query) == ["saved here, not sent"])
    }
}
