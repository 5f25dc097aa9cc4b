import Diagnostics
package import LedgerStore
package import PartnerModel
import SyncProtocol

/// The one place by which others than members change the truth: usage, month, freezes, partner, associations, and what
/// is done at the vendor's console.
///
/// Each change is judged, carried out and recorded in the history of each customer it touches, in the caller's
/// transaction. What changes nothing writes nothing. What is refused throws a `UserError` before anything is written.
/// A row that is no register (usage, the customer itself) is recorded with equal states and the change in words, so
/// that it is never taken for a change of the register. The history is a customer's: the partner's own rows have none.
package struct SystemWriters {
    let writer: LedgerWriter
    let rulesVersion: Int
    let now: Timestamp

    package init(
        writer: LedgerWriter, rulesVersion: Int, now: Timestamp
    ) {
        self.writer = writer
        self.rulesVersion = rulesVersion
        self.now = now
    }

    /// Carries out a change. `author` is the account at the console; nil = who usually makes such a change.
    @discardableResult
    package func carryOut(_ change: SystemChange, by author: String? = nil) throws -> SystemOutcome {
        switch change {
        case .usage(let customer, let amount): try usage(customer, amount)
        case .resetMonth: try resetMonth()
        case .freeze(let customer, let cause, let kind, let reason):
            try freeze(customer, cause, kind, reason: reason, by: author)
        case .release(let customer, let cause): try release(customer, cause, by: author)
        case .partner(let state): try partner(state)
        case .range(let range): try self.range(range)
        case .quota(let quota): try self.quota(quota)
        case .associationType(let customer, let type): try associationType(customer, type, by: author)
        case .delegate(let customer, let reseller): try delegate(customer, reseller, by: author)
        case .associate(let customer): try associate(customer, by: author ?? Author.system)
        case .disassociate(let customer): try disassociate(customer, by: author ?? Author.system)
        case .request(let customer, let purpose, let reason): try request(customer, purpose, reason: reason)
        case .budget(let customer, let budget): try self.budget(customer, budget, by: author)
        case .discount(let customer, let discount): try self.discount(customer, discount, by: author)
        case .manager(let customer, let account): try manager(customer, account, by: author)
        case .label(let customer, let label): try self.label(customer, label, by: author)
        }
    }

    /// Who changes the truth beside members.
    enum Author {
        static let system = "system"
        static let vendor = "vendor"
        static let customer = "customer"
        /// The partner's administrator at the vendor's console.
        static let console = "admin"
    }

    // MARK: Customers

    /// The row of a customer, former or not.
    func known(_ key: CustomerKey, _ what: String) throws -> CustomerRow {
        guard let row = try writer.customerRow(key) else {
            throw refusal(
                what, "there is no such customer",
                "list customers with: fieldbook-server dump --entity customer --data DIR")
        }
        return row
    }

    /// The row of a customer whose association stands.
    func associated(_ key: CustomerKey, _ what: String) throws -> CustomerRow {
        let row = try known(key, what)
        guard !row.isFormer else {
            throw refusal(
                what, "\(row.accountName) is a former customer",
                "associate it again with: fieldbook-server admin associate \(row.accountName) --data DIR")
        }
        return row
    }

    /// The row of a customer of one association type.
    func associated(_ key: CustomerKey, as type: AssociationType, _ what: String) throws -> CustomerRow {
        let row = try associated(key, what)
        guard row.association == type else {
            throw refusal(
                what,
                "\(row.accountName) is a \(row.association.rawValue) customer, this is for \(type.rawValue) customers",
                "name another customer, or change its type with: "
                    + "fieldbook-server admin association \(row.accountName) \(type.rawValue) --data DIR")
        }
        return row
    }

    // MARK: Refusals

    func refusal(_ what: String, _ why: String, _ next: String) -> UserError {
        UserError(.refused, what: what, why: why, next: next)
    }

    /// Refuses what the limits of the domain refuse, whoever asks.
    func check(_ intent: EditIntent, on state: RegisterState, of customer: CustomerRow, _ what: String) throws {
        let partner = try writer.partner()
        let facts = EditFacts(
            association: customer.association, partnerState: partner.state, discountRange: partner.discountRange,
            cycle: BillingCycle(containing: now.seconds), now: now)
        if let violation = EditLimits.violation(of: intent, on: state, facts: facts) {
            throw refusal(what, violation.message, violation.next)
        }
    }

    // MARK: Writing

    /// Writes a register with its record, unless it holds the state already; says what changed.
    func set(
        _ state: RegisterState, of customer: CustomerRow, by author: String, note: String? = nil
    ) throws -> SystemOutcome {
        let before = try writer.register(state.register, of: customer.key).state
        let name = "\(StateWording.name(state.register)) of \(customer.accountName)"
        guard before != state else { return .unchanged("\(name) is \(StateWording.text(state)) already") }
        _ = try writer.set(state, of: customer.key, author: author, at: now)
        try record(customer.key, from: before, to: state, by: author, note)
        return .changed(["\(name): \(StateWording.text(before)) -> \(StateWording.text(state))"])
    }

    /// Records a change of something that is no register, under the register that it concerns.
    func note(_ register: Register, _ customer: CustomerRow, by author: String, _ words: String) throws -> String {
        let state = try writer.register(register, of: customer.key).state
        try record(customer.key, from: state, to: state, by: author, words)
        return "\(customer.accountName): \(words)"
    }

    private func record(
        _ customer: CustomerKey, from before: RegisterState, to after: RegisterState, by author: String, _ note: String?
    ) throws {
        var entry = HistoryEntry(
            at: now, customer: customer, register: after.register, author: author, action: "system",
            before: try WireCoding.text(V1.State(before)), after: try WireCoding.text(V1.State(after)), rule: "system",
            rulesVersion: rulesVersion, replica: nil, edit: nil)
        entry.note = note
        try writer.record(entry)
    }
}
