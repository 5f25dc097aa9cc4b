package import PartnerModel
import SQLiteKit
import SyncProtocol

/// Reading of a customer's registers.
extension LedgerReader {
    /// What a register of a customer holds and its version; version 0 when it was never written.
    package func register(
        _ register: Register, of customer: CustomerKey
    ) throws -> (state: RegisterState, version: Version) {
        switch register {
        case .budget: try budget(of: customer)
        case .freezes: try freezes(of: customer)
        case .discount: try discount(of: customer)
        case .manager:
            try text("SELECT version, account_name FROM manager WHERE key = ?", of: customer) { .manager($0) }
        case .label: try text("SELECT version, label FROM label WHERE key = ?", of: customer) { .label($0) }
        case .request: try request(of: customer)
        case .conflict: throw LedgerError.damaged("a conflict is not a register of a customer")
        }
    }

    /// Who changed a register last, and when; nil when nobody did or the register does not say.
    /// An edit of a replica may be left out: what stood before it is asked for.
    package func lastChange(
        of register: Register, customer: CustomerKey, before number: Int64? = nil, of replica: String? = nil
    ) throws -> (author: String, at: Timestamp)? {
        let statement = try connection.statement(
            """
            SELECT author, at FROM history
            WHERE customer = ? AND register = ? AND before <> after AND NOT (replica IS ? AND edit IS ? AND edit NOT NULL)
            ORDER BY key DESC LIMIT 1
            """)
        try statement.bind(1, customer.value)
        try statement.bind(2, register.rawValue)
        try statement.bind(3, replica)
        try statement.bind(4, number)
        return try statement.first { ($0.text(0), Timestamp(seconds: $0.int64(1))) }
    }

    private func text(
        _ sql: String, of customer: CustomerKey, _ state: (String?) -> RegisterState
    ) throws -> (RegisterState, Version) {
        let statement = try connection.statement(sql)
        try statement.bind(1, customer.value)
        return try statement.first { (state($0.optionalText(1)), Version($0.int64(0))) } ?? (state(nil), .never)
    }

    private func request(of customer: CustomerKey) throws -> (RegisterState, Version) {
        let statement = try connection.statement(
            "SELECT version, purpose, status, reason, requested_at FROM request WHERE key = ?")
        try statement.bind(1, customer.value)
        let found = try statement.first { row -> (RegisterState, Version) in
            let version = Version(row.int64(0))
            guard let word = row.optionalText(1) else { return (.request(nil), version) }
            guard let purpose = RequestPurpose(rawValue: word), let status = RequestStatus(rawValue: row.text(2)) else {
                throw LedgerError.damaged("an association request cannot be read")
            }
            let request = AssociationRequest(
                purpose: purpose, status: status, reason: row.optionalText(3) ?? "",
                requestedAt: Timestamp(seconds: row.int64(4)))
            return (.request(request), version)
        }
        return found ?? (.request(nil), .never)
    }

    private func budget(of customer: CustomerKey) throws -> (RegisterState, Version) {
        let statement = try connection.statement(
            "SELECT version, amount, type, on_exhaustion FROM budget WHERE key = ?")
        try statement.bind(1, customer.value)
        let found = try statement.first { row -> (RegisterState, Version) in
            let version = Version(row.int64(0))
            guard let amount = row.optionalInt64(1) else { return (.budget(nil), version) }
            guard let type = BudgetType(rawValue: row.text(2)), let action = ExhaustionAction(rawValue: row.text(3))
            else {
                throw LedgerError.damaged("a budget row cannot be read")
            }
            return (.budget(Budget(amount: Money(units: amount), type: type, onExhaustion: action)), version)
        }
        return found ?? (.budget(nil), .never)
    }

    private func freezes(of customer: CustomerKey) throws -> (RegisterState, Version) {
        let statement = try connection.statement("SELECT version, freezes FROM freezes WHERE key = ?")
        try statement.bind(1, customer.value)
        let found = try statement.first { row -> (RegisterState, Version) in
            let members = try WireCoding.decode([V1.Freeze].self, from: row.text(1))
            return (.freezes(try members.map { try $0.freeze() }), Version(row.int64(0)))
        }
        return found ?? (.freezes([]), .never)
    }

    private func discount(of customer: CustomerKey) throws -> (RegisterState, Version) {
        let statement = try connection.statement(
            "SELECT version, percent_bp, valid_from, valid_until FROM discount WHERE key = ?")
        try statement.bind(1, customer.value)
        let found = try statement.first { row -> (RegisterState, Version) in
            guard let percent = row.optionalInt64(1) else { return (.discount(nil), Version(row.int64(0))) }
            let discount = Discount(
                percent: BasisPoints(percent), validFrom: Timestamp(seconds: row.int64(2)),
                validUntil: Timestamp(seconds: row.int64(3)))
            return (.discount(discount), Version(row.int64(0)))
        }
        return found ?? (.discount(nil), .never)
    }
}
