import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Customers that leave: nothing of them stays in the files.
@Suite struct LeaveTests {
    /// A replica in which the wanderer joined at 11 and its records came.
    private func settled() throws -> TestReplica {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 11, Wanderer.joins(at: 11))
        try replica.joined(
            from: Wanderer.firstFill, sequence: 11,
            [Wanderer.resource(771_001)] + Wanderer.bills.map { Wanderer.bill($0) } + [
                Wanderer.history(772_001, version: 8)
            ])
        return replica
    }

    @Test func `a customer that leaves is gone from every table and from the bytes of the files`() throws {
        let replica = try settled()
        let others = try replica.content().filter { !$0.contains(" 77") }
        // Written while it is here, and gone with it.
        try replica.feed(sequence: 12, [Wanderer.label(12, "wander-again"), Wanderer.bill(770_001, version: 12)])
        #expect(!Wanderer.traces(in: replica.path).isEmpty)
        try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        #expect(try replica.wandererRows().isEmpty && replica.content() == others)
        #expect(Wanderer.traces(in: replica.path).isEmpty)
        #expect(try replica.count("membership") == 0 && replica.count("departed") == 0)
        #expect(code { _ = try replica.add(budget(5), Wanderer.key) } == .notFound)
    }

    @Test func `until the checkpoint a customer that leaves is there whole`() throws {
        let replica = try settled()
        let before = try replica.content()
        try replica.feed(sequence: 13, end: .more, Wanderer.leaves(at: 13))
        #expect(try replica.content() == before)
        try replica.feed(sequence: 14)
        #expect(try replica.wandererRows().isEmpty && Wanderer.traces(in: replica.path).isEmpty)
    }

    @Test func `gone and back within one checkpoint leaves what the joining brought, and no trace of before`() throws {
        let replica = try settled()
        try replica.feed(sequence: 12, [Wanderer.label(12, "wander-before")])
        try replica.feed(
            sequence: 22,
            Wanderer.leaves(at: 20) + [
                PageRow(.membership, Wanderer.key, version: 21, [.text(Wanderer.secondFill), 1]),
                .customer(Wanderer.key, version: 21, name: "Other Name"),
            ])
        #expect(try replica.wandererRows() == ["customer 77"])
        #expect(try replica.store.fillCursor() == Wanderer.secondFill)
        let left = Wanderer.traces(in: replica.path)
        #expect(
            !left.contains { $0.hasPrefix("wander-") || $0.hasPrefix("Wanderer") || $0.hasPrefix("b77") }, "\(left)")
        #expect(try replica.count("departed") == 0)
    }

    @Test func `while a reader holds the log the rows are gone at once and their bytes at the next checkpoint`() throws
    {
        let replica = try settled()
        let reader = try replica.plain(replica.imageFile)
        try reader.read { transaction in
            let count = "SELECT count(*) FROM bill_record WHERE customer = 77"
            #expect(try transaction.statement(count).first { $0.int64(0) } == 40)
            try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
            #expect(try replica.wandererRows().isEmpty && replica.count("departed") == 1)
        }
        reader.close()
        #expect(!Wanderer.traces(in: replica.path).isEmpty)
        try replica.feed(sequence: 14)
        #expect(Wanderer.traces(in: replica.path).isEmpty)
        #expect(try replica.count("departed") == 0)
    }

    @Test func `what a process left of a departed customer is cleared when the next one opens the replica`() throws {
        let replica = try settled()
        let reader = try replica.plain(replica.imageFile)
        try reader.read { transaction in
            _ = try transaction.statement("SELECT count(*) FROM customer").first { $0.int64(0) }
            try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        }
        reader.close()
        try replica.reopen()
        #expect(Wanderer.traces(in: replica.path).isEmpty)
    }

    @Test func `one who never was here can leave, also while another is filled`() throws {
        let replica = try settled()
        let before = try replica.content()
        try replica.feed(sequence: 12, [PageRow(.membership, 99, version: 12)])
        #expect(try replica.content() == before && replica.count("departed") == 0)
    }
}
