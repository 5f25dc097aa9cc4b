import SQLiteKit

/// What listed scopes showed before, so that a replica that was loaded by one learns whether it may keep what it has.
enum M0006_PastScopes {
    static let migration = Migration(number: 6, name: "past-scopes", sql: sql)

    private static let sql = """
        -- Scopes of all customers never change and are never removed; they need no line here.
        CREATE TABLE scope_past (
            scope INTEGER NOT NULL, version INTEGER NOT NULL, sees_coupons INTEGER NOT NULL, sees_bills INTEGER NOT NULL,
            sees_quota INTEGER NOT NULL, bills_since_assignment INTEGER NOT NULL, PRIMARY KEY (scope, version)
        ) STRICT, WITHOUT ROWID;
        """
}
