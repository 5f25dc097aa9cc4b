import PropertyKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What packed pages leave in an image: a statement keeps the fields that a line does not name.
@Suite struct PackedPageTests {
    /// All columns of all rows of some entities.
    private func content(_ replica: TestReplica) throws -> [String] {
        try [Entity.billRecord, .label, .contact, .resource].flatMap { entity in
            let columns = (["key", "version"] + entity.columns.map(\.name)).map { "quote(\($0))" }
            return try replica.texts(
                replica.imageFile,
                "SELECT \(columns.joined(separator: " || ' ' || ")) FROM \(entity.name) ORDER BY key"
            )
        }
    }

    private func draw(_ choices: inout Choices, version: Int64) -> PageRow {
        let entity = choices.element(of: [Entity.billRecord, .label, .contact, .resource])
        let key = choices.int64(in: 1...(entity == .billRecord || entity == .resource ? 200 : 2))
        if choices.bool(percent: 10) { return PageRow(entity, key, version: version) }
        let texts = ["", "a", "quote\" \\ \u{1}", "a text of more than a few bytes", "華為"]
        var fields = entity.columns.map { column -> TestKit.RowField in
            if column.isOptional, choices.bool(percent: 30) { return nil }
            return column.kind == .integer
                ? .integer(choices.element(of: [0, 1, -1, .max])) : .text(choices.element(of: texts))
        }
        if entity == .billRecord { fields[2] = .text("b\(key)") }
        if entity == .billRecord { TestReplica.nameEntries(in: &fields, &choices) }
        if entity == .billRecord || entity == .resource { fields[0] = .integer(choices.int64(in: 1...2)) }
        return PageRow(entity, key, version: version, fields)
    }

    @Test func `packed pages leave the image that plain pages leave`() throws {
        try checkProperty("images", cases: 8) { choices in
            let (plain, packed) = (try TestReplica.settled(), try TestReplica.settled())
            for replica in [plain, packed] { try replica.feed(sequence: 10, TestReplica.entries) }
            for sequence in Int64(11)...13 {
                let rows = (0..<choices.int(in: 0...150)).map { _ in draw(&choices, version: sequence) }
                let end = choices.bool() || sequence == 13 ? PageEnd.checkpoint : .more
                try plain.feed(sequence: sequence, end: end, rows, form: .plain)
                try packed.feed(sequence: sequence, end: end, rows)
            }
            try #require(try content(plain) == content(packed))
        }
    }

    @Test func `a row after one that was passed over has all of its own fields`() throws {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 11, Wanderer.joins(at: 11))
        try replica.feed(sequence: 12, [PageRow(.billRecord, 770_002, version: 12)])
        let rows = [5, 9, 9].enumerated().map { place, units in
            PageRow.bill(770_001 + Int64(place), customer: Wanderer.key, units: Int64(units))
        }
        try replica.joined(from: Wanderer.firstFill, rows)
        let amounts = "SELECT key || ':' || official_amount FROM bill_record WHERE customer = 77 ORDER BY key"
        #expect(try replica.texts(replica.imageFile, amounts) == ["770001:5", "770003:9"])
    }

    @Test(arguments: [3, 0, 14])
    func `a packed row without what must be there, or with another kind of it, is refused`(column: Int) throws {
        let replica = try TestReplica.settled()
        var row = PageRow.bill(1, customer: 1, units: 5).fields
        row[column] = column == 3 ? 7 : column == 0 ? nil : 5
        let rows = [PageRow.bill(5, customer: 1, units: 5), PageRow(.billRecord, 6, version: 1, row)]
        #expect(throws: StoreError.self) { try replica.feed(sequence: 11, rows) }
        try replica.feed(sequence: 11, [PageRow.bill(5, customer: 1, units: 5)])
    }
}
