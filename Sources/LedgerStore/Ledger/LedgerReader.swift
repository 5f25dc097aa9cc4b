package import PartnerModel
import SQLiteKit
package import SyncProtocol

/// Reads one committed state of a ledger, or a writer's own transaction.
package class LedgerReader {
    let connection: Connection
    /// As of the beginning of the transaction.
    package let state: LedgerState

    init(_ connection: Connection) throws {
        self.connection = connection
        let lineage = try connection.statement("SELECT epoch, last_sequence FROM lineage ORDER BY ordinal").rows {
            V1.Ancestor(epoch: $0.text(0), last: $0.int64(1))
        }
        let statement = try connection.statement(
            "SELECT epoch, epoch_ordinal, sequence, low_watermark, seal_key, clock_offset, bills_since_assignment FROM ledger_state WHERE id = 1"
        )
        guard
            let state = try statement.first({ row in
                LedgerState(
                    epoch: row.text(0), epochOrdinal: row.int64(1), sequence: row.int64(2), lowWatermark: row.int64(3),
                    sealKey: row.blob(4), clockOffset: row.int64(5), lineage: lineage,
                    billsSinceAssignment: row.int64(6) != 0)
            })
        else { throw LedgerError.damaged("ledger_state is empty") }
        self.state = state
    }

    // MARK: Scope

    /// The scope of a number; nil when it does not exist.
    package func scope(_ number: Int64) throws -> Scope? {
        let statement = try connection.statement(
            "SELECT version, kind, sees_coupons, sees_bills, sees_quota FROM scope WHERE scope = ?")
        try statement.bind(1, number)
        return try statement.first {
            Scope(
                number: number, version: $0.int64(0), isWhole: $0.text(1) == "all", seesCoupons: $0.int64(2) != 0,
                seesBills: $0.int64(3) != 0, seesQuota: $0.int64(4) != 0)
        }
    }

    /// Whether a customer exists and belongs to the scope now.
    package func contains(_ customer: CustomerKey, in scope: Scope) throws -> Bool {
        if scope.isWhole {
            let statement = try connection.statement("SELECT 1 FROM customer WHERE key = ?")
            try statement.bind(1, customer.value)
            return try statement.first { _ in true } ?? false
        }
        let statement = try connection.statement(
            "SELECT 1 FROM membership WHERE scope = ? AND subject = ? AND \"left\" IS NULL")
        try statement.bind(1, scope.number)
        try statement.bind(2, customer.value)
        return try statement.first { _ in true } ?? false
    }

    // MARK: Rows

    /// The partner's own row.
    package func partner() throws -> PartnerRow {
        let statement = try connection.statement(
            "SELECT name, state, currency, discount_low, discount_high FROM partner WHERE key = 1")
        let row = try statement.first { row -> PartnerRow? in
            guard let state = PartnerState(rawValue: row.text(1)) else { return nil }
            var range: ClosedRange<BasisPoints>?
            if let low = row.optionalInt64(3), let high = row.optionalInt64(4), low <= high {
                range = BasisPoints(low)...BasisPoints(high)
            }
            return PartnerRow(name: row.text(0), state: state, currency: row.text(2), discountRange: range)
        }
        guard let row, let partner = row else { throw LedgerError.damaged("the partner row cannot be read") }
        return partner
    }

    /// The key of a customer id; nil when unknown.
    package func customer(id: String) throws -> CustomerKey? {
        let statement = try connection.statement("SELECT key FROM customer WHERE customer_id = ?1 OR account_name = ?1")
        try statement.bind(1, id)
        return try statement.first { CustomerKey($0.int64(0)) }
    }

    /// The key of a customer by its id at the source; nil when unknown.
    package func customer(sourceID: String) throws -> CustomerKey? {
        let statement = try connection.statement("SELECT key FROM customer WHERE source_id = ?")
        try statement.bind(1, sourceID)
        return try statement.first { CustomerKey($0.int64(0)) }
    }

    /// Number of live rows of an entity.
    package func count(_ entity: Entity) throws -> Int64 {
        try connection.statement("SELECT count(*) FROM \(entity.name)").first { $0.int64(0) } ?? 0
    }

    /// Hands each live row of an entity to `body` as the JSON array that the feed carries, in order of key.
    package func forEachRow(of entity: Entity, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let statement = try connection.statement(
            "SELECT \(RowText.expression(entity)) FROM \(entity.name) e ORDER BY key")
        defer { statement.reset() }
        while try statement.step() { try statement.withTextBytes(0, body) }
    }

    // MARK: Conflicts

    /// A conflict row; nil when there is none of that key.
    package func conflict(_ key: ConflictKey) throws -> ConflictRow? {
        let statement = try connection.statement(
            """
            SELECT customer, register, replica, edit, status, intent, base, theirs, theirs_version, mine_by, theirs_by,
                rule, rules_version, held_at, choice, decided_by, decided_at, outcome, outcome_version, deadline, fallback,
                facts, theirs_at, decision_reason
            FROM conflict WHERE key = ?
            """)
        try statement.bind(1, key.value)
        return try statement.first { row in
            var conflict = ConflictRow(
                customer: CustomerKey(row.int64(0)), register: row.text(1), replica: row.text(2), edit: row.int64(3),
                isOpen: row.text(4) == "open", intent: row.text(5), base: row.text(6), theirs: row.text(7),
                theirsVersion: row.int64(8), mineBy: row.text(9), theirsBy: row.optionalText(10), rule: row.text(11),
                rulesVersion: row.int64(12), heldAt: row.int64(13), choice: row.optionalText(14),
                decidedBy: row.optionalText(15), decidedAt: row.optionalInt64(16), outcome: row.optionalText(17),
                outcomeVersion: row.optionalInt64(18))
            conflict.deadline = row.optionalInt64(19)
            conflict.fallback = row.optionalText(20)
            conflict.facts = row.optionalText(21)
            conflict.theirsAt = row.optionalInt64(22)
            conflict.decisionReason = row.optionalText(23)
            return conflict
        }
    }

    // MARK: Results

    /// The stored result of an edit and the hash of the payload it belongs to; nil when the edit never came.
    package func result(replica: String, number: Int64) throws -> (result: V1.Result, payloadHash: String)? {
        let statement = try connection.statement(
            "SELECT result, payload_hash FROM result WHERE replica = ? AND number = ?")
        try statement.bind(1, replica)
        try statement.bind(2, number)
        return try statement.first { (try WireCoding.decode(V1.Result.self, from: $0.text(0)), $0.text(1)) }
    }

    /// Stored results of a member's replica past a number, in order, at most `ProtocolLimits.resultsMax`.
    package func results(replica: String, account: String, after number: Int64) throws -> [V1.Result] {
        let statement = try connection.statement(
            "SELECT result FROM result WHERE replica = ? AND account = ? AND number > ? ORDER BY number LIMIT ?")
        try statement.bind(1, replica)
        try statement.bind(2, account)
        try statement.bind(3, number)
        try statement.bind(4, Int64(ProtocolLimits.resultsMax))
        return try statement.rows { try WireCoding.decode(V1.Result.self, from: $0.text(0)) }
    }
}

/// A held edit with what it met, and its decision.
package struct ConflictRow: Sendable, Hashable {
    package var customer: CustomerKey
    package var register: String
    package var replica: String
    package var edit: Int64
    package var isOpen: Bool
    /// The held edit as it came (`V1.Edit`).
    package var intent: String
    /// What its author saw and what stands (`V1.State`).
    package var base: String
    package var theirs: String
    package var theirsVersion: Int64
    package var mineBy: String
    package var theirsBy: String?
    package var rule: String
    package var rulesVersion: Int64
    package var heldAt: Int64
    package var choice: String?
    package var decidedBy: String?
    package var decidedAt: Int64?
    package var outcome: String?
    package var outcomeVersion: Int64?
    /// When the fallback is carried out if nobody decided; nil = never.
    package var deadline: Int64?
    /// What is done then: `theirs`; nil = it stays open.
    package var fallback: String?
    /// What the judge knew, as `V1.Facts`.
    package var facts: String?
    /// When the register was last changed before the edit came.
    package var theirsAt: Int64?
    /// The decider's words.
    package var decisionReason: String?

    package init(
        customer: CustomerKey, register: String, replica: String, edit: Int64, isOpen: Bool, intent: String,
        base: String,
        theirs: String, theirsVersion: Int64, mineBy: String, theirsBy: String?, rule: String, rulesVersion: Int64,
        heldAt: Int64, choice: String? = nil, decidedBy: String? = nil, decidedAt: Int64? = nil, outcome: String? = nil,
        outcomeVersion: Int64? = nil
    ) {
        self.customer = customer
        self.register = register
        self.replica = replica
        self.edit = edit
        self.isOpen = isOpen
        self.intent = intent
        self.base = base
        self.theirs = theirs
        self.theirsVersion = theirsVersion
        self.mineBy = mineBy
        self.theirsBy = theirsBy
        self.rule = rule
        self.rulesVersion = rulesVersion
        self.heldAt = heldAt
        self.choice = choice
        self.decidedBy = decidedBy
        self.decidedAt = decidedAt
        self.outcome = outcome
        self.outcomeVersion = outcomeVersion
    }
}

/// How rows are read for the wire.
enum RowText {
    /// The SQL expression that writes a row as its JSON array.
    static func expression(_ entity: Entity) -> String { "json_array(\(entity.rawValue), \(columns(entity)))" }

    /// What the columns of each entity hold; nil for one that may hold nothing.
    static let kinds: [[Column.Kind?]] = Entity.allCases.map { $0.columns.map { $0.isOptional ? nil : $0.kind } }

    /// Key, version and columns of `e`, as `PageWriter.append` takes them.
    static func columns(_ entity: Entity) -> String {
        (["key", "version"] + entity.columns.map(\.name)).map { "e.\($0)" }.joined(separator: ", ")
    }
}

extension PageWriter {
    /// Adds the row that a statement stands on, whose columns are those of `RowText.columns`.
    mutating func append(_ entity: Entity, _ row: Statement) {
        begin(entity, key: row.int64(0), version: row.int64(1))
        for (index, column) in RowText.kinds[entity.rawValue].enumerated() {
            // The ledger's tables are strict, so what may not be null is what its column says.
            switch column {
            case .some(.integer): add(row.int64(index + 2))
            case .some(.text): row.withTextBytes(index + 2) { add(text: $0) }
            case nil:
                switch row.kind(index + 2) {
                case .integer: add(row.int64(index + 2))
                case .text: row.withTextBytes(index + 2) { add(text: $0) }
                case .null: addNull()
                }
            }
        }
        end()
    }
}
