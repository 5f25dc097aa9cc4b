import SQLiteKit

/// The partner's bills and consumption quota, and which scopes see them.
enum M0005_PartnerSums {
    static let migration = Migration(number: 5, name: "partner-sums", sql: sql)

    private static let sql = """
        ALTER TABLE scope ADD COLUMN sees_bills INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE scope ADD COLUMN sees_quota INTEGER NOT NULL DEFAULT 0;
        UPDATE scope SET sees_bills = 1, sees_quota = 1 WHERE kind = 'all';
        -- Whether the bills of cycles from before this schema are summed.
        ALTER TABLE ledger_state ADD COLUMN bills_summed INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE partner_bill (
            key INTEGER PRIMARY KEY REFERENCES cycle, version INTEGER NOT NULL, currency TEXT NOT NULL,
            record_count INTEGER NOT NULL, other_count INTEGER NOT NULL, official TEXT NOT NULL, discount TEXT NOT NULL,
            payment TEXT NOT NULL, cash TEXT NOT NULL, credit TEXT NOT NULL, coupon TEXT NOT NULL, debt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE quota (
            key INTEGER PRIMARY KEY CHECK (key = 1), version INTEGER NOT NULL, amount INTEGER NOT NULL,
            used INTEGER NOT NULL, currency TEXT NOT NULL, as_of INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX bill_record_cycle ON bill_record (cycle);
        """
}
