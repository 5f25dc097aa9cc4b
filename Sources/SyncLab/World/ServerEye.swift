import PartnerModel
import SQLiteKit
import SyncProtocol

/// Watches a ledger's file with plain SQL: what changed since the last look. It shares no query with the product.
final class ServerEye {
    private let connection: Connection
    private(set) var sequence: Int64 = 0
    private var lastRecord: Int64 = 0
    private var dataVersion: Int64 = -1

    /// Opens the file; goes on where an earlier eye stopped looking.
    init(path: String, continuing other: ServerEye?) throws {
        connection = try Connection(path: path, mode: .readWrite, durability: .reader)
        sequence = other?.sequence ?? 0
        lastRecord = other?.lastRecord ?? 0
    }

    func close() { connection.close() }

    struct Look {
        var sequence: Int64 = 0
        /// Memberships take sequences too, without a row.
        var hasMoved = false
        var rows: [TruthRow] = []
        var records: [RecordMark] = []
    }

    /// What was committed since the last look; nil when nothing was.
    func look() throws -> Look? {
        let version = try connection.statement("PRAGMA data_version").first { $0.int64(0) } ?? 0
        guard version != dataVersion else { return nil }
        dataVersion = version
        return try connection.read { _ in
            var look = Look()
            look.sequence = try connection.statement("SELECT sequence FROM ledger_state").first { $0.int64(0) } ?? 0
            let feed = try connection.statement(
                "SELECT entity, key, sequence, subject, deleted FROM feed WHERE sequence > ? ORDER BY sequence")
            try feed.bind(1, sequence)
            let entries = try feed.rows { ($0.int64(0), $0.int64(1), $0.int64(2), $0.int64(3), $0.int64(4) != 0) }
            for (entity, key, sequence, subject, deleted) in entries {
                guard let entity = Entity(rawValue: Int(entity)) else { continue }
                look.rows.append(try row(entity, key, version: sequence, subject, deleted))
            }
            look.records = try records()
            look.hasMoved = look.sequence != sequence
            sequence = look.sequence
            lastRecord = look.records.last?.id ?? lastRecord
            return look
        }
    }

    /// Results that the store holds for a replica's edits.
    func results(replica: String, numbers: [Int64]) throws -> [V1.Result] {
        var found: [V1.Result] = []
        for number in numbers {
            let statement = try connection.statement("SELECT result FROM result WHERE replica = ? AND number = ?")
            try statement.bind(1, replica)
            try statement.bind(2, number)
            let text = try statement.first { $0.text(0) }
            if let text { found.append(try WireCoding.decode(V1.Result.self, from: text)) }
        }
        return found
    }

    private func row(
        _ entity: Entity, _ key: Int64, version: Int64, _ subject: Int64, _ deleted: Bool
    ) throws -> TruthRow {
        guard !deleted else {
            return TruthRow(entity: entity, key: key, version: version, subject: subject, content: nil, value: .other)
        }
        let statement = try connection.statement(RowSQL.one(entity))
        try statement.bind(1, key)
        let content = try statement.first { $0.withTextBytes(2) { Mix.bytes($0) } }
        return TruthRow(
            entity: entity, key: key, version: version, subject: subject, content: content,
            value: try value(entity, key))
    }

    private func value(_ entity: Entity, _ key: Int64) throws -> RowValue {
        let columns: String
        switch entity {
        case .partner: columns = "state, discount_low, discount_high"
        case .customer: columns = "association, former, managed_by"
        case .usage: columns = "amount"
        case .manager: columns = "account_name"
        case .label: columns = "label"
        case .request: columns = "purpose, status"
        case .budget: columns = "amount, type, on_exhaustion"
        case .freezes: columns = "freezes"
        case .discount: columns = "percent_bp, valid_from, valid_until"
        case .conflict: columns = "customer, register, replica, edit, status, theirs_version, choice, deadline"
        default: return .other
        }
        let statement = try connection.statement("SELECT \(columns) FROM \(entity.name) WHERE key = ?")
        try statement.bind(1, key)
        return try statement.first { try ServerEye.value(entity, $0) } ?? .other
    }

    private static func value(_ entity: Entity, _ row: Statement) throws -> RowValue {
        switch entity {
        case .partner:
            return .partner(
                PartnerState(rawValue: row.text(0)) ?? .active, lowest: row.optionalInt64(1),
                highest: row.optionalInt64(2))
        case .customer:
            return .customer(
                AssociationType(rawValue: row.text(0)) ?? .reseller, isFormer: row.int64(1) != 0,
                managedBy: row.optionalText(2))
        case .usage: return .usage(row.int64(0))
        case .manager: return .manager(row.optionalText(0))
        case .label: return .label(row.optionalText(0))
        case .request: return .request(purpose: row.optionalText(0), status: row.optionalText(1))
        case .budget:
            guard let amount = row.optionalInt64(0), let type = BudgetType(rawValue: row.text(1)),
                let action = ExhaustionAction(rawValue: row.text(2))
            else { return .budget(nil) }
            return .budget(Budget(amount: Money(units: amount), type: type, onExhaustion: action))
        case .freezes:
            return .freezes(try WireCoding.decode([V1.Freeze].self, from: row.text(0)).map { try $0.freeze() })
        case .discount:
            guard let percent = row.optionalInt64(0) else { return .discount(nil) }
            return .discount(
                Discount(
                    percent: BasisPoints(percent), validFrom: Timestamp(seconds: row.int64(1)),
                    validUntil: Timestamp(seconds: row.int64(2))))
        case .conflict:
            return .conflict(
                ConflictMark(
                    customer: row.int64(0), register: row.text(1), replica: row.text(2), edit: row.int64(3),
                    isOpen: row.text(4) == "open",
                    theirsVersion: row.int64(5), choice: row.optionalText(6), deadline: row.optionalInt64(7)))
        default: return .other
        }
    }

    private func records() throws -> [RecordMark] {
        let statement = try connection.statement(
            "SELECT key, customer, register, author, action, before, after, replica, edit FROM history WHERE key > ? ORDER BY key"
        )
        try statement.bind(1, lastRecord)
        return try statement.rows {
            RecordMark(
                id: $0.int64(0), customer: $0.int64(1), register: $0.text(2), author: $0.text(3), action: $0.text(4),
                before: $0.text(5),
                after: $0.text(6), replica: $0.optionalText(7), edit: $0.optionalInt64(8))
        }
    }
}

/// Queries over the tables that both files have.
enum RowSQL {
    private static let all: [String] = Entity.allCases.map { query($0) + " ORDER BY key" }
    private static let single: [String] = Entity.allCases.map { query($0) + " WHERE key = ?" }

    /// Key, version and columns of every row, in order of key.
    static func every(_ entity: Entity) -> String { all[entity.rawValue] }
    /// The same of one row.
    static func one(_ entity: Entity) -> String { single[entity.rawValue] }

    private static func query(_ entity: Entity) -> String {
        "SELECT key, version, json_array(\(entity.columns.map(\.name).joined(separator: ", "))) FROM \(entity.name)"
    }
}
