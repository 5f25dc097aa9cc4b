import SQLiteKit

/// Schema of `outbox.db`, the precious file.
enum OutboxSchema {
    static let applicationID: Int32 = 0x4642_4F31
    static let migrations = [M0001, M0002, M0003, M0004, M0005, M0006, M0007, M0008, M0009, M0010]

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

    /// The state `combined`. SQLite cannot change a CHECK, so the table is made anew, and with it the one that refers
    /// to it: an `edit` that is dropped while rows refer to it would break their references.
    private static let M0003 = Migration(
        number: 3, name: "combined",
        sql: """
            CREATE TABLE edit_next (
                number INTEGER PRIMARY KEY, customer INTEGER NOT NULL, customer_id TEXT NOT NULL,
                customer_name TEXT NOT NULL, kind TEXT NOT NULL, register TEXT NOT NULL, edit TEXT NOT NULL CHECK (json_valid(edit)),
                state TEXT NOT NULL CHECK (state IN
                    ('saved', 'sent', 'waiting', 'held', 'resulted', 'settled', 'dead', 'discarded', 'combined')),
                result TEXT, saved_at INTEGER NOT NULL, first_sent_at INTEGER, sent_count INTEGER NOT NULL DEFAULT 0,
                predecessor INTEGER, resent_as INTEGER, prediction TEXT, group_number INTEGER, depends_on INTEGER,
                undone_by INTEGER,
                -- The edit that this one went into: a later one, made before this one was ever sent.
                combined_into INTEGER CHECK (combined_into > number),
                CHECK ((state = 'combined') = (combined_into IS NOT NULL)),
                CHECK (state <> 'combined' OR (sent_count = 0 AND first_sent_at IS NULL AND result IS NULL))
            ) STRICT;
            INSERT INTO edit_next (number, customer, customer_id, customer_name, kind, register, edit, state, result,
                saved_at, first_sent_at, sent_count, predecessor, resent_as, prediction, group_number, depends_on,
                undone_by)
            SELECT number, customer, customer_id, customer_name, kind, register, edit, state, result,
                saved_at, first_sent_at, sent_count, predecessor, resent_as, prediction, group_number, depends_on,
                undone_by
            FROM edit;
            CREATE TABLE conflict_copy_next (
                key INTEGER PRIMARY KEY, edit INTEGER NOT NULL REFERENCES edit_next,
                body TEXT NOT NULL CHECK (json_valid(body))
            ) STRICT;
            INSERT INTO conflict_copy_next (key, edit, body) SELECT key, edit, body FROM conflict_copy;
            DROP TABLE conflict_copy;
            DROP TABLE edit;
            ALTER TABLE edit_next RENAME TO edit;
            ALTER TABLE conflict_copy_next RENAME TO conflict_copy;
            CREATE INDEX edit_open ON edit (state, number) WHERE state NOT IN ('settled', 'discarded', 'combined');
            CREATE INDEX edit_combined ON edit (combined_into) WHERE combined_into IS NOT NULL;
            """)

    /// Customers that left, while edits of this outbox still name them.
    private static let M0004 = Migration(
        number: 4, name: "departures", sql: "CREATE TABLE departed (customer INTEGER PRIMARY KEY) STRICT;")

    /// How long the replica may stand without contact, and the latest time that was seen.
    private static let M0005 = Migration(
        number: 5, name: "lease",
        sql: """
            ALTER TABLE identity ADD COLUMN lease_days INTEGER;
            ALTER TABLE identity ADD COLUMN lease_then TEXT;
            ALTER TABLE identity ADD COLUMN seen_at INTEGER;
            """)

    /// The permission items of the member, joined by commas; null where the server does not say.
    private static let M0006 = Migration(
        number: 6, name: "items", sql: "ALTER TABLE identity ADD COLUMN items TEXT;")

    /// Lines of files that made an edit, so that none makes a second one.
    private static let M0007 = Migration(
        number: 7, name: "applied lines",
        sql: """
            CREATE TABLE applied_line (
                key TEXT PRIMARY KEY, digest TEXT NOT NULL, edit INTEGER NOT NULL REFERENCES edit
            ) STRICT, WITHOUT ROWID;
            """)

    /// When this replica and the server last agreed in full, and what each lane carried on its last day (days since 1970
    /// in UTC by the device).
    private static let M0008 = Migration(
        number: 8, name: "measures",
        sql: """
            ALTER TABLE identity ADD COLUMN agreed_at INTEGER;
            CREATE TABLE traffic (
                lane TEXT PRIMARY KEY, day INTEGER NOT NULL, requests INTEGER NOT NULL, bytes_sent INTEGER NOT NULL,
                bytes_received INTEGER NOT NULL
            ) STRICT;
            """)

    /// What a metered link has used of its day's bytes (the day in days since 1970 by the device's clock and zone), and
    /// whether a person asked for the bill records.
    private static let M0009 = Migration(
        number: 9, name: "allowance",
        sql: """
            CREATE TABLE allowance (
                id INTEGER PRIMARY KEY CHECK (id = 1), day INTEGER NOT NULL, used INTEGER NOT NULL,
                seconds_behind INTEGER NOT NULL, records_asked INTEGER NOT NULL CHECK (records_asked IN (0, 1))
            ) STRICT;
            """)

    /// What one more edit looks at does not grow with the queue: the open edits of its customer, and the counts without a
    /// look into each row.
    private static let M0010 = Migration(
        number: 10, name: "open edits",
        sql: """
            DROP INDEX edit_open;
            CREATE INDEX edit_open ON edit (state, number, saved_at)
            WHERE state NOT IN ('settled', 'discarded', 'combined');
            CREATE INDEX edit_customer ON edit (customer, number) WHERE state NOT IN ('settled', 'discarded', 'combined');
            """)
}
