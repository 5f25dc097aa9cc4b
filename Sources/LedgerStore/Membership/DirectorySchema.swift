import SQLiteKit

/// The steps of the directory's schema.
enum DirectorySchema {
    static let migrations = [initial, stepUp, access]

    private static let initial = Migration(
        number: 1, name: "initial",
        sql: """
            CREATE TABLE partner (partner TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
            CREATE TABLE member (
                partner TEXT NOT NULL REFERENCES partner, account TEXT NOT NULL,
                role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'manager')), scope INTEGER NOT NULL,
                PRIMARY KEY (partner, account)
            ) STRICT;
            CREATE TABLE token (
                hash BLOB PRIMARY KEY, partner TEXT NOT NULL, account TEXT NOT NULL, created_at INTEGER NOT NULL,
                revoked_at INTEGER, FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            """)

    private static let stepUp = Migration(
        number: 2, name: "step-up",
        sql: """
            CREATE TABLE step_up (
                partner TEXT NOT NULL, account TEXT NOT NULL, secret BLOB NOT NULL, last_step INTEGER NOT NULL,
                enrolled_at INTEGER NOT NULL, PRIMARY KEY (partner, account),
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            CREATE TABLE step_up_failure (
                id INTEGER PRIMARY KEY, partner TEXT NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL,
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            CREATE INDEX step_up_failure_account ON step_up_failure (partner, account, at);
            """)

    /// Several roles a member, tokens that end, remote wipe, policies. A member's old role column can't hold the new
    /// roles, and SQLite changes no CHECK in place, so member and what refers to it are made anew.
    private static let access = Migration(
        number: 3, name: "access",
        sql: """
            CREATE TABLE old_member AS SELECT * FROM member;
            CREATE TABLE old_token AS SELECT * FROM token;
            CREATE TABLE old_step_up AS SELECT * FROM step_up;
            CREATE TABLE old_failure AS SELECT * FROM step_up_failure;
            DROP TABLE step_up_failure;
            DROP TABLE step_up;
            DROP TABLE token;
            DROP TABLE member;

            CREATE TABLE member (
                partner TEXT NOT NULL REFERENCES partner, account TEXT NOT NULL,
                roles TEXT NOT NULL CHECK (roles <> ''), items TEXT NOT NULL, scope INTEGER NOT NULL,
                disabled_at INTEGER, PRIMARY KEY (partner, account)
            ) STRICT;
            CREATE TABLE token (
                hash BLOB PRIMARY KEY CHECK (length(hash) = 32), partner TEXT NOT NULL, account TEXT NOT NULL,
                device TEXT, created_at INTEGER NOT NULL, lifetime INTEGER, expires_at INTEGER, last_used_at INTEGER,
                revoked_at INTEGER, wipe TEXT CHECK (wipe IN ('image', 'everything')), wiped_at INTEGER, replaces BLOB,
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            CREATE INDEX token_member ON token (partner, account);
            CREATE TABLE step_up (
                partner TEXT NOT NULL, account TEXT NOT NULL, secret BLOB NOT NULL, last_step INTEGER NOT NULL,
                enrolled_at INTEGER NOT NULL, PRIMARY KEY (partner, account),
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            CREATE TABLE step_up_failure (
                id INTEGER PRIMARY KEY, partner TEXT NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL,
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            CREATE INDEX step_up_failure_account ON step_up_failure (partner, account, at);
            CREATE TABLE policy (
                partner TEXT NOT NULL REFERENCES partner, key TEXT NOT NULL, value TEXT NOT NULL,
                PRIMARY KEY (partner, key)
            ) STRICT;

            INSERT INTO member (partner, account, roles, items, scope)
                SELECT partner, account, role, CASE role WHEN 'operator' THEN
                    'customers,budgets,freezes,discounts,coupons,bills,quota' ELSE '' END, scope FROM old_member;
            INSERT INTO token (hash, partner, account, created_at, revoked_at)
                SELECT hash, partner, account, created_at, revoked_at FROM old_token;
            INSERT INTO step_up SELECT * FROM old_step_up;
            INSERT INTO step_up_failure SELECT * FROM old_failure;
            DROP TABLE old_member;
            DROP TABLE old_token;
            DROP TABLE old_step_up;
            DROP TABLE old_failure;
            """)
}
