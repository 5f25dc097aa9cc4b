import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// A prepared statement that writes rows of one entity; field n of a row is its parameter n + 1.
///
/// SQLite keeps what is bound, so only the fields are bound in which a row differs from the one that was written
/// before it. Texts are not copied: they stay where they are while a page is gone through, and the first row of a
/// page names all fields as changed.
final class RowStatement {
    private enum FieldKind: UInt8 { case integer, optionalInteger, text, optionalText }

    private let statement: Statement
    private let entity: Entity
    private let kinds: [FieldKind]
    private let allFields: UInt64
    /// The fields that are not bound as the last row had them.
    private var owed = UInt64.max

    private init(_ entity: Entity, _ connection: Connection, _ sql: String) throws {
        self.entity = entity
        statement = try connection.prepare(sql)
        kinds =
            [.integer, .integer]
            + entity.columns.map { column in
                switch (column.kind, column.isOptional) {
                case (.integer, false): .integer
                case (.integer, true): .optionalInteger
                case (.text, false): .text
                case (.text, true): .optionalText
                }
            }
        allFields = (1 << UInt64(kinds.count)) &- 1
    }

    // MARK: Kinds

    /// Adds a row; one that is there already is an error.
    static func insert(_ entity: Entity, _ connection: Connection) throws -> RowStatement {
        try RowStatement(entity, connection, insertText(entity))
    }

    /// Adds a row, or writes all columns of one that is older.
    static func upsert(_ entity: Entity, _ connection: Connection) throws -> RowStatement {
        let sets = names(entity).dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let condition = takesOlder ? "" : " WHERE excluded.version > version"
        return try RowStatement(
            entity, connection, "\(insertText(entity)) ON CONFLICT (key) DO UPDATE SET \(sets)\(condition)")
    }

    /// Writes over an older row that has the same values in all columns of indexes, and leaves those columns out:
    /// SQLite writes the entries of an index anew as soon as an update names one of its columns, whatever the value.
    /// Nil for a table without indexes. The result never depends on which indexes there are: a row that differs in
    /// one of the columns is not written at all.
    static func update(_ entity: Entity, _ connection: Connection) throws -> RowStatement? {
        let indexed = try connection.statement(
            "SELECT DISTINCT c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c WHERE c.name IS NOT NULL")
        try indexed.bind(1, entity.name)
        let kept = try indexed.rows { $0.text(0) }.filter { $0 != "key" && $0 != "version" }
        guard !kept.isEmpty else { return nil }
        var (sets, conditions) = ([String](), ["key = ?1"])
        if !takesOlder { conditions.append("version < ?2") }
        for (place, name) in names(entity).enumerated().dropFirst() {
            if kept.contains(name) {
                conditions.append("\(name) IS ?\(place + 1)")
            } else {
                sets.append("\(name) = ?\(place + 1)")
            }
        }
        return try RowStatement(
            entity, connection,
            "UPDATE \(entity.name) SET \(sets.joined(separator: ", ")) WHERE \(conditions.joined(separator: " AND "))")
    }

    private static func names(_ entity: Entity) -> [String] { ["key", "version"] + entity.columns.map(\.name) }

    private static func insertText(_ entity: Entity) -> String {
        let names = names(entity)
        let places = names.map { _ in "?" }.joined(separator: ", ")
        return "INSERT INTO \(entity.name) (\(names.joined(separator: ", "))) VALUES (\(places))"
    }

    private static var takesOlder: Bool {
        #if FIELDBOOK_DEFECTS
        Defect.planted == .stalePageTaken
        #else
        false
        #endif
    }

    // MARK: Running

    /// Fields have changed in a row that this statement does not write.
    @inline(__always)
    func passOver(_ row: ReceivedRow) { owed |= row.changed }

    /// Runs the statement for a row.
    func run(_ row: ReceivedRow) throws {
        var left = (owed | row.changed) & allFields
        owed = .max
        while left != 0 {
            let field = left.trailingZeroBitCount
            left &= left &- 1
            let slot = row.slots[field]
            switch kinds[field] {
            case .integer where slot.isInteger, .optionalInteger where slot.isInteger:
                try statement.bind(field + 1, slot.value)
            case .text where slot.isText, .optionalText where slot.isText:
                let text = Int(slot.value)..<Int(slot.value) + Int(slot.length)
                try statement.bindBorrowed(field + 1, UnsafeRawBufferPointer(rebasing: row.bytes[text]))
            case .optionalInteger where slot.isNull, .optionalText where slot.isNull:
                try statement.bindNull(field + 1)
            default:
                throw RowError("a row of \(entity.name) holds the wrong type in \(entity.columns[field - 2].name)")
            }
        }
        try statement.run()
        owed = 0
    }
}
