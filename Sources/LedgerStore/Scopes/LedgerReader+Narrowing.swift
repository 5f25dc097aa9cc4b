import SQLiteKit
import SyncProtocol

/// Whether a replica that was loaded by another scope may keep showing what it has until it has loaded anew.
extension LedgerReader {
    /// True when what a cursor led to may hold rows that the scope does not show; a scope that the ledger knows nothing of
    /// counts as one that showed more. False for a text that is no cursor of this ledger and epoch: nothing is known then, and
    /// a restored server must not empty every replica.
    func narrows(_ scope: Scope, fromHeld text: String) throws -> Bool {
        guard let cursor = try? Cursor(text, key: state.sealKey), cursor.epoch == state.epoch else { return false }
        return try narrows(scope, from: cursor)
    }

    private func narrows(_ scope: Scope, from cursor: Cursor) throws -> Bool {
        guard let old = try shown(by: cursor) else { return true }
        if old.seesCoupons && !scope.seesCoupons || old.seesBills && !scope.seesBills
            || old.seesQuota && !scope.seesQuota
        {
            return true
        }
        if scope.isWhole { return false }
        guard !old.isWhole, cursor.scope == scope.number else { return true }
        if state.billsSinceAssignment, !old.billsSinceAssignment { return true }
        let left = try connection.statement("SELECT 1 FROM membership WHERE scope = ? AND \"left\" > ? LIMIT 1")
        try left.bind(1, scope.number)
        try left.bind(2, cursor.sequence)
        return try left.first { _ in true } ?? false
    }

    private struct Shown {
        let isWhole: Bool
        let seesCoupons: Bool
        let seesBills: Bool
        let seesQuota: Bool
        let billsSinceAssignment: Bool
    }

    private func shown(by cursor: Cursor) throws -> Shown? {
        if let scope = try scope(cursor.scope), scope.version == cursor.scopeVersion {
            return Shown(
                isWhole: scope.isWhole, seesCoupons: scope.seesCoupons, seesBills: scope.seesBills,
                seesQuota: scope.seesQuota, billsSinceAssignment: state.billsSinceAssignment)
        }
        let statement = try connection.statement(
            """
            SELECT sees_coupons, sees_bills, sees_quota, bills_since_assignment FROM scope_past
            WHERE scope = ? AND version = ?
            """)
        try statement.bind(1, cursor.scope)
        try statement.bind(2, cursor.scopeVersion)
        return try statement.first {
            Shown(
                isWhole: false, seesCoupons: $0.int64(0) != 0, seesBills: $0.int64(1) != 0,
                seesQuota: $0.int64(2) != 0, billsSinceAssignment: $0.int64(3) != 0)
        }
    }
}

extension LedgerWriter {
    /// Remembers what listed scopes show before they change or go: one, or all of them without a number.
    func keepPast(of number: Int64?) throws {
        let statement = try connection.statement(
            """
            INSERT OR REPLACE INTO scope_past (scope, version, sees_coupons, sees_bills, sees_quota, bills_since_assignment)
            SELECT scope, version, sees_coupons, sees_bills, sees_quota, ?1 FROM scope
            WHERE kind = 'listed' AND (?2 IS NULL OR scope = ?2)
            """)
        try statement.bind(1, state.billsSinceAssignment ? 1 : 0)
        try statement.bind(2, number)
        try statement.run()
    }
}
