import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import LedgerStore

/// A ledger with customers, and scopes over them.
final class ScopeLedger {
    let folder = TemporaryDirectory()
    let ledger: Ledger
    private(set) var customers: [CustomerKey] = []
    private var product: Int64 = 0
    private var bills = 0

    /// A time after all that the fixture writes.
    static let now = Timestamp(seconds: 1_795_000_000)

    init(customers count: Int = 4) throws {
        ledger = try Ledger.create(
            path: folder.file("l.db"), epoch: "00aa", sealKey: [UInt8](repeating: 1, count: 32),
            partner: PartnerRow(name: "P", state: .active, currency: "USD", discountRange: nil))
        try ledger.write { writer in
            try writer.put(
                .cycle, key: 202_611, subject: Subject.everyone, [.text("2026-11"), .text("estimate"), .integer(1)])
            product = writer.newKey()
            try writer.put(
                .product, key: product, subject: Subject.everyone,
                [.text("p"), .text("P"), .text("s"), .text("S"), .text("r"), .null, .null])
            for index in 0..<count {
                let key = CustomerKey(writer.newKey())
                try writer.put(
                    .customer, key: key.value, subject: key.value,
                    [
                        .text("c\(index)"), .null, .text("account-\(index)"), .text("Customer \(index)"),
                        .text("reseller"), .integer(1), .integer(1), .text("2"), .null, .integer(0), .null,
                    ])
                customers.append(key)
            }
        }
    }

    // MARK: Writing

    @discardableResult
    func assign(_ customer: Int, to account: String?, at: Timestamp = ScopeLedger.now) throws -> Int64 {
        try ledger.write { writer in
            _ = try writer.set(.manager(account), of: customers[customer], author: "t", at: at)
            return writer.sequence
        }
    }

    func setFormer(_ customer: Int, _ isFormer: Bool, at: Timestamp = ScopeLedger.now) throws {
        try ledger.write { writer in
            var row = try #require(try writer.customerRow(customers[customer]))
            row.isFormer = isFormer
            if !isFormer { row.associatedOn = at }
            try writer.putCustomer(row)
        }
    }

    @discardableResult
    func setLabel(_ customer: Int, _ label: String) throws -> Int64 {
        try ledger.write { try $0.set(.label(label), of: customers[customer], author: "t", at: ScopeLedger.now).value }
    }

    /// A bill record of a customer, consumed at a time. Its key.
    @discardableResult
    func bill(_ customer: Int, consumed: Int64 = 9, key: Int64? = nil) throws -> Int64 {
        bills += 1
        return try ledger.write { writer in
            let key = key ?? writer.newKey()
            try writer.put(
                .billRecord, key: key, subject: customers[customer].value,
                [
                    .integer(customers[customer].value), .integer(202_611), .text("b\(key)"), .null, .integer(5),
                    .integer(3), .integer(product), .null, .null, .null, .integer(consumed), .null, .null, .null,
                    .text("USD"), .integer(10), .integer(0), .integer(10), .integer(10), .integer(0), .integer(0),
                    .integer(0), .integer(0), .integer(0), .integer(0), .null, .null,
                ])
            return key
        }
    }

    func delete(_ entity: Entity, key: Int64, of customer: Int) throws {
        try ledger.write { try $0.delete(entity, key: key, subject: customers[customer].value) }
    }

    func scope(_ accounts: String..., replacing old: Int64? = nil, seesCoupons: Bool = false) throws -> Int64 {
        try define(.managed(by: accounts), replacing: old, seesCoupons: seesCoupons)
    }

    func define(
        _ customers: ScopeDefinition.Customers, replacing old: Int64? = nil, seesCoupons: Bool = false
    ) throws -> Int64 {
        try ledger.write {
            try $0.putScope(
                ScopeDefinition(
                    customers: customers, seesCoupons: seesCoupons, seesBills: seesCoupons, seesQuota: seesCoupons),
                replacing: old, at: ScopeLedger.now)
        }
    }

    // MARK: Reading

    var head: Int64 { get throws { try ledger.read { $0.state.sequence } } }

    func found(_ scope: Int64) throws -> Scope { try #require(try ledger.read { try $0.scope(scope) }) }

    /// Customers of a scope by their place in `customers`, and the sequences at which they joined.
    func members(_ scope: Int64) throws -> [Int: Int64] {
        let rows = try ledger.read { reader in
            let statement = try reader.connection.statement(
                "SELECT subject, joined FROM membership WHERE scope = ? AND \"left\" IS NULL")
            try statement.bind(1, scope)
            return try statement.rows { ($0.int64(0), $0.int64(1)) }
        }
        var members: [Int: Int64] = [:]
        for (subject, joined) in rows {
            members[try #require(customers.firstIndex(of: CustomerKey(subject)))] = joined
        }
        return members
    }

    /// A feed cursor at a sequence.
    func cursor(_ scope: Int64, at sequence: Int64) throws -> String {
        let found = try found(scope)
        return try ledger.read {
            Cursor(
                epoch: "00aa", scope: scope, scopeVersion: found.version, sequence: sequence, at: 5, place: .feed
            ).text(key: $0.state.sealKey)
        }
    }

    func feed(_ scope: Int64, from cursor: String) throws -> ScopePage {
        let found = try found(scope)
        return try ScopePage.both(kind: "feed/1", from: cursor) { form in
            try ledger.read { try $0.feedPage(cursor, scope: found, form: form, serverTime: 7) }
        }
    }

    func feed(_ scope: Int64, after sequence: Int64) throws -> ScopePage {
        try feed(scope, from: cursor(scope, at: sequence))
    }

    func joined(_ scope: Int64, from cursor: String) throws -> ScopePage {
        let found = try found(scope)
        return try ScopePage.both(kind: "joined/1", from: cursor) { form in
            try ledger.read { try $0.joinedPage(cursor, scope: found, form: form, serverTime: 7) }
        }
    }

    /// All rows of a first load, without the feed after it.
    func snapshot(_ scope: Int64) throws -> [ScopePage.Row] {
        let found = try found(scope)
        var cursor = try ledger.read { try $0.snapshotPlan(scope: found, serverTime: 7).cursor }
        var rows: [ScopePage.Row] = []
        while true {
            let page = try ScopePage.both(kind: "snapshot/1", from: cursor) { form in
                try ledger.read { try $0.snapshotPage(cursor, scope: found, form: form, serverTime: 7) }
            }
            rows += page.rows
            guard page.received.more else { return rows }
            cursor = page.received.cursor
        }
    }
}

/// A page with its rows taken apart.
struct ScopePage {
    struct Row: Hashable {
        let entity: Entity
        let key: Int64
        let version: Int64
        /// Integers and texts as they stand, in wire order; empty for a tombstone.
        let fields: [String]
        var isTombstone: Bool { fields.isEmpty }
    }

    let received: ReceivedPage
    let rows: [Row]
    /// Texts of the cursor lines, and how many rows stand above each.
    let marks: [(cursor: String, rows: Int)]

    /// The page in its plain form. Packed it must hold the same rows, as far as both go.
    static func both(
        kind: String, from start: String, _ read: (RowForm) throws -> [UInt8]
    ) throws -> ScopePage {
        let plain = try ScopePage(try read(.plain), kind: kind, from: start)
        let packed = try ScopePage(try read(.packed), kind: kind, from: start)
        #expect(packed.rows.starts(with: plain.rows))
        return plain
    }

    init(_ bytes: [UInt8], kind: String, from start: String) throws {
        var page = try ReceivedPage(bytes, kind: kind, expectedCursor: start, isWhole: true)
        received = page
        var rows: [Row] = []
        try page.forEachRow { row in
            let columns = row.isTombstone ? 0..<0 : row.entity.columns.indices
            rows.append(
                Row(
                    entity: row.entity, key: row.key, version: row.version,
                    fields: columns.map { column in
                        row.integer(column).map { "\($0)" } ?? row.text(column) ?? "null"
                    }))
        }
        self.rows = rows
        var marks: [(cursor: String, rows: Int)] = []
        var above = 0
        for line in bytes.split(separator: 0x0A).dropFirst().dropLast() {
            if line.first == 0x5B {
                above += 1
            } else {
                marks.append((try WireCoding.decode(V1.PageCursor.self, from: Array(line)).cursor, above))
            }
        }
        self.marks = marks
    }

    /// Entity names and keys in order, tombstones with a minus.
    var story: [String] { rows.map { "\($0.isTombstone ? "-" : "")\($0.entity.name) \($0.key)" } }

    /// The line of a customer's joining.
    func joining(of customer: CustomerKey) throws -> Row {
        try #require(rows.first { $0.entity == .membership && $0.key == customer.value && !$0.isTombstone })
    }
}
