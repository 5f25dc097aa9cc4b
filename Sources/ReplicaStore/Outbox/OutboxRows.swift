import PartnerModel
import SQLiteKit
import SyncProtocol

/// Reading of `outbox.db`, shared by the writer and by readers.
struct OutboxRows {
    let connection: Connection
    /// Edits decoded before, for the writer, which reads its queue at every step.
    var decoded: DecodedEdits?

    private static let columns = """
        number, customer, customer_id, customer_name, edit, state, result, saved_at, first_sent_at, sent_count,
        resent_as, undone_by, prediction, combined_into
        """

    func identity() throws -> ReplicaIdentity? {
        try connection.statement(
            """
            SELECT replica, incarnation, server, partner, partner_name, member, role, epoch, rules_version, contact_at,
                lease_days, lease_then, seen_at, items, agreed_at
            FROM identity WHERE id = 1
            """
        ).first { row in
            let contactAt = row.optionalInt64(9)
            let lease = row.optionalInt64(10).map { days in
                Lease(
                    days: days, wipes: row.optionalText(11) == "wipe", contactAt: contactAt ?? 0,
                    seenAt: row.optionalInt64(12) ?? contactAt ?? 0)
            }
            return ReplicaIdentity(
                replica: row.text(0), incarnation: row.int64(1), server: row.optionalText(2),
                partner: row.optionalText(3),
                partnerName: row.optionalText(4), member: row.optionalText(5), role: row.optionalText(6),
                epoch: row.optionalText(7), rulesVersion: row.optionalInt64(8), contactAt: contactAt,
                lease: lease, items: row.optionalText(13)?.split(separator: ",").map(String.init),
                agreedAt: row.optionalInt64(14))
        }
    }

    func edit(_ number: EditNumber) throws -> OutboxEdit? {
        let statement = try connection.statement("SELECT \(OutboxRows.columns) FROM edit WHERE number = ?")
        try statement.bind(1, number.value)
        return try statement.first(decode)
    }

    /// Edits that are not settled, discarded or combined, in order of number. The index is named because SQLite would
    /// rather walk the whole table in that order, and settled edits are kept for good.
    func open() throws -> [OutboxEdit] {
        let open = try connection.statement(
            """
            SELECT \(OutboxRows.columns) FROM edit INDEXED BY edit_open
            WHERE state NOT IN ('settled', 'discarded', 'combined') ORDER BY number
            """
        ).rows(decode)
        decoded?.keep(open)
        return open
    }

    /// Open edits that decide a conflict, in order of number.
    func openDecisions() throws -> [OutboxEdit] {
        try connection.statement(
            """
            SELECT \(OutboxRows.columns) FROM edit INDEXED BY edit_open
            WHERE state NOT IN ('settled', 'discarded', 'combined') AND register = 'conflict' ORDER BY number
            """
        ).rows(decode)
    }

    /// Numbers of the open edits that wait for a code.
    func needingCodes() throws -> [EditNumber] {
        try connection.statement(
            """
            SELECT number FROM edit INDEXED BY edit_open WHERE state NOT IN ('settled', 'discarded', 'combined')
                AND state = 'waiting' AND json_extract(result, '$.code') = 'needs_step_up' ORDER BY number
            """
        ).rows { EditNumber($0.int64(0)) }
    }

    /// Open edits of one customer, in order of number.
    func open(of customer: CustomerKey) throws -> [OutboxEdit] {
        let statement = try connection.statement(
            """
            SELECT \(OutboxRows.columns) FROM edit INDEXED BY edit_customer
            WHERE state NOT IN ('settled', 'discarded', 'combined') AND customer = ? ORDER BY number
            """)
        try statement.bind(1, customer.value)
        return try statement.rows(decode)
    }

    /// The edits that went into one, by one step or more, in order of number.
    func combined(into number: EditNumber) throws -> [(number: EditNumber, savedAt: Int64)] {
        let statement = try connection.statement(
            """
            WITH RECURSIVE part (number, saved_at) AS (
                SELECT number, saved_at FROM edit WHERE combined_into = ?
                UNION ALL SELECT edit.number, edit.saved_at FROM edit JOIN part ON edit.combined_into = part.number)
            SELECT number, saved_at FROM part ORDER BY number
            """)
        try statement.bind(1, number.value)
        return try statement.rows { (EditNumber($0.int64(0)), $0.int64(1)) }
    }

    /// The number of the edit that one went into at last; its own when it is not combined.
    func end(of number: EditNumber) throws -> EditNumber {
        let statement = try connection.statement("SELECT combined_into FROM edit WHERE number = ?")
        var end = number
        // An edit goes into a later one only, so this ends.
        while true {
            try statement.bind(1, end.value)
            guard let next = try statement.first({ $0.optionalInt64(0) }) ?? nil, next > end.value else { return end }
            end = EditNumber(next)
        }
    }

    /// The newest edits of any state, newest first.
    func newest(limit: Int) throws -> [OutboxEdit] {
        let statement = try connection.statement("SELECT \(OutboxRows.columns) FROM edit ORDER BY number DESC LIMIT ?")
        try statement.bind(1, Int64(limit))
        return try statement.rows(decode)
    }

    func counts() throws -> OutboxCounts { try tally().counts }

    /// The counts, and what else one more edit is told by.
    func tally() throws -> Tally {
        var counts = OutboxCounts()
        let statement = try connection.statement(
            """
            SELECT state, count(*), min(saved_at) FROM edit
            WHERE state NOT IN ('settled', 'discarded', 'combined') GROUP BY state
            """
        )
        _ = try statement.rows { row in
            guard let state = EditState(rawValue: row.text(0)) else { return }
            counts.add(Int(row.int64(1)), state, oldest: row.int64(2))
        }
        return Tally(counts, counts.held + counts.waiting > 0 ? try behindPerson() : Behind())
    }

    /// The unsent edits that wait for a person.
    func behindPerson() throws -> Behind {
        let statement = try connection.statement(
            """
            SELECT number, predecessor, depends_on, group_number, state,
                state = 'waiting' AND json_extract(result, '$.code') = 'needs_step_up' FROM edit INDEXED BY edit_open
            WHERE state NOT IN ('settled', 'discarded', 'combined') AND state IN ('held', 'saved', 'sent', 'waiting')
            ORDER BY number
            """)
        var behind = Behind()
        behind.add(
            try statement.rows { row in
                Behind.Link(
                    number: row.int64(0), builtOn: [row.optionalInt64(1), row.optionalInt64(2)].compactMap { $0 },
                    group: row.optionalInt64(3), isHeld: row.text(4) == EditState.held.rawValue,
                    needsCode: row.int64(5) != 0)
            })
        return behind
    }

    /// Our own copies of conflicts, as rows of their last known content.
    func conflictCopies() throws -> [ConflictRecord] {
        try connection.statement("SELECT body FROM conflict_copy ORDER BY key").rows { row in
            try WireCoding.decode(ConflictRecord.self, from: row.text(0))
        }
    }

    private func decode(_ row: Statement) throws -> OutboxEdit {
        let (wire, intent) =
            try decoded?.edit(row.int64(0), { row.text(4) }) ?? DecodedEdits.decode(row.int64(0), row.text(4))
        guard let state = EditState(rawValue: row.text(5)) else {
            throw WireCoding.Malformed(why: "edit \(row.int64(0)) is in a state this build does not know")
        }
        return OutboxEdit(
            number: EditNumber(row.int64(0)), customer: CustomerKey(row.int64(1)), customerID: row.text(2),
            customerName: row.text(3), intent: intent, wire: wire, state: state,
            result: try row.optionalText(6).map {
                try decoded?.result(row.int64(0), $0) ?? WireCoding.decode(V1.Result.self, from: $0)
            },
            savedAt: row.int64(7),
            firstSentAt: row.optionalInt64(8), sentCount: row.int64(9),
            resentAs: row.optionalInt64(10).map { EditNumber($0) },
            undoneBy: row.optionalInt64(11).map { EditNumber($0) },
            prediction: row.optionalText(12).flatMap {
                try? decoded?.prediction(row.int64(0), $0) ?? WireCoding.decode(Prediction.self, from: $0)
            },
            combinedInto: row.optionalInt64(13).map { EditNumber($0) })
    }
}
