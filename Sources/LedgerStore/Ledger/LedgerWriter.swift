package import PartnerModel
import SQLiteKit
package import SyncProtocol

/// Writes inside one transaction of a ledger. Every changed row gets a sequence of its own and one feed entry.
package final class LedgerWriter: LedgerReader {
    /// The last sequence given, this transaction's included.
    package private(set) var sequence: Int64
    private var nextKey: Int64
    private let feedEntry: Statement
    private var upserts: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)

    override init(_ connection: Connection) throws {
        feedEntry = try connection.prepare(
            "INSERT OR REPLACE INTO feed (sequence, entity, key, subject, deleted) VALUES (?, ?, ?, ?, ?)")
        nextKey = try connection.statement("SELECT next_key FROM ledger_state WHERE id = 1").first { $0.int64(0) } ?? 1
        sequence = 0
        try super.init(connection)
        sequence = state.sequence
    }

    /// Stores the counters; called once, before the commit.
    func finish() throws {
        let statement = try connection.statement("UPDATE ledger_state SET sequence = ?, next_key = ? WHERE id = 1")
        try statement.bind(1, sequence)
        try statement.bind(2, nextKey)
        try statement.run()
    }

    /// Runs `body` so that a throw undoes what it did and nothing before, its sequences and keys included.
    package func step<Value>(_ body: () throws -> Value) throws -> Value {
        let (sequence, nextKey) = (sequence, nextKey)
        do { return try connection.savepoint(body) } catch {
            self.sequence = sequence
            self.nextKey = nextKey
            throw error
        }
    }

    /// A sequence for what is no row of the feed.
    func takeSequence() -> Int64 {
        sequence += 1
        return sequence
    }

    /// A key that no row of the ledger has or had.
    package func newKey() -> Int64 {
        defer { nextKey += 1 }
        return nextKey
    }

    // MARK: Rows

    /// Writes a row of an entity as a whole; `values` stand in the order of its columns. Returns its version.
    @discardableResult
    package func put(_ entity: Entity, key: Int64, subject: Int64, _ values: [LedgerValue]) throws -> Version {
        precondition(
            values.count == entity.columns.count, "a row of \(entity.name) needs \(entity.columns.count) values")
        sequence += 1
        let statement = try upsert(entity)
        try statement.bind(1, key)
        try statement.bind(2, sequence)
        for (index, value) in values.enumerated() {
            switch value {
            case .null: try statement.bindNull(index + 3)
            case .integer(let value): try statement.bind(index + 3, value)
            case .text(let value): try statement.bind(index + 3, value)
            }
        }
        try statement.run()
        try enter(entity, key, subject, deleted: false)
        return Version(sequence)
    }

    /// Deletes a row and leaves its tombstone in the feed.
    package func delete(_ entity: Entity, key: Int64, subject: Int64) throws {
        sequence += 1
        let statement = try connection.statement("DELETE FROM \(entity.name) WHERE key = ?")
        try statement.bind(1, key)
        try statement.run()
        try enter(entity, key, subject, deleted: true)
    }

    private func enter(_ entity: Entity, _ key: Int64, _ subject: Int64, deleted: Bool) throws {
        try feedEntry.bind(1, sequence)
        try feedEntry.bind(2, Int64(entity.rawValue))
        try feedEntry.bind(3, key)
        try feedEntry.bind(4, subject)
        try feedEntry.bind(5, deleted ? 1 : 0)
        try feedEntry.run()
    }

    private func upsert(_ entity: Entity) throws -> Statement {
        if let prepared = upserts[entity.rawValue] { return prepared }
        let names = ["key", "version"] + entity.columns.map(\.name)
        let sets = names.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let prepared = try connection.prepare(
            """
            INSERT INTO \(entity.name) (\(names.joined(separator: ", ")))
            VALUES (\(names.map { _ in "?" }.joined(separator: ", "))) ON CONFLICT (key) DO UPDATE SET \(sets)
            """)
        upserts[entity.rawValue] = prepared
        return prepared
    }

    /// Writes the partner's row, which everyone sees.
    package func putPartner(_ partner: PartnerRow) throws {
        try put(
            .partner, key: 1, subject: Subject.everyone,
            [
                .text(partner.name), .text(partner.state.rawValue), .text(partner.currency),
                .optional(partner.discountRange?.lowerBound.value), .optional(partner.discountRange?.upperBound.value),
            ])
    }

    // MARK: Registers

    /// Writes a register of a customer and returns its version.
    package func set(_ state: RegisterState, of customer: CustomerKey, author: String, at: Timestamp) throws -> Version
    {
        switch state {
        case .budget(let budget):
            return try put(
                .budget, key: customer.value, subject: customer.value,
                [
                    .optional(budget?.amount.units), .optional(budget?.type.rawValue),
                    .optional(budget?.onExhaustion.rawValue),
                    .text(author), .integer(at.seconds),
                ])
        case .freezes(let freezes):
            let text = try WireCoding.text(freezes.map(V1.Freeze.init))
            return try put(
                .freezes, key: customer.value, subject: customer.value,
                [.text(text), .optional(freezes.strictestKind?.rawValue)])
        case .discount(let discount):
            return try put(
                .discount, key: customer.value, subject: customer.value,
                [
                    .optional(discount?.percent.value), .optional(discount?.validFrom.seconds),
                    .optional(discount?.validUntil.seconds), .text(author), .integer(at.seconds),
                ])
        case .manager(let account):
            let version = try put(.manager, key: customer.value, subject: customer.value, [.optional(account)])
            try moveMemberships(of: customer, at: at)
            return version
        case .label(let label):
            return try put(.label, key: customer.value, subject: customer.value, [.optional(label)])
        case .request(let request):
            let isDecided = request.map { $0.status != .pending } ?? false
            return try put(
                .request, key: customer.value, subject: customer.value,
                [
                    .optional(request?.purpose.rawValue), .optional(request?.status.rawValue),
                    .optional(request?.reason), .optional(request?.requestedAt.seconds),
                    isDecided ? .text(author) : .null, isDecided ? .integer(at.seconds) : .null,
                ])
        }
    }

    /// Writes a conflict row as a whole.
    @discardableResult
    package func putConflict(_ conflict: ConflictRow, key: ConflictKey) throws -> Version {
        try put(
            .conflict, key: key.value, subject: conflict.customer.value,
            [
                .integer(conflict.customer.value), .text(conflict.register), .text(conflict.replica),
                .integer(conflict.edit),
                .text(conflict.isOpen ? "open" : "decided"), .text(conflict.intent), .text(conflict.base),
                .text(conflict.theirs),
                .integer(conflict.theirsVersion), .text(conflict.mineBy), .optional(conflict.theirsBy),
                .text(conflict.rule),
                .integer(conflict.rulesVersion), .integer(conflict.heldAt), .optional(conflict.choice),
                .optional(conflict.decidedBy), .optional(conflict.decidedAt), .optional(conflict.outcome),
                .optional(conflict.outcomeVersion), .optional(conflict.deadline), .optional(conflict.fallback),
                .optional(conflict.facts), .optional(conflict.theirsAt), .optional(conflict.decisionReason),
            ])
    }

    // MARK: Results and history

    /// Notes that a replica of a member is in use; throws when it belongs to another member.
    package func noteReplica(_ replica: String, account: String, incarnation: Int64, at: Timestamp) throws {
        let owner = try connection.statement("SELECT account FROM replica_seen WHERE replica = ?")
        try owner.bind(1, replica)
        if let known = try owner.first({ $0.text(0) }), known != account { throw LedgerError.foreignReplica }
        let statement = try connection.statement(
            """
            INSERT INTO replica_seen (replica, account, incarnation, acked_up_to, last_seen) VALUES (?, ?, ?, 0, ?)
            ON CONFLICT (replica) DO UPDATE SET incarnation = max(incarnation, excluded.incarnation), last_seen = excluded.last_seen
            """)
        try statement.bind(1, replica)
        try statement.bind(2, account)
        try statement.bind(3, incarnation)
        try statement.bind(4, at.seconds)
        try statement.run()
    }

    /// Notes that results up to a number need not be kept for the replica. Results themselves stay: a later edit may
    /// name any of them as its predecessor.
    package func acknowledge(replica: String, upTo number: Int64) throws {
        let statement = try connection.statement(
            "UPDATE replica_seen SET acked_up_to = max(acked_up_to, ?) WHERE replica = ?")
        try statement.bind(1, number)
        try statement.bind(2, replica)
        try statement.run()
    }

    /// Stores the result of an edit, in place of an earlier standing one.
    package func store(_ result: V1.Result, replica: String, account: String, payloadHash: String) throws {
        let statement = try connection.statement(
            """
            INSERT INTO result (replica, number, payload_hash, account, result, sequence) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (replica, number) DO UPDATE SET result = excluded.result, sequence = excluded.sequence
            """)
        try statement.bind(1, replica)
        try statement.bind(2, result.number.value)
        try statement.bind(3, payloadHash)
        try statement.bind(4, account)
        try statement.bind(5, try WireCoding.text(result))
        try statement.bind(6, sequence)
        try statement.run()
    }

    /// Appends the record of a decision, a row of its customer like any other.
    package func record(_ entry: HistoryEntry) throws {
        try put(
            .history, key: newKey(), subject: entry.customer.value,
            [
                .integer(entry.customer.value), .integer(entry.at.seconds), .text(entry.register.rawValue),
                .text(entry.author), .text(entry.action), .text(entry.before), .text(entry.after), .text(entry.rule),
                .integer(Int64(entry.rulesVersion)), .optional(entry.replica), .optional(entry.edit),
                .optional(entry.note), .optional(entry.asked),
            ])
    }
}

/// Who a row concerns, where it is not one customer.
package enum Subject {
    /// Every member of the partner.
    package static let everyone: Int64 = 0
    /// Members whose role sees coupons.
    package static let coupons: Int64 = -1
    /// Members who see the partner's bills.
    package static let bills: Int64 = -2
    /// Members who see the consumption quota.
    package static let quota: Int64 = -3
}

/// The record of one automatic or human decision. States are `V1.State` texts.
package struct HistoryEntry: Sendable, Hashable {
    package var at: Timestamp
    package var customer: CustomerKey
    package var register: Register
    package var author: String
    /// `applied`, `held`, `decided` …
    package var action: String
    package var before: String
    package var after: String
    package var rule: String
    package var rulesVersion: Int
    package var replica: String?
    package var edit: Int64?
    /// A reason, or other words for a person.
    package var note: String?
    /// What an edit that did not take effect would have made of what its author saw.
    package var asked: String?

    package init(
        at: Timestamp, customer: CustomerKey, register: Register, author: String, action: String, before: String,
        after: String, rule: String, rulesVersion: Int, replica: String?, edit: Int64?
    ) {
        self.at = at
        self.customer = customer
        self.register = register
        self.author = author
        self.action = action
        self.before = before
        self.after = after
        self.rule = rule
        self.rulesVersion = rulesVersion
        self.replica = replica
        self.edit = edit
    }
}
