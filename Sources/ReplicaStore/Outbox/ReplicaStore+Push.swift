import Diagnostics
package import PartnerModel
import SQLiteKit
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What leaves: edits to push and results to acknowledge.
extension ReplicaStore {
    /// The next edits to send, at most a push's worth; nil when there are none. That they were sent is durable before
    /// this returns. Customers with a freeze or unfreeze among them go first; within a customer the author's order
    /// holds. A group goes whole in one push.
    ///
    /// With `aloneAfter` it is one edit or group, the next in turn after that number, so that one that the server can't
    /// take does not hold up the others.
    /// An edit that needs a code is left out, but when it is being confirmed.
    ///
    /// With `decisionsOnly` it is what a metered link always lets go: edits on customers of whom one waits that freezes,
    /// unfreezes, sets a budget or decides a conflict, with what such an edit depends on or shares a group with.
    package func nextPush(
        aloneAfter last: EditNumber? = nil, confirming: EditNumber? = nil, decisionsOnly: Bool = false
    ) throws(StoreError) -> V1.Push? {
        try StoreError.wrap {
            // What builds or depends on a held edit waits with it, and what builds on that.
            var behind = try rows.behindPerson().numbers
            let open = try openEdits()
            if let confirmed = open.first(where: { $0.number == confirming }) {
                let unit = open.filter { $0.wire.group != nil && $0.wire.group == confirmed.wire.group } + [confirmed]
                behind.subtract(unit.map(\.number.value))
            }
            var sendable = open.filter { $0.isSendable && !behind.contains($0.number.value) }
            if decisionsOnly { sendable = ReplicaStore.decisions(sendable) }
            let urgent = Set(sendable.filter { $0.register == .freezes }.map(\.customer.value))
            var ordered = sendable.filter { urgent.contains($0.customer.value) }
            ordered += sendable.filter { !urgent.contains($0.customer.value) }
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .queueReversed { ordered.reverse() }
            #endif
            var units = ReplicaStore.units(ordered)
            if let last { units = ReplicaStore.turn(units, after: last) }
            let batch = ReplicaStore.bounded(units)
            guard !batch.isEmpty else { return nil }
            try markSent(batch)
            isProjectionStale = true
            refreshProjection()
            return V1.Push(replica: identity.replica, incarnation: identity.incarnation, edits: batch.map(\.wire))
        }
    }

    /// Whether there are edits to send that a metered link does not let go beside those that it does.
    package func hasUndecisive() throws(StoreError) -> Bool {
        try StoreError.wrap {
            let behind = try rows.behindPerson().numbers
            let sendable = try openEdits().filter { $0.isSendable && !behind.contains($0.number.value) }
            return ReplicaStore.decisions(sendable).count < sendable.count
        }
    }

    /// Of edits in order of number those on customers of whom one decides something, whole customers because each author's
    /// order holds, with the customers of what those edits build on or share a group with.
    private static func decisions(_ edits: [OutboxEdit]) -> [OutboxEdit] {
        let deciding: Set<Register> = [.freezes, .budget, .conflict]
        var customers = Set(edits.filter { deciding.contains($0.register) }.map(\.customer.value))
        while true {
            let chosen = edits.filter { customers.contains($0.customer.value) }
            let groups = Set(chosen.compactMap { $0.wire.group?.value })
            let needed = Set(chosen.flatMap(\.builtOn))
            let more = edits.filter { edit in
                needed.contains(edit.number.value) || edit.wire.group.map { groups.contains($0.value) } ?? false
            }
            let all = customers.union(more.map(\.customer.value))
            guard all != customers else { return chosen }
            customers = all
        }
    }

    /// Held edits on customers that are no longer this member's: their conflicts are decided by others, and the image shows
    /// nothing of it. Sent again they get the result that stands. Nil when there are none, or no checkpoint to tell.
    package func heldElsewhere() throws(StoreError) -> V1.Push? {
        try StoreError.wrap {
            guard staging == nil, let live, try live.meta()?.appliedCursor != nil else { return nil }
            let members = Members(live.connection)
            let held = try openEdits().filter { try $0.state == .held && !members.has($0.customer.value) }
            let batch = ReplicaStore.bounded(held.map { [$0] })
            guard !batch.isEmpty else { return nil }
            return V1.Push(replica: identity.replica, incarnation: identity.incarnation, edits: batch.map(\.wire))
        }
    }

    /// Edits that leave together: a group, whose members follow each other because they were made at once, or one edit.
    private static func units(_ edits: [OutboxEdit]) -> [[OutboxEdit]] {
        var units: [[OutboxEdit]] = []
        for edit in edits {
            if let group = edit.wire.group, units.last?.last?.wire.group == group {
                units[units.count - 1].append(edit)
            } else {
                units.append([edit])
            }
        }
        return units
    }

    /// The unit whose turn it is when each goes alone, in order of number. One that needs an edit which never left
    /// waits until that was tried.
    private static func turn(_ units: [[OutboxEdit]], after last: EditNumber) -> [[OutboxEdit]] {
        let unsent = Set(units.joined().filter { $0.state == .saved }.map(\.number.value))
        let ready = units.filter { unit in
            let own = Set(unit.map(\.number.value))
            return !unit.contains { $0.builtOn.contains { unsent.contains($0) && !own.contains($0) } }
        }
        let turn = ready.sorted { $0[0].number < $1[0].number }
        return (turn.first { $0[0].number > last } ?? turn.first).map { [$0] } ?? []
    }

    private static func bounded(_ units: [[OutboxEdit]]) -> [OutboxEdit] {
        var batch: [OutboxEdit] = []
        var bytes = EditLink.pushFrameBytes
        for unit in units {
            let size = unit.reduce(0) { sum, edit in
                sum + 1 + ((try? WireCoding.encode(edit.wire).count) ?? ProtocolLimits.editBytesMax)
            }
            guard batch.count + unit.count <= ProtocolLimits.pushEditsMax, bytes + size <= ProtocolLimits.pushBytesMax
            else { break }
            batch += unit
            bytes += size
        }
        return batch
    }

    /// What is expected of edits that leave for the first time, on the newest that is known here.
    private func predictions(of batch: [OutboxEdit]) throws -> [(EditNumber, Prediction)] {
        guard let live, let meta = try live.meta(), batch.contains(where: { $0.firstSentAt == nil }) else { return [] }
        let predictor = predictor(live, meta)
        let pending = Dictionary(grouping: try openEdits().filter { $0.state.isPending }, by: \.customer)
        return try batch.filter { $0.firstSentAt == nil }.compactMap { edit in
            let earlier = pending[edit.customer, default: []].filter { $0.number < edit.number }
            // The server looks at how old the oldest of what went into an edit is.
            let madeAt = try rows.combined(into: edit.number).first?.savedAt ?? edit.savedAt
            return try predictor.prediction(of: edit, madeAt: madeAt, after: earlier).map { (edit.number, $0) }
        }
    }

    private func markSent(_ batch: [OutboxEdit]) throws {
        let predictions = try predictions(of: batch)
        try outbox.write { transaction in
            let prediction = try transaction.statement("UPDATE edit SET prediction = ? WHERE number = ?")
            for (number, expected) in predictions {
                try prediction.bind(1, try WireCoding.text(expected))
                try prediction.bind(2, number.value)
                try prediction.run()
            }
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

    /// Lets edits that wait for a code be sent once more without one: what made it necessary may be over.
    package func retryStepUps() throws(StoreError) {
        try StoreError.wrap {
            try outbox.execute(
                """
                UPDATE edit SET state = 'sent', result = NULL
                WHERE state = 'waiting' AND json_extract(result, '$.code') = 'needs_step_up'
                """)
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
                        WHERE state NOT IN ('settled', 'discarded', 'combined') AND state <> 'dead'),
                    last_number) AS upto
                    FROM identity WHERE id = 1) WHERE upto > acked_up_to
                """
            ).first { EditNumber($0.int64(0)) }
        }
    }

    /// Notes that the server knows of the results up to a number. Durable on return.
    package func markAcked(_ number: EditNumber) throws(StoreError) {
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement(
                    "UPDATE identity SET acked_up_to = max(acked_up_to, ?) WHERE id = 1")
                try statement.bind(1, number.value)
                try statement.run()
            }
        }
    }
}
