package import PartnerModel
import SQLiteKit
import SyncProtocol

/// What of the data asks for a person's attention at a moment.
package struct Attention: Sendable, Hashable {
    /// A budget of which much is used.
    package struct BudgetLine: Sendable, Hashable {
        package let customer: Customer
        package let amount: Money
        package let used: Money
        package let mark: BudgetMark
        /// Seconds since 1970 when `used` was true.
        package let asOf: Int64
    }

    package struct FreezeLine: Sendable, Hashable {
        package let customer: Customer
        /// The strictest of its freezes.
        package let kind: FreezeKind
        package let freezes: [Freeze]
    }

    /// The most used first.
    package let budgets: [BudgetLine]
    /// In order of name.
    package let freezes: [FreezeLine]
    /// Usable ones, the first to expire first.
    package let coupons: [CouponRow]
    package let requests: Int
    /// Nil when the member does not see it, or nobody ever said.
    package let quota: QuotaRow?
    /// Numbers of each beyond the limit of the lists too.
    package let budgetCount: Int
    package let freezeCount: Int
    package let couponCount: Int
}

extension ReplicaReader {
    /// Budgets of customers from three quarters on, freezes, usable coupons that expire within `couponDays` of `now` (seconds
    /// since 1970), pending association requests and the quota, as the server has confirmed them; `limit` of each list. Cost: one
    /// pass over budgets, freezes and coupons.
    package func attention(now: Int64, couponDays: Int64 = 30, limit: Int) throws(StoreError) -> Attention {
        let partner = try partner()
        return try read { connection in
            let budgets = try ReplicaReader.budgets(connection)
            let freezes = try ReplicaReader.freezes(connection)
            let coupons = try ReplicaReader.coupons(
                connection, "k.status = 2 AND k.is_frozen = 0 AND k.expires > ?1 AND k.expires <= ?2",
                bounds: [now, now + couponDays * 86_400])
            let requests = try connection.statement(
                "SELECT count(*) FROM request q JOIN customer c ON c.key = q.key WHERE q.status = 'pending'"
            ).first { Int($0.int64(0)) }
            return Attention(
                budgets: Array(budgets.prefix(limit)), freezes: Array(freezes.prefix(limit)),
                coupons: Array(coupons.prefix(limit)), requests: requests ?? 0, quota: partner?.quota,
                budgetCount: budgets.count, freezeCount: freezes.count, couponCount: coupons.count)
        }
    }

    private static func budgets(_ connection: Connection) throws -> [Attention.BudgetLine] {
        let lines = try connection.statement(
            """
            SELECT \(customerColumns), b.amount, u.amount, u.as_of
            FROM budget b JOIN usage u ON u.key = b.key JOIN customer c ON c.key = b.key
            WHERE b.amount IS NOT NULL AND c.former = 0 AND u.amount >= b.amount - b.amount / 4 - 1
            """
        ).rows { row -> Attention.BudgetLine? in
            let (amount, used) = (Money(units: row.int64(7)), Money(units: row.int64(8)))
            guard let customer = ImageRows.decodeCustomer(row), let mark = BudgetMark(used: used, of: amount) else {
                return nil
            }
            return Attention.BudgetLine(
                customer: customer, amount: amount, used: used, mark: mark, asOf: row.int64(9))
        }
        return lines.compactMap { $0 }.sorted { first, second in
            let (one, other) = (
                Int128(first.used.units) * Int128(max(1, second.amount.units)),
                Int128(second.used.units) * Int128(max(1, first.amount.units))
            )
            return one == other ? first.customer.key.value < second.customer.key.value : one > other
        }
    }

    private static func freezes(_ connection: Connection) throws -> [Attention.FreezeLine] {
        try connection.statement(
            """
            SELECT \(customerColumns), f.freezes FROM freezes f JOIN customer c ON c.key = f.key
            WHERE f.kind IS NOT NULL ORDER BY c.name, c.key
            """
        ).rows { row -> Attention.FreezeLine? in
            let freezes = try WireCoding.decode([V1.Freeze].self, from: row.text(7)).map { try $0.freeze() }
            guard let customer = ImageRows.decodeCustomer(row), let kind = freezes.strictestKind else { return nil }
            return Attention.FreezeLine(customer: customer, kind: kind, freezes: freezes)
        }.compactMap { $0 }
    }

    private static let customerColumns = ImageRows.customerColumns.split(separator: ", ").map { "c.\($0)" }
        .joined(separator: ", ")
}
