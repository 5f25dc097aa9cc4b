import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// A replica whose member sees less from now on, and customers that left while it was loaded anew.
@Suite struct NarrowingTests {
    private func wandering() throws -> TestReplica {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 11, Wanderer.joins(at: 11))
        return replica
    }

    private func plan(narrowed: Bool?) -> V1.SnapshotPlan {
        var plan = V1.SnapshotPlan(cursor: "s-new", sequence: 20, rows: [])
        plan.feed = "f-new"
        plan.narrowed = narrowed
        return plan
    }

    @Test func `a narrowed load removes every file of the image first and keeps the edits`() throws {
        let replica = try wandering()
        _ = try replica.add(budget(5), Wanderer.key)
        let held = try #require(try replica.store.heldCursor())
        try replica.store.forgetImage()
        #expect(try replica.store.heldCursor() == held)
        try replica.store.beginLoad(plan(narrowed: true), epoch: "e1")
        #expect(Wanderer.traces(in: replica.path).allSatisfy { $0.contains("outbox.db") })
        #expect(code { _ = try replica.reader().customer(Wanderer.customerKey) } != nil)
        #expect(try replica.store.heldCursor() == nil)
        #expect(try replica.store.pullPosition() == .heads(cursor: "s-new"))
        try replica.reopen()
        #expect(try replica.texts(replica.outboxFile, "SELECT state FROM edit") == ["saved"])
        #expect(try replica.store.pullPosition() == .heads(cursor: "s-new"))
    }

    @Test func `a load that is not narrowed leaves the image to read`() throws {
        let replica = try wandering()
        try replica.store.forgetImage()
        try replica.store.beginLoad(plan(narrowed: nil), epoch: "e1")
        #expect(try !replica.wandererRows().isEmpty)
    }

    @Test func `a first load that was dropped in the middle still says what it was loaded by`() throws {
        let replica = try TestReplica()
        try replica.store.beginLoad(plan(narrowed: nil), epoch: "e1")
        let rows = TestReplica.standardRows + [.bill(9, customer: 1, units: 5, version: 2)]
        try replica.snapshot(end: .more, rows)
        let held = try #require(try replica.store.heldCursor())
        #expect(held == "f-new")
        try replica.store.forgetImage()
        try replica.reopen()
        #expect(try replica.store.pullPosition() == .nothing && replica.store.heldCursor() == held)
    }

    @Test func `edits on a customer that is missing after a load are reduced as those of one that left`() throws {
        let replica = try wandering()
        _ = try replica.add(.setLabel("my-own-words"), Wanderer.key)
        _ = try replica.push()
        var result = result(1, .overruled, sequence: 12)
        result.otherBy = "wander-colleague"
        try replica.record(result)
        try replica.store.forgetImage()
        try replica.load("e1", sequence: 20, TestReplica.standardRows)
        let edit = try replica.reader().edit(EditNumber(1))
        #expect(edit.customerName.isEmpty && edit.wire.before == nil && edit.result?.otherBy == nil)
        #expect(Wanderer.traces(in: replica.path).isEmpty)
    }

    @Test func `a contact that is erased leaves no trace in any file`() throws {
        let replica = try TestReplica.settled()
        let contact = PageRow(.contact, 1, version: 11, ["wander-name", "wander-phone", "wander-mail"])
        try replica.feed(sequence: 11, [contact])
        #expect(!Wanderer.traces(in: replica.path).isEmpty)
        try replica.feed(sequence: 12, [PageRow(.contact, 1, version: 12)])
        #expect(Wanderer.traces(in: replica.path).isEmpty)
        #expect(try replica.texts(replica.imageFile, "SELECT count(*) FROM customer WHERE key = 1") == ["1"])
    }
}
