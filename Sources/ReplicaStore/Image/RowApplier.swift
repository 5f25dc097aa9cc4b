import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Writes the rows of pages into the image's tables. A row is written only when it is newer than what stands there, so
/// repeated and overlapping pages change nothing.
///
/// The hot loop of loading and of catching up: fields go from the page's bytes into prepared statements without a copy.
final class RowApplier {
    private let connection: Connection
    private var upserts: [RowStatement?] = Array(repeating: nil, count: Entity.allCases.count)
    /// Outer nil: not looked at yet; inner: the table has no index.
    private var updates: [RowStatement??] = Array(repeating: nil, count: Entity.allCases.count)
    private var inserts: [RowStatement?] = Array(repeating: nil, count: Entity.allCases.count)
    private var deletes: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
    /// Sees rows before they change, while somebody wants to know what is new.
    var watch: ImageWatch?
    /// What the bill records that were written name.
    let named: NamedEntries

    init(_ connection: Connection) {
        self.connection = connection
        named = NamedEntries(connection)
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
                try write(row)
                note(row)
            }
            rows += 1
            last = entity
        }
        return (rows, last)
    }

    /// Applies the pages that are kept in the file, inside the caller's transaction. Returns the rows.
    func applySpool() throws -> Int {
        var rows = 0
        let ordinals = try connection.statement("SELECT ordinal FROM spool ORDER BY ordinal").rows { $0.int64(0) }
        for ordinal in ordinals {
            let statement = try connection.statement("SELECT page FROM spool WHERE ordinal = ?")
            try statement.bind(1, ordinal)
            guard let bytes = try statement.first({ $0.blob(0) }) else { continue }
            var page = try ReceivedPage(kept: bytes)
            rows += try apply(&page).rows
        }
        return rows
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
            try entity.isHead ? upsertStatement(entity).run(row) : insert(row)
            note(row)
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
            let statement = try upsertStatement(row.entity)
            try isBuried ? statement.passOver(row) : statement.run(row)
            // A record that is buried is passed over, and what it names stands for those behind it that name the same.
            if !isBuried || row.entity == .billRecord { note(row) }
        }
        return rows
    }

    @inline(__always)
    private func note(_ row: ReceivedRow) {
        if row.entity == .billRecord { named.note(record: row) } else { named.note(entry: row.entity, row.key) }
    }

    private func change(_ members: Members, _ row: ReceivedRow) throws {
        if row.isTombstone {
            named.forgetKnown()
            return try members.leave(row.key, at: row.version)
        }
        guard case .text(let offset, let count) = row.column(0), let records = row.integer(1),
            ProtocolLimits.cursorBytesMax >= count, count > 0, records >= 0
        else { throw RowError("the joining of a customer cannot be read") }
        let cursor = String(decoding: row.bytes[offset..<offset + count], as: UTF8.self)
        try members.join(row.key, at: row.version, cursor: cursor, records: records)
    }

    /// Writes a row over an older one, without its indexes where they stay as they are, or adds it.
    private func write(_ row: ReceivedRow) throws {
        let upsert = try upsertStatement(row.entity)
        guard let update = try updateStatement(row.entity) else { return try upsert.run(row) }
        try update.run(row)
        // None was written: it is not there, is not older, or has to move in an index.
        try connection.changes == 0 ? upsert.run(row) : upsert.passOver(row)
    }

    private func insert(_ row: ReceivedRow) throws {
        do { try insertStatement(row.entity).run(row) } catch let error as SQLiteError
            where error.code == .constraint
        { throw RowError("a row of \(row.entity.name) comes twice in a load") }
    }

    private func delete(_ row: ReceivedRow) throws {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .deletesIgnored { return }
        #endif
        try named.note(deleted: row.entity, row.key)
        let statement = try deleteStatement(row.entity)
        try statement.bind(1, row.key)
        try statement.bind(2, row.version)
        try statement.run()
    }

    private func upsertStatement(_ entity: Entity) throws -> RowStatement {
        if let prepared = upserts[entity.rawValue] { return prepared }
        let prepared = try RowStatement.upsert(entity, connection)
        upserts[entity.rawValue] = prepared
        return prepared
    }

    private func updateStatement(_ entity: Entity) throws -> RowStatement? {
        if let known = updates[entity.rawValue] { return known }
        let prepared = try RowStatement.update(entity, connection)
        updates[entity.rawValue] = .some(prepared)
        return prepared
    }

    private func insertStatement(_ entity: Entity) throws -> RowStatement {
        if let prepared = inserts[entity.rawValue] { return prepared }
        let prepared = try RowStatement.insert(entity, connection)
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
