import PropertyKit
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Rows of the feed that are written over older ones: indexes are left alone where nothing of theirs changed.
@Suite struct NarrowUpdateTests {
    private static let entities: [Entity] = [.billRecord, .resource, .coupon, .customer, .label]

    /// All columns of all rows.
    private func content(_ replica: TestReplica) throws -> [String] {
        try Self.entities.flatMap { entity in
            let columns = (["key", "version"] + entity.columns.map(\.name)).map { "quote(\($0))" }
            return try replica.texts(
                replica.imageFile, "SELECT \(columns.joined(separator: " || ' ' || ")) FROM \(entity.name) ORDER BY key"
            )
        }
    }

    /// Runs a script on the image as a program of somebody else would.
    private func execute(_ replica: TestReplica, _ script: String) throws {
        let connection = try Connection(path: replica.imageFile, mode: .readWrite, durability: .normal)
        defer { connection.close() }
        try connection.execute(script)
    }

    private func dropIndexes(_ replica: TestReplica) throws {
        let names = try replica.texts(
            replica.imageFile, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        #expect(names.count > 8)
        try execute(replica, names.map { "DROP INDEX \($0);" }.joined())
    }

    private func draw(_ choices: inout Choices) -> PageRow {
        let entity = choices.element(of: Self.entities)
        let key = choices.int64(in: 1...12)
        let version = choices.int64(in: 5...40)
        // Records name the customers 1 and 2.
        if choices.bool(percent: 15), entity != .customer || key > 2 { return PageRow(entity, key, version: version) }
        var fields = entity.columns.map { column -> TestKit.RowField in
            // Few values, so that a row often stays as it was in the columns of an index, or in all.
            if column.isOptional, choices.bool(percent: 30) { return nil }
            return column.kind == .integer
                ? .integer(choices.int64(in: 1...2)) : .text(choices.element(of: ["a", "b\" \\", "", "華為"]))
        }
        if entity == .billRecord { TestReplica.nameEntries(in: &fields, &choices) }
        return PageRow(entity, key, version: version, fields)
    }

    @Test func `rows end as those do that are written whole, and every index agrees with its table`() throws {
        try checkProperty("narrow updates", cases: 12) { choices in
            let (narrow, whole) = (try TestReplica.settled(), try TestReplica.settled())
            for replica in [narrow, whole] { try replica.feed(sequence: 10, TestReplica.entries) }
            try dropIndexes(whole)
            for sequence in Int64(11)...14 {
                let rows = (0..<choices.int(in: 0...120)).map { _ in draw(&choices) }
                let end = choices.bool() || sequence == 14 ? PageEnd.checkpoint : .more
                let form = choices.element(of: RowForm.allCases)
                for replica in [narrow, whole] {
                    try replica.feed(sequence: sequence, end: end, rows, form: form)
                }
                try #require(try content(narrow) == content(whole))
                try #require(try narrow.texts(narrow.imageFile, "PRAGMA integrity_check") == ["ok"])
            }
        }
    }

    // MARK: Cost

    /// A replica with so many bill records that each index has pages of its own, on a disk that counts writes.
    private func counted(_ body: (TestReplica, FaultDisk) throws -> Void) throws {
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [.product()] + bills(units: 5, version: 2, customer: { 1 + $0 % 2 }))
        let disk = FaultDisk(folder: replica.path)
        try replica.reopen()
        defer {
            replica.close()
            disk.unmount()
        }
        try body(replica, disk)
    }

    private func bills(units: Int64, version: Int64, customer: (Int64) -> Int64) -> [PageRow] {
        (1...2000).map { .bill(50_000 + $0, customer: customer($0), units: units, version: version) }
    }

    /// Writes that a checkpoint of these rows takes.
    private func writes(
        _ rows: [PageRow], sequence: Int64, _ replica: TestReplica, _ disk: FaultDisk
    ) throws -> Int {
        let before = disk.operations
        try replica.feed(sequence: sequence, rows)
        return disk.operations - before
    }

    @Test func `a change outside of the indexes writes no page of an index`() throws {
        var withIndexes = 0
        try counted { replica, disk in
            _ = try writes([], sequence: 11, replica, disk)
            withIndexes = try writes(
                bills(units: 6, version: 12, customer: { 1 + $0 % 2 }), sequence: 12, replica, disk)
            // The same rows with other customers do write them.
            let moved = try writes(bills(units: 7, version: 13, customer: { 2 - $0 % 2 }), sequence: 13, replica, disk)
            #expect(moved > withIndexes + 10)
            let sums = "SELECT sum(official_amount) FROM bill_record INDEXED BY bill_record_customer WHERE customer = 1"
            #expect(try replica.texts(replica.imageFile, sums) == ["7000"])
        }
        try counted { replica, disk in
            try dropIndexes(replica)
            _ = try writes([], sequence: 11, replica, disk)
            let without = try writes(
                bills(units: 6, version: 12, customer: { 1 + $0 % 2 }), sequence: 12, replica, disk)
            #expect(withIndexes == without)
        }
    }

    @Test func `a row that is not newer writes nothing, whatever it holds`() throws {
        try counted { replica, disk in
            _ = try writes([], sequence: 11, replica, disk)
            let empty = try writes([], sequence: 12, replica, disk)
            for version in [1, 2] as [Int64] {
                #expect(
                    try writes(
                        bills(units: 9, version: version, customer: { _ in 3 }), sequence: 13, replica, disk) == empty)
                #expect(
                    try writes(
                        bills(units: 9, version: version, customer: { 1 + $0 % 2 }), sequence: 14, replica, disk)
                        == empty)
            }
            #expect(
                try replica.texts(replica.imageFile, "SELECT DISTINCT official_amount FROM bill_record") == ["5"])
        }
    }

    @Test func `an index that is made later is kept as the others are`() throws {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 11, [.bill(50_001, customer: 2, units: 6, version: 11)])
        try execute(replica, "CREATE INDEX late ON bill_record (official_amount)")
        try replica.feed(sequence: 12, [.bill(50_001, customer: 2, units: 7, version: 12)])
        let found = "SELECT key FROM bill_record INDEXED BY late WHERE official_amount = 7"
        #expect(try replica.texts(replica.imageFile, found) == ["50001"])
        #expect(try replica.texts(replica.imageFile, "PRAGMA integrity_check") == ["ok"])
    }
}
