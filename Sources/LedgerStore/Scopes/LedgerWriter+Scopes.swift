package import PartnerModel
import SQLiteKit

/// Scopes and their membership. A customer belongs to a listed scope exactly while its `manager` register names an account
/// that the scope follows and it is no former customer: whatever changes either moves the membership with it, and each
/// joining and leaving gets a sequence of its own, by which the feed tells it.
extension LedgerWriter {
    /// Gives a scope with this definition and returns its number: one of all customers is shared by all who see the same,
    /// a listed one belongs to its member. `old` is the number that the member had; a listed scope that stays listed keeps
    /// its number, and its version rises when more than the customers changed. Cursors of another scope or version are
    /// refused, so that their replicas load anew. Cost: one look-up a customer that joins or leaves.
    package func putScope(_ definition: ScopeDefinition, replacing old: Int64?, at: Timestamp) throws -> Int64 {
        let replaced = try old.flatMap { try scope($0) }
        let listed = replaced.flatMap { $0.isWhole ? nil : $0 }
        switch definition.customers {
        case .all:
            if let listed { try dropScope(listed.number) }
            let known = try connection.statement(
                "SELECT scope FROM scope WHERE kind = 'all' AND sees_coupons = ? AND sees_bills = ? AND sees_quota = ?")
            try bind(definition, to: known, from: 1)
            if let number = try known.first({ $0.int64(0) }) { return number }
            return try newScope(kind: "all", definition)
        case .managed(let accounts):
            let number = try listed?.number ?? newScope(kind: "listed", definition)
            if let listed, !definition.showsAs(listed) { try raise(number, to: definition) }
            try follow(accounts, in: number, at: at)
            return number
        }
    }

    /// Gives the scope that a member holds the partner's own figures that it is to show, and no others. Its customers stay
    /// as they are. Returns the number to hold from now on; nil when nothing had to change.
    package func alignScope(
        _ number: Int64, seesCoupons: Bool, seesBills: Bool, seesQuota: Bool, at: Timestamp
    ) throws -> Int64? {
        let definition = ScopeDefinition(
            customers: .all, seesCoupons: seesCoupons, seesBills: seesBills, seesQuota: seesQuota)
        guard let scope = try scope(number), !definition.showsAs(scope) else { return nil }
        if scope.isWhole { return try putScope(definition, replacing: nil, at: at) }
        try raise(number, to: definition)
        return number
    }

    private func raise(_ number: Int64, to definition: ScopeDefinition) throws {
        try keepPast(of: number)
        let statement = try connection.statement(
            """
            UPDATE scope SET version = version + 1, sees_coupons = ?, sees_bills = ?, sees_quota = ? WHERE scope = ?
            """)
        try bind(definition, to: statement, from: 1)
        try statement.bind(4, number)
        try statement.run()
    }

    private func bind(_ definition: ScopeDefinition, to statement: Statement, from first: Int) throws {
        try statement.bind(first, definition.seesCoupons ? 1 : 0)
        try statement.bind(first + 1, definition.seesBills ? 1 : 0)
        try statement.bind(first + 2, definition.seesQuota ? 1 : 0)
    }

    /// Removes a listed scope that no member has any more.
    package func dropScope(_ number: Int64) throws {
        try keepPast(of: number)
        for table in ["membership", "scope_follows", "scope"] {
            let statement = try connection.statement("DELETE FROM \(table) WHERE scope = ?")
            try statement.bind(1, number)
            try statement.run()
        }
    }

    /// Narrows the bill records of listed scopes to those consumed since a customer was assigned, or shows all again.
    /// Every listed scope gets a new version when that changes.
    package func setBillsSinceAssignment(_ isNarrow: Bool) throws {
        guard state.billsSinceAssignment != isNarrow else { return }
        try keepPast(of: nil)
        let statement = try connection.statement("UPDATE ledger_state SET bills_since_assignment = ? WHERE id = 1")
        try statement.bind(1, isNarrow ? 1 : 0)
        try statement.run()
        try connection.statement("UPDATE scope SET version = version + 1 WHERE kind = 'listed'").run()
    }

    private func newScope(kind: String, _ definition: ScopeDefinition) throws -> Int64 {
        // Numbers are never given twice: a cursor of a scope that is gone must not fit another.
        let highest = try connection.statement(
            "SELECT max((SELECT coalesce(max(scope), 1) FROM scope), (SELECT scopes_made FROM ledger_state))"
        ).first { $0.int64(0) }
        let number = (highest ?? 1) + 1
        let counter = try connection.statement("UPDATE ledger_state SET scopes_made = ? WHERE id = 1")
        try counter.bind(1, number)
        try counter.run()
        let statement = try connection.statement(
            "INSERT INTO scope (scope, kind, version, sees_coupons, sees_bills, sees_quota) VALUES (?, ?, 1, ?, ?, ?)")
        try statement.bind(1, number)
        try statement.bind(2, kind)
        try bind(definition, to: statement, from: 3)
        try statement.run()
        return number
    }

    private func follow(_ accounts: [String], in scope: Int64, at: Timestamp) throws {
        let clear = try connection.statement("DELETE FROM scope_follows WHERE scope = ?")
        try clear.bind(1, scope)
        try clear.run()
        for account in accounts {
            let statement = try connection.statement(
                "INSERT OR IGNORE INTO scope_follows (scope, account) VALUES (?, ?)")
            try statement.bind(1, scope)
            try statement.bind(2, account)
            try statement.run()
        }
        let managed = """
            SELECT m.key FROM manager m JOIN scope_follows f ON f.account = m.account_name JOIN customer c ON c.key = m.key
            WHERE f.scope = ?1 AND c.former = 0
            """
        let present = "SELECT subject FROM membership WHERE scope = ?1 AND \"left\" IS NULL"
        for (sql, joins) in [("\(present) EXCEPT \(managed)", false), ("\(managed) EXCEPT \(present)", true)] {
            let statement = try connection.statement("\(sql) ORDER BY 1")
            try statement.bind(1, scope)
            for subject in try statement.rows({ $0.int64(0) }) {
                try joins ? join(subject, scope, at: at) : leave(subject, scope)
            }
        }
    }

    /// Brings the memberships of one customer in line with its `manager` register and association.
    func moveMemberships(of customer: CustomerKey, at: Timestamp) throws {
        let wanted = try connection.statement(
            """
            SELECT f.scope FROM manager m JOIN scope_follows f ON f.account = m.account_name JOIN customer c ON c.key = m.key
            WHERE m.key = ? AND c.former = 0 ORDER BY f.scope
            """)
        try wanted.bind(1, customer.value)
        let after = try wanted.rows { $0.int64(0) }
        let present = try connection.statement(
            """
            SELECT m.scope FROM membership m WHERE m.subject = ? AND m."left" IS NULL
                AND EXISTS (SELECT 1 FROM scope_follows f WHERE f.scope = m.scope) ORDER BY m.scope
            """)
        try present.bind(1, customer.value)
        let before = try present.rows { $0.int64(0) }
        for scope in before where !after.contains(scope) { try leave(customer.value, scope) }
        for scope in after where !before.contains(scope) { try join(customer.value, scope, at: at) }
    }

    private func join(_ subject: Int64, _ scope: Int64, at: Timestamp) throws {
        let statement = try connection.statement(
            "INSERT INTO membership (scope, subject, joined, joined_at) VALUES (?, ?, ?, ?)")
        try statement.bind(1, scope)
        try statement.bind(2, subject)
        try statement.bind(3, takeSequence())
        try statement.bind(4, at.seconds)
        try statement.run()
    }

    private func leave(_ subject: Int64, _ scope: Int64) throws {
        let statement = try connection.statement(
            "UPDATE membership SET \"left\" = ? WHERE scope = ? AND subject = ? AND \"left\" IS NULL")
        try statement.bind(1, takeSequence())
        try statement.bind(2, scope)
        try statement.bind(3, subject)
        try statement.run()
    }
}
