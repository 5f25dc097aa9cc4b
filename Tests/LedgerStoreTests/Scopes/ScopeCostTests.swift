import PartnerModel
import SQLiteKit
import SyncProtocol
import Testing

@testable import LedgerStore

/// What a manager's polls cost beside a large book of others.
@Suite struct ScopeCostTests {
    /// A ledger of many customers of others, each with a label, of which every `every`-th belongs to mona.
    private func make(others count: Int, own: Int) throws -> (book: ScopeLedger, scope: Int64) {
        let book = try ScopeLedger(customers: own + 1)
        try book.ledger.connection.write { transaction in
            let first = try book.head + 1
            try transaction.execute(
                """
                WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < \(count))
                INSERT INTO customer SELECT 1000000 + i, \(first) + i, 'x' || i, NULL, 'y' || i, 'n', 'reseller', 1, 1, '2',
                    NULL, 0, NULL FROM n;
                INSERT INTO manager SELECT key, version, 'karl' || key % 200 FROM customer WHERE key >= 1000000;
                INSERT INTO feed
                    SELECT version, \(Entity.customer.rawValue), key, key, 0 FROM customer WHERE key >= 1000000;
                UPDATE ledger_state SET sequence = \(first) + \(count), next_key = 2000000;
                """)
        }
        let scope = try book.scope("mona")
        for customer in 0..<own { try book.assign(customer, to: "mona") }
        return (book, scope)
    }

    /// Work of all statements of one page, as the counters of their connection have it.
    private func cost(
        _ ledger: Ledger, _ read: () throws -> ScopePage
    ) throws -> (
        scanned: Int, instructions: Int, rows: Int
    ) {
        func sum() throws -> (scanned: Int, instructions: Int) {
            try ledger.connection.cachedTexts.filter { !$0.hasPrefix("PRAGMA") }.reduce(into: (0, 0)) { sum, text in
                let cost = try ledger.connection.statement(text).cost
                sum = (sum.0 + cost.scannedRows, sum.1 + cost.instructions)
            }
        }
        // Once before, so that every statement is in the cache.
        _ = try read()
        let before = try sum()
        let page = try read()
        let after = try sum()
        return (after.scanned - before.scanned, after.instructions - before.instructions, page.rows.count)
    }

    @Test func `an empty poll of a manager of 50 scans nothing and costs the same beside 100,000 others`() throws {
        var found: [Int] = []
        for others in [1_000, 100_000] {
            let (book, scope) = try make(others: others, own: 50)
            let cursor = try book.cursor(scope, at: book.head)
            let cost = try cost(book.ledger) { try book.feed(scope, from: cursor) }
            #expect(cost.rows == 0 && cost.scanned == 0)
            found.append(cost.instructions)
        }
        #expect(found[0] == found[1] && found[0] < 500)
    }

    @Test func `a change of another's customer is looked at once, whatever the manager has`() throws {
        var found: [Int] = []
        for own in [5, 50] {
            let (book, scope) = try make(others: 2_000, own: own)
            let cursor = try book.cursor(scope, at: book.head)
            let empty = try cost(book.ledger) { try book.feed(scope, from: cursor) }
            try book.setLabel(own, "of another")
            let one = try cost(book.ledger) { try book.feed(scope, from: cursor) }
            #expect(one.rows == 0 && one.scanned == 0)
            found.append(one.instructions - empty.instructions)
            try book.setLabel(own, "of another, again")
            try book.assign(own, to: "karl7")
            let two = try cost(book.ledger) { try book.feed(scope, from: cursor) }
            // The label stands in the feed once, and the manager.
            #expect(two.instructions - empty.instructions == 2 * found[found.count - 1] && two.scanned == 0)
        }
        #expect(found[0] == found[1] && found[0] < 100)
    }

    @Test func `a customer that is handed over costs the same in a large book`() throws {
        var found: [Int] = []
        for others in [1_000, 100_000] {
            let (book, _) = try make(others: others, own: 5)
            _ = try book.scope("karl3")
            let ledger = book.ledger
            func move(_ account: String) throws -> ScopePage {
                try book.assign(0, to: account)
                return try book.feed(1, after: book.head)
            }
            _ = try move("karl3")
            let cost = try cost(ledger) {
                _ = try move("mona")
                return try move("karl3")
            }
            #expect(cost.scanned == 0)
            found.append(cost.instructions)
        }
        #expect(found[1] <= found[0] + 100)
    }

    @Test func `the parts of a poll, a joining and its pages go by their indexes`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        try book.bill(0)
        try book.assign(0, to: "mona")
        let joining = try book.feed(scope, after: start).joining(of: book.customers[0])
        _ = try book.joined(scope, from: joining.fields[0])
        _ = try book.snapshot(scope)
        let connection = book.ledger.connection
        func plans(_ word: String) throws -> [String] {
            try connection.cachedTexts.filter { $0.contains(word) && !$0.contains("EXPLAIN") }.map { text in
                try connection.prepare("EXPLAIN QUERY PLAN " + text).rows { $0.text(3) }.joined(separator: "; ")
            }
        }
        let poll = try #require(try plans("FROM feed").first)
        for part in [
            "SEARCH feed USING INTEGER PRIMARY KEY", "membership_joined (scope=? AND joined>?)",
            "membership_left (scope=? AND left>?)", "SEARCH m USING INDEX membership_subject (subject=? AND scope=?",
        ] { #expect(poll.contains(part), "\(poll)") }
        #expect(!poll.contains("SCAN") && !poll.contains("TEMP B-TREE"), "\(poll)")
        for plan in try plans("e.customer = ?") {
            // A customer's records are found by customer; the table itself is passed over for none.
            #expect(plan.contains("_customer (customer=?"), "\(plan)")
        }
        let moves = try plans("FROM manager m") + plans("m.subject = ?") + plans("FROM scope_follows")
        try #require(moves.count >= 3)
        for plan in moves { #expect(!plan.contains("SCAN"), "\(plan)") }
    }
}
