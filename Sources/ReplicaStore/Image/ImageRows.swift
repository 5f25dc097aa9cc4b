import PartnerModel
import SQLiteKit
import SyncProtocol

/// A conflict row of the image, in a form that is also kept as our own copy.
struct ConflictRecord: Sendable, Hashable, Codable {
    var key: Int64
    var customer: Int64
    var register: String
    var replica: String
    var edit: Int64
    var status: String
    var intent: String
    var base: String
    var theirs: String
    var theirsVersion: Int64
    var mineBy: String
    var theirsBy: String?
    var rule: String
    var rulesVersion: Int64
    var heldAt: Int64
    var choice: String?
    var decidedBy: String?
    var decidedAt: Int64?
    var outcome: String?
    var outcomeVersion: Int64?
    var deadline: Int64?
    var fallback: String?
    var facts: String?
    var theirsAt: Int64?
    var decisionReason: String?
}

/// Reading of registers and conflicts of an image, shared by the writer and by readers.
struct ImageRows {
    let connection: Connection

    /// Id and name of a customer; nil when it is not in the image.
    func customer(_ key: CustomerKey) throws -> Customer? {
        let statement = try connection.statement(
            "SELECT \(ImageRows.customerColumns) FROM customer WHERE key = ?")
        try statement.bind(1, key.value)
        return try statement.first(ImageRows.decodeCustomer) ?? nil
    }

    /// What `decodeCustomer` reads, in its order.
    static let customerColumns = "key, customer_id, account_name, name, association, managed_by, former"

    static func decodeCustomer(_ row: Statement) -> Customer? {
        AssociationType(rawValue: row.text(4)).map {
            Customer(
                key: CustomerKey(row.int64(0)), customerID: row.text(1), accountName: row.text(2), name: row.text(3),
                association: $0, managedBy: row.optionalText(5), isFormer: row.int64(6) != 0)
        }
    }

    func partnerState() throws -> (state: PartnerState, discountRange: ClosedRange<BasisPoints>?)? {
        try connection.statement("SELECT state, discount_low, discount_high FROM partner WHERE key = 1").first { row in
            var range: ClosedRange<BasisPoints>?
            if let low = row.optionalInt64(1), let high = row.optionalInt64(2), low <= high {
                range = BasisPoints(low)...BasisPoints(high)
            }
            return (PartnerState(rawValue: row.text(0)) ?? .active, range)
        }
    }

    /// What is used of a customer's budget, and seconds since 1970 when that was known; nil when nobody said.
    func usage(of customer: CustomerKey) throws -> (used: Money, asOf: Int64)? {
        let statement = try connection.statement("SELECT amount, as_of FROM usage WHERE key = ?")
        try statement.bind(1, customer.value)
        return try statement.first { (Money(units: $0.int64(0)), $0.int64(1)) }
    }

    /// What the image holds of a register, and its version; version 0 when it was never written.
    func register(_ register: Register, of customer: CustomerKey) throws -> (state: RegisterState, version: Version) {
        let sql: String
        switch register {
        case .budget: sql = "SELECT version, amount, type, on_exhaustion FROM budget WHERE key = ?"
        case .freezes: sql = "SELECT version, freezes FROM freezes WHERE key = ?"
        case .discount: sql = "SELECT version, percent_bp, valid_from, valid_until FROM discount WHERE key = ?"
        case .manager: sql = "SELECT version, account_name FROM manager WHERE key = ?"
        case .label: sql = "SELECT version, label FROM label WHERE key = ?"
        case .request: sql = "SELECT version, purpose, status, reason, requested_at FROM request WHERE key = ?"
        case .conflict: throw WireCoding.Malformed(why: "a conflict is not a register of a customer")
        }
        let statement = try connection.statement(sql)
        try statement.bind(1, customer.value)
        let found = try statement.first { row in (try ImageRows.decode(register, row), Version(row.int64(0))) }
        guard let found else {
            guard let empty = RegisterState.empty(register) else { throw WireCoding.Malformed(why: "unknown register") }
            return (empty, .never)
        }
        return found
    }

    private static func decode(_ register: Register, _ row: Statement) throws -> RegisterState {
        switch register {
        case .budget:
            guard let amount = row.optionalInt64(1) else { return .budget(nil) }
            guard let type = BudgetType(rawValue: row.text(2)), let action = ExhaustionAction(rawValue: row.text(3))
            else {
                throw WireCoding.Malformed(why: "a budget row cannot be read")
            }
            return .budget(Budget(amount: Money(units: amount), type: type, onExhaustion: action))
        case .freezes:
            return .freezes(try WireCoding.decode([V1.Freeze].self, from: row.text(1)).map { try $0.freeze() })
        case .discount:
            guard let percent = row.optionalInt64(1) else { return .discount(nil) }
            return .discount(
                Discount(
                    percent: BasisPoints(percent), validFrom: Timestamp(seconds: row.int64(2)),
                    validUntil: Timestamp(seconds: row.int64(3))))
        case .manager: return .manager(row.optionalText(1))
        case .label: return .label(row.optionalText(1))
        case .request:
            guard let word = row.optionalText(1) else { return .request(nil) }
            guard let purpose = RequestPurpose(rawValue: word), let status = RequestStatus(rawValue: row.text(2)) else {
                throw WireCoding.Malformed(why: "an association request cannot be read")
            }
            return .request(
                AssociationRequest(
                    purpose: purpose, status: status, reason: row.optionalText(3) ?? "",
                    requestedAt: Timestamp(seconds: row.int64(4))))
        case .conflict: throw WireCoding.Malformed(why: "unknown register")
        }
    }

    private static let conflictColumns = """
        key, customer, register, replica, edit, status, intent, base, theirs, theirs_version, mine_by, theirs_by, rule,
        rules_version, held_at, choice, decided_by, decided_at, outcome, outcome_version, deadline, fallback, facts, theirs_at,
        decision_reason
        """

    func conflict(_ key: ConflictKey) throws -> ConflictRecord? {
        let statement = try connection.statement("SELECT \(ImageRows.conflictColumns) FROM conflict WHERE key = ?")
        try statement.bind(1, key.value)
        return try statement.first(ImageRows.decodeConflict)
    }

    /// Conflicts in order of key; only open ones when asked.
    func conflicts(onlyOpen: Bool, limit: Int) throws -> [ConflictRecord] {
        let condition = onlyOpen ? "WHERE status = 'open'" : ""
        let statement = try connection.statement(
            "SELECT \(ImageRows.conflictColumns) FROM conflict \(condition) ORDER BY key LIMIT ?")
        try statement.bind(1, Int64(limit))
        return try statement.rows(ImageRows.decodeConflict)
    }

    private static func decodeConflict(_ row: Statement) -> ConflictRecord {
        ConflictRecord(
            key: row.int64(0), customer: row.int64(1), register: row.text(2), replica: row.text(3), edit: row.int64(4),
            status: row.text(5), intent: row.text(6), base: row.text(7), theirs: row.text(8),
            theirsVersion: row.int64(9),
            mineBy: row.text(10), theirsBy: row.optionalText(11), rule: row.text(12), rulesVersion: row.int64(13),
            heldAt: row.int64(14), choice: row.optionalText(15), decidedBy: row.optionalText(16),
            decidedAt: row.optionalInt64(17), outcome: row.optionalText(18), outcomeVersion: row.optionalInt64(19),
            deadline: row.optionalInt64(20), fallback: row.optionalText(21), facts: row.optionalText(22),
            theirsAt: row.optionalInt64(23), decisionReason: row.optionalText(24))
    }
}
