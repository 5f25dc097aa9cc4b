import Diagnostics
package import PartnerModel
import SQLiteKit
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What comes back: results, their end in the image, and conflicts.
extension ReplicaStore {
    /// Takes the results of a push: each with its edit's new state, all in one transaction, durable on return. Results
    /// for edits that were not sent are refused as a whole.
    package func record(_ reply: V1.Results, sent: [EditNumber]) throws(StoreError) -> RecordOutcome {
        let known = identity
        let outcome = try StoreError.wrap {
            let expected = Set(sent)
            let numbers = reply.results.map { EditNumber($0.number.value) }
            guard numbers.count == sent.count, Set(numbers) == expected else {
                throw StoreError(
                    .badPage, what: "cannot take the results", why: "they are not for the edits that were sent",
                    next: "the edits are sent again by themselves")
            }
            do {
                return try outbox.write { _ in
                    var outcome = RecordOutcome()
                    try noteEpoch(reply.epoch)
                    for result in reply.results { try store(result, &outcome) }
                    return outcome
                }
            } catch {
                identity = known
                throw error
            }
        }
        isProjectionStale = true
        refreshProjection()
        return outcome
    }

    /// Keeps the epoch of the latest reply: an image of another one is not the newest.
    private func noteEpoch(_ epoch: String) throws {
        guard identity.epoch != epoch else { return }
        let statement = try outbox.statement("UPDATE identity SET epoch = ? WHERE id = 1")
        try statement.bind(1, epoch)
        try statement.run()
        if let known = try rows.identity() { identity = known }
    }

    private func store(_ result: V1.Result, _ outcome: inout RecordOutcome) throws {
        let number = EditNumber(result.number.value)
        let state: EditState
        switch result.code {
        case .applied, .merged, .noop, .overruled:
            state = try hasReached(result) ? .settled : .resulted
            outcome.final.append(number)
        case .rejected, .forbidden, .unsupported, .expired:
            state = .dead
            outcome.dead.append(number)
        case .held:
            state = .held
            outcome.held.append(number)
        case .retry, .blocked, .needsStepUp:
            state = .waiting
            outcome.transient.append(number)
        }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .deadLettersDropped, state == .dead {
            return try outbox.execute("DELETE FROM edit WHERE number = \(number.value)")
        }
        if Defect.planted == .editOverwrittenInFlight, state == .settled || state == .resulted {
            try outbox.execute(
                """
                UPDATE edit SET state = 'settled' WHERE state = 'saved' AND (customer, register) =
                    (SELECT customer, register FROM edit WHERE number = \(number.value))
                """)
        }
        #endif
        if let expected = try existing(number).prediction, expected.differs(from: result) {
            outcome.surprising.append(number)
        }
        let statement = try outbox.statement("UPDATE edit SET state = ?, result = ? WHERE number = ?")
        try statement.bind(1, state.rawValue)
        try statement.bind(2, try WireCoding.text(result))
        try statement.bind(3, number.value)
        try statement.run()
    }

    /// Whether the image has reached a terminal result, or the result changed nothing.
    private func hasReached(_ result: V1.Result) throws -> Bool {
        if result.code == .noop || result.code == .overruled { return true }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .settledTooEarly { return true }
        #endif
        guard let meta = try live?.meta(), meta.appliedCursor != nil else { return false }
        if meta.epoch == result.epoch { return meta.appliedSequence >= result.sequence.value }
        // A result of an earlier epoch has no place in this feed; the image of the newest one shows what became of it.
        return meta.epoch == identity.epoch
    }

    /// Settles edits whose result the image has reached, and gives held edits whose conflict was decided their end.
    package func settle() throws(StoreError) -> [EditNumber] { try settleOpen().settled }

    /// The same, with the held edits that a decision refused.
    func settleOpen() throws(StoreError) -> (settled: [EditNumber], refused: [EditNumber]) {
        let ended = try StoreError.wrap {
            let edits = try openEdits().filter { $0.state == .resulted || $0.state == .held }
            guard !edits.isEmpty, let live else { return (settled: [EditNumber](), refused: [EditNumber]()) }
            let image = ImageRows(connection: live.connection)
            return try outbox.write { _ in
                var settled: [EditNumber] = []
                var refused: [EditNumber] = []
                for edit in edits {
                    guard var result = edit.result else { continue }
                    if edit.state == .held {
                        guard let final = try decided(result, image) else { continue }
                        result = final
                        var outcome = RecordOutcome()
                        try store(result, &outcome)
                        if result.code.isRefusal {
                            refused.append(edit.number)
                            continue
                        }
                    }
                    if try hasReached(result) {
                        try setState(edit.number, .settled)
                        settled.append(edit.number)
                    }
                }
                return (settled: settled, refused: refused)
            }
        }
        if !ended.settled.isEmpty {
            isProjectionStale = true
            refreshProjection()
        }
        return ended
    }

    /// The final result of a held edit from its conflict's row; nil while nobody has decided.
    private func decided(_ held: V1.Result, _ image: ImageRows) throws -> V1.Result? {
        guard let key = held.conflict?.value, let conflict = try image.conflict(ConflictKey(key)),
            conflict.status == "decided",
            // Another epoch may have given the key to another conflict.
            conflict.replica == identity.replica, conflict.edit == held.number.value,
            let outcome = conflict.outcome.flatMap(ResultCode.init(rawValue:)), outcome.isTerminal
        else { return nil }
        var result = held
        result.code = outcome
        result.version = conflict.outcomeVersion.map { WireInteger($0) }
        // What the server told when it held the edit is not what the decision made of the register.
        result.was = nil
        result.became = nil
        result.message = "decided by \(conflict.decidedBy ?? "someone")"
        result.next = nil
        return result
    }

    /// Keeps our own copy of conflicts on our own edits, and names those seen for the first time.
    func copyOwnConflicts() throws -> [ConflictKey] {
        guard let live else { return [] }
        let image = ImageRows(connection: live.connection)
        let held = try openEdits().compactMap { edit in
            edit.result?.conflict.map { (edit.number, ConflictKey($0.value)) }
        }
        guard !held.isEmpty else { return [] }
        return try outbox.write { transaction in
            var fresh: [ConflictKey] = []
            for (number, key) in held {
                guard let conflict = try image.conflict(key) else { continue }
                let known = try transaction.statement("SELECT 1 FROM conflict_copy WHERE key = ?")
                try known.bind(1, key.value)
                if try known.first({ _ in true }) == nil { fresh.append(key) }
                let statement = try transaction.statement(
                    "INSERT OR REPLACE INTO conflict_copy (key, edit, body) VALUES (?, ?, ?)")
                try statement.bind(1, key.value)
                try statement.bind(2, number.value)
                try statement.bind(3, try WireCoding.text(conflict))
                try statement.run()
            }
            return fresh
        }
    }
}
