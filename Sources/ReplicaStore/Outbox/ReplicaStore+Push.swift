import Diagnostics
package import PartnerModel
package import SyncProtocol
import SQLiteKit

#if FIELDBOOK_DEFECTS
import Defects
#endif

extension ReplicaStore {
    /// The next edits to send, at most a push's worth; nil when there are none. That they were sent is durable before
    /// this returns. Customers with a freeze or unfreeze among them go first; within a customer the author's order holds.
    ///
    /// With `aloneAfter` it is one edit, the next in turn after that number, so that one that the server can't take does not
    /// hold up the others.
    package func nextPush(aloneAfter last: EditNumber? = nil) throws(StoreError) -> V1.Push? {
        try StoreError.wrap {
            // What builds on a held edit waits with it, and what builds on that.
            let behind = try OutboxRows(connection: outbox).behindHeld()
            let sendable = try openEdits().filter { edit in
                (edit.state == .saved || edit.state == .sent || edit.state == .waiting) && !behind.contains(edit.number.value)
            }
            let urgent = Set(sendable.filter { $0.register == .freezes }.map(\.customer.value))
            var ordered = sendable.filter { urgent.contains($0.customer.value) }
            ordered += sendable.filter { !urgent.contains($0.customer.value) }
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .queueReversed { ordered.reverse() }
            #endif
            if let last {
                let turn = ordered.sorted { $0.number < $1.number }
                ordered = (turn.first { $0.number > last } ?? turn.first).map { [$0] } ?? []
            }
            let batch = ReplicaStore.bounded(ordered)
            guard !batch.isEmpty else { return nil }
            try markSent(batch)
            isProjectionStale = true
            refreshProjection()
            return V1.Push(replica: identity.replica, incarnation: identity.incarnation, edits: batch.map(\.wire))
        }
    }

    private static func bounded(_ edits: [OutboxEdit]) -> [OutboxEdit] {
        var batch: [OutboxEdit] = []
        var bytes = 1024
        for edit in edits {
            let size = (try? WireCoding.encode(edit.wire).count) ?? ProtocolLimits.editBytesMax
            guard batch.count < ProtocolLimits.pushEditsMax, bytes + size + 1 <= ProtocolLimits.pushBytesMax else { break }
            batch.append(edit)
            bytes += size + 1
        }
        return batch
    }

    private func markSent(_ batch: [OutboxEdit]) throws {
        try outbox.write { transaction in
            let statement = try transaction.statement(
                """
                UPDATE edit SET state = 'sent', first_sent_at = coalesce(first_sent_at, ?), sent_count = sent_count + 1
                WHERE number = ?
                """)
            for edit in batch {
                try statement.bind(1, clock.now().seconds)
                try statement.bind(2, edit.number.value)
                try statement.run()
            }
        }
    }

    /// Takes back the mark of sending for edits whose connection was never made: no byte of them left this machine.
    /// Edits that were sent before stay as they are.
    package func neverLeft(_ numbers: [EditNumber]) throws(StoreError) {
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement(
                    """
                    UPDATE edit SET state = CASE WHEN sent_count = 1 THEN 'saved' ELSE state END,
                        first_sent_at = CASE WHEN sent_count = 1 THEN NULL ELSE first_sent_at END, sent_count = sent_count - 1
                    WHERE number = ? AND state = 'sent' AND sent_count > 0
                    """)
                for number in numbers {
                    try statement.bind(1, number.value)
                    try statement.run()
                }
            }
        }
        isProjectionStale = true
        refreshProjection()
    }

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
        if let known = try OutboxRows(connection: outbox).identity() { identity = known }
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
    package func settle() throws(StoreError) -> [EditNumber] {
        let settled = try StoreError.wrap {
            let edits = try openEdits().filter { $0.state == .resulted || $0.state == .held }
            guard !edits.isEmpty, let live else { return [EditNumber]() }
            let image = ImageRows(connection: live.connection)
            return try outbox.write { _ in
                var settled: [EditNumber] = []
                for edit in edits {
                    guard var result = edit.result else { continue }
                    if edit.state == .held {
                        guard let final = try decided(result, image) else { continue }
                        result = final
                        var outcome = RecordOutcome()
                        try store(result, &outcome)
                        if result.code.isRefusal { continue }
                    }
                    if try hasReached(result) {
                        try setState(edit.number, .settled)
                        settled.append(edit.number)
                    }
                }
                return settled
            }
        }
        if !settled.isEmpty {
            isProjectionStale = true
            refreshProjection()
        }
        return settled
    }

    /// The final result of a held edit from its conflict's row; nil while nobody has decided.
    private func decided(_ held: V1.Result, _ image: ImageRows) throws -> V1.Result? {
        guard let key = held.conflict?.value, let conflict = try image.conflict(ConflictKey(key)), conflict.status == "decided",
            // Another epoch may have given the key to another conflict.
            conflict.replica == identity.replica, conflict.edit == held.number.value,
            let outcome = conflict.outcome.flatMap(ResultCode.init(rawValue:)), outcome.isTerminal
        else { return nil }
        var result = held
        result.code = outcome
        result.version = conflict.outcomeVersion.map { WireInteger($0) }
        result.message = "decided by \(conflict.decidedBy ?? "someone")"
        result.next = nil
        return result
    }

    /// Keeps our own copy of conflicts on our own edits, and names those seen for the first time.
    func copyOwnConflicts() throws -> [ConflictKey] {
        guard let live else { return [] }
        let image = ImageRows(connection: live.connection)
        let held = try openEdits().compactMap { edit in edit.result?.conflict.map { (edit.number, ConflictKey($0.value)) } }
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

    // MARK: Acknowledging

    /// The highest number up to which every edit has its end and the server was not told so yet; nil when none.
    package func ackable() throws(StoreError) -> EditNumber? {
        try StoreError.wrap {
            try outbox.statement(
                """
                SELECT upto FROM (SELECT acked_up_to, coalesce(
                    (SELECT min(number) - 1 FROM edit INDEXED BY edit_open
                        WHERE state NOT IN ('settled', 'discarded') AND state <> 'dead'), last_number) AS upto
                    FROM identity WHERE id = 1) WHERE upto > acked_up_to
                """
            ).first { EditNumber($0.int64(0)) }
        }
    }

    /// Notes that the server knows of the results up to a number. Durable on return.
    package func markAcked(_ number: EditNumber) throws(StoreError) {
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement("UPDATE identity SET acked_up_to = max(acked_up_to, ?) WHERE id = 1")
                try statement.bind(1, number.value)
                try statement.run()
            }
        }
    }
}
