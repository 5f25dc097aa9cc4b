import PartnerModel
import SQLiteKit
package import SyncProtocol

/// What a customer that joins a scope brings: its registers in the feed, so that it can be worked with at once, and its
/// old records by a cursor of its own, so that nobody waits behind them.
extension LedgerReader {
    /// Bytes after which a page of old records ends. Short, since it shares a slow link with the feed.
    private static let joinedPageBytes = 128 * 1024

    /// The line of a joining and the customer's registers as they are now, as one piece: a page is never cut within it.
    func appendJoined(
        _ customer: Int64, at joined: Int64, _ filter: ScopeFilter, _ serverTime: Int64, to page: inout PageWriter
    ) throws {
        var count: Int64 = 0
        for entity in Entity.records {
            let condition = entity == .billRecord ? filter.billCondition : "1"
            let statement = try connection.statement(
                "SELECT count(*) FROM \(entity.name) e WHERE e.customer = ? AND e.version <= ? AND \(condition)")
            try statement.bind(1, customer)
            try statement.bind(2, joined)
            count += try statement.first { $0.int64(0) } ?? 0
        }
        let start = cursor(filter.scope, .joined(customer: customer, entity: 0, key: 0), at: joined, serverTime)
        page.begin(.membership, key: customer, version: joined)
        Array(start.utf8).withUnsafeBytes { page.add(text: $0) }
        page.add(count)
        page.end()
        for entity in Entity.registers {
            let row = try connection.statement(
                "SELECT \(RowText.columns(entity)) FROM \(entity.name) e WHERE e.key = ?")
            try row.bind(1, customer)
            if try row.step() { page.append(entity, row) }
            row.rewind()
        }
    }

    /// One page of the records that a customer brought: those that were last changed before it joined, by entity and key.
    /// Later changes come with the feed. The last page says so. Memory: one page.
    package func joinedPage(
        _ text: String, scope: Scope, form: RowForm = .plain, serverTime: Int64
    ) throws -> [UInt8] {
        let position = try position(text, scope: scope)
        guard case .joined(let customer, let firstEntity, let firstKey) = position.place else {
            throw LedgerError.cursorRefused
        }
        guard try isMember(customer, of: scope, since: position.sequence) else { throw LedgerError.customerLeft }
        let filter = ScopeFilter(scope, state)
        var page = try PageWriter(
            kind: "joined/1", epoch: state.epoch, start: text, serverTime: serverTime, form: form,
            bytesSoftMax: LedgerReader.joinedPageBytes)
        for (place, entity) in Entity.records.enumerated() where place >= firstEntity {
            let statement = try connection.statement(
                """
                SELECT \(RowText.columns(entity)) FROM \(entity.name) e
                WHERE e.customer = ? AND e.key > ? AND e.version <= ?
                    AND \(entity == .billRecord ? filter.billCondition : "1") ORDER BY e.key
                """)
            defer { statement.reset() }
            try statement.bind(1, customer)
            try statement.bind(2, place == firstEntity ? firstKey : 0)
            try statement.bind(3, position.sequence)
            while try statement.step() {
                page.append(entity, statement)
                guard page.isFull || page.wantsCursor else { continue }
                let here = Cursor.Place.joined(customer: customer, entity: place, key: statement.int64(0))
                let mark = cursor(scope, here, at: position.sequence, position.at)
                if page.isFull {
                    try page.finish(cursor: mark, sequence: state.sequence, more: true, checkpoint: false)
                    return page.bytes
                }
                try page.append(cursor: mark)
            }
        }
        let end = Cursor.Place.joined(customer: customer, entity: Entity.records.count, key: 0)
        try page.finish(
            cursor: cursor(scope, end, at: position.sequence, position.at), sequence: state.sequence, more: false,
            checkpoint: false)
        return page.bytes
    }

    private func isMember(_ customer: Int64, of scope: Scope, since joined: Int64) throws -> Bool {
        let statement = try connection.statement(
            "SELECT 1 FROM membership WHERE scope = ? AND subject = ? AND joined = ? AND \"left\" IS NULL")
        try statement.bind(1, scope.number)
        try statement.bind(2, customer)
        try statement.bind(3, joined)
        return try statement.first { _ in true } ?? false
    }
}
