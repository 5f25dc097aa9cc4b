import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Bill records are shown with what they name: customer, cycle, product, region and resource, or not at all.
@Suite struct NamedEntryTests {
    static let named: [Entity] = [.customer, .cycle, .product, .region, .resource]

    private static let region = PageRow(.region, 31, version: 1, ["r-1", "North"])
    private static let resource = PageRow(.resource, 41, version: 1, [1, "vm-1", nil])

    /// A record of customer 1 that names a region and a resource too.
    private static func record(_ key: Int64, customer: Int64 = 1, version: Int64 = 1) -> PageRow {
        var fields = PageRow.bill(key, customer: customer, units: 5).fields
        let columns = Entity.billRecord.columns.map(\.name)
        if let place = columns.firstIndex(of: "region") { fields[place] = 31 }
        if let place = columns.firstIndex(of: "resource") { fields[place] = 41 }
        return PageRow(.billRecord, key, version: version, fields)
    }

    private static let entries: [PageRow] = [.cycle(), .customer(1, name: "Alpha"), .product(), region, resource]

    private static func without(_ entity: Entity) -> [PageRow] { entries.filter { $0.entity != entity } }

    private func key(_ entity: Entity) -> Int64 {
        Self.entries.first { $0.entity == entity }?.key ?? -1
    }

    private func expectRefusal(_ words: String, _ body: () throws -> Void, _ source: SourceLocation = #_sourceLocation)
    {
        do {
            try body()
            Issue.record("nothing is refused", sourceLocation: source)
        } catch {
            let error = error as? StoreError
            #expect(error?.code == .entryMissing, "\(String(describing: error))", sourceLocation: source)
            #expect(error?.why.contains(words) == true, "\(error?.why ?? "")", sourceLocation: source)
        }
    }

    private func billCount(_ replica: TestReplica) throws -> Int {
        try replica.reader().bills(customer: nil, cycle: nil, limit: 99).count
    }

    /// A shown image, and beside it a load whose parts have come.
    private func reloaded(_ rows: [PageRow], reopening: Bool = false) throws -> TestReplica {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.begin("e1", rows: Int64(rows.count))
        try replica.snapshot(end: .more, rows)
        if reopening { try replica.reopen() }
        try replica.snapshot(end: .last, [Self.record(52)])
        return replica
    }

    @Test(arguments: named, [false, true]) func `a load that lacks what its records name is not shown`(
        entity: Entity, isResumed: Bool
    ) throws {
        let rows = Self.without(entity) + [Self.record(50), Self.record(51)]
        let replica = try reloaded(rows, reopening: isResumed)
        let place = try replica.position()
        expectRefusal("3 bill records name the \(entity.name) \(key(entity)), which is not there") {
            try replica.feed(sequence: 20)
        }
        #expect(try replica.reader().customerCount() == 3 && billCount(replica) == 0)
        #expect(try replica.position() == place && replica.store.staging?.standing.appliedSequence == nil)
        // Once more, in another life, and then with the entry.
        try replica.reopen()
        expectRefusal("\(entity.name) \(key(entity))") { try replica.feed(sequence: 21) }
        try replica.feed(sequence: 22, Self.entries.filter { $0.entity == entity })
        #expect(try billCount(replica) == 3 && replica.store.staging == nil)
        #expect(try replica.count("missing_entry") == 0)
    }

    @Test func `an entry that changed after the pin comes with the feed, before or at the checkpoint`() throws {
        for isKept in [false, true] {
            let replica = try reloaded(Self.without(.product) + [Self.record(50)])
            if isKept { try replica.feed(sequence: 19, end: .more, [.product()]) }
            try replica.feed(sequence: 20, isKept ? [] : [.product()])
            #expect(try billCount(replica) == 2)
        }
    }

    @Test func `a record that is gone by the checkpoint names nothing`() throws {
        let replica = try reloaded(Self.without(.resource) + [Self.record(50)])
        expectRefusal("1 bill record names the resource 41") {
            try replica.feed(sequence: 20, [PageRow(.billRecord, 50, version: 20)])
        }
        try replica.feed(sequence: 21, [50, 52].map { PageRow(.billRecord, $0, version: 20) })
        #expect(try billCount(replica) == 0 && replica.store.staging == nil)
    }

    @Test func `an entry that went in pages that were applied ahead is not taken for one that is there`() throws {
        let replica = try TestReplica.loaded([.partner()] + Self.entries + [.customer(2, name: "Beta")])
        try replica.feed(sequence: 20, [Self.record(50)])
        replica.clock.advance(seconds: 60)
        let gone = [PageRow(.billRecord, 50, version: 21), PageRow(.region, 31, version: 21)]
        for sequence in Int64(21)...22 {
            try replica.feed(sequence: sequence, end: .more, sequence == 22 ? gone : [.cycle()])
        }
        #expect(replica.store.live?.ahead?.pages == 1)
        try replica.feed(sequence: 23)
        expectRefusal("1 bill record names the region 31") {
            try replica.feed(sequence: 24, [Self.record(51, version: 24)])
        }
        for sequence in Int64(25)...26 {
            try replica.feed(
                sequence: sequence, end: .more, [sequence == 25 ? Self.record(51, version: 25) : .cycle()])
        }
        #expect(replica.store.live?.ahead != nil)
        expectRefusal("1 bill record names the region 31") { try replica.feed(sequence: 27) }
        try replica.feed(sequence: 28, [Self.region])
        #expect(try billCount(replica) == 1)
    }

    @Test func `each of several entries has to come`() throws {
        let replica = try reloaded(Self.without(.region).filter { $0.entity != .resource } + [Self.record(50)])
        expectRefusal("2 bill records name the region 31, which is not there, and 1 more entry may be missing") {
            try replica.feed(sequence: 20)
        }
        expectRefusal("2 bill records name the resource 41, which is not there") {
            try replica.feed(sequence: 21, [Self.region])
        }
        try replica.feed(sequence: 22, [Self.region, Self.resource])
        #expect(try billCount(replica) == 2)
    }

    @Test func `while heads stand alone a record may come before what it names, and the load has it all`() throws {
        let replica = try TestReplica()
        _ = try replica.meet("e1")
        try replica.begin("e1", rows: 6)
        try replica.snapshot(end: .more, [.cycle(), .customer(1, name: "Alpha"), .product()])
        guard case .feed(let start) = try replica.store.pullPosition() else {
            Issue.record("the heads follow no feed")
            return
        }
        let changed = Self.record(50, version: 12)
        try replica.feed(from: start, sequence: 12, [changed])
        #expect(try replica.store.appliedSequence() == 12)
        try replica.snapshot(end: .last, [Self.region, Self.resource, Self.record(51)])
        try replica.feed(sequence: 13, [changed])
        #expect(try billCount(replica) == 2 && replica.store.staging == nil)
    }

    @Test func `null names nothing`() throws {
        let replica = try TestReplica.loaded(Self.without(.region).filter { $0.entity != .resource })
        try replica.feed(sequence: 11, [.bill(50, customer: 1, units: 5)])
        #expect(try billCount(replica) == 1)
    }

    @Test(arguments: named) func `a checkpoint of the feed whose records name what is not there changes nothing`(
        entity: Entity
    ) throws {
        let replica = try TestReplica.loaded(Self.without(entity) + [.customer(2, name: "Beta")])
        let content = try replica.content()
        let rows = [Self.record(50, version: 11), .customer(2, version: 12, name: "Renamed")]
        // Alone, behind a page that is kept, and in a page that is kept.
        for kept in [[], [.customer(2, version: 11, name: "Kept")], rows] {
            if !kept.isEmpty { try replica.feed(sequence: 12, end: .more, kept) }
            let place = try replica.position()
            expectRefusal("1 bill record names the \(entity.name) \(key(entity)), which is not there") {
                try replica.feed(sequence: 13, rows)
            }
            #expect(try replica.content() == content && replica.position() == place)
        }
        try replica.feed(sequence: 14, rows + Self.entries.filter { $0.entity == entity })
        #expect(try billCount(replica) == 1)
        #expect(try replica.texts(replica.imageFile, "SELECT name FROM customer WHERE key = 2") == ["Renamed"])
    }

    @Test func `what came to nothing is not taken as there`() throws {
        let replica = try TestReplica.loaded(Self.without(.product) + [.customer(2, name: "Beta")])
        // The product is written, the row after it cannot be.
        let bad = PageRow(.usage, 1, version: 11, ["not a number", 1])
        #expect(code { try replica.feed(sequence: 11, [.product(), Self.record(50), bad]) } == .badPage)
        expectRefusal("the product 9") { try replica.feed(sequence: 11, [Self.record(50)]) }
    }

    @Test(arguments: named.filter { $0 != .customer }) func `an entry is not deleted while records name it`(
        entity: Entity
    ) throws {
        let replica = try TestReplica.loaded(Self.entries + [Self.record(50)])
        let grave = PageRow(entity, key(entity), version: 11)
        expectRefusal("1 bill record names the \(entity.name)") { try replica.feed(sequence: 11, [grave]) }
        #expect(try replica.count(entity.name) == 1 && billCount(replica) == 1)
        try replica.feed(sequence: 12, [grave, PageRow(.billRecord, 50, version: 12)])
        #expect(try replica.count(entity.name) == 0 && billCount(replica) == 0)
    }

    // MARK: Customers that join

    private func joined() throws -> TestReplica {
        let replica = try TestReplica.loaded(Self.entries.filter { $0.entity != .resource })
        // One of its records changed since it joined; the resource comes with the old ones.
        try replica.feed(sequence: 12, Wanderer.joins(at: 11) + [Self.record(50, customer: Wanderer.key, version: 12)])
        return replica
    }

    @Test func `a resource may come with the old records of its customer`() throws {
        let replica = try joined()
        #expect(try replica.count("missing_entry") == 1)
        try replica.feed(sequence: 13)
        try replica.reopen()
        try replica.joined(from: Wanderer.firstFill, sequence: 13, [Wanderer.resource(41)])
        try replica.feed(sequence: 14)
        #expect(try replica.count("missing_entry") == 0 && replica.store.fillProgress() == nil)
    }

    @Test func `old records are refused when they end without the resource, or name another entry that is not there`()
        throws
    {
        let replica = try joined()
        expectRefusal("1 bill record names the resource 41") {
            try replica.joined(from: Wanderer.firstFill, sequence: 12, [])
        }
        var fields = Self.record(51, customer: Wanderer.key).fields
        fields[6] = 909
        expectRefusal("1 bill record names the product 909") {
            try replica.joined(
                from: Wanderer.firstFill, sequence: 12, more: true,
                [Wanderer.resource(41), PageRow(.billRecord, 51, version: 2, fields)])
        }
        #expect(try replica.store.fillCursor() == Wanderer.firstFill && replica.count("resource") == 0)
        // What came last may show a later state than the image: then the feed has to bring the resource.
        try replica.joined(from: Wanderer.firstFill, sequence: 15, [])
        expectRefusal("the resource 41") { try replica.feed(sequence: 15) }
        try replica.feed(sequence: 16, [Wanderer.resource(41, version: 14)])
        #expect(try replica.count("missing_entry") == 0)
    }

    @Test func `a record behind one that was deleted meanwhile, with the same names, is looked at too`() throws {
        let replica = try joined()
        try replica.feed(sequence: 13, [Wanderer.resource(41, version: 13), PageRow(.billRecord, 50, version: 13)])
        func record(_ key: Int64) -> PageRow {
            var fields = Self.record(key, customer: Wanderer.key).fields
            fields[6] = 909
            return PageRow(.billRecord, key, version: 2, fields)
        }
        expectRefusal("1 bill record names the product 909") {
            try replica.joined(from: Wanderer.firstFill, sequence: 13, [record(50), record(51)])
        }
        #expect(try billCount(replica) == 0)
        // What was deleted alone names nothing.
        try replica.joined(from: Wanderer.firstFill, sequence: 13, [record(50)])
        #expect(try billCount(replica) == 0 && replica.count("missing_entry") == 0)
    }

    @Test func `a customer that leaves takes along what it missed, and what it had is not taken as there`() throws {
        let replica = try joined()
        try replica.feed(sequence: 14, Wanderer.leaves(at: 14))
        #expect(try replica.count("missing_entry") == 0 && billCount(replica) == 0)
        try replica.feed(sequence: 15, Wanderer.joins(at: 15) + [Wanderer.resource(41, version: 15)])
        try replica.joined(from: Wanderer.firstFill, sequence: 15, [Self.record(50, customer: Wanderer.key)])
        try replica.feed(sequence: 17, Wanderer.leaves(at: 17))
        expectRefusal("the resource 41") {
            try replica.feed(sequence: 18, [Self.record(53, customer: 1, version: 18)])
        }
    }

    @Test func `records that name a missing entry of a customer are found by an index`() throws {
        let replica = try TestReplica.loaded()
        let live = try #require(replica.store.live)
        let statement = try live.connection.statement(
            "EXPLAIN QUERY PLAN SELECT count(*) FROM bill_record WHERE resource = ?1 AND customer = ?2")
        #expect(try statement.rows { $0.text(3) }.contains { $0.contains("bill_record_customer") })
    }
}
