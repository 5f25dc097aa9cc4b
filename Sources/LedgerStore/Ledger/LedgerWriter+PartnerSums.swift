package import PartnerModel
import SQLiteKit
import SyncProtocol

/// The partner's own figures: what the records of a cycle come to, and the consumption quota.
///
/// A cycle's row is a function of the bill records and of the customers' present association: it covers the records of
/// reseller customers, former ones included. Whoever writes bill records, or changes an association, sums the cycles that
/// it touched in the same transaction. Whether the figures are an estimate, and as of when, is the cycle's to say.
extension LedgerWriter {
    /// Sums cycles anew and writes those rows that differ; a cycle without records of reseller customers has none.
    /// Returns how many rows changed. Cost: one pass over the records of the cycles.
    @discardableResult
    package func sumPartnerBills(ofCycles cycles: some Sequence<Int64>) throws -> Int {
        let currency = try partner().currency
        var changed = 0
        for cycle in Set(cycles).sorted() {
            let known = try values(of: .partnerBill, key: cycle)
            let sum = try partnerBill(ofCycle: cycle, in: currency)
            guard known != sum else { continue }
            if let sum {
                try put(.partnerBill, key: cycle, subject: Subject.bills, sum)
            } else {
                try delete(.partnerBill, key: cycle, subject: Subject.bills)
            }
            changed += 1
        }
        return changed
    }

    /// The cycles in which a customer has bill records.
    package func cycles(of customer: CustomerKey) throws -> [Int64] {
        let statement = try connection.statement("SELECT DISTINCT cycle FROM bill_record WHERE customer = ? ORDER BY 1")
        try statement.bind(1, customer.value)
        return try statement.rows { $0.int64(0) }
    }

    /// Writes the consumption quota and what is used of it, as known at a moment.
    package func putQuota(_ quota: ConsumptionQuota, currency: String, asOf: Timestamp) throws {
        try put(
            .quota, key: 1, subject: Subject.quota,
            [.money(quota.amount), .money(quota.used), .text(currency), .integer(asOf.seconds)])
    }

    /// A row's values. Amounts of different currencies are never mixed: the partner's own currency is summed, or where no
    /// record has it, the first by name; records in others are only counted.
    private func partnerBill(ofCycle cycle: Int64, in currency: String) throws -> [LedgerValue]? {
        // Whole and fraction apart: SQLite's sum throws where a total leaves 64 bits.
        let sums = Entity.summedAmounts.map { "sum(r.\($0)_amount / 100000000), sum(r.\($0)_amount % 100000000)" }
        let statement = try connection.statement(
            """
            SELECT r.currency, count(*), \(sums.joined(separator: ", "))
            FROM bill_record r JOIN customer c ON c.key = r.customer
            WHERE r.cycle = ? AND c.association = 'reseller' GROUP BY r.currency ORDER BY r.currency <> ?, r.currency
            """)
        try statement.bind(1, cycle)
        try statement.bind(2, currency)
        let rows = try statement.rows { row in
            (
                currency: row.text(0), count: row.int64(1),
                amounts: Entity.summedAmounts.indices.map {
                    Money.exactText(whole: row.int64(2 + 2 * $0), fraction: row.int64(3 + 2 * $0))
                }
            )
        }
        guard let first = rows.first else { return nil }
        let others = rows.dropFirst().reduce(0) { $0 + $1.count }
        return [.text(first.currency), .integer(first.count), .integer(others)] + first.amounts.map { .text($0) }
    }
}

extension LedgerReader {
    /// The consumption quota and when it was known; nil when nobody ever said.
    package func quota() throws -> (quota: ConsumptionQuota, asOf: Timestamp)? {
        try connection.statement("SELECT amount, used, as_of FROM quota WHERE key = 1").first { row in
            let quota = ConsumptionQuota(amount: Money(units: row.int64(0)), used: Money(units: row.int64(1)))
            return (quota, Timestamp(seconds: row.int64(2)))
        }
    }
}

extension Ledger {
    /// Sums, once, the bills of cycles that were written before there were sums.
    func sumEarlierBills() throws {
        let isDue = try connection.statement("SELECT bills_summed FROM ledger_state WHERE id = 1").first {
            $0.int64(0) == 0
        }
        guard isDue == true else { return }
        try write { writer in
            let cycles = try connection.statement("SELECT key FROM cycle ORDER BY key").rows { $0.int64(0) }
            try writer.sumPartnerBills(ofCycles: cycles)
            try connection.statement("UPDATE ledger_state SET bills_summed = 1 WHERE id = 1").run()
        }
    }
}
