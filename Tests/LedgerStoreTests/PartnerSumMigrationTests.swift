import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import LedgerStore

/// A ledger from before the partner's bills and quota.
@Suite struct PartnerSumMigrationTests {
    private let folder = TemporaryDirectory()

    private func makeOld() throws -> String {
        let path = folder.file("l.db")
        let connection = try Connection(path: path, mode: .create, durability: .full, cacheKiB: 1024)
        let old = Array(Ledger.migrations.filter { $0.number < 5 })
        try Migrator.apply(old, to: connection, file: "ledger", applicationID: Ledger.applicationID)
        try connection.execute(
            """
            INSERT INTO ledger_state (id, epoch, epoch_ordinal, sequence, low_watermark, next_key, seal_key)
                VALUES (1, '00aa', 1, 20, 0, 9, x'0101010101010101010101010101010101010101010101010101010101010101');
            INSERT INTO scope (scope, kind, version, sees_coupons) VALUES (1, 'all', 3, 1), (2, 'listed', 4, 0);
            INSERT INTO partner (key, version, name, state, currency) VALUES (1, 1, 'P', 'active', 'USD');
            INSERT INTO cycle (key, version, cycle, status, as_of)
                VALUES (202610, 2, '2026-10', 'final', 5), (202611, 3, '2026-11', 'estimate', 6);
            INSERT INTO customer (key, version, customer_id, account_name, name, association, associated_on,
                customer_type, verified_status, former) VALUES (2, 4, 'c', 'acme', 'Acme', 'reseller', 1, 1, '2', 1);
            INSERT INTO product VALUES (3, 5, 'p', 'P', 's', 'S', 'r', NULL, NULL);
            INSERT INTO bill_record (key, version, customer, cycle, bill_id, bill_type, charging_mode, product,
                consume_time, currency, official_amount, discount_amount, payment_amount, cash_amount, credit_amount,
                coupon_amount, flexi_amount, stored_value_amount, debt_amount, writeoff_amount)
                VALUES (4, 6, 2, 202610, 'b', 5, 3, 3, 9, 'USD', 150000000, 50000000, 100000000, 1, 2, 3, 0, 0, 4, 0);
            """)
        connection.close()
        return path
    }

    @Test func `its bills are summed once, past the head, and its scopes see what they may`() throws {
        let path = try makeOld()
        for _ in 0..<2 {
            let ledger = try Ledger.open(path: path, forWriting: true)
            try ledger.read { reader in
                #expect(reader.state.sequence == 21)
                #expect(
                    try reader.values(of: .partnerBill, key: 202_610) == [
                        .text("USD"), .integer(1), .integer(0), .text("1.50000000"), .text("0.50000000"),
                        .text("1.00000000"), .text("0.00000001"), .text("0.00000002"), .text("0.00000003"),
                        .text("0.00000004"),
                    ])
                #expect(try reader.count(.partnerBill) == 1 && reader.quota() == nil)
                let (whole, listed) = (try reader.scope(1), try reader.scope(2))
                #expect(whole?.seesBills == true && whole?.seesQuota == true && whole?.version == 3)
                #expect(listed?.seesBills == false && listed?.seesQuota == false && listed?.version == 4)
            }
            ledger.close()
        }
    }

    @Test func `one cycle is summed by its index`() throws {
        let ledger = try Ledger.open(path: try makeOld(), forWriting: true)
        let plan = try ledger.connection.statement(
            "EXPLAIN QUERY PLAN SELECT 1 FROM bill_record r JOIN customer c ON c.key = r.customer WHERE r.cycle = 1"
        ).rows { $0.text(3) }
        #expect(plan.contains { $0.contains("bill_record_cycle") })
    }
}
