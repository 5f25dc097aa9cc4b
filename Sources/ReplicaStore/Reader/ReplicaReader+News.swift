package import PartnerModel
import SQLiteKit
package import SyncProtocol

/// Up to where a person has seen what happened. Kept by the command line, beside the replica.
package struct NewsMark: Sendable, Hashable, Codable {
    /// The feed's history that the numbers are of.
    package let epoch: String
    /// The newest line of the history.
    package let line: WireInteger
    /// The sequence of the image.
    package let sequence: WireInteger
    /// Seconds since 1970 by the device.
    package let at: WireInteger
}

/// What others did, and what came or went, since a mark.
package struct News: Sendable, Hashable {
    package struct Line: Sendable, Hashable {
        package let customer: Customer
        package let line: HistoryLine
    }

    /// A month's figures that became final, or were given anew.
    package struct Cycle: Sendable, Hashable {
        package let cycle: String
        package let status: String
        package let asOf: Int64
    }

    /// The newest first, at most as many as asked for.
    package let lines: [Line]
    /// All of them.
    package let lineCount: Int
    /// Customers that joined since the mark, in order of name.
    package let joined: [Customer]
    package let cycles: [Cycle]

    package var isEmpty: Bool { lineCount == 0 && joined.isEmpty && cycles.isEmpty }
}

extension ReplicaReader {
    /// Where the image stands now; nil before the first checkpoint.
    package func newsMark(at now: Int64) throws(StoreError) -> NewsMark? {
        guard isLoaded else { return nil }
        return try read { connection in
            let newest = try connection.statement("SELECT max(key) FROM history").first { $0.int64(0) } ?? 0
            return try connection.statement("SELECT epoch, applied_sequence FROM meta WHERE applied_cursor IS NOT NULL")
                .first {
                    NewsMark(
                        epoch: $0.text(0), line: WireInteger(newest), sequence: WireInteger($0.int64(1)),
                        at: WireInteger(now))
                }
        }
    }

    /// What happened since a mark, or since a moment (seconds since 1970) where there is no mark or it is of another history of
    /// the server. What this replica's own edits did is no news. Cost: the lines since then.
    package func news(since mark: NewsMark?, orFrom moment: Int64, limit: Int) throws(StoreError) -> News {
        let replica = try identity()?.replica
        return try read { connection in
            let epoch = try connection.statement("SELECT epoch FROM meta").first { $0.text(0) }
            let mark = mark.flatMap { $0.epoch == epoch ? $0 : nil }
            let bound = try mark?.line.value ?? ReplicaReader.lastLine(connection, before: moment)
            let others = "h.key > ?1 AND (h.replica IS NULL OR h.replica IS NOT ?2)"
            let count = try connection.statement(
                "SELECT count(*) FROM history h JOIN customer c ON c.key = h.customer WHERE \(others)")
            try count.bind(1, bound)
            try count.bind(2, replica)
            let statement = try connection.statement(
                """
                SELECT \(HistoryLine.columns), h.customer FROM history h JOIN customer c ON c.key = h.customer
                WHERE \(others) ORDER BY h.key DESC LIMIT ?3
                """)
            try statement.bind(1, bound)
            try statement.bind(2, replica)
            try statement.bind(3, Int64(limit))
            let image = ImageRows(connection: connection)
            let lines = try statement.rows { ($0.int64(12), HistoryLine($0, of: replica)) }.compactMap { key, line in
                try image.customer(CustomerKey(key)).map { News.Line(customer: $0, line: line) }
            }
            return News(
                lines: lines, lineCount: try count.first { Int($0.int64(0)) } ?? 0,
                joined: try ReplicaReader.joined(connection, after: mark?.sequence.value),
                cycles: try ReplicaReader.cycles(connection, after: mark?.sequence.value))
        }
    }

    /// Lines are written in order of time, so only those since the moment are looked at.
    private static func lastLine(_ connection: Connection, before moment: Int64) throws -> Int64 {
        let statement = try connection.statement("SELECT key FROM history WHERE at < ? ORDER BY key DESC LIMIT 1")
        try statement.bind(1, moment)
        return try statement.first { $0.int64(0) } ?? 0
    }

    private static func joined(_ connection: Connection, after sequence: Int64?) throws -> [Customer] {
        guard let sequence else { return [] }
        let statement = try connection.statement(
            """
            SELECT \(ImageRows.customerColumns) FROM customer
            WHERE key IN (SELECT key FROM membership WHERE version > ?) ORDER BY name, key
            """)
        try statement.bind(1, sequence)
        return try statement.rows(ImageRows.decodeCustomer).compactMap { $0 }
    }

    private static func cycles(_ connection: Connection, after sequence: Int64?) throws -> [News.Cycle] {
        guard let sequence else { return [] }
        let statement = try connection.statement(
            "SELECT cycle, status, as_of FROM cycle WHERE version > ? AND status = 'final' ORDER BY key")
        try statement.bind(1, sequence)
        return try statement.rows { News.Cycle(cycle: $0.text(0), status: $0.text(1), asOf: $0.int64(2)) }
    }
}
