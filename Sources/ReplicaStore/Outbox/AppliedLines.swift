import PartnerModel
import SQLiteKit

/// Lines of files that edits were made of. A line is noted in the transaction that keeps its edit, so that it makes one
/// or none, whatever ends in between.
extension OutboxRows {
    /// What a line has become; nil when it made no edit yet.
    func appliedLine(_ key: String) throws -> AppliedLine? {
        let statement = try connection.statement(
            "SELECT l.digest, l.edit, e.state FROM applied_line l JOIN edit e ON e.number = l.edit WHERE l.key = ?")
        try statement.bind(1, key)
        return try statement.first { row in
            AppliedLine(
                digest: row.text(0), edit: EditNumber(row.int64(1)), state: EditState(rawValue: row.text(2)) ?? .settled
            )
        }
    }
}

extension ReplicaReader {
    /// What a line of a file has become; nil when it made no edit yet.
    package func appliedLine(_ key: String) throws(StoreError) -> AppliedLine? {
        try StoreError.wrap { try outboxRows.appliedLine(key) }
    }
}

extension ReplicaStore {
    /// Refuses the edit of a line that made one already.
    func checkLine(_ draft: EditDraft) throws {
        guard let line = draft.line, let made = try rows.appliedLine(line.key) else { return }
        throw StoreError(
            .badState, what: "the line makes no second edit",
            why: "it was made already, as edit \(made.edit.value)",
            next: "see it with: fieldbook edits show \(made.edit.value)")
    }

    /// Notes the lines of edits that were kept, inside the same transaction.
    func noteLines(_ drafts: [EditDraft], _ edits: [OutboxEdit]) throws {
        precondition(drafts.count == edits.count, "every draft becomes one edit")
        let statement = try outbox.statement("INSERT INTO applied_line (key, digest, edit) VALUES (?, ?, ?)")
        for (draft, edit) in zip(drafts, edits) {
            guard let line = draft.line else { continue }
            try statement.bind(1, line.key)
            try statement.bind(2, line.digest)
            try statement.bind(3, edit.number.value)
            try statement.run()
        }
    }
}
