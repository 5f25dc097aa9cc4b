package import PartnerModel
import SQLiteKit
import SyncProtocol

/// Which conflicts are meant.
package struct ConflictSelection: Sendable, Hashable {
    package var onlyOpen = true
    /// Only those of this customer.
    package var customer: CustomerKey?
    /// Only those on edits of this member, made on whichever device.
    package var author: String?
    package init() {}

    /// The conditions on the table `x`; their parameters are bound by `bind`, the first key past which is asked as ?1.
    fileprivate var conditions: String {
        var parts = ["x.key > ?1"]
        if onlyOpen { parts.append("x.status = 'open'") }
        if customer != nil { parts.append("x.customer = ?3") }
        if author != nil { parts.append("x.mine_by = ?4") }
        return parts.joined(separator: " AND ")
    }

    fileprivate func bind(_ statement: Statement, after key: ConflictKey?, limit: Int) throws {
        try statement.bind(1, key?.value ?? 0)
        try statement.bind(2, Int64(limit))
        if let customer { try statement.bind(3, customer.value) }
        if let author { try statement.bind(4, author) }
    }
}

/// One line of a list of conflicts: what a person needs to choose which one to look at.
package struct ConflictLine: Sendable, Hashable {
    package let key: ConflictKey
    package let customerName: String
    /// As the server names it; a register that this build does not know is listed too.
    package let register: String
    package let isOpen: Bool
    /// Kind of the held edit; nil when this build does not know it.
    package let kind: EditKind?
    /// The value that the held edit names: an amount, a percentage, a kind of freeze, an account, a label; or empty.
    package let mine: String
    /// The value that stands; empty when nothing is set.
    package let theirs: String
    package let heldAt: Int64
    package let deadline: Int64?
    package let fallback: String?
    package let choice: String?
    package let decidedBy: String?
}

extension ReplicaReader {
    /// The chosen conflicts past a key in order of key, at most `limit`. Of each only what a line shows is read. A long
    /// list is read in pieces, so that nobody who reads it slowly holds the log up.
    package func conflictLines(
        _ selection: ConflictSelection, after key: ConflictKey?, limit: Int
    ) throws(StoreError) -> [ConflictLine] {
        try read { connection in
            let statement = try connection.statement(
                """
                SELECT x.key, c.name, x.register, x.status, x.intent, x.theirs, x.held_at, x.deadline, x.fallback,
                    x.choice, x.decided_by
                FROM conflict x LEFT JOIN customer c ON c.key = x.customer
                WHERE \(selection.conditions) ORDER BY x.key LIMIT ?2
                """)
            try selection.bind(statement, after: key, limit: limit)
            return try statement.rows(ReplicaReader.line)
        }
    }

    /// The chosen conflicts past a key with all that is known of each, in order of key, at most `limit`.
    package func conflictRecords(
        _ selection: ConflictSelection, after key: ConflictKey?, limit: Int
    ) throws(StoreError) -> [ConflictExport] {
        let replica = try identity()?.replica
        return try read { connection in
            let image = ImageRows(connection: connection)
            let statement = try connection.statement(
                "SELECT x.key FROM conflict x WHERE \(selection.conditions) ORDER BY x.key LIMIT ?2")
            try selection.bind(statement, after: key, limit: limit)
            return try statement.rows { ConflictKey($0.int64(0)) }.compactMap { key in
                try image.conflict(key).map { record in
                    ConflictExport(
                        key: key, intent: record.intent, base: record.base, theirs: record.theirs, facts: record.facts,
                        detail: try? ReplicaReader.detail(record, image, replica))
                }
            }
        }
    }

    private static func line(_ row: Statement) -> ConflictLine {
        let (kind, mine) = row.withTextBytes(4) { asked($0) }
        return ConflictLine(
            key: ConflictKey(row.int64(0)), customerName: row.text(1), register: row.text(2),
            isOpen: row.withTextBytes(3) { $0.isText("open") }, kind: kind, mine: mine,
            theirs: row.withTextBytes(5) { standing($0) }, heldAt: row.int64(6), deadline: row.optionalInt64(7),
            fallback: row.optionalText(8), choice: row.optionalText(9), decidedBy: row.optionalText(10))
    }

    /// Kind and value of an edit (`V1.Edit`), glanced at.
    private static func asked(_ bytes: UnsafeRawBufferPointer) -> (EditKind?, String) {
        var kind: EditKind?
        var value = ""
        _ = JSONGlance.members(of: bytes) { depth, name, text in
            guard depth == 1 else { return }
            if name.isText("kind") {
                kind = EditKind(rawValue: string(text))
            } else if name.isText("amount") || name.isText("delta") {
                value = shortAmount(text)
            } else if name.isText("percentBasisPoints") {
                value = percent(text)
            } else if name.isText("freezeKind") || name.isText("manager") || name.isText("label") {
                value = string(text)
            } else if name.isText("approve") {
                value = text.isText("true") ? "approve" : "reject"
            }
        }
        return (kind, value)
    }

    /// The value of a state (`V1.State`), glanced at: of freezes the strictest kind.
    private static func standing(_ bytes: UnsafeRawBufferPointer) -> String {
        var value = ""
        _ = JSONGlance.members(of: bytes) { depth, name, text in
            if name.isText("amount") {
                value = shortAmount(text)
            } else if name.isText("percentBasisPoints") {
                value = percent(text)
            } else if name.isText("kind") {
                let kind = string(text)
                value = max(FreezeKind(rawValue: kind), FreezeKind(rawValue: value))?.rawValue ?? kind
            } else if name.isText("status") || depth == 1 && (name.isText("manager") || name.isText("label")) {
                value = string(text)
            }
        }
        return value
    }

    private static func max(_ left: FreezeKind?, _ right: FreezeKind?) -> FreezeKind? {
        [left, right].compactMap { $0 }.max()
    }

    /// An exact amount (`500.00000000`) without zeros past its cents. Not through `Money`: a list has thousands.
    private static func shortAmount(_ bytes: UnsafeRawBufferPointer) -> String {
        guard let point = bytes.firstIndex(of: UInt8(ascii: ".")) else { return string(bytes) }
        var end = bytes.count
        while end > point + 3, bytes[end - 1] == UInt8(ascii: "0") { end -= 1 }
        return string(UnsafeRawBufferPointer(rebasing: bytes[0..<end]))
    }

    private static func percent(_ bytes: UnsafeRawBufferPointer) -> String {
        Int64(string(bytes)).map { BasisPoints($0).percentText } ?? ""
    }

    private static func string(_ bytes: UnsafeRawBufferPointer) -> String {
        let plain = String(decoding: bytes, as: UTF8.self)
        guard bytes.contains(UInt8(ascii: "\\")) else { return plain }
        return (try? WireCoding.decode([String].self, from: "[\"\(plain)\"]"))?.first ?? plain
    }
}
