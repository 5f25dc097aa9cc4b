package import PartnerModel
import SQLiteKit
import SyncProtocol

/// One thing that happened to a customer.
package struct HistoryLine: Sendable, Hashable {
    /// Seconds since 1970 by the server.
    package let at: Int64
    /// As the server names it; a register that this build does not know is told too.
    package let register: String
    package let author: String
    /// `applied`, `merged`, `noop`, `overruled`, `held`, `decided` or `system`.
    package let action: String
    /// Nil when this build cannot read them.
    package let before: RegisterState?
    package let after: RegisterState?
    package let rule: String
    package let rulesVersion: Int64
    package let edit: EditNumber?
    /// Whether the edit is of this replica.
    package let isOwn: Bool
    /// A reason, or what happened in words.
    package let note: String?
    /// What an edit that did not take effect would have made of what its author saw; nil for others, and when this
    /// build cannot read it.
    package var asked: RegisterState?
}

extension HistoryLine {
    /// What `init` reads, in its order; the table is called `h`.
    static let columns =
        "h.at, h.register, h.author, h.action, h.before, h.after, h.rule, h.rules_version, h.edit, h.replica, h.note, h.asked"

    /// - Parameter replica: the name of this one.
    init(_ row: Statement, of replica: String?) {
        func state(_ text: String) -> RegisterState? { try? WireCoding.decode(V1.State.self, from: text).state() }
        self.init(
            at: row.int64(0), register: row.text(1), author: row.text(2), action: row.text(3),
            before: state(row.text(4)), after: state(row.text(5)), rule: row.text(6), rulesVersion: row.int64(7),
            edit: row.optionalInt64(8).map { EditNumber($0) },
            isOwn: row.optionalText(9) == replica && replica != nil, note: row.optionalText(10),
            asked: row.optionalText(11).flatMap { state($0) })
    }
}

/// A customer's history: what the server told, and the edits of this replica that it has not told of.
package struct CustomerHistory: Sendable, Hashable {
    /// In the server's order, the newest last.
    package let lines: [HistoryLine]
    /// Own edits that stand in no line, in order of number: not judged yet, not here yet, or refused.
    package let untold: [OutboxEdit]
}

extension ReplicaReader {
    /// The newest of a customer's history, at most `limit` lines.
    package func history(of customer: CustomerKey, limit: Int) throws(StoreError) -> CustomerHistory {
        let replica = try identity()?.replica
        let edits = try StoreError.wrap { try outboxRows.open(of: customer) }
        return try read { connection in
            let statement = try connection.statement(
                """
                SELECT \(HistoryLine.columns) FROM history h WHERE h.customer = ? ORDER BY h.key DESC LIMIT ?
                """)
            try statement.bind(1, customer.value)
            try statement.bind(2, Int64(limit))
            let lines = try statement.rows { HistoryLine($0, of: replica) }
            let told = try ReplicaReader.told(connection, customer, replica)
            let untold = edits.filter { !told.contains($0.number.value) }
            return CustomerHistory(lines: lines.reversed(), untold: Array(untold.suffix(limit)))
        }
    }

    /// Numbers of this replica's edits that the whole history of a customer tells of.
    private static func told(_ connection: Connection, _ customer: CustomerKey, _ replica: String?) throws -> Set<Int64>
    {
        guard let replica else { return [] }
        let statement = try connection.statement(
            "SELECT edit FROM history WHERE customer = ? AND replica = ? AND edit IS NOT NULL")
        try statement.bind(1, customer.value)
        try statement.bind(2, replica)
        return Set(try statement.rows { $0.int64(0) })
    }
}
