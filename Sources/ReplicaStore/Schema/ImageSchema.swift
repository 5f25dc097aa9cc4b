import SQLiteKit

/// Schema of a generation file: the server's image, cursors, spool, projection of pending edits, and documented views.
enum ImageSchema {
    static let applicationID: Int32 = 0x4642_4931
    static let migrations = [M0001, M0002, M0003, M0004, M0005, M0006, M0007, M0008, M0009]

    /// Indexes of the bulk tables, made once a load is complete.
    static let bulkIndexes = [
        (name: "bill_record_customer", columns: "bill_record (customer, cycle)"),
        (name: "bill_record_cycle", columns: "bill_record (cycle)"),
        (name: "resource_customer", columns: "resource (customer)"),
        (name: "conflict_customer", columns: "conflict (customer)"),
    ]

    private static let M0001 = Migration(number: 1, name: "initial", sql: tables + views)

    /// A customer's association requests and history, deadlines and facts of conflicts, pending values of more registers.
    private static let M0002 = Migration(
        number: 2, name: "rules",
        sql: """
            ALTER TABLE customer ADD COLUMN managed_by TEXT;
            ALTER TABLE conflict ADD COLUMN deadline INTEGER;
            ALTER TABLE conflict ADD COLUMN fallback TEXT;
            ALTER TABLE conflict ADD COLUMN facts TEXT;
            ALTER TABLE conflict ADD COLUMN theirs_at INTEGER;
            ALTER TABLE conflict ADD COLUMN decision_reason TEXT;
            ALTER TABLE pending ADD COLUMN text TEXT;
            CREATE TABLE request (
                key INTEGER PRIMARY KEY, version INTEGER NOT NULL, purpose TEXT, status TEXT, reason TEXT,
                requested_at INTEGER, decided_by TEXT, decided_at INTEGER
            ) STRICT;
            CREATE TABLE history (
                key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL, at INTEGER NOT NULL,
                register TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, before TEXT NOT NULL,
                after TEXT NOT NULL, rule TEXT NOT NULL, rules_version INTEGER NOT NULL, replica TEXT, edit INTEGER,
                note TEXT
            ) STRICT;
            CREATE INDEX history_customer ON history (customer, key);
            DROP VIEW customers;
            \(customersView)
            """)

    /// What an edit that did not take effect had asked for.
    private static let M0003 = Migration(number: 3, name: "asked", sql: "ALTER TABLE history ADD COLUMN asked TEXT;")

    /// Customers that join and leave.
    private static let M0004 = Migration(
        number: 4, name: "membership",
        sql: """
            -- Customers that joined since the load: where the fetching of their old records stands. Without a cursor all are
            -- here, as they were at the sequence `complete_at`, which the feed may have to reach yet.
            CREATE TABLE membership (
                key INTEGER PRIMARY KEY, version INTEGER NOT NULL, cursor TEXT, record_count INTEGER NOT NULL,
                records_done INTEGER NOT NULL DEFAULT 0, complete_at INTEGER
            ) STRICT;
            -- Records deleted while old records are on their way: a page that was read before must not bring them back.
            CREATE TABLE grave (
                entity INTEGER NOT NULL, key INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (entity, key)
            ) STRICT, WITHOUT ROWID;
            -- Customers that left and whose traces are not yet cleared from the files.
            CREATE TABLE departed (key INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
            """)

    /// A load in two files: the heads, which follow the feed at once, and beside them all there is.
    private static let M0007 = Migration(
        number: 7, name: "heads",
        sql: """
            -- Where the feed goes on once the load has come to its end.
            ALTER TABLE meta ADD COLUMN feed_cursor TEXT;
            -- Where the bulk begins: the last page of heads ends there.
            ALTER TABLE meta ADD COLUMN bulk_cursor TEXT;
            -- 1: bill records and what belongs to them come into another file, which takes this one's place.
            ALTER TABLE meta ADD COLUMN heads_only INTEGER NOT NULL DEFAULT 0;
            -- Of the part that begins at the load's cursor, the bytes that came before its connection ended.
            CREATE TABLE part_begun (
                id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT NOT NULL, tag TEXT NOT NULL,
                is_gzip INTEGER NOT NULL, bytes BLOB NOT NULL
            ) STRICT;
            """)

    /// What an image without cursors was loaded by.
    private static let M0006 = Migration(
        number: 6, name: "held cursor", sql: "ALTER TABLE meta ADD COLUMN held_cursor TEXT;")

    /// What lists are in order of, and what a customer is named by.
    private static let M0008 = Migration(
        number: 8, name: "list indexes",
        sql: """
            CREATE INDEX customer_name ON customer (name);
            CREATE INDEX customer_source ON customer (source_id) WHERE source_id IS NOT NULL;
            CREATE INDEX coupon_expires ON coupon (expires);
            """)

    /// What records name and has not come yet.
    private static let M0009 = Migration(
        number: 9, name: "missing entries",
        sql: """
            -- Entries that bill records name and that are not there; without them no image is shown. Customer: of a resource,
            -- whose it is.
            CREATE TABLE missing_entry (
                entity INTEGER NOT NULL, key INTEGER NOT NULL, customer INTEGER NOT NULL,
                PRIMARY KEY (entity, key, customer)
            ) STRICT, WITHOUT ROWID;
            """)

    /// The partner's bills and consumption quota.
    private static let M0005 = Migration(
        number: 5, name: "partner sums",
        sql: """
            CREATE TABLE partner_bill (
                key INTEGER PRIMARY KEY, version INTEGER NOT NULL, currency TEXT NOT NULL, record_count INTEGER NOT NULL,
                other_count INTEGER NOT NULL, official TEXT NOT NULL, discount TEXT NOT NULL, payment TEXT NOT NULL,
                cash TEXT NOT NULL, credit TEXT NOT NULL, coupon TEXT NOT NULL, debt TEXT NOT NULL
            ) STRICT;
            CREATE TABLE quota (
                key INTEGER PRIMARY KEY, version INTEGER NOT NULL, amount INTEGER NOT NULL, used INTEGER NOT NULL,
                currency TEXT NOT NULL, as_of INTEGER NOT NULL
            ) STRICT;
            CREATE VIEW partner_bills AS SELECT
                b.key, cy.cycle, cy.status, cy.as_of, b.currency, b.record_count, b.other_count,
                b.official, b.discount, b.payment, b.cash, b.credit, b.coupon, b.debt
            FROM partner_bill b LEFT JOIN cycle cy ON cy.key = b.key;
            CREATE VIEW consumption_quota AS SELECT
                q.amount AS quota_units, \(moneyText("q.amount")) AS quota,
                q.used AS used_units, \(moneyText("q.used")) AS used, q.currency, q.as_of
            FROM quota q;
            """)

    private static let tables = """
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL, load_cursor TEXT, fetched_cursor TEXT,
            applied_cursor TEXT, applied_sequence INTEGER NOT NULL, rows_done INTEGER NOT NULL, rows_total INTEGER NOT NULL,
            heads_complete INTEGER NOT NULL, checkpoint_at INTEGER
        ) STRICT;
        CREATE TABLE spool (ordinal INTEGER PRIMARY KEY, page BLOB NOT NULL) STRICT;
        CREATE TABLE pending (
            customer INTEGER NOT NULL, register TEXT NOT NULL, state TEXT NOT NULL, edits INTEGER NOT NULL,
            budget_amount INTEGER, budget_type TEXT, freeze_kind TEXT, discount_bp INTEGER, PRIMARY KEY (customer, register)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE partner (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
            currency TEXT NOT NULL, discount_low INTEGER, discount_high INTEGER
        ) STRICT;
        CREATE TABLE cycle (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, cycle TEXT NOT NULL, status TEXT NOT NULL, as_of INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE customer (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer_id TEXT NOT NULL, source_id TEXT,
            account_name TEXT NOT NULL, name TEXT NOT NULL, association TEXT NOT NULL, associated_on INTEGER NOT NULL,
            customer_type INTEGER NOT NULL, verified_status TEXT NOT NULL, level TEXT, former INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX customer_id ON customer (customer_id);
        CREATE INDEX customer_account ON customer (account_name);
        CREATE TABLE freezes (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, freezes TEXT NOT NULL, kind TEXT
        ) STRICT;
        CREATE TABLE budget (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, amount INTEGER, type TEXT, on_exhaustion TEXT,
            set_by TEXT NOT NULL, set_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE usage (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, amount INTEGER NOT NULL, as_of INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE contact (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, phone TEXT, country_code TEXT, email TEXT
        ) STRICT;
        CREATE TABLE discount (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, percent_bp INTEGER, valid_from INTEGER, valid_until INTEGER,
            set_by TEXT NOT NULL, set_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE manager (key INTEGER PRIMARY KEY, version INTEGER NOT NULL, account_name TEXT) STRICT;
        CREATE TABLE label (key INTEGER PRIMARY KEY, version INTEGER NOT NULL, label TEXT) STRICT;
        CREATE TABLE conflict (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL, register TEXT NOT NULL,
            replica TEXT NOT NULL, edit INTEGER NOT NULL, status TEXT NOT NULL, intent TEXT NOT NULL, base TEXT NOT NULL,
            theirs TEXT NOT NULL, theirs_version INTEGER NOT NULL, mine_by TEXT NOT NULL, theirs_by TEXT, rule TEXT NOT NULL,
            rules_version INTEGER NOT NULL, held_at INTEGER NOT NULL, choice TEXT, decided_by TEXT, decided_at INTEGER,
            outcome TEXT, outcome_version INTEGER
        ) STRICT;
        CREATE INDEX conflict_open ON conflict (status, key);
        CREATE TABLE coupon (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, coupon_id TEXT NOT NULL, code TEXT NOT NULL,
            status INTEGER NOT NULL, customer INTEGER, type INTEGER NOT NULL, face_value INTEGER NOT NULL, balance INTEGER,
            currency TEXT NOT NULL, valid_from INTEGER NOT NULL, expires INTEGER NOT NULL, coupon_version INTEGER NOT NULL,
            plan_name TEXT, usage TEXT, is_frozen INTEGER NOT NULL, source_id TEXT
        ) STRICT;
        CREATE INDEX coupon_customer ON coupon (customer);
        CREATE TABLE product (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, product_id TEXT NOT NULL, name TEXT NOT NULL,
            service_code TEXT NOT NULL, service_name TEXT NOT NULL, resource_type_code TEXT NOT NULL, resource_type_name TEXT,
            spec TEXT
        ) STRICT;
        CREATE TABLE region (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL
        ) STRICT;
        CREATE TABLE resource (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL, resource_id TEXT NOT NULL, name TEXT
        ) STRICT;
        CREATE TABLE bill_record (
            key INTEGER PRIMARY KEY, version INTEGER NOT NULL, customer INTEGER NOT NULL, cycle INTEGER NOT NULL,
            bill_id TEXT NOT NULL, trade_id TEXT, bill_type INTEGER NOT NULL, charging_mode INTEGER NOT NULL,
            product INTEGER NOT NULL, region INTEGER, resource INTEGER, trade_time INTEGER, consume_time INTEGER NOT NULL,
            usage_type TEXT, usage_amount TEXT, usage_unit TEXT, currency TEXT NOT NULL, official_amount INTEGER NOT NULL,
            discount_amount INTEGER NOT NULL, payment_amount INTEGER NOT NULL, cash_amount INTEGER NOT NULL,
            credit_amount INTEGER NOT NULL, coupon_amount INTEGER NOT NULL, flexi_amount INTEGER NOT NULL,
            stored_value_amount INTEGER NOT NULL, debt_amount INTEGER NOT NULL, writeoff_amount INTEGER NOT NULL,
            period_type INTEGER, period_count INTEGER
        ) STRICT;

        """

    /// The exact text of an amount in units of 10^-8.
    private static func moneyText(_ column: String) -> String {
        """
        CASE WHEN \(column) IS NULL THEN NULL ELSE CASE WHEN \(column) < 0 THEN '-' ELSE '' END
            || printf('%d.%08d', abs(\(column) / 100000000), abs(\(column) % 100000000)) END
        """
    }

    private static let views = """
        CREATE VIEW customers AS SELECT
            c.key, c.customer_id, c.source_id, c.account_name, c.name, c.association, c.former,
            b.amount AS budget_units, \(moneyText("b.amount")) AS budget, b.type AS budget_type,
            b.on_exhaustion AS budget_action, b.version AS budget_version,
            pb.budget_amount AS budget_pending_units, \(moneyText("pb.budget_amount")) AS budget_pending,
            pb.state AS budget_pending_state,
            u.amount AS used_units, \(moneyText("u.amount")) AS used, u.as_of AS used_as_of,
            coalesce(f.kind, '') AS freeze, f.freezes AS freezes, f.version AS freezes_version,
            pf.freeze_kind AS freeze_pending, pf.state AS freeze_pending_state,
            d.percent_bp AS discount_basis_points, d.valid_from AS discount_from, d.valid_until AS discount_until,
            d.version AS discount_version,
            pd.discount_bp AS discount_pending_basis_points, pd.state AS discount_pending_state,
            m.account_name AS manager, l.label
        FROM customer c
        LEFT JOIN budget b ON b.key = c.key LEFT JOIN usage u ON u.key = c.key LEFT JOIN freezes f ON f.key = c.key
        LEFT JOIN discount d ON d.key = c.key LEFT JOIN manager m ON m.key = c.key LEFT JOIN label l ON l.key = c.key
        LEFT JOIN pending pb ON pb.customer = c.key AND pb.register = 'budget'
        LEFT JOIN pending pf ON pf.customer = c.key AND pf.register = 'freezes'
        LEFT JOIN pending pd ON pd.customer = c.key AND pd.register = 'discount';

        CREATE VIEW bill_records AS SELECT
            r.key, r.bill_id, r.trade_id, c.customer_id, c.name AS customer, cy.cycle, cy.status, cy.as_of, r.bill_type,
            r.charging_mode, p.service_code, p.service_name, p.product_id, p.name AS product, p.resource_type_code,
            g.code AS region_code, g.name AS region, s.resource_id, s.name AS resource, r.trade_time, r.consume_time,
            r.usage_type, r.usage_amount, r.usage_unit, r.currency,
            r.official_amount AS official_units, \(moneyText("r.official_amount")) AS official,
            r.discount_amount AS discount_units, \(moneyText("r.discount_amount")) AS discount,
            r.payment_amount AS payment_units, \(moneyText("r.payment_amount")) AS payment,
            r.cash_amount AS cash_units, r.credit_amount AS credit_units, r.coupon_amount AS coupon_units,
            r.flexi_amount AS flexi_units, r.stored_value_amount AS stored_value_units, r.debt_amount AS debt_units,
            r.writeoff_amount AS writeoff_units, r.period_type, r.period_count
        FROM bill_record r
        LEFT JOIN customer c ON c.key = r.customer LEFT JOIN cycle cy ON cy.key = r.cycle
        LEFT JOIN product p ON p.key = r.product LEFT JOIN region g ON g.key = r.region
        LEFT JOIN resource s ON s.key = r.resource;

        CREATE VIEW coupons AS SELECT
            k.key, k.coupon_id, k.code, k.status, c.customer_id, c.name AS customer, k.type,
            k.face_value AS face_value_units, \(moneyText("k.face_value")) AS face_value,
            k.balance AS balance_units, \(moneyText("k.balance")) AS balance, k.currency, k.valid_from, k.expires, k.plan_name,
            k.usage, k.is_frozen
        FROM coupon k LEFT JOIN customer c ON c.key = k.customer;
        """

    private static let customersView = """
        CREATE VIEW customers AS SELECT
            c.key, c.customer_id, c.source_id, c.account_name, c.name, c.association, c.former,
            b.amount AS budget_units, \(moneyText("b.amount")) AS budget, b.type AS budget_type,
            b.on_exhaustion AS budget_action, b.version AS budget_version,
            pb.budget_amount AS budget_pending_units, \(moneyText("pb.budget_amount")) AS budget_pending,
            pb.state AS budget_pending_state,
            u.amount AS used_units, \(moneyText("u.amount")) AS used, u.as_of AS used_as_of,
            coalesce(f.kind, '') AS freeze, f.freezes AS freezes, f.version AS freezes_version,
            pf.freeze_kind AS freeze_pending, pf.state AS freeze_pending_state,
            d.percent_bp AS discount_basis_points, d.valid_from AS discount_from, d.valid_until AS discount_until,
            d.version AS discount_version,
            pd.discount_bp AS discount_pending_basis_points, pd.state AS discount_pending_state,
            m.account_name AS manager, pm.text AS manager_pending, pm.state AS manager_pending_state,
            l.label, pl.text AS label_pending, pl.state AS label_pending_state,
            q.purpose AS request_purpose, q.status AS request_status, q.requested_at AS request_at,
            pq.text AS request_pending, pq.state AS request_pending_state, c.managed_by
        FROM customer c
        LEFT JOIN budget b ON b.key = c.key LEFT JOIN usage u ON u.key = c.key LEFT JOIN freezes f ON f.key = c.key
        LEFT JOIN discount d ON d.key = c.key LEFT JOIN manager m ON m.key = c.key LEFT JOIN label l ON l.key = c.key
        LEFT JOIN pending pb ON pb.customer = c.key AND pb.register = 'budget'
        LEFT JOIN pending pf ON pf.customer = c.key AND pf.register = 'freezes'
        LEFT JOIN pending pd ON pd.customer = c.key AND pd.register = 'discount'
        LEFT JOIN request q ON q.key = c.key
        LEFT JOIN pending pm ON pm.customer = c.key AND pm.register = 'manager'
        LEFT JOIN pending pl ON pl.customer = c.key AND pl.register = 'label'
        LEFT JOIN pending pq ON pq.customer = c.key AND pq.register = 'request';
        """
}
