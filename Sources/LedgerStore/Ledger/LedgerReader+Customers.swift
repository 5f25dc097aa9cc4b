package import PartnerModel
import SQLiteKit
package import SyncProtocol

/// Look-ups that writers other than members need: whole rows, usage, sets of customers, the record of what happened.
extension LedgerReader {
    /// All columns of a row in wire order; nil when there is no such row.
    package func values(of entity: Entity, key: Int64) throws -> [LedgerValue]? {
        let columns = entity.columns
        let statement = try connection.statement(
            "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(entity.name) WHERE key = ?")
        try statement.bind(1, key)
        return try statement.first { row in
            columns.enumerated().map { index, column -> LedgerValue in
                if row.isNull(index) { return .null }
                return column.kind == .integer ? .integer(row.int64(index)) : .text(row.text(index))
            }
        }
    }

    /// A customer's own row, former ones included; nil when unknown.
    package func customerRow(_ customer: CustomerKey) throws -> CustomerRow? {
        try values(of: .customer, key: customer.value).map { CustomerRow(key: customer, values: $0) }
    }

    /// What a customer has used of its budget at list price, and when that was known; nil when nobody ever said.
    package func usage(of customer: CustomerKey) throws -> (amount: Money, asOf: Timestamp)? {
        let statement = try connection.statement("SELECT amount, as_of FROM usage WHERE key = ?")
        try statement.bind(1, customer.value)
        return try statement.first { (Money(units: $0.int64(0)), Timestamp(seconds: $0.int64(1))) }
    }

    /// Associated customers of a type, in order of key.
    package func customers(of association: AssociationType) throws -> [CustomerKey] {
        let statement = try connection.statement(
            "SELECT key FROM customer WHERE association = ? AND former = 0 ORDER BY key")
        try statement.bind(1, association.rawValue)
        return try statement.rows { CustomerKey($0.int64(0)) }
    }

    /// Customers with a budget of a type, in order of key.
    package func customers(withBudget type: BudgetType) throws -> [CustomerKey] {
        let statement = try connection.statement("SELECT key FROM budget WHERE type = ? ORDER BY key")
        try statement.bind(1, type.rawValue)
        return try statement.rows { CustomerKey($0.int64(0)) }
    }

    /// Customers with a freeze of a cause, former ones included, in order of key.
    package func customers(frozenBy cause: FreezeCause) throws -> [CustomerKey] {
        let statement = try connection.statement(
            """
            SELECT key FROM freezes
            WHERE EXISTS (SELECT 1 FROM json_each(freezes.freezes) WHERE value ->> 'cause' = ?) ORDER BY key
            """)
        try statement.bind(1, cause.rawValue)
        return try statement.rows { CustomerKey($0.int64(0)) }
    }

    /// The newest records of a customer, oldest first, at most `limit`.
    package func history(of customer: CustomerKey, limit: Int) throws -> [HistoryEntry] {
        let statement = try connection.statement(
            """
            SELECT at, register, author, action, before, after, rule, rules_version, replica, edit, note, asked
            FROM history
            WHERE customer = ? ORDER BY key DESC LIMIT ?
            """)
        try statement.bind(1, customer.value)
        try statement.bind(2, Int64(limit))
        let newestFirst = try statement.rows { row in
            guard let register = Register(rawValue: row.text(1)) else {
                throw LedgerError.damaged("a record of the history names no register")
            }
            var entry = HistoryEntry(
                at: Timestamp(seconds: row.int64(0)), customer: customer, register: register, author: row.text(2),
                action: row.text(3), before: row.text(4), after: row.text(5), rule: row.text(6),
                rulesVersion: Int(row.int64(7)), replica: row.optionalText(8), edit: row.optionalInt64(9))
            entry.note = row.optionalText(10)
            entry.asked = row.optionalText(11)
            return entry
        }
        return newestFirst.reversed()
    }
}

extension LedgerWriter {
    /// Writes a customer's own row and returns its version.
    @discardableResult
    package func putCustomer(_ row: CustomerRow) throws -> Version {
        let version = try put(.customer, key: row.key.value, subject: row.key.value, row.values)
        try moveMemberships(of: row.key, at: row.associatedOn)
        return version
    }

    /// Writes what a customer has used, as known at a moment.
    @discardableResult
    package func putUsage(_ amount: Money, of customer: CustomerKey, asOf: Timestamp) throws -> Version {
        try put(
            .usage, key: customer.value, subject: customer.value, [.integer(amount.units), .integer(asOf.seconds)])
    }
}

/// A customer's own row with every column, so that a change of one keeps the others.
package struct CustomerRow: Sendable, Hashable {
    package let key: CustomerKey
    fileprivate var values: [LedgerValue]

    fileprivate init(key: CustomerKey, values: [LedgerValue]) {
        self.key = key
        self.values = values
    }

    package var accountName: String { text("account_name") ?? "" }

    package var name: String {
        get { text("name") ?? "" }
        set { self["name"] = .text(newValue) }
    }

    package var association: AssociationType {
        get { text("association").flatMap(AssociationType.init(rawValue:)) ?? .reseller }
        set { self["association"] = .text(newValue.rawValue) }
    }

    package var isFormer: Bool {
        get { self["former"] == .integer(1) }
        set { self["former"] = .integer(newValue ? 1 : 0) }
    }

    /// When the present association began.
    package var associatedOn: Timestamp {
        get {
            guard case .integer(let seconds) = self["associated_on"] else { return Timestamp(seconds: 0) }
            return Timestamp(seconds: seconds)
        }
        set { self["associated_on"] = .integer(newValue.seconds) }
    }

    /// Account name of the reseller that manages budgets and freezes; nil = the partner itself.
    package var managedBy: String? {
        get { text("managed_by") }
        set { self["managed_by"] = .optional(newValue) }
    }

    private func text(_ column: String) -> String? {
        guard case .text(let text) = self[column] else { return nil }
        return text
    }

    private subscript(column: String) -> LedgerValue {
        get { values[CustomerRow.index(column)] }
        set { values[CustomerRow.index(column)] = newValue }
    }

    private static func index(_ column: String) -> Int {
        guard let index = Entity.customer.columns.firstIndex(where: { $0.name == column }) else {
            preconditionFailure("a customer has no column \(column)")
        }
        return index
    }
}
