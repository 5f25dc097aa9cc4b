import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Customers that joined or left the scope since an image was loaded, in the caller's transaction.
struct Members {
    /// Old records that are still to be fetched.
    struct Fill {
        let customer: Int64
        let cursor: String
    }

    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// A customer is there from now on; its old records are to be fetched from the cursor.
    func join(_ customer: Int64, at version: Int64, cursor: String, records: Int64) throws {
        let statement = try connection.statement(
            "INSERT OR REPLACE INTO membership (key, version, cursor, record_count) VALUES (?, ?, ?, ?)")
        try statement.bind(1, customer)
        try statement.bind(2, version)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .oldRecordsForgotten {
            try statement.bindNull(3)
        } else {
            try statement.bind(3, cursor)
        }
        #else
        try statement.bind(3, cursor)
        #endif
        try statement.bind(4, records)
        try statement.run()
    }

    /// Deletes every row of a customer that left. Cost: its rows.
    func leave(_ customer: Int64, at version: Int64) throws {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .leaveKeepsBills {
            for entity in Entity.registers { try delete("DELETE FROM \(entity.name) WHERE key = ?", customer) }
            return try delete("DELETE FROM membership WHERE key = ?", customer)
        }
        #endif
        for entity in Entity.registers { try delete("DELETE FROM \(entity.name) WHERE key = ?", customer) }
        for entity in Entity.records { try delete("DELETE FROM \(entity.name) WHERE customer = ?", customer) }
        try delete("DELETE FROM membership WHERE key = ?", customer)
        try noteTraces(of: customer, at: version)
    }

    private func delete(_ sql: String, _ customer: Int64) throws {
        let statement = try connection.statement(sql)
        try statement.bind(1, customer)
        try statement.run()
    }

    // MARK: Old records

    /// The customer whose old records come next: in the order of joining.
    func nextFill() throws -> Fill? {
        try connection.statement(
            "SELECT key, cursor FROM membership WHERE cursor IS NOT NULL ORDER BY version LIMIT 1"
        ).first { Fill(customer: $0.int64(0), cursor: $0.text(1)) }
    }

    /// The customer whose records go on at a cursor.
    func fill(at cursor: String) throws -> Fill? {
        let statement = try connection.statement("SELECT key FROM membership WHERE cursor = ?")
        try statement.bind(1, cursor)
        return try statement.first { Fill(customer: $0.int64(0), cursor: cursor) }
    }

    /// Moves a fill on. Without a cursor all records are here as they were when the last page was read, at `sequence`: what was
    /// deleted or changed by then is missing until the feed has come that far.
    func move(_ fill: Fill, to cursor: String?, at sequence: Int64?, rows: Int) throws {
        let statement = try connection.statement(
            "UPDATE membership SET cursor = ?, complete_at = ?, records_done = records_done + ? WHERE key = ?")
        try statement.bind(1, cursor)
        try statement.bind(2, cursor == nil ? sequence : nil)
        try statement.bind(3, Int64(rows))
        try statement.bind(4, fill.customer)
        try statement.run()
        if cursor == nil, try nextFill() == nil { try connection.execute("DELETE FROM grave") }
    }

    /// The feed has come to a sequence.
    func reach(_ sequence: Int64) throws {
        let statement = try connection.statement("UPDATE membership SET complete_at = NULL WHERE complete_at <= ?")
        try statement.bind(1, sequence)
        try statement.run()
    }

    /// Whether all pages have come and the feed has to catch up with the last of them.
    func waitsForFeed() throws -> Bool {
        try connection.statement("SELECT 1 FROM membership WHERE complete_at IS NOT NULL").first { _ in true } ?? false
    }

    /// Records fetched and records in all of the customers whose records are not all here; nil when there is none.
    func progress() throws -> ReplicaStore.FillProgress? {
        try connection.statement(
            "SELECT sum(records_done), sum(record_count), count(*) FROM membership WHERE cursor IS NOT NULL OR complete_at IS NOT NULL"
        ).first { row in
            row.int64(2) == 0
                ? nil
                : ReplicaStore.FillProgress(
                    recordsDone: row.int64(0), recordsTotal: max(row.int64(0), row.int64(1)), customers: row.int64(2))
        } ?? nil
    }

    /// Whether old records of a customer are missing still.
    func isFilling(_ customer: Int64) throws -> Bool {
        let statement = try connection.statement(
            "SELECT 1 FROM membership WHERE key = ? AND (cursor IS NOT NULL OR complete_at IS NOT NULL)")
        try statement.bind(1, customer)
        return try statement.first { _ in true } ?? false
    }

    func bury(_ entity: Entity, _ key: Int64, _ version: Int64) throws {
        let statement = try connection.statement("INSERT OR REPLACE INTO grave (entity, key, version) VALUES (?, ?, ?)")
        try statement.bind(1, Int64(entity.rawValue))
        try statement.bind(2, key)
        try statement.bind(3, version)
        try statement.run()
    }

    func isBuried(_ entity: Entity, _ key: Int64, _ version: Int64) throws -> Bool {
        let statement = try connection.statement("SELECT 1 FROM grave WHERE entity = ? AND key = ? AND version > ?")
        try statement.bind(1, Int64(entity.rawValue))
        try statement.bind(2, key)
        try statement.bind(3, version)
        return try statement.first { _ in true } ?? false
    }

    // MARK: Traces

    /// Rows of a customer were deleted of which no byte is to stay: cleared after the next checkpoint.
    func noteTraces(of customer: Int64, at version: Int64) throws {
        let statement = try connection.statement("INSERT OR REPLACE INTO departed (key, version) VALUES (?, ?)")
        try statement.bind(1, customer)
        try statement.bind(2, version)
        try statement.run()
    }

    /// Customers that left, or whose contact was erased, and whose traces stand in the files still.
    func departed() throws -> [Int64] {
        try connection.statement("SELECT key FROM departed ORDER BY key").rows { $0.int64(0) }
    }

    /// Whether the image has the customer.
    func has(_ customer: Int64) throws -> Bool {
        let statement = try connection.statement("SELECT 1 FROM customer WHERE key = ?")
        try statement.bind(1, customer)
        return try statement.first { _ in true } ?? false
    }
}
