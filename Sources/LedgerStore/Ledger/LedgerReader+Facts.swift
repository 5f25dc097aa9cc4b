package import PartnerModel
import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What of a customer decides which edits are legal.
package struct CustomerStanding: Sendable, Hashable {
    package let association: AssociationType
    package let isFormer: Bool
    /// Account name of the reseller that manages budgets and freezes; nil = the partner itself.
    package let managedBy: String?
}

/// What judging an edit reads beside its register.
extension LedgerReader {
    /// The standing of a customer; nil when there is none of the key.
    package func standing(of customer: CustomerKey) throws -> CustomerStanding? {
        let statement = try connection.statement("SELECT association, former, managed_by FROM customer WHERE key = ?")
        try statement.bind(1, customer.value)
        return try statement.first { row in
            guard let association = AssociationType(rawValue: row.text(0)) else {
                throw LedgerError.damaged("a customer row cannot be read")
            }
            #if FIELDBOOK_DEFECTS
            let isFormer = Defect.planted != .formerCustomerEdited && row.int64(1) != 0
            #else
            let isFormer = row.int64(1) != 0
            #endif
            return CustomerStanding(association: association, isFormer: isFormer, managedBy: row.optionalText(2))
        }
    }

    /// Version of the partner's row.
    package func partnerVersion() throws -> Version {
        try connection.statement("SELECT version FROM partner WHERE key = 1").first { Version($0.int64(0)) } ?? .never
    }

    /// How much an author's edits that passed by one of the rules named have changed a customer's budget since a moment.
    package func tolerated(
        _ customer: CustomerKey, by author: String, rules: [String], since: Timestamp
    ) throws -> Money {
        let statement = try connection.statement(
            "SELECT before, after, rule FROM history WHERE customer = ? AND author = ? AND at >= ?")
        try statement.bind(1, customer.value)
        try statement.bind(2, author)
        try statement.bind(3, since.seconds)
        let steps = try statement.rows { row -> Int64 in
            guard rules.contains(row.text(2)),
                case .budget(let before?) = try WireCoding.decode(V1.State.self, from: row.text(0)).state(),
                case .budget(let after?) = try WireCoding.decode(V1.State.self, from: row.text(1)).state()
            else { return 0 }
            return abs(after.amount.units - before.amount.units)
        }
        return Money(units: steps.reduce(0) { $0.addingReportingOverflow($1).partialValue })
    }

    /// Open conflicts whose deadline has come, oldest deadline first, at most 100.
    package func overdueConflicts(at now: Timestamp) throws -> [ConflictKey] {
        let statement = try connection.statement(
            """
            SELECT key FROM conflict
            WHERE status = 'open' AND deadline IS NOT NULL AND deadline <= ? ORDER BY deadline, key LIMIT 100
            """)
        try statement.bind(1, now.seconds)
        return try statement.rows { ConflictKey($0.int64(0)) }
    }
}
