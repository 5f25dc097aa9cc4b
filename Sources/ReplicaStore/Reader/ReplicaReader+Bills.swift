package import PartnerModel
import SQLiteKit

/// One bill record with its names.
package struct BillRow: Sendable, Hashable {
    package let key: Int64
    package let billID: String
    package let customer: String
    package let cycle: String
    package let status: String
    /// Seconds since 1970 when the cycle's figures were true; nil when the cycle is not in this replica.
    package let asOf: Int64?
    package let billType: Int64
    package let service: String
    package let product: String
    package let region: String?
    package let resource: String?
    package let consumeTime: Int64
    package let usage: String?
    package let currency: String
    package let official: Money
    package let payment: Money
}

/// A total of bill records. Never mixes currencies, nor estimates with final figures.
package struct BillSum: Sendable, Hashable {
    /// What it is summed by: a cycle, a customer's name, a product.
    package let group: String
    /// The customer's id when it is summed by customer.
    package let customerID: String?
    /// Its account name, by which it is told from others of its name.
    package let accountName: String?
    package let cycleStatus: String
    package let currency: String
    package let records: Int64
    /// Exact decimal text with eight places; a sum may be larger than an amount can be.
    package let official: String
    package let payment: String
    /// Seconds since 1970: the oldest as-of time among the cycles summed.
    package let asOf: Int64
}

/// What bill records are summed by.
package enum BillGrouping: String, Sendable, CaseIterable { case cycle, customer, product }

/// One coupon.
package struct CouponRow: Sendable, Hashable {
    package let couponID: String
    package let status: Int64
    package let customer: String?
    package let type: Int64
    package let faceValue: Money
    package let balance: Money?
    package let currency: String
    package let validFrom: Int64
    package let expires: Int64
    package let planName: String?
    package let usage: String?
}

extension ReplicaReader {
    /// Bill records in order of key, past `afterKey`. Which ones is decided by an index alone, so that only those are read.
    package func bills(
        customer: CustomerKey?, cycle: BillingCycle?, afterKey: Int64 = 0, limit: Int
    ) throws(StoreError) -> [BillRow] {
        try read { connection in
            let statement = try connection.statement(
                """
                SELECT r.key, r.bill_id, coalesce(c.name, ''), coalesce(cy.cycle, ''), coalesce(cy.status, ''), r.bill_type,
                    coalesce(p.service_name, ''), coalesce(p.name, ''), g.name, s.resource_id, r.consume_time,
                    r.usage_amount || coalesce(' ' || r.usage_unit, ''), r.currency, r.official_amount, r.payment_amount, cy.as_of
                FROM bill_record r LEFT JOIN customer c ON c.key = r.customer LEFT JOIN cycle cy ON cy.key = r.cycle
                LEFT JOIN product p ON p.key = r.product LEFT JOIN region g ON g.key = r.region
                LEFT JOIN resource s ON s.key = r.resource
                WHERE r.key IN (
                    SELECT r.key FROM bill_record r
                    WHERE r.key > ? AND \(ReplicaReader.condition(customer, cycle)) ORDER BY r.key LIMIT ?)
                ORDER BY r.key
                """)
            try statement.bind(1, afterKey)
            try statement.bind(2, Int64(limit))
            return try statement.rows { row in
                BillRow(
                    key: row.int64(0), billID: row.text(1), customer: row.text(2), cycle: row.text(3),
                    status: row.text(4),
                    asOf: row.optionalInt64(15), billType: row.int64(5), service: row.text(6), product: row.text(7),
                    region: row.optionalText(8),
                    resource: row.optionalText(9), consumeTime: row.int64(10), usage: row.optionalText(11),
                    currency: row.text(12), official: Money(units: row.int64(13)), payment: Money(units: row.int64(14)))
            }
        }
    }

    /// Exact totals. Whole and fraction are summed apart, so that no total overflows.
    package func billSums(
        by grouping: BillGrouping, customer: CustomerKey?, cycle: BillingCycle?
    ) throws(StoreError) -> [BillSum] {
        let (label, id, account, join) =
            switch grouping {
            case .cycle: ("cy.cycle", "NULL", "NULL", "")
            case .customer:
                (
                    "coalesce(c.name, '')", "c.customer_id", "max(c.account_name)",
                    "LEFT JOIN customer c ON c.key = r.customer"
                )
            case .product:
                (
                    "coalesce(p.service_name || ' / ' || p.name, '')", "NULL", "NULL",
                    "LEFT JOIN product p ON p.key = r.product"
                )
            }
        return try read { connection in
            let statement = try connection.statement(
                """
                SELECT \(label), \(id), coalesce(cy.status, 'estimate'), r.currency, count(*),
                    sum(r.official_amount / 100000000), sum(r.official_amount % 100000000),
                    sum(r.payment_amount / 100000000), sum(r.payment_amount % 100000000), min(coalesce(cy.as_of, 0)),
                    \(account)
                FROM bill_record r LEFT JOIN cycle cy ON cy.key = r.cycle \(join)
                WHERE \(ReplicaReader.condition(customer, cycle)) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
                """)
            return try statement.rows { row in
                BillSum(
                    group: row.text(0), customerID: row.optionalText(1), accountName: row.optionalText(10),
                    cycleStatus: row.text(2), currency: row.text(3),
                    records: row.int64(4), official: Money.exactText(whole: row.int64(5), fraction: row.int64(6)),
                    payment: Money.exactText(whole: row.int64(7), fraction: row.int64(8)), asOf: row.int64(9))
            }
        }
    }

    /// Coupons, of one customer or of all, by their end.
    package func coupons(customer: CustomerKey?, limit: Int) throws(StoreError) -> [CouponRow] {
        try read { connection in
            let condition = customer.map { "k.customer = \($0.value)" } ?? "1"
            return try ReplicaReader.coupons(connection, condition, limit: limit)
        }
    }

    /// Coupons of a condition over `k` with the numbers ?1, ?2 … in it, the first to expire first.
    static func coupons(
        _ connection: Connection, _ condition: String, bounds: [Int64] = [], limit: Int = .max
    ) throws -> [CouponRow] {
        let statement = try connection.statement(
            """
            SELECT k.coupon_id, k.status, c.name, k.type, k.face_value, k.balance, k.currency, k.valid_from, k.expires,
                k.plan_name, k.usage
            FROM coupon k LEFT JOIN customer c ON c.key = k.customer WHERE \(condition) ORDER BY k.expires, k.key
            LIMIT ?\(bounds.count + 1)
            """)
        for (index, bound) in (bounds + [Int64(limit)]).enumerated() { try statement.bind(index + 1, bound) }
        return try statement.rows { row in
            CouponRow(
                couponID: row.text(0), status: row.int64(1), customer: row.optionalText(2), type: row.int64(3),
                faceValue: Money(units: row.int64(4)), balance: row.optionalInt64(5).map { Money(units: $0) },
                currency: row.text(6), validFrom: row.int64(7), expires: row.int64(8),
                planName: row.optionalText(9), usage: row.optionalText(10))
        }
    }

    /// Keys and cycles are integers of ours, so they may stand in the text.
    private static func condition(_ customer: CustomerKey?, _ cycle: BillingCycle?) -> String {
        var parts: [String] = []
        if let customer { parts.append("r.customer = \(customer.value)") }
        if let cycle { parts.append("r.cycle = \(cycle.year * 100 + cycle.month)") }
        return parts.isEmpty ? "1" : parts.joined(separator: " AND ")
    }
}
