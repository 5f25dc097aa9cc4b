import PartnerModel
import SQLiteKit

extension ReplicaReader {
    /// Customers whose association request waits for a decision, the oldest request first.
    package func pendingRequests(limit: Int = 10_000) throws(StoreError) -> [CustomerSummary] {
        let keys = try read { connection in
            let statement = try connection.statement(
                """
                SELECT q.key FROM request q JOIN customer c ON c.key = q.key WHERE q.status = 'pending'
                ORDER BY q.requested_at, q.key LIMIT ?
                """)
            try statement.bind(1, Int64(limit))
            return try statement.rows { CustomerKey($0.int64(0)) }
        }
        var found: [CustomerSummary] = []
        for key in keys {
            // A page that came in between may have taken the customer away.
            do { found.append(try customer(key).summary) } catch  where error.code == .notFound { continue }
        }
        return found
    }
}
