import SQLiteKit

/// What conflict rules need: association requests, history as rows of the feed, deadlines and facts of conflicts, who
/// manages a customer, a clock that can be set.
enum M0002_Rules {
    static let migration = Migration(number: 2, name: "rules", sql: sql)

    private static let sql = """
        ALTER TABLE ledger_state ADD COLUMN clock_offset INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE customer ADD COLUMN managed_by TEXT;
        ALTER TABLE conflict ADD COLUMN deadline INTEGER;
        ALTER TABLE conflict ADD COLUMN fallback TEXT;
        ALTER TABLE conflict ADD COLUMN facts TEXT;
        ALTER TABLE conflict ADD COLUMN theirs_at INTEGER;
        ALTER TABLE conflict ADD COLUMN decision_reason TEXT;
        CREATE INDEX conflict_deadline ON conflict (deadline) WHERE status = 'open' AND deadline IS NOT NULL;
        CREATE TABLE request (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, purpose TEXT, status TEXT, reason TEXT,
            requested_at INTEGER, decided_by TEXT, decided_at INTEGER
        ) STRICT;

        CREATE TABLE history_row (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL, at INTEGER NOT NULL,
            register TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
            rule TEXT NOT NULL, rules_version INTEGER NOT NULL, replica TEXT, edit INTEGER, note TEXT
        ) STRICT;
        -- Each old record gets a sequence of its own past the head, so that replicas are sent it.
        INSERT INTO history_row
            SELECT id, (SELECT sequence FROM ledger_state) + id, customer, at, register, author, action, before, after, rule,
                rules_version, replica, edit, NULL FROM history;
        INSERT INTO feed SELECT version, 17, key, customer, 0 FROM history_row;
        UPDATE ledger_state SET
            sequence = max(sequence, (SELECT coalesce(max(version), 0) FROM history_row)),
            next_key = max(next_key, (SELECT coalesce(max(key), 0) + 1 FROM history_row));
        DROP TABLE history;
        ALTER TABLE history_row RENAME TO history;
        CREATE INDEX history_customer ON history (customer, key);
        """
}
