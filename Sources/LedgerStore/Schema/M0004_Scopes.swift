import SQLiteKit

/// Scopes as data: whose customers a scope lists, and since when each of them.
enum M0004_Scopes {
    static let migration = Migration(number: 4, name: "scopes", sql: sql)

    private static let sql = """
        ALTER TABLE ledger_state ADD COLUMN bills_since_assignment INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_state ADD COLUMN scopes_made INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE membership ADD COLUMN joined_at INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX membership_subject ON membership (subject) WHERE "left" IS NULL;
        CREATE INDEX membership_joined ON membership (scope, joined);
        CREATE INDEX membership_left ON membership (scope, "left") WHERE "left" IS NOT NULL;
        -- The account managers whose customers a listed scope holds. A scope without any keeps the list it was made with.
        CREATE TABLE scope_follows (
            scope INTEGER NOT NULL REFERENCES scope, account TEXT NOT NULL, PRIMARY KEY (scope, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX scope_follows_account ON scope_follows (account);
        CREATE INDEX manager_account ON manager (account_name) WHERE account_name IS NOT NULL;
        CREATE INDEX resource_customer ON resource (customer);
        CREATE INDEX conflict_customer ON conflict (customer);
        """
}
