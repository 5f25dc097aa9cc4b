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
    /// All of them, as far as they are counted.
    package let lineCount: Int
    /// There are more than `lineCount`.
    package let isCutShort: Bool
    /// Customers that joined since the mark, in order of name, at most as many as asked for; and all of them.
    package let joined: [Customer]
    package let joinedCount: Int
    package let cycles: [Cycle]

    package var isEmpty: Bool { lineCount == 0 && joined.isEmpty && cycles.isEmpty }

    /// Lines past which they are not counted: a person wants to know that there are many, and waits for it.
    package static let countMax = 500
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
    /// the server. What this replica's own edits did is no news. Lines are read and counted up to
    /// `limit` or `countMax`, whichever is more.
    package func news(since mark: NewsMark?, orFrom moment: Int64, limit: Int) throws(StoreError) -> News {
        let replica = try identity()?.replica
        return try read { connection in
            let epoch = try connection.statement("SELECT epoch FROM meta").first { $0.text(0) }
            let mark = mark.flatMap { $0.epoch == epoch ? $0 : nil }
            let bound = try mark?.line.value ?? ReplicaReader.lastLine(connection, before: moment)
            let others = "h.key > ?1 AND (h.replica IS NULL OR h.replica IS NOT ?2)"
            let most = max(limit, News.countMax)
            let counting = try connection.statement(
                """
                SELECT count(*) FROM
                    (SELECT 1 FROM history h JOIN customer c ON c.key = h.customer WHERE \(others) LIMIT ?3)
                """)
            try counting.bind(1, bound)
            try counting.bind(2, replica)
            try counting.bind(3, Int64(most) + 1)
            let count = try counting.first { Int($0.int64(0)) } ?? 0
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
            let joined = try ReplicaReader.joined(connection, after: mark?.sequence.value, limit: limit)
            return News(
                lines: lines, lineCount: min(count, most), isCutShort: count > most, joined: joined.customers,
                joinedCount: joined.count,
                cycles: try ReplicaReader.cycles(connection, after: mark?.sequence.value))
        }
    }

    /// Lines are written in order of time, so only those since the moment are looked at.
    private static func lastLine(_ connection: Connection, before moment: Int64) throws -> Int64 {
        let statement = try connection.statement("SELECT key FROM history WHERE at < ? ORDER BY key DESC LIMIT 1")
        try statement.bind(1, moment)
        return try statement.first { $0.int64(0) } ?? 0
    }

    private static func joined(
        _ connection: Connection, after sequence: Int64?, limit: Int
    ) throws -> (customers: [Customer], count: Int) {
        guard let sequence else { return ([], 0) }
        let those = "FROM customer WHERE key IN (SELECT key FROM membership WHERE version > ?1)"
        let counting = try connection.statement("SELECT count(*) \(those)")
        try counting.bind(1, sequence)
        let statement = try connection.statement(
            "SELECT \(ImageRows.customerColumns) \(those) ORDER BY name, key LIMIT ?2")
        try statement.bind(1, sequence)
        try statement.bind(2, Int64(limit))
        let customers = try statement.rows(ImageRows.decodeCustomer).compactMap { $0 }
        return (customers, try counting.first { Int($0.int64(0)) } ?? 0)
    }

    private static func cycles(_ connection: Connection, after sequence: Int64?) throws -> [News.Cycle] {
        guard let sequence else { return [] }
        let statement = try connection.statement(
            "SELECT cycle, status, as_of FROM cycle WHERE version > ? AND status = 'final' ORDER BY key")
        try statement.bind(1, sequence)
        return try statement.rows { News.Cycle(cycle: $0.text(0), status: $0.text(1), asOf: $0.int64(2)) }
    }
}
