import SQLiteKit

/// The first schema of a ledger file: one file holds one partner.
enum M0001_Initial {
    static let migration = Migration(number: 1, name: "initial", sql: sql)

    private static let sql = """
        CREATE TABLE ledger_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epoch TEXT NOT NULL, epoch_ordinal INTEGER NOT NULL,
            sequence INTEGER NOT NULL, low_watermark INTEGER NOT NULL, next_key INTEGER NOT NULL,
            seal_key BLOB NOT NULL
        ) STRICT;
        CREATE TABLE lineage (ordinal INTEGER PRIMARY KEY, epoch TEXT NOT NULL, last_sequence INTEGER NOT NULL) STRICT;

        -- One entry a live or dead row, at its latest sequence. Subject: a customer's key; 0 = every member;
        -- -1 = members who see coupons.
        CREATE TABLE feed (
            sequence INTEGER PRIMARY KEY, entity INTEGER NOT NULL, key INTEGER NOT NULL, subject INTEGER NOT NULL,
            deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)), UNIQUE (entity, key)
        ) STRICT;

        CREATE TABLE scope (
            scope INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('all', 'listed')),
            version INTEGER NOT NULL, sees_coupons INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE membership (
            scope INTEGER NOT NULL REFERENCES scope, subject INTEGER NOT NULL, joined INTEGER NOT NULL, "left" INTEGER,
            PRIMARY KEY (scope, subject, joined)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE partner (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('active', 'restricted', 'frozen')), currency TEXT NOT NULL,
            discount_low INTEGER, discount_high INTEGER
        ) STRICT;
        CREATE TABLE cycle (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, cycle TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL CHECK (status IN ('estimate', 'final')), as_of INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE customer (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer_id TEXT NOT NULL UNIQUE, source_id TEXT UNIQUE,
            account_name TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
            association TEXT NOT NULL CHECK (association IN ('referral', 'reseller')), associated_on INTEGER NOT NULL,
            customer_type INTEGER NOT NULL, verified_status TEXT NOT NULL, level TEXT, former INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE freezes (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL,
            freezes TEXT NOT NULL CHECK (json_valid(freezes)), kind TEXT
        ) STRICT;
        CREATE TABLE budget (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, amount INTEGER, type TEXT,
            on_exhaustion TEXT, set_by TEXT NOT NULL, set_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE usage (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, amount INTEGER NOT NULL,
            as_of INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE contact (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, phone TEXT, country_code TEXT, email TEXT
        ) STRICT;
        CREATE TABLE discount (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, percent_bp INTEGER,
            valid_from INTEGER, valid_until INTEGER, set_by TEXT NOT NULL, set_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE manager (
            key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, account_name TEXT
        ) STRICT;
        CREATE TABLE label (key INTEGER PRIMARY KEY REFERENCES customer, version INTEGER NOT NULL, label TEXT) STRICT;
        CREATE TABLE conflict (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL REFERENCES customer,
            register TEXT NOT NULL, replica TEXT NOT NULL, edit INTEGER NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('open', 'decided')), intent TEXT NOT NULL, base TEXT NOT NULL,
            theirs TEXT NOT NULL, theirs_version INTEGER NOT NULL, mine_by TEXT NOT NULL, theirs_by TEXT,
            rule TEXT NOT NULL, rules_version INTEGER NOT NULL, held_at INTEGER NOT NULL, choice TEXT, decided_by TEXT,
            decided_at INTEGER, outcome TEXT, outcome_version INTEGER
        ) STRICT;
        CREATE TABLE coupon (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, coupon_id TEXT NOT NULL UNIQUE, code TEXT NOT NULL,
            status INTEGER NOT NULL, customer INTEGER REFERENCES customer, type INTEGER NOT NULL,
            face_value INTEGER NOT NULL, balance INTEGER, currency TEXT NOT NULL, valid_from INTEGER NOT NULL,
            expires INTEGER NOT NULL, coupon_version INTEGER NOT NULL, plan_name TEXT, usage TEXT,
            is_frozen INTEGER NOT NULL, source_id TEXT
        ) STRICT;
        CREATE TABLE product (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, product_id TEXT NOT NULL, name TEXT NOT NULL,
            service_code TEXT NOT NULL, service_name TEXT NOT NULL, resource_type_code TEXT NOT NULL,
            resource_type_name TEXT, spec TEXT
        ) STRICT;
        CREATE TABLE region (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL
        ) STRICT;
        CREATE TABLE resource (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL REFERENCES customer,
            resource_id TEXT NOT NULL, name TEXT
        ) STRICT;
        CREATE INDEX resource_id ON resource (resource_id, customer);
        CREATE TABLE bill_record (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL REFERENCES customer,
            cycle INTEGER NOT NULL REFERENCES cycle, bill_id TEXT NOT NULL UNIQUE, trade_id TEXT, bill_type INTEGER NOT NULL,
            charging_mode INTEGER NOT NULL, product INTEGER NOT NULL REFERENCES product, region INTEGER REFERENCES region,
            resource INTEGER REFERENCES resource, trade_time INTEGER, consume_time INTEGER NOT NULL, usage_type TEXT,
            usage_amount TEXT, usage_unit TEXT, currency TEXT NOT NULL, official_amount INTEGER NOT NULL,
            discount_amount INTEGER NOT NULL, payment_amount INTEGER NOT NULL, cash_amount INTEGER NOT NULL,
            credit_amount INTEGER NOT NULL, coupon_amount INTEGER NOT NULL, flexi_amount INTEGER NOT NULL,
            stored_value_amount INTEGER NOT NULL, debt_amount INTEGER NOT NULL, writeoff_amount INTEGER NOT NULL,
            period_type INTEGER, period_count INTEGER
        ) STRICT;
        CREATE INDEX bill_record_customer ON bill_record (customer);

        CREATE TABLE replica_seen (
            replica TEXT PRIMARY KEY, account TEXT NOT NULL, incarnation INTEGER NOT NULL,
            acked_up_to INTEGER NOT NULL, last_seen INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE result (
            replica TEXT NOT NULL REFERENCES replica_seen, number INTEGER NOT NULL, payload_hash TEXT NOT NULL,
            account TEXT NOT NULL, result TEXT NOT NULL CHECK (json_valid(result)), sequence INTEGER NOT NULL,
            PRIMARY KEY (replica, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE history (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, sequence INTEGER NOT NULL, customer INTEGER NOT NULL,
            register TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
            rule TEXT NOT NULL, rules_version INTEGER NOT NULL, replica TEXT, edit INTEGER
        ) STRICT;
        CREATE INDEX history_customer ON history (customer, id);
        """
}
