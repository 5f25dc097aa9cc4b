import SQLiteKit

/// Schema of `outbox.db`, the precious file.
enum OutboxSchema {
    static let applicationID: Int32 = 0x4642_4F31
    static let migrations = [M0001, M0002, departures]

    private static let M0001 = Migration(
        number: 1, name: "initial",
        sql: """
            CREATE TABLE identity (
                id INTEGER PRIMARY KEY CHECK (id = 1), replica TEXT NOT NULL, incarnation INTEGER NOT NULL,
                server TEXT, partner TEXT, partner_name TEXT, member TEXT, role TEXT, epoch TEXT, rules_version INTEGER,
                last_number INTEGER NOT NULL, acked_up_to INTEGER NOT NULL, contact_at INTEGER
            ) STRICT;
            CREATE TABLE edit (
                number INTEGER PRIMARY KEY, customer INTEGER NOT NULL, customer_id TEXT NOT NULL, customer_name TEXT NOT NULL,
                kind TEXT NOT NULL, register TEXT NOT NULL, edit TEXT NOT NULL CHECK (json_valid(edit)),
                state TEXT NOT NULL CHECK (state IN
                    ('saved', 'sent', 'waiting', 'held', 'resulted', 'settled', 'dead', 'discarded')),
                result TEXT, saved_at INTEGER NOT NULL, first_sent_at INTEGER, sent_count INTEGER NOT NULL DEFAULT 0,
                predecessor INTEGER, resent_as INTEGER
            ) STRICT;
            CREATE INDEX edit_open ON edit (state, number) WHERE state NOT IN ('settled', 'discarded');
            CREATE TABLE conflict_copy (
                key INTEGER PRIMARY KEY, edit INTEGER NOT NULL REFERENCES edit, body TEXT NOT NULL CHECK (json_valid(body))
            ) STRICT;
            """)

    /// Customers that left, while edits of this outbox still name them.
    private static let departures = Migration(
        number: 4, name: "departures", sql: "CREATE TABLE departed (customer INTEGER PRIMARY KEY) STRICT;")

    /// What predicting, grouping and undoing need.
    private static let M0002 = Migration(
        number: 2, name: "rules",
        sql: """
            ALTER TABLE edit ADD COLUMN prediction TEXT;
            ALTER TABLE edit ADD COLUMN group_number INTEGER;
            ALTER TABLE edit ADD COLUMN depends_on INTEGER;
            ALTER TABLE edit ADD COLUMN undone_by INTEGER;
            -- The rules that the server ships, as they came.
            CREATE TABLE rules (
                id INTEGER PRIMARY KEY CHECK (id = 1), hash TEXT NOT NULL, body BLOB NOT NULL, fetched_at INTEGER NOT NULL
            ) STRICT;
            """)
}
