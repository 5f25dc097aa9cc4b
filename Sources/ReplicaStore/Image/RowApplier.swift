import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Writes the rows of pages into the image's tables. A row is written only when it is newer than what stands there, so
/// repeated and overlapping pages change nothing.
///
/// The hot loop of loading: fields go from the page's bytes into prepared statements without a copy, and only those in
/// which a row differs from the one that the statement wrote before.
final class RowApplier {
    private let connection: Connection
    private var upserts: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    private var inserts: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    private var deletes: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    private let columns = Entity.allCases.map(\.columns)
    /// What each field may hold, `fieldsMax` places an entity.
    private let kinds: [FieldKind]
    /// The fields that the upsert of an entity does not hold as its last row had them. SQLite keeps what is bound, and
    /// texts stay where they are while a page is gone through; the first row of a page names all fields as changed.
    private var owed: [UInt64] = Array(repeating: .max, count: Entity.allCases.count)
    /// Sees rows before they change, while somebody wants to know what is new.
    var watch: ImageWatch?

    private enum FieldKind: UInt8 { case integer, optionalInteger, text, optionalText }

    private static let fieldsMax = 64

    init(_ connection: Connection) {
        self.connection = connection
        var kinds = Array(repeating: FieldKind.integer, count: Entity.allCases.count * RowApplier.fieldsMax)
        for entity in Entity.allCases {
            for (index, column) in entity.columns.enumerated() {
                let isText = column.kind == .text
                kinds[entity.rawValue * RowApplier.fieldsMax + index + 2] =
                    column.isOptional ? (isText ? .optionalText : .optionalInteger) : (isText ? .text : .integer)
            }
        }
        self.kinds = kinds
    }

    /// Applies all rows of a page inside the caller's transaction. Returns the rows and the furthest entity seen.
    func apply(_ page: inout ReceivedPage) throws -> (rows: Int, last: Entity?) {
        var rows = 0
        var last: Entity?
        let members = Members(connection)
        let keepsGraves = try members.nextFill() != nil
        try page.forEachRow { row in
            let entity = row.entity
            if let watch { try watch.willChange(entity, row.key) }
            if entity == .membership {
                try change(members, row)
            } else if row.isTombstone {
                try delete(row)
                // Personal data is not only deleted but cleared from the file, as a customer that left is.
                if entity == .contact { try members.noteTraces(of: row.key, at: row.version) }
                if keepsGraves, Entity.records.contains(entity) { try members.bury(entity, row.key, row.version) }
            } else {
                try upsert(row)
            }
            rows += 1
            last = entity
        }
        return (rows, last)
    }

    /// Writes the rows of a load's page, or only those of heads. Rows of the bulk entities come in order of key and each once:
    /// they are added without looking whether they are there. Returns the rows written and the furthest entity seen.
    func load(_ page: inout ReceivedPage, headsOnly: Bool) throws -> (rows: Int, last: Entity?) {
        var rows = 0
        var last: Entity?
        var lastKey: Int64 = 0
        try page.forEachRow { row in
            let entity = row.entity
            guard !row.isTombstone, entity != .membership else {
                throw RowError("a page of a load holds what is no row")
            }
            if entity == last, row.key <= lastKey, !entity.isHead {
                throw RowError("the keys of a load's page do not rise")
            }
            (last, lastKey) = (entity, row.key)
            if headsOnly, !entity.isHead { return }
            try entity.isHead ? upsert(row) : insert(row)
            rows += 1
        }
        return (rows, last)
    }

    /// Applies the records of one customer that joined, but none that was deleted after the page was read. Returns the rows.
    func applyRecords(_ page: inout ReceivedPage, of customer: Int64) throws -> Int {
        var rows = 0
        let members = Members(connection)
        try page.forEachRow { row in
            guard Entity.records.contains(row.entity), row.integer(0) == customer else {
                throw RowError("the page holds what is no record of the customer that was asked for")
            }
            rows += 1
            #if FIELDBOOK_DEFECTS
            let isBuried =
                Defect.planted == .ghostAfterLatePage ? false : try members.isBuried(row.entity, row.key, row.version)
            #else
            let isBuried = try members.isBuried(row.entity, row.key, row.version)
            #endif
            if isBuried { owed[row.entity.rawValue] |= row.changed } else { try upsert(row) }
        }
        return rows
    }

    private func change(_ members: Members, _ row: ReceivedRow) throws {
        if row.isTombstone { return try members.leave(row.key, at: row.version) }
        guard case .text(let offset, let count) = row.column(0), let records = row.integer(1),
            ProtocolLimits.cursorBytesMax >= count, count > 0, records >= 0
        else { throw RowError("the joining of a customer cannot be read") }
        let cursor = String(decoding: row.bytes[offset..<offset + count], as: UTF8.self)
        try members.join(row.key, at: row.version, cursor: cursor, records: records)
    }

    private func upsert(_ row: ReceivedRow) throws { try write(row, by: upsertStatement(row.entity)) }

    private func insert(_ row: ReceivedRow) throws {
        do { try write(row, by: insertStatement(row.entity)) } catch let error as SQLiteError
            where error.code == .constraint
        { throw RowError("a row of \(row.entity.name) comes twice in a load") }
    }

    /// Runs the statement of the row's entity. Of a page all rows of an entity go by one statement.
    private func write(_ row: ReceivedRow, by statement: Statement) throws {
        let entity = row.entity.rawValue
        var left = (owed[entity] | row.changed) & ((1 << UInt64(columns[entity].count + 2)) &- 1)
        owed[entity] = .max
        while left != 0 {
            let field = left.trailingZeroBitCount
            left &= left &- 1
            let slot = row.slots[field]
            switch kinds[entity * RowApplier.fieldsMax + field] {
            case .integer where slot.isInteger, .optionalInteger where slot.isInteger:
                try statement.bind(field + 1, slot.value)
            case .text where slot.isText, .optionalText where slot.isText:
                let text = Int(slot.value)..<Int(slot.value) + Int(slot.length)
                try statement.bindBorrowed(field + 1, UnsafeRawBufferPointer(rebasing: row.bytes[text]))
            case .optionalInteger where slot.isNull, .optionalText where slot.isNull:
                try statement.bindNull(field + 1)
            default: throw mismatch(row.entity, columns[entity][field - 2])
            }
        }
        try statement.run()
        owed[entity] = 0
    }

    private func delete(_ row: ReceivedRow) throws {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .deletesIgnored { return }
        #endif
        let statement = try deleteStatement(row.entity)
        try statement.bind(1, row.key)
        try statement.bind(2, row.version)
        try statement.run()
    }

    private func mismatch(_ entity: Entity, _ column: Column) -> RowError {
        RowError("a row of \(entity.name) holds the wrong type in \(column.name)")
    }

    private func upsertStatement(_ entity: Entity) throws -> Statement {
        if let prepared = upserts[entity.rawValue] { return prepared }
        let names = ["key", "version"] + entity.columns.map(\.name)
        let sets = names.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        #if FIELDBOOK_DEFECTS
        let condition = Defect.planted == .stalePageTaken ? "" : " WHERE excluded.version > version"
        #else
        let condition = " WHERE excluded.version > version"
        #endif
        let prepared = try connection.prepare(
            """
            INSERT INTO \(entity.name) (\(names.joined(separator: ", "))) VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))
            ON CONFLICT (key) DO UPDATE SET \(sets)\(condition)
            """)
        upserts[entity.rawValue] = prepared
        return prepared
    }

    private func insertStatement(_ entity: Entity) throws -> Statement {
        if let prepared = inserts[entity.rawValue] { return prepared }
        let names = ["key", "version"] + entity.columns.map(\.name)
        let prepared = try connection.prepare(
            "INSERT INTO \(entity.name) (\(names.joined(separator: ", "))) VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))"
        )
        inserts[entity.rawValue] = prepared
        return prepared
    }

    private func deleteStatement(_ entity: Entity) throws -> Statement {
        if let prepared = deletes[entity.rawValue] { return prepared }
        let prepared = try connection.prepare("DELETE FROM \(entity.name) WHERE key = ? AND version < ?")
        deletes[entity.rawValue] = prepared
        return prepared
    }
}
