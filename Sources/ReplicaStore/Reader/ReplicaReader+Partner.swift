package import PartnerModel
import SQLiteKit
import SyncProtocol

/// The partner's bill of a cycle: what the records of its reseller customers come to.
package struct PartnerBill: Sendable, Hashable {
    package let cycle: String
    package let status: String
    /// Seconds since 1970 when the cycle's figures were true; nil when the cycle is not in this replica.
    package let asOf: Int64?
    package let currency: String
    package let records: Int64
    /// Records in other currencies, which are not in the sums.
    package let otherRecords: Int64
    /// Exact texts with eight places, by name: `official`, `discount`, `payment`, `cash`, `credit`, `coupon`, `debt`.
    package let amounts: [String: String]
}

/// The consumption quota with its age.
package struct QuotaRow: Sendable, Hashable {
    package let quota: ConsumptionQuota
    package let currency: String
    /// Seconds since 1970 when it was known.
    package let asOf: Int64
}

/// What a replica knows of the partner itself.
package struct PartnerDetail: Sendable, Hashable {
    package let name: String
    package let state: String
    package let currency: String
    /// The authorised range of discounts; nil = no permission.
    package let discountRange: ClosedRange<BasisPoints>?
    /// Nil when the member does not see it, or nobody ever said.
    package let quota: QuotaRow?
    /// The newest cycle first; empty for a member who does not see them.
    package let bills: [PartnerBill]
}

extension ReplicaReader {
    /// The partner; nil before its row has come.
    package func partner() throws(StoreError) -> PartnerDetail? {
        try read { connection in
            let quota = try connection.statement("SELECT amount, used, currency, as_of FROM quota WHERE key = 1").first
            {
                row in
                QuotaRow(
                    quota: ConsumptionQuota(amount: Money(units: row.int64(0)), used: Money(units: row.int64(1))),
                    currency: row.text(2), asOf: row.int64(3))
            }
            let bills = try ReplicaReader.partnerBills(connection)
            return try connection.statement(
                "SELECT name, state, currency, discount_low, discount_high FROM partner WHERE key = 1"
            ).first { row in
                var range: ClosedRange<BasisPoints>?
                if let low = row.optionalInt64(3), let high = row.optionalInt64(4), low <= high {
                    range = BasisPoints(low)...BasisPoints(high)
                }
                return PartnerDetail(
                    name: row.text(0), state: row.text(1), currency: row.text(2), discountRange: range, quota: quota,
                    bills: bills)
            }
        }
    }

    private static func partnerBills(_ connection: Connection) throws -> [PartnerBill] {
        let names = Entity.summedAmounts
        return try connection.statement(
            """
            SELECT coalesce(cycle, printf('%04d-%02d', key / 100, key % 100)), coalesce(status, 'estimate'), as_of,
                currency, record_count, other_count, \(names.joined(separator: ", "))
            FROM partner_bills ORDER BY key DESC
            """
        ).rows { row in
            PartnerBill(
                cycle: row.text(0), status: row.text(1), asOf: row.optionalInt64(2), currency: row.text(3),
                records: row.int64(4), otherRecords: row.int64(5),
                amounts: Dictionary(
                    names.enumerated().map { ($1, row.text(6 + $0)) }, uniquingKeysWith: { first, _ in first }))
        }
    }
}
