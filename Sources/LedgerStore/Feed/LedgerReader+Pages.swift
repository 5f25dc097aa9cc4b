package import PartnerModel
import SQLiteKit
package import SyncProtocol

extension LedgerReader {
    /// The position of a cursor text for a scope; throws when it is damaged, foreign or too old.
    package func position(_ text: String, scope: Scope) throws -> Cursor {
        let cursor: Cursor
        do { cursor = try Cursor(text, key: state.sealKey) } catch {
            guard !text.hasPrefix("f1-"), !text.hasPrefix("s1-") else {
                throw LedgerError.resyncRequired(why: "the cursor has an older form")
            }
            throw LedgerError.cursorRefused
        }
        guard cursor.epoch == state.epoch else { throw LedgerError.resyncRequired(why: "the feed has another epoch") }
        guard cursor.scope == scope.number, cursor.scopeVersion == scope.version else {
            throw LedgerError.resyncRequired(why: "the scope is not the one the cursor was given for")
        }
        guard cursor.sequence >= state.lowWatermark else {
            throw LedgerError.resyncRequired(why: "the cursor is older than the tombstones kept")
        }
        guard cursor.sequence <= state.sequence else {
            throw LedgerError.resyncRequired(why: "the cursor is ahead of the feed")
        }
        return cursor
    }

    /// What an edit's author had seen: the sequence, and when the server read it. Nil for a text that is not a feed cursor
    /// of this epoch and this ledger.
    package func seen(_ madeUpon: String?) -> (sequence: Int64, at: Timestamp)? {
        guard let madeUpon, let cursor = try? Cursor(madeUpon, key: state.sealKey), cursor.epoch == state.epoch,
            case .feed = cursor.place
        else { return nil }
        return (cursor.sequence, Timestamp(seconds: cursor.at))
    }

    /// One page of a snapshot. Rows changed after the pinned sequence are left out: the feed from there brings them.
    /// A page of heads ends where the bulk begins, so that every page after it is a part: the same rows between the
    /// same cursors for all who load from one pin. The last page closes with a feed cursor at the pinned sequence.
    /// Memory: one page.
    package func snapshotPage(
        _ text: String, scope: Scope, form: RowForm = .plain, serverTime: Int64
    ) throws -> [UInt8] {
        let position = try position(text, scope: scope)
        guard case .snapshot(let firstEntity, let firstKey) = position.place else { throw LedgerError.cursorRefused }
        let filters = ScopeFilter(scope, state)
        let isPart = firstEntity >= Entity.bulkPlace
        // A part says when its rows were pinned: who made it, and when, is nobody's matter who reads it.
        var page = try PageWriter(
            kind: "snapshot/1", epoch: state.epoch, start: text, serverTime: isPart ? position.at : serverTime,
            form: form, rowsMax: isPart ? ProtocolLimits.partRowsMax : ProtocolLimits.pageRowsMax)
        for (place, entity) in Entity.snapshotOrder.enumerated() where place >= firstEntity {
            if place == Entity.bulkPlace, !isPart {
                let bulk = cursor(scope, .snapshot(entity: place, key: 0), at: position.sequence, position.at)
                try page.finish(cursor: bulk, sequence: position.sequence, more: true, checkpoint: false)
                return page.bytes
            }
            guard let filter = filters.condition(entity) else { continue }
            let statement = try connection.statement(
                """
                SELECT \(RowText.columns(entity)) FROM \(entity.name) e
                WHERE e.key > ? AND e.version <= ? AND \(filter) ORDER BY e.key
                """)
            defer { statement.reset() }
            try statement.bind(1, place == firstEntity ? firstKey : 0)
            try statement.bind(2, position.sequence)
            while try statement.step() {
                page.append(entity, statement)
                guard page.isFull || page.wantsCursor else { continue }
                let mark = cursor(
                    scope, .snapshot(entity: place, key: statement.int64(0)), at: position.sequence, position.at)
                if page.isFull {
                    try page.finish(cursor: mark, sequence: position.sequence, more: true, checkpoint: false)
                    return page.bytes
                }
                try page.append(cursor: mark)
            }
        }
        let end = cursor(scope, .feed, at: position.sequence, position.at)
        try page.finish(cursor: end, sequence: position.sequence, more: false, checkpoint: false)
        return page.bytes
    }

    /// One page of the change feed after a cursor. It is a checkpoint when it reaches the head of this transaction.
    package func feedPage(
        _ text: String, scope: Scope, form: RowForm = .plain, serverTime: Int64
    ) throws -> [UInt8] {
        try feed(text, scope: scope, form: form, serverTime: serverTime).page
    }

    /// The same, and whether it is a checkpoint that brings nothing.
    package func feed(
        _ text: String, scope: Scope, form: RowForm, serverTime: Int64
    ) throws -> (page: [UInt8], isQuiet: Bool) {
        let position = try position(text, scope: scope)
        guard case .feed = position.place else { throw LedgerError.cursorRefused }
        var page = try PageWriter(
            kind: "feed/1", epoch: state.epoch, start: text, serverTime: serverTime, form: form)
        let filter = ScopeFilter(scope, state)
        let entries = try connection.statement(filter.changes)
        defer { entries.reset() }
        try entries.bind(1, position.sequence)
        var rows: [Statement?] = Array(repeating: nil, count: Entity.allCases.count)
        while try entries.step() {
            try append(entries, filter, serverTime, &rows, to: &page)
            guard page.isFull || page.wantsCursor else { continue }
            let mark = cursor(scope, .feed, at: entries.int64(0), serverTime)
            if page.isFull {
                try page.finish(cursor: mark, sequence: entries.int64(0), more: true, checkpoint: false)
                return (page.bytes, false)
            }
            try page.append(cursor: mark)
        }
        let end = cursor(scope, .feed, at: state.sequence, serverTime)
        try page.finish(cursor: end, sequence: state.sequence, more: false, checkpoint: true)
        return (page.bytes, page.rowCount == 0)
    }

    /// `rows` keeps the look-up of each entity for the page: making its text costs more than running it.
    private func append(
        _ entry: Statement, _ filter: ScopeFilter, _ serverTime: Int64, _ rows: inout [Statement?],
        to page: inout PageWriter
    ) throws {
        guard let entity = Entity(rawValue: Int(entry.int64(1))) else {
            throw LedgerError.damaged("a feed entry names no entity")
        }
        let (sequence, key) = (entry.int64(0), entry.int64(2))
        if entry.int64(3) != 0 { return page.append(tombstone: entity, key: key, version: sequence) }
        if entity == .membership { return try appendJoined(key, at: sequence, filter, serverTime, to: &page) }
        let row = try rows[entity.rawValue] ?? lookUp(entity, filter)
        rows[entity.rawValue] = row
        try row.bind(1, key)
        guard try row.step() else {
            row.rewind()
            // Nothing here tells whether it was visible before this change; who never had it passes the tombstone over.
            if isNarrowed(entity, filter) {
                return page.append(tombstone: entity, key: key, version: sequence)
            }
            throw LedgerError.damaged("a feed entry names no row")
        }
        page.append(entity, row)
        row.rewind()
    }

    private func isNarrowed(_ entity: Entity, _ filter: ScopeFilter) -> Bool {
        entity == .billRecord && filter.isNarrow
    }

    private func lookUp(_ entity: Entity, _ filter: ScopeFilter) throws -> Statement {
        try connection.statement(
            "SELECT \(RowText.columns(entity)) FROM \(entity.name) e WHERE e.key = ?"
                + (isNarrowed(entity, filter) ? " AND \(filter.billCondition)" : ""))
    }

    func cursor(_ scope: Scope, _ place: Cursor.Place, at sequence: Int64, _ time: Int64) -> String {
        Cursor(
            epoch: state.epoch, scope: scope.number, scopeVersion: scope.version, sequence: sequence, at: time,
            place: place
        ).text(key: state.sealKey)
    }
}
