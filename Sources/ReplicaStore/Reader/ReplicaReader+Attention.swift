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
    /// pass over budgets, freezes and coupons; only what is listed is decoded.
    package func attention(now: Int64, couponDays: Int64 = 30, limit: Int) throws(StoreError) -> Attention {
        let partner = try partner()
        return try read { connection in
            let budgets = try ReplicaReader.budgets(connection, limit: limit)
            let freezes = try ReplicaReader.freezes(connection, limit: limit)
            let ending = "k.status = 2 AND k.is_frozen = 0 AND k.expires > ?1 AND k.expires <= ?2"
            let bounds = [now, now + couponDays * 86_400]
            let coupons = try ReplicaReader.coupons(connection, ending, bounds: bounds, limit: limit)
            let couponCount = try connection.statement("SELECT count(*) FROM coupon k WHERE \(ending)")
            for (index, bound) in bounds.enumerated() { try couponCount.bind(index + 1, bound) }
            let requests = try connection.statement(
                "SELECT count(*) FROM request q JOIN customer c ON c.key = q.key WHERE q.status = 'pending'"
            ).first { Int($0.int64(0)) }
            return Attention(
                budgets: budgets.lines, freezes: freezes.lines, coupons: coupons, requests: requests ?? 0,
                quota: partner?.quota, budgetCount: budgets.count, freezeCount: freezes.count,
                couponCount: try couponCount.first { Int($0.int64(0)) } ?? 0)
        }
    }

    /// A budget that is near its end, by numbers alone.
    private struct UsedBudget {
        let key: Int64
        let amount: Money
        let used: Money
        let mark: BudgetMark
        let asOf: Int64

        func isBefore(_ other: UsedBudget) -> Bool {
            let (own, its) = (
                Int128(used.units) * Int128(max(1, other.amount.units)),
                Int128(other.used.units) * Int128(max(1, amount.units))
            )
            return own == its ? key < other.key : own > its
        }
    }

    private static func budgets(
        _ connection: Connection, limit: Int
    ) throws -> (lines: [Attention.BudgetLine], count: Int) {
        let used = try connection.statement(
            """
            SELECT b.key, b.amount, u.amount, u.as_of
            FROM budget b JOIN usage u ON u.key = b.key JOIN customer c ON c.key = b.key
            WHERE b.amount IS NOT NULL AND c.former = 0 AND u.amount >= b.amount - b.amount / 4 - 1
            """
        ).rows { row -> UsedBudget? in
            let (amount, used) = (Money(units: row.int64(1)), Money(units: row.int64(2)))
            return BudgetMark(used: used, of: amount).map {
                UsedBudget(key: row.int64(0), amount: amount, used: used, mark: $0, asOf: row.int64(3))
            }
        }.compactMap { $0 }
        let image = ImageRows(connection: connection)
        let lines = try used.sorted { $0.isBefore($1) }.prefix(limit).compactMap { budget in
            try image.customer(CustomerKey(budget.key)).map {
                Attention.BudgetLine(
                    customer: $0, amount: budget.amount, used: budget.used, mark: budget.mark, asOf: budget.asOf)
            }
        }
        return (lines, used.count)
    }

    private static func freezes(
        _ connection: Connection, limit: Int
    ) throws -> (lines: [Attention.FreezeLine], count: Int) {
        let those = "FROM freezes f JOIN customer c ON c.key = f.key WHERE f.kind IS NOT NULL"
        let count = try connection.statement("SELECT count(*) \(those)").first { Int($0.int64(0)) } ?? 0
        let statement = try connection.statement(
            "SELECT \(customerColumns), f.freezes \(those) ORDER BY c.name, c.key LIMIT ?1")
        try statement.bind(1, Int64(limit))
        let lines = try statement.rows { row -> Attention.FreezeLine? in
            let freezes = try WireCoding.decode([V1.Freeze].self, from: row.text(7)).map { try $0.freeze() }
            guard let customer = ImageRows.decodeCustomer(row), let kind = freezes.strictestKind else { return nil }
            return Attention.FreezeLine(customer: customer, kind: kind, freezes: freezes)
        }
        return (lines.compactMap { $0 }, count)
    }

    private static let customerColumns = ImageRows.customerColumns.split(separator: ", ").map { "c.\($0)" }
        .joined(separator: ", ")
}
