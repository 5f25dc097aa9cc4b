import Diagnostics
import Glibc
import PartnerModel
import SQLiteKit
import SyncProtocol

/// Watches a replica's files with plain SQL, as any other program may. It shares no query with the product.
final class ReplicaEye {
    private let folder: String
    private let outbox: Connection
    private var image: (number: Int, connection: Connection)?
    private var outboxVersion: Int64 = -1
    private var imageVersion: Int64 = -1
    private var place = ""
    private var looks = 0
    /// The customers of the last image, and whether one of an earlier image is gone since the files were searched.
    private var customers: Set<Int64> = []
    private var isWiping = false

    /// Opens a replica that exists.
    init(folder: String) throws {
        self.folder = folder
        outbox = try Connection(path: "\(folder)/outbox.db", mode: .readWrite, durability: .reader)
    }

    func close() {
        outbox.close()
        image?.connection.close()
        image = nil
    }

    /// Every edit in order of number; nil when nothing was committed since the last look.
    func edits() throws -> [EditMark]? {
        let version = try outbox.statement("PRAGMA data_version").first { $0.int64(0) } ?? 0
        guard version != outboxVersion else { return nil }
        outboxVersion = version
        return try outbox.statement(
            """
            SELECT number, state, customer, register, kind, json_remove(edit, '$.before'), json_extract(result, '$.code'), predecessor,
                json_extract(result, '$.sequence'), json_extract(result, '$.version'),
                json_extract(result, '$.rule'), depends_on, group_number, json_extract(result, '$.reason'),
                (SELECT group_concat(json_extract(value, '$.name'), ' ') FROM json_each(result, '$.guards')
                    WHERE json_extract(value, '$.outcome') = 'warned'), combined_into
            FROM edit ORDER BY number
            """
        ).rows {
            EditMark(
                number: $0.int64(0), state: $0.text(1), customer: $0.int64(2), register: $0.text(3), kind: $0.text(4),
                payload: $0.withTextBytes(5) { Mix.bytes($0) }, code: $0.optionalText(6),
                rule: $0.optionalText(10), predecessor: $0.optionalInt64(7), resultSequence: Int64($0.text(8)),
                resultVersion: Int64($0.text(9)), dependsOn: $0.optionalInt64(11), group: $0.optionalInt64(12),
                reason: $0.optionalText(13),
                warnings: ($0.optionalText(14) ?? "").split(separator: " ").map(String.init),
                combinedInto: $0.optionalInt64(15))
        }
    }

    /// Keys of the bill records of which any file still holds the id, once a customer is gone from the image and the replica
    /// says that it cleared what was left; nil at other times.
    func tracesIfWiped() throws -> [Int64]? {
        guard isWiping, let connection = try current() else { return nil }
        guard try connection.statement("SELECT count(*) FROM departed").first({ $0.int64(0) }) == 0 else { return nil }
        isWiping = false
        let generation = image.map { "generation-\($0.number).db" } ?? ""
        return traces(in: [generation, "\(generation)-wal", "outbox.db", "outbox.db-wal"])
    }

    /// The same over all files once the image is gone; nil while there is one.
    func tracesIfGone() throws -> [Int64]? {
        guard try current() == nil else { return nil }
        image?.connection.close()
        image = nil
        (customers, isWiping) = ([], false)
        return traces(in: FileTree.names(in: folder))
    }

    private func traces(in names: [String]) -> [Int64] {
        var keys: Set<Int64> = []
        for name in names {
            guard let bytes = try? SecureFile.read("\(folder)/\(name)", limit: 1 << 26) else { continue }
            keys.formUnion(ReplicaEye.billKeys(in: bytes))
        }
        return keys.sorted()
    }

    /// What the ids of the lab's bill records begin with; the key follows. Long enough that random bytes, as the salts and sums
    /// of a write-ahead log are, do not spell it in a lifetime of runs.
    static let billMark = "bill-"

    /// Keys of the bill records whose id stands among bytes.
    static func billKeys(in bytes: [UInt8]) -> Set<Int64> {
        var keys: Set<Int64> = []
        let mark = Array(billMark.utf8)
        for index in bytes.indices.dropLast(mark.count)
        where bytes[index] == mark[0] && bytes[index...].starts(with: mark) {
            let digits = bytes[(index + mark.count)...].prefix(18).prefix { (48...57).contains($0) }
            if let key = Int64(String(decoding: digits, as: UTF8.self)) { keys.insert(key) }
        }
        return keys
    }

    /// An edit as it would go on the wire; nil when there is none of that number.
    func wire(_ number: Int64) throws -> V1.Edit? {
        let statement = try outbox.statement("SELECT edit FROM edit WHERE number = ?")
        try statement.bind(1, number)
        return try statement.first { try WireCoding.decode(V1.Edit.self, from: $0.text(0)) }
    }

    /// The image behind the link; nil when there is none, or nothing was committed since the last look.
    func imageIfChanged() throws -> ImageMark? {
        guard let connection = try current() else { return nil }
        let version = try connection.statement("PRAGMA data_version").first { $0.int64(0) } ?? 0
        guard version != imageVersion else { return nil }
        imageVersion = version
        // Most commits of a replica at rest move nothing but the time of its checkpoint; rows are read when the place in the
        // feed moved, and every so often even so.
        let now =
            try connection.statement(
                """
                SELECT epoch || applied_sequence || (applied_cursor IS NULL)
                    || (SELECT coalesce(group_concat(coalesce(cursor, complete_at, key)), '') FROM membership) FROM meta
                """
            ).first {
                $0.text(0)
            } ?? ""
        looks += 1
        guard now != place || looks % 8 == 0 else { return nil }
        place = now
        return try mark()
    }

    /// The connection on the file that the link leads to now.
    func current() throws -> Connection? {
        guard let name = FileFacts.target(ofLink: "\(folder)/replica.db"),
            let number = Int(name.dropFirst("generation-".count).dropLast(".db".count))
        else { return nil }
        if let image, image.number == number { return image.connection }
        image?.connection.close()
        let connection = try Connection(path: "\(folder)/\(name)", mode: .readWrite, durability: .reader)
        image = (number, connection)
        (imageVersion, place) = (-1, "")
        return connection
    }

    private func mark() throws -> ImageMark? {
        guard let (number, connection) = image else { return nil }
        return try connection.read { _ in
            let meta = try connection.statement(
                "SELECT epoch, applied_sequence, applied_cursor IS NULL, heads_only FROM meta"
            ).first { ($0.text(0), $0.int64(1), $0.int64(2) != 0, $0.int64(3) != 0) }
            guard let (epoch, sequence, isPartial, isHeadsOnly) = meta else { return nil }
            var rows: [RowMark] = []
            for entity in Entity.stored {
                let statement = try connection.statement(RowSQL.every(entity))
                defer { statement.reset() }
                while try statement.step() {
                    rows.append(
                        RowMark(
                            entity: entity.rawValue, key: statement.int64(0), version: statement.int64(1),
                            content: statement.withTextBytes(2) { Mix.bytes($0) }))
                }
            }
            let now = Set(rows.filter { $0.entity == Entity.customer.rawValue }.map(\.key))
            if !customers.isSubset(of: now) { isWiping = true }
            customers = now
            var filling: [Int64: Int64] = [:]
            _ = try connection.statement(
                "SELECT key, version FROM membership WHERE cursor IS NOT NULL OR complete_at IS NOT NULL"
            ).rows {
                filling[$0.int64(0)] = $0.int64(1)
            }
            return ImageMark(
                generation: number, epoch: epoch, sequence: isPartial ? nil : sequence, filling: filling,
                isHeadsOnly: isHeadsOnly, bare: try ReplicaEye.bare(connection), rows: rows)
        }
    }

    private static func bare(_ connection: Connection) throws -> [BareRecord] {
        try [Entity.cycle, .product, .region, .resource].flatMap { entity in
            let name = entity.name
            return try connection.statement(
                """
                SELECT key, customer FROM bill_record
                WHERE \(name) IS NOT NULL AND \(name) NOT IN (SELECT key FROM \(name)) ORDER BY key
                """
            ).rows { BareRecord(key: $0.int64(0), customer: $0.int64(1), entity: entity.rawValue) }
        }
    }

    /// Lines of the table `pending`, in order.
    func pendingLines() throws -> [String] {
        guard let connection = try current() else { return [] }
        return try connection.statement(
            "SELECT customer, register, edits, budget_amount, budget_type, freeze_kind, discount_bp, text FROM pending ORDER BY customer, register"
        ).rows { row in
            PendingLine.text(
                customer: row.int64(0), register: row.text(1), edits: row.int64(2), amount: row.optionalInt64(3),
                type: row.optionalText(4), freezeKind: row.optionalText(5), percent: row.optionalInt64(6),
                words: row.optionalText(7))
        }
    }

    /// The same lines worked out from outbox and image.
    func rebuiltLines() throws -> [String] {
        guard let connection = try current() else { return [] }
        let edits = try outbox.statement(
            """
            SELECT number, customer, register, edit, json_extract(result, '$.version'), saved_at FROM edit
            WHERE state IN ('saved', 'sent', 'waiting', 'held', 'resulted') AND register <> 'conflict' ORDER BY number
            """
        ).rows { row in
            PendingEdit(
                number: row.int64(0), customer: row.int64(1), register: row.text(2),
                wire: try WireCoding.decode(V1.Edit.self, from: row.text(3)), resultVersion: Int64(row.text(4)))
        }
        return try PendingLine.lines(edits, over: connection)
    }
}
