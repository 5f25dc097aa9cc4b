package import PartnerModel
import SQLiteKit

extension LedgerReader {
    /// Hands every conflict, open or decided, to `body` in order of key. Memory does not grow with their number.
    package func forEachConflict(_ body: (ConflictKey, ConflictRow) throws -> Void) throws {
        let statement = try connection.statement("SELECT key FROM conflict ORDER BY key")
        defer { statement.reset() }
        while try statement.step() {
            let key = ConflictKey(statement.int64(0))
            if let row = try conflict(key) { try body(key, row) }
        }
    }

    /// How many conflicts are open, and how many are decided.
    package func conflictCounts() throws -> (open: Int64, decided: Int64) {
        let open = try connection.statement("SELECT count(*) FILTER (WHERE status = 'open'), count(*) FROM conflict")
            .first { (open: $0.int64(0), all: $0.int64(1)) }
        return open.map { ($0.open, $0.all - $0.open) } ?? (0, 0)
    }

    /// The name of a customer; nil when there is none of the key.
    package func name(of customer: CustomerKey) throws -> String? {
        let statement = try connection.statement("SELECT name FROM customer WHERE key = ?")
        try statement.bind(1, customer.value)
        return try statement.first { $0.text(0) }
    }
}
