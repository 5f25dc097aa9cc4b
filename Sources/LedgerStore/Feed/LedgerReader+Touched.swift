import SQLiteKit

/// Whom it concerns what was committed after a sequence.
package struct FeedTouch: Sendable, Hashable {
    /// From where was looked, and the head up to where.
    package let after: Int64
    package let sequence: Int64
    /// More changed than is worth telling apart, or the sequences went back: everybody is concerned.
    package var isEverything = false
    /// Whether any customer changed.
    package var hasCustomers = false
    /// The subjects that are no customer and changed, as `Subject` has them.
    package var shared: Set<Int64> = []
    /// Listed scopes with a customer that changed, joined or left, without repeats.
    package var scopes: Set<Int64> = []

    package init(after: Int64, sequence: Int64) {
        self.after = after
        self.sequence = sequence
    }

    /// Whether a scope is concerned.
    package func concerns(_ scope: Scope) -> Bool {
        if isEverything || shared.contains(Subject.everyone) { return true }
        if scope.seesCoupons && shared.contains(Subject.coupons) { return true }
        if scope.seesBills && shared.contains(Subject.bills) { return true }
        if scope.seesQuota && shared.contains(Subject.quota) { return true }
        return scope.isWhole ? hasCustomers : scopes.contains(scope.number)
    }
}

/// What cursors are bound to besides a sequence: another of it, and they are refused.
package struct ScopeFrame: Sendable, Hashable {
    package let epoch: String
    package let scopes: Set<Scope>

    package init(epoch: String, scopes: Set<Scope>) {
        self.epoch = epoch
        self.scopes = scopes
    }
}

/// Looks for those who wait for the feed.
extension LedgerReader {
    /// Sequences past which a look does not tell subjects apart: an import, whom it concerns is mostly everybody.
    private static let touchedMax: Int64 = 10_000

    /// Whom it concerns what came after a sequence; nothing without one. Cost: the feed's rows after it, and one look-up
    /// for each customer among them. Where a joining or leaving may be among the sequences, two for each listed scope.
    package func touched(after start: Int64?) throws -> FeedTouch {
        let after = start ?? state.sequence
        var touch = FeedTouch(after: after, sequence: state.sequence)
        let sequences = state.sequence - after
        guard sequences != 0 else { return touch }
        guard (1...LedgerReader.touchedMax).contains(sequences) else {
            touch.isEverything = true
            return touch
        }
        let subjects = try connection.statement(
            "SELECT subject, count(*) FROM feed WHERE sequence > ? GROUP BY subject ORDER BY subject")
        try subjects.bind(1, after)
        var rows: Int64 = 0
        var customers: [Int64] = []
        for (subject, count) in try subjects.rows({ ($0.int64(0), $0.int64(1)) }) {
            rows += count
            if subject > 0 { customers.append(subject) } else { touch.shared.insert(subject) }
        }
        touch.hasCustomers = !customers.isEmpty
        for customer in customers {
            let holding = try connection.statement(
                "SELECT scope FROM membership WHERE subject = ? AND \"left\" IS NULL")
            try holding.bind(1, customer)
            touch.scopes.formUnion(try holding.rows { $0.int64(0) })
        }
        // A sequence without a row is that of a joining, a leaving, or a row that changed again.
        if rows < sequences { touch.scopes.formUnion(try scopesMoved(after: after)) }
        return touch
    }

    private func scopesMoved(after sequence: Int64) throws -> [Int64] {
        let statement = try connection.statement(
            """
            SELECT s.scope FROM scope s WHERE s.kind = 'listed' AND (
                EXISTS (SELECT 1 FROM membership m WHERE m.scope = s.scope AND m.joined > ?1)
                OR EXISTS (SELECT 1 FROM membership m WHERE m.scope = s.scope AND m."left" > ?1))
            """)
        try statement.bind(1, sequence)
        return try statement.rows { $0.int64(0) }
    }

    /// The epoch and all scopes as they are. Cost: one row a scope.
    package func scopeFrame() throws -> ScopeFrame {
        let statement = try connection.statement(
            "SELECT scope, version, kind, sees_coupons, sees_bills, sees_quota FROM scope")
        let scopes = try statement.rows {
            Scope(
                number: $0.int64(0), version: $0.int64(1), isWhole: $0.text(2) == "all",
                seesCoupons: $0.int64(3) != 0, seesBills: $0.int64(4) != 0, seesQuota: $0.int64(5) != 0)
        }
        return ScopeFrame(epoch: state.epoch, scopes: Set(scopes))
    }
}

extension Ledger {
    /// A number that is another one than the last one given when somebody else has committed since, in this process or
    /// another. Reads no table.
    package func commitsOfOthers() throws -> Int64 { try connection.commitsOfOthers() }
}

extension Directory {
    /// As that of a ledger.
    package func commitsOfOthers() throws -> Int64 { try connection.commitsOfOthers() }
}
