import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Customers that join: registers with the checkpoint, old records by pages of their own.
@Suite struct JoinTests {
    private func joinedReplica() throws -> TestReplica {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 11, Wanderer.joins(at: 11))
        return replica
    }

    @Test func `a customer that joins can be worked with at once, while its records come`() throws {
        let replica = try joinedReplica()
        #expect(try replica.reader().customer(Wanderer.customerKey).summary.customer.name == "Wanderer Limited")
        #expect(try replica.add(budget(5), Wanderer.key).wire.base.value == 4)
        #expect(try replica.store.fillCursor() == Wanderer.firstFill)
        let open = try #require(try replica.store.fillProgress())
        #expect(open.recordsDone == 0 && open.recordsTotal == 42 && open.customers == 1)
        #expect(
            try replica.joined(from: Wanderer.firstFill, to: "second", more: true, [Wanderer.resource(771_001)]) == 1)
        #expect(try replica.store.fillCursor() == "second" && replica.store.fillProgress()?.recordsDone == 1)
        try replica.reopen()
        #expect(try replica.store.fillCursor() == "second")
        // The last page shows what the ledger was at 12; the feed stands at 11.
        try replica.joined(from: "second", sequence: 12, Wanderer.bills.map { Wanderer.bill($0) })
        #expect(try replica.store.fillCursor() == nil && replica.store.fillWaitsForFeed())
        #expect(try replica.store.fillProgress()?.customers == 1)
        try replica.feed(sequence: 12)
        #expect(try !replica.store.fillWaitsForFeed() && replica.store.fillProgress() == nil)
        #expect(try replica.wandererRows().count == 3 + 41)
    }

    @Test func `a page before the checkpoint shows neither the joining nor its fill`() throws {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 11, end: .more, Wanderer.joins(at: 11))
        #expect(try replica.wandererRows().isEmpty && replica.store.fillCursor() == nil)
        #expect(code { try replica.joined(from: Wanderer.firstFill, [Wanderer.bill(770_001)]) } == .badPage)
        try replica.feed(sequence: 12)
        #expect(try replica.wandererRows().count == 3 && replica.store.fillCursor() == Wanderer.firstFill)
    }

    @Test func `customers are filled in the order in which they joined`() throws {
        let replica = try joinedReplica()
        let other = PageRow(.membership, 88, version: 12, ["fill-other", 0])
        try replica.feed(sequence: 12, [other, .customer(88, version: 2)])
        #expect(try replica.store.fillCursor() == Wanderer.firstFill)
        #expect(try replica.store.fillProgress()?.customers == 2)
        try replica.joined(from: Wanderer.firstFill, sequence: 12, [])
        #expect(try replica.store.fillCursor() == "fill-other")
        try replica.joined(from: "fill-other", sequence: 12, [])
        #expect(try replica.store.fillProgress() == nil)
    }

    @Test func `what the feed changed or deleted meanwhile is not undone by a page that was read before`() throws {
        let replica = try joinedReplica()
        try replica.feed(
            sequence: 14,
            [
                Wanderer.bill(770_001, version: 12), PageRow(.billRecord, 770_002, version: 13),
                Wanderer.bill(770_003, version: 14),
            ])
        try replica.joined(
            from: Wanderer.firstFill, sequence: 11,
            [Wanderer.bill(770_001), Wanderer.bill(770_002), Wanderer.bill(770_004)])
        let bills = "SELECT key || ' ' || version FROM bill_record WHERE customer = 77 ORDER BY key"
        #expect(try replica.texts(replica.imageFile, bills) == ["770001 12", "770003 14", "770004 5"])
        #expect(try replica.count("grave") == 0)
    }

    @Test func `a joined page that comes late, after a leaving or another joining, is refused`() throws {
        let replica = try joinedReplica()
        try replica.feed(sequence: 13, Wanderer.leaves(at: 13))
        let before = try replica.content()
        #expect(code { try replica.joined(from: Wanderer.firstFill, [Wanderer.bill(770_001)]) } == .badPage)
        #expect(try replica.content() == before && replica.wandererRows().isEmpty)
        try replica.feed(sequence: 21, Wanderer.joins(at: 21, cursor: Wanderer.secondFill))
        #expect(code { try replica.joined(from: Wanderer.firstFill, [Wanderer.bill(770_001)]) } == .badPage)
        #expect(try replica.store.fillCursor() == Wanderer.secondFill)
        #expect(try replica.joined(from: Wanderer.secondFill, sequence: 21, [Wanderer.bill(770_001)]) == 1)
    }

    @Test func `a hostile page of records is refused and changes nothing`() throws {
        let replica = try joinedReplica()
        let before = try replica.content()
        let rows: [(String, [PageRow])] = [
            (
                "a bill of another customer",
                [Wanderer.bill(770_001), .bill(50_001, customer: 1, units: 9, version: 99)]
            ),
            ("a bill that takes another's key", [.bill(50_001, customer: 2, units: 9, version: 99)]),
            ("a register", [Wanderer.bill(770_001), .budget(1, version: 99, 1)]),
            ("its own register", [.budget(Wanderer.key, version: 99, 1)]),
            ("a customer", [.customer(88, version: 99)]),
            ("a product", [.product(10)]), ("a coupon", [.coupon(9, customer: Wanderer.key)]),
            ("a tombstone", [Wanderer.bill(770_001), PageRow(.billRecord, 50_001, version: 99)]),
            ("a joining", [PageRow(.membership, Wanderer.key, version: 99, ["fill-third", 1])]),
            ("a leaving", [PageRow(.membership, Wanderer.key, version: 99)]),
        ]
        for (name, rows) in rows {
            #expect(code { try replica.joined(from: Wanderer.firstFill, rows) } == .badPage, "\(name)")
        }
        #expect(
            code { try replica.joined(from: Wanderer.firstFill, epoch: "e2", [Wanderer.bill(770_001)]) } == .badPage)
        #expect(code { try replica.joined(from: "elsewhere", [Wanderer.bill(770_001)]) } == .badPage)
        #expect(code { try replica.joined(from: try replica.position(), [Wanderer.bill(770_001)]) } == .badPage)
        #expect(try replica.content() == before && replica.store.fillCursor() == Wanderer.firstFill)
        #expect(try replica.store.fillProgress()?.recordsDone == 0)
    }

    @Test func `a joining that cannot be read is refused with its page`() throws {
        for fields: [TestKit.RowField] in [
            ["fill"], [7, 1], ["", 1], ["fill", -1], ["fill", nil], [.text(String(repeating: "f", count: 300)), 1],
        ] {
            let replica = try TestReplica.settled()
            let before = try replica.content()
            let row = PageRow(.membership, Wanderer.key, version: 11, fields)
            #expect(code { try replica.feed(sequence: 11, [row, Wanderer.customer(version: 3)]) } == .badPage)
            #expect(try replica.content() == before)
        }
    }

    @Test func `while a load is under way nothing is filled, and the load takes the place of the fill`() throws {
        let replica = try joinedReplica()
        try replica.store.forgetImage()
        #expect(try replica.store.fillCursor() == nil)
        try replica.begin("e1", rows: 1)
        #expect(code { try replica.joined(from: Wanderer.firstFill, [Wanderer.bill(770_001)]) } == .badPage)
        try replica.snapshot(end: .last, [.partner(), Wanderer.customer(version: 3)])
        try replica.feed(sequence: 30)
        #expect(try replica.store.fillCursor() == nil && replica.store.fillProgress() == nil)
    }
}
