import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Writes the rows of pages into the image's tables. A row is written only when it is newer than what stands there, so
/// repeated and overlapping pages change nothing.
///
/// The hot loop of loading: fields go from the page's bytes into prepared statements without a copy.
final class RowApplier {
    private let connection: Connection
    private var upserts: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    private var inserts: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    private var deletes: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    private let columns = Entity.allCases.map(\.columns)
    /// Sees rows before they change, while somebody wants to know what is new.
    var watch: ImageWatch?

    init(_ connection: Connection) { self.connection = connection }

    /// Applies all rows of a page inside the caller's transaction. Returns the rows and the furthest entity seen.
    func apply(_ page: inout ReceivedPage) throws -> (rows: Int, last: Entity?) {
        var rows = 0
        var last: Entity?
        let members = Members(connection)
        let keepsGraves = try members.nextFill() != nil
        try page.forEachRow { entity, scanner, bytes in
            let isTombstone = scanner.fields.count == 3
            if let watch, case .integer(let key) = scanner.fields[1] { try watch.willChange(entity, key) }
            if entity == .membership {
                try change(members, scanner, bytes)
            } else if isTombstone {
                try delete(entity, scanner)
                // Personal data is not only deleted but cleared from the file, as a customer that left is.
                if entity == .contact { try clear(members, scanner) }
                if keepsGraves { try bury(entity, scanner, in: members) }
            } else {
                try upsert(entity, scanner, bytes)
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
        try page.forEachRow { entity, scanner, bytes in
            guard scanner.fields.count > 3, case .integer(let key) = scanner.fields[1], entity != .membership else {
                throw RowError("a page of a load holds what is no row")
            }
            if entity == last, key <= lastKey, !entity.isHead {
                throw RowError("the keys of a load's page do not rise")
            }
            (last, lastKey) = (entity, key)
            if headsOnly, !entity.isHead { return }
            try entity.isHead ? upsert(entity, scanner, bytes) : insert(entity, scanner, bytes)
            rows += 1
        }
        return (rows, last)
    }

    /// Applies the records of one customer that joined, but none that was deleted after the page was read. Returns the rows.
    func applyRecords(_ page: inout ReceivedPage, of customer: Int64) throws -> Int {
        var rows = 0
        let members = Members(connection)
        try page.forEachRow { entity, scanner, bytes in
            guard Entity.records.contains(entity), scanner.fields.count > 3,
                case .integer(customer) = scanner.fields[3],
                case .integer(let key) = scanner.fields[1], case .integer(let version) = scanner.fields[2]
            else { throw RowError("the page holds what is no record of the customer that was asked for") }
            rows += 1
            #if FIELDBOOK_DEFECTS
            let isBuried = Defect.planted == .ghostAfterLatePage ? false : try members.isBuried(entity, key, version)
            #else
            let isBuried = try members.isBuried(entity, key, version)
            #endif
            if !isBuried { try upsert(entity, scanner, bytes) }
        }
        return rows
    }

    private func change(_ members: Members, _ scanner: RowScanner, _ bytes: UnsafeRawBufferPointer) throws {
        guard case .integer(let customer) = scanner.fields[1], case .integer(let version) = scanner.fields[2] else {
            return
        }
        if scanner.fields.count == 3 { return try members.leave(customer, at: version) }
        guard case .text(let offset, let count) = scanner.fields[3], case .integer(let records) = scanner.fields[4],
            ProtocolLimits.cursorBytesMax >= count, count > 0, records >= 0
        else { throw RowError("the joining of a customer cannot be read") }
        let cursor = String(decoding: bytes[offset..<offset + count], as: UTF8.self)
        try members.join(customer, at: version, cursor: cursor, records: records)
    }

    private func clear(_ members: Members, _ scanner: RowScanner) throws {
        guard case .integer(let key) = scanner.fields[1], case .integer(let version) = scanner.fields[2] else { return }
        try members.noteTraces(of: key, at: version)
    }

    private func bury(_ entity: Entity, _ scanner: RowScanner, in members: Members) throws {
        guard Entity.records.contains(entity), case .integer(let key) = scanner.fields[1],
            case .integer(let version) = scanner.fields[2]
        else { return }
        try members.bury(entity, key, version)
    }

    private func upsert(_ entity: Entity, _ scanner: RowScanner, _ bytes: UnsafeRawBufferPointer) throws {
        try write(entity, scanner, bytes, by: upsertStatement(entity))
    }

    private func insert(_ entity: Entity, _ scanner: RowScanner, _ bytes: UnsafeRawBufferPointer) throws {
        do { try write(entity, scanner, bytes, by: insertStatement(entity)) } catch let error as SQLiteError
            where error.code == .constraint
        { throw RowError("a row of \(entity.name) comes twice in a load") }
    }

    private func write(
        _ entity: Entity, _ scanner: RowScanner, _ bytes: UnsafeRawBufferPointer, by statement: Statement
    ) throws {
        let columns = columns[entity.rawValue]
        for index in 1..<(columns.count + 3) {
            switch index < scanner.fields.count ? scanner.fields[index] : .null {
            case .integer(let value):
                guard index < 3 || columns[index - 3].kind == .integer else {
                    throw mismatch(entity, columns[index - 3])
                }
                try statement.bind(index, value)
            case .text(let offset, let count):
                guard index >= 3, columns[index - 3].kind == .text else {
                    throw mismatch(entity, columns[max(0, index - 3)])
                }
                try statement.bindBorrowed(index, UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            case .null:
                guard index >= 3, columns[index - 3].isOptional else {
                    throw mismatch(entity, columns[max(0, index - 3)])
                }
                try statement.bindNull(index)
            }
        }
        try statement.run()
    }

    private func delete(_ entity: Entity, _ scanner: RowScanner) throws {
        guard case .integer(let key) = scanner.fields[1], case .integer(let version) = scanner.fields[2] else { return }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .deletesIgnored { return }
        #endif
        let statement = try deleteStatement(entity)
        try statement.bind(1, key)
        try statement.bind(2, version)
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
