package import PartnerModel
import SQLiteKit
import SyncProtocol

/// Look-ups that an import needs to touch only what differs.
extension LedgerReader {
    /// A bill record by its id: its key and all its columns.
    package func bill(id: String) throws -> (key: Int64, values: [LedgerValue])? {
        let columns = Entity.billRecord.columns
        let statement = try connection.statement(
            "SELECT key, \(columns.map(\.name).joined(separator: ", ")) FROM bill_record WHERE bill_id = ?")
        try statement.bind(1, id)
        return try statement.first { row in
            let values = columns.enumerated().map { index, column -> LedgerValue in
                if row.isNull(index + 1) { return .null }
                return column.kind == .integer ? .integer(row.int64(index + 1)) : .text(row.text(index + 1))
            }
            return (row.int64(0), values)
        }
    }

    /// Keys of products by id and service name, joined by the unit separator.
    package func productKeys() throws -> [String: Int64] {
        try keys("SELECT product_id || char(31) || service_name, key FROM product")
    }

    /// Keys of regions by code.
    package func regionKeys() throws -> [String: Int64] { try keys("SELECT code, key FROM region") }

    /// The key of a customer's resource; nil when it is new.
    package func resourceKey(id: String, customer: CustomerKey) throws -> Int64? {
        let statement = try connection.statement("SELECT key FROM resource WHERE resource_id = ? AND customer = ?")
        try statement.bind(1, id)
        try statement.bind(2, customer.value)
        return try statement.first { $0.int64(0) }
    }

    /// Whether a cycle is an estimate or final; nil when it is new.
    package func cycleStatus(key: Int64) throws -> CycleStatus? {
        let statement = try connection.statement("SELECT status FROM cycle WHERE key = ?")
        try statement.bind(1, key)
        return try statement.first { CycleStatus(rawValue: $0.text(0)) } ?? nil
    }

    private func keys(_ sql: String) throws -> [String: Int64] {
        var keys: [String: Int64] = [:]
        _ = try connection.statement(sql).rows { keys[$0.text(0)] = $0.int64(1) }
        return keys
    }
}
