import Diagnostics
import Glibc
import PartnerModel
import PropertyKit
import SQLiteKit
import SyncProtocol
import TestKit

@testable import ReplicaStore

/// A customer that joins and leaves, whose texts are found nowhere else, and one that stays.
enum Wanderer {
    static let key: Int64 = 77
    static let customerKey = CustomerKey(77)
    static let bills: [Int64] = Array(770_001...770_040)
    /// Where the old records of the joining at sequence 11 begin, and those of one at 21.
    static let (firstFill, secondFill) = ("fill-first", "fill-second")

    static func customer(version: Int64) -> PageRow { .customer(key, version: version, name: "Wanderer Limited") }

    static func label(_ version: Int64, _ text: String = "wander-label") -> PageRow {
        PageRow(.label, key, version: version, [.text(text)])
    }

    static func bill(_ number: Int64, version: Int64 = 5) -> PageRow {
        .bill(number, customer: key, units: 5, version: version)
    }

    static func resource(_ number: Int64, version: Int64 = 5) -> PageRow {
        PageRow(.resource, number, version: version, [.integer(key), "wander-resource", "wander-name"])
    }

    static func history(_ number: Int64, version: Int64) -> PageRow {
        PageRow(
            .history, number, version: version,
            [.integer(key), 1, "label", "wander-author", "applied", "{}", "{}", "r", 1, nil, nil, nil, nil])
    }

    /// The joining with the registers, as the feed tells it.
    static func joins(at sequence: Int64, cursor: String = firstFill, records: Int64 = 42) -> [PageRow] {
        [
            PageRow(.membership, key, version: sequence, [.text(cursor), .integer(records)]),
            customer(version: 3), .budget(key, version: 4, 900), label(6),
        ]
    }

    static func leaves(at sequence: Int64) -> [PageRow] { [PageRow(.membership, key, version: sequence)] }

    /// Texts that stand in its rows alone.
    static let marks = ["Wanderer Limited", "id-77", "account-77", "wander-", "b7700"]

    /// The marks that stand in any file of a folder.
    static func traces(in folder: String) -> [String] {
        var found: [String] = []
        for name in names(folder) {
            let bytes = readFile("\(folder)/\(name)")
            found += marks.filter { contains(bytes, $0) }.map { "\($0) in \(name)" }
        }
        return found
    }

    private static func names(_ folder: String) -> [String] {
        (FileFacts.names(in: folder) ?? []).filter { $0.hasSuffix(".db") || $0.hasSuffix("-wal") }
    }

    static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes in
            guard var place = bytes.baseAddress else { return false }
            let end = place + bytes.count
            while end - place >= wanted.count, let found = memchr(place, Int32(wanted[0]), end - place) {
                guard end - UnsafeRawPointer(found) >= wanted.count else { return false }
                if memcmp(found, wanted, wanted.count) == 0 { return true }
                place = UnsafeRawPointer(found) + 1
            }
            return false
        }
    }
}

extension TestReplica {
    /// A replica at a checkpoint of sequence 10, with two customers of its own and their bills.
    static func settled() throws -> TestReplica {
        try loaded(
            standardRows + [.product()]
                + (1...60).map { .bill(50_000 + $0, customer: 1 + $0 % 2, units: 5, version: 2) })
    }

    /// Cycles, products and regions that bill records may name, 1 and 2 of each.
    static let entries: [PageRow] = [1, 2].flatMap { (key: Int64) -> [PageRow] in
        [.cycle(key, "cycle \(key)"), .product(key), PageRow(.region, key, version: 1, ["code", "name"])]
    }

    /// Has a bill record name some of them, and no resource.
    static func nameEntries(in fields: inout [TestKit.RowField], _ choices: inout Choices) {
        for (place, column) in Entity.billRecord.columns.enumerated() {
            switch column.name {
            case "cycle", "product": fields[place] = .integer(choices.int64(in: 1...2))
            case "region": fields[place] = choices.bool() ? nil : .integer(choices.int64(in: 1...2))
            case "resource": fields[place] = nil
            default: break
            }
        }
    }

    /// Takes a page of the old records of a customer.
    @discardableResult
    func joined(
        from start: String, to end: String = "", epoch: String = "e1", sequence: Int64 = 12, more: Bool = false,
        _ rows: [PageRow]
    ) throws -> Int {
        let bytes = try pageBytes(
            "joined/1", epoch: epoch, from: start, to: end.isEmpty ? "\(start)-end" : end, sequence: sequence,
            more ? .more : .last, rows)
        var page = try ReceivedPage(bytes, kind: "joined/1", expectedCursor: start, isWhole: true)
        return try store.applyJoinedPage(&page)
    }

    /// Every row of the image as entity, key and version.
    func content() throws -> [String] {
        let connection = try plain(imageFile)
        defer { connection.close() }
        return try Entity.stored.flatMap { entity in
            try connection.statement("SELECT key, version FROM \(entity.name) ORDER BY key").rows {
                "\(entity.name) \($0.int64(0)) \($0.int64(1))"
            }
        }
    }

    /// Rows of the image that are the wanderer's.
    func wandererRows() throws -> [String] {
        let registers = Entity.registers.map {
            "SELECT '\($0.name) ' || key FROM \($0.name) WHERE key = \(Wanderer.key)"
        }
        let records = Entity.records.map {
            "SELECT '\($0.name) ' || key FROM \($0.name) WHERE customer = \(Wanderer.key)"
        }
        return try texts(imageFile, (registers + records).joined(separator: " UNION ALL "))
    }

    func count(_ table: String) throws -> Int64 {
        let connection = try plain(imageFile)
        defer { connection.close() }
        return try connection.statement("SELECT count(*) FROM \(table)").first { $0.int64(0) } ?? 0
    }
}
