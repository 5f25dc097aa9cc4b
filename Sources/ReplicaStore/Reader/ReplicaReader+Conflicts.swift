package import PartnerModel
package import SyncProtocol

/// A conflict as a person decides it.
package struct ConflictDetail: Sendable, Hashable {
    package let key: ConflictKey
    package let customer: CustomerKey
    package let customerName: String
    package let accountName: String
    package let register: Register
    package let isOpen: Bool
    /// What the author of the held edit saw, asked for, and what stands.
    package let base: RegisterState
    package let mine: EditIntent
    package let theirs: RegisterState
    package let theirsVersion: Version
    package let mineBy: String
    package let mineMadeAt: Int64
    package let theirsBy: String?
    package let heldAt: Int64
    package let rule: String
    package let rulesVersion: Int64
    /// The held edit when it is of this replica.
    package let ownEdit: EditNumber?
    package let choice: String?
    package let decidedBy: String?
    package let decidedAt: Int64?
    package let outcome: String?
    /// When what stands was written; nil when that is not known.
    package let theirsAt: Int64?
    /// When the fallback is carried out if nobody decided; nil = never.
    package let deadline: Int64?
    /// What is done then: `theirs`; nil = it stays open.
    package let fallback: String?
    /// What the server knew when it held the edit; nil when it did not say or this build cannot read it.
    package let facts: V1.Facts?
    package let decisionReason: String?
    /// What the register holds in this replica now, when it moved after the server showed it in the conflict.
    package let movedTo: RegisterState?
}

/// A conflict with its documents as the server wrote them.
package struct ConflictExport: Sendable, Hashable {
    package let key: ConflictKey
    /// The held edit (`V1.Edit`), what its author saw and what stands (`V1.State`), what the server knew (`V1.Facts`).
    package let intent: String
    package let base: String
    package let theirs: String
    package let facts: String?
    /// Nil for a conflict that this build cannot read.
    package let detail: ConflictDetail?
}

extension ReplicaReader {
    /// Conflicts of the customers in this replica, oldest first.
    package func conflicts(onlyOpen: Bool, limit: Int = 10_000) throws(StoreError) -> [ConflictDetail] {
        let replica = try identity()?.replica
        return try read { connection in
            let image = ImageRows(connection: connection)
            return try image.conflicts(onlyOpen: onlyOpen, limit: limit).map {
                try ReplicaReader.detail($0, image, replica)
            }
        }
    }

    /// One conflict; our own copy when the image no longer has it.
    package func conflict(_ key: ConflictKey) throws(StoreError) -> ConflictDetail {
        let replica = try identity()?.replica
        let copy = try StoreError.wrap { try outboxRows.conflictCopies().first { $0.key == key.value } }
        return try read { connection in
            let image = ImageRows(connection: connection)
            guard let record = try image.conflict(key) ?? copy else {
                throw StoreError(
                    .notFound, what: "cannot show conflict \(key.value)",
                    why: "there is none of that number in this replica",
                    next: "list them with: fieldbook conflicts list")
            }
            return try ReplicaReader.detail(record, image, replica)
        }
    }

    static func detail(
        _ record: ConflictRecord, _ image: ImageRows, _ replica: String?
    ) throws -> ConflictDetail {
        let wire = try WireCoding.decode(V1.Edit.self, from: record.intent)
        guard let register = Register(rawValue: record.register), let intent = try? wire.intent() else {
            throw WireCoding.Malformed(why: "conflict \(record.key) is of a kind this build does not know")
        }
        let key = CustomerKey(record.customer)
        let customer = try image.customer(key)
        let standing = record.status == "open" ? try? image.register(register, of: key) : nil
        return ConflictDetail(
            key: ConflictKey(record.key), customer: key, customerName: customer?.name ?? "",
            accountName: customer?.accountName ?? "",
            register: register, isOpen: record.status == "open",
            base: try WireCoding.decode(V1.State.self, from: record.base).state(), mine: intent,
            theirs: try WireCoding.decode(V1.State.self, from: record.theirs).state(),
            theirsVersion: Version(record.theirsVersion), mineBy: record.mineBy, mineMadeAt: wire.deviceTime.value,
            theirsBy: record.theirsBy, heldAt: record.heldAt, rule: record.rule, rulesVersion: record.rulesVersion,
            ownEdit: record.replica == replica ? EditNumber(record.edit) : nil, choice: record.choice,
            decidedBy: record.decidedBy, decidedAt: record.decidedAt, outcome: record.outcome,
            theirsAt: record.theirsAt, deadline: record.deadline, fallback: record.fallback,
            facts: record.facts.flatMap { try? WireCoding.decode(V1.Facts.self, from: $0) },
            decisionReason: record.decisionReason,
            movedTo: standing.flatMap { $0.version.value > record.theirsVersion ? $0.state : nil })
    }
}
