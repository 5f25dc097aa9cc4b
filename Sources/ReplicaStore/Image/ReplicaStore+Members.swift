import SQLiteKit
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Customers that join and leave the scope while the feed is followed.
extension ReplicaStore {
    /// How far the old records of customers that joined are fetched.
    package struct FillProgress: Sendable, Hashable {
        package let recordsDone: Int64
        package let recordsTotal: Int64
        package let customers: Int64
    }

    /// The cursor of the next page of old records; nil when there is none to fetch, and while a load is under way, which may
    /// bring them itself.
    package func fillCursor() throws(StoreError) -> String? {
        try StoreError.wrap {
            guard staging == nil, let live, let meta = try live.meta(), meta.loadCursor == nil,
                meta.fetchedCursor != nil
            else { return nil }
            return try Members(live.connection).nextFill()?.cursor
        }
    }

    /// Nil when all records of all customers are here.
    package func fillProgress() throws(StoreError) -> FillProgress? {
        try StoreError.wrap {
            guard staging == nil, let live else { return nil }
            return try Members(live.connection).progress()
        }
    }

    /// Whether old records are all fetched and show a later state than the image: the next checkpoint brings them together.
    package func fillWaitsForFeed() throws(StoreError) -> Bool {
        try StoreError.wrap { try live.map { try Members($0.connection).waitsForFeed() } ?? false }
    }

    /// Keeps a page of old records: rows and the place where they go on in one transaction. A page whose customer left, or
    /// joined anew, while it was on its way is refused and changes nothing. Returns its rows.
    package func applyJoinedPage(_ page: inout ReceivedPage) throws(StoreError) -> Int {
        try StoreError.wrap {
            guard staging == nil, let live else {
                throw RowError("the page comes while the replica is loaded anew")
            }
            return try live.applyJoined(&page)
        }
    }

    // MARK: Traces

    /// Clears what is left of customers that departed: what the outbox knows of them beside its author's own words, and the
    /// bytes that the deleted rows left in the files. Tried again at the next checkpoint when a reader is in the way. Cost: one
    /// read of both files, after a departure only.
    func clearTraces() throws {
        guard let live else { return }
        let departed = try Members(live.connection).departed()
        try noteDepartures(departed.filter { try !Members(live.connection).has($0) })
        let isReduced = try reduceDeparted()
        guard !departed.isEmpty || isReduced else { return }
        #if FIELDBOOK_DEFECTS
        let isLeft = Defect.planted == .wipeLeavesPages
        #else
        let isLeft = false
        #endif
        guard try isLeft || (live.connection.scrub() && outbox.scrub()) else { return }
        // A load under way may hold rows of theirs still.
        guard staging == nil else { return }
        try live.write { try $0.execute("DELETE FROM departed") }
    }

    /// Customers of edits that a load has not brought left between two loads; the new image remembers them as departed, in
    /// the transaction of its first checkpoint.
    func noteMissing(in generation: Generation) throws {
        let members = Members(generation.connection)
        let customers = try outbox.statement(
            "SELECT DISTINCT customer FROM edit WHERE customer_name <> '' ORDER BY customer"
        ).rows { $0.int64(0) }
        for customer in customers where try !members.has(customer) { try members.noteTraces(of: customer, at: 0) }
    }

    /// Remembers in the outbox which customers left, until nothing of them has to be reduced any more.
    private func noteDepartures(_ departed: [Int64]) throws {
        guard !departed.isEmpty else { return }
        try outbox.write { transaction in
            for customer in departed {
                let statement = try transaction.statement(
                    """
                    INSERT OR IGNORE INTO departed (customer)
                    SELECT ?1 WHERE EXISTS (SELECT 1 FROM edit WHERE customer = ?1 AND customer_name <> '')
                    """)
                try statement.bind(1, customer)
                try statement.run()
            }
        }
    }

    /// Takes from the edits on departed customers that have their end what is not their author's own: the customer's names,
    /// the values that stood before, what others did. An edit without its end, or refused, keeps its customer's name, so that
    /// its author can see what it was about. True when something was taken.
    private func reduceDeparted() throws -> Bool {
        guard let live else { return false }
        let customers = try outbox.statement("SELECT customer FROM departed ORDER BY customer").rows { $0.int64(0) }
        guard !customers.isEmpty else { return false }
        var isReduced = false
        try outbox.write { transaction in
            for customer in customers {
                // Who is back brings it all again.
                if try !Members(live.connection).has(customer) {
                    isReduced = try reduce(customer, transaction) || isReduced
                    guard try !hasNamed(customer) else { continue }
                }
                let done = try transaction.statement("DELETE FROM departed WHERE customer = ?")
                try done.bind(1, customer)
                try done.run()
            }
        }
        return isReduced
    }

    private func hasNamed(_ customer: Int64) throws -> Bool {
        let statement = try outbox.statement("SELECT 1 FROM edit WHERE customer = ? AND customer_name <> '' LIMIT 1")
        try statement.bind(1, customer)
        return try statement.first { _ in true } ?? false
    }

    private func reduce(_ customer: Int64, _ transaction: borrowing Transaction) throws -> Bool {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .editDroppedAtLeave {
            try transaction.execute(
                "UPDATE edit SET state = 'discarded' WHERE customer = \(customer) AND state = 'saved'")
        }
        #endif
        let copies = try transaction.statement(
            "DELETE FROM conflict_copy WHERE edit IN (SELECT number FROM edit WHERE customer = ?)")
        try copies.bind(1, customer)
        try copies.run()
        let edits = try transaction.statement(
            """
            UPDATE edit SET customer_id = '', customer_name = '', prediction = NULL,
                edit = json_remove(edit, '$.before'),
                result = json_remove(result, '$.was', '$.became', '$.otherBy', '$.otherAt', '$.guards', '$.message')
            WHERE customer = ? AND customer_name <> '' AND state IN ('settled', 'discarded', 'combined')
            """)
        try edits.bind(1, customer)
        try edits.run()
        return transaction.changes > 0
    }
}
