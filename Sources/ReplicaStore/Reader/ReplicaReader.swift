package import PartnerModel
import SQLiteKit
import SyncProtocol

/// Reads a replica beside the daemon, or without one. Never writes; each call reads one committed state and is bounded
/// in time, so that it never holds the log up for long.
package final class ReplicaReader {
    /// Longest time of one query.
    static let queryMilliseconds = 10_000

    private let files: ReplicaFiles
    private let outbox: Connection
    private let image: Connection?
    let outboxRows: OutboxRows
    var isLoaded: Bool { image != nil }

    /// Opens the replica of a folder. Without one, the error says how to set it up; before the first load only the
    /// outbox is there.
    package init(directory: String) throws(StoreError) {
        let files = ReplicaFiles(folder: directory)
        self.files = files
        let opened = try StoreError.wrap { () -> (Connection, Connection?) in
            let outbox: Connection
            do { outbox = try Connection(path: files.outbox, mode: .readWrite, durability: .reader) } catch let error
                as SQLiteError
                where error.code == .cannotOpen
            {
                throw StoreError(
                    .notFound, what: "cannot read the replica", why: "there is none in \(directory)",
                    next: "set it up: fieldbook setup --server URL, then fieldbook daemon start")
            }
            guard files.liveNumber() != nil else { return (outbox, nil) }
            return (outbox, try Connection(path: files.link, mode: .readWrite, durability: .reader, cacheKiB: 4096))
        }
        (outbox, image) = opened
        outboxRows = OutboxRows(connection: outbox)
        try checkSchemas()
    }

    private func checkSchemas() throws(StoreError) {
        try StoreError.wrap {
            for (connection, known) in [
                (outbox as Connection?, OutboxSchema.migrations), (image, ImageSchema.migrations),
            ] {
                guard let connection, let newest = known.last?.number else { continue }
                let found = try connection.statement("PRAGMA user_version").first { Int($0.int64(0)) } ?? 0
                guard found <= newest else {
                    throw StoreError(
                        .schemaTooNew, what: "cannot read the replica",
                        why: "its schema is \(found), this build knows \(newest)",
                        next: "upgrade this program; the files were not touched")
                }
                guard found == newest else {
                    throw StoreError(
                        .badState, what: "cannot read the replica",
                        why: "an older version wrote it: its schema is \(found), this build reads \(newest)",
                        next:
                            "have the daemon bring it up to date: fieldbook daemon stop; fieldbook daemon start. As a service: systemctl --user restart fieldbook"
                    )
                }
            }
        }
    }

    /// Runs `body` on one state of the image; throws when nothing was loaded yet. A step that comes after the time is
    /// interrupted.
    func read<Value>(
        milliseconds: Int = queryMilliseconds, _ body: (Connection) throws -> Value
    ) throws(StoreError) -> Value {
        try StoreError.wrap {
            guard let image else {
                throw StoreError(
                    .notFound, what: "cannot show data", why: "nothing has been loaded yet",
                    next: "see how far the first load is: fieldbook status")
            }
            image.setQueryDeadline(milliseconds: milliseconds)
            return try image.read { _ in try body(image) }
        }
    }

    // MARK: State of the replica

    /// Who this replica is and whom it belongs to.
    package func identity() throws(StoreError) -> ReplicaIdentity? { try StoreError.wrap { try outboxRows.identity() } }
    /// Edits by state.
    package func outboxCounts() throws(StoreError) -> OutboxCounts { try StoreError.wrap { try outboxRows.counts() } }

    /// How far the image is. Nil before the first load. Never waits for a load that goes on beside.
    package func imageState() throws(StoreError) -> ImageState? {
        guard image != nil else { return nil }
        return try read { connection in
            let joining = try Members(connection).progress()
            var found = try connection.statement(
                """
                SELECT load_cursor, rows_done, rows_total, checkpoint_at, epoch, applied_cursor, heads_only FROM meta
                WHERE id = 1
                """
            ).first { row in
                ImageState(
                    isLoading: row.optionalText(0) != nil || row.optionalText(5) == nil || row.int64(6) != 0,
                    rowsDone: row.int64(1),
                    rowsTotal: row.int64(2), checkpointAt: row.optionalInt64(3), epoch: row.text(4), joining: joining)
            }
            if let file = try fileBeside(connection) { found?.rowsDone = rowsBeside(in: file) }
            guard let found else {
                throw StoreError(
                    .corrupt, what: "cannot read the replica", why: "it has no state", next: "report this as a defect")
            }
            return found
        }
    }

    /// Rows of the load that will take the place of heads: nil while it writes its file, as a person who looks something up
    /// does not wait for a load.
    private func rowsBeside(in file: String) -> Int64? {
        guard
            let beside = try? Connection(path: file, mode: .readWrite, durability: .reader, busyTimeoutMilliseconds: 0)
        else { return nil }
        defer { beside.close() }
        do { return try beside.statement("SELECT rows_done FROM meta").first { $0.int64(0) } ?? 0 } catch { return nil }
    }

    /// The file of that load; nil when there is none, or it just took the place.
    private func fileBeside(_ image: Connection) throws -> String? {
        guard try image.statement("SELECT heads_only FROM meta").first({ $0.int64(0) }) == 1,
            let last = files.numbers().last, last > files.liveNumber() ?? last
        else { return nil }
        return files.generation(last)
    }

    /// Open conflicts that this replica has not decided yet: a decision that waits to be sent needs nobody.
    package func undecidedConflictCount() throws(StoreError) -> Int {
        guard image != nil else { return 0 }
        let decided = try pendingDecisions()
        return try read { connection in
            let open = try connection.statement("SELECT key FROM conflict WHERE status = 'open'").rows { $0.int64(0) }
            return open.filter { decided[ConflictKey($0)] == nil }.count
        }
    }

    /// Conflicts that an edit of this replica decides, with the newest such edit whose end has not come.
    package func pendingDecisions() throws(StoreError) -> [ConflictKey: EditNumber] {
        var decisions: [ConflictKey: EditNumber] = [:]
        for edit in try StoreError.wrap({ try outboxRows.openDecisions() }) where edit.state.isPending {
            if case .decideConflict(let key, _) = edit.intent { decisions[key] = edit.number }
        }
        return decisions
    }

    /// Edits that wait for a code of their person, in order of number.
    package func editsThatNeedCodes() throws(StoreError) -> [EditNumber] {
        try StoreError.wrap { try outboxRows.needingCodes() }
    }

    // MARK: Edits

    /// Edits in order of number: those without their end, or the newest `limit` of all.
    package func edits(all: Bool, limit: Int = 200) throws(StoreError) -> [OutboxEdit] {
        try StoreError.wrap { all ? try outboxRows.newest(limit: limit).reversed() : try outboxRows.open() }
    }

    /// The number of the edit that one went into at last; its own when it is not combined.
    package func end(of number: EditNumber) throws(StoreError) -> EditNumber {
        try StoreError.wrap { try outboxRows.end(of: number) }
    }

    /// The edits that went into one, by one step or more, in order of number.
    package func combined(into number: EditNumber) throws(StoreError) -> [EditNumber] {
        try StoreError.wrap { try outboxRows.combined(into: number).map(\.number) }
    }

    /// One edit of any state; `notFound` when there is none of that number.
    package func edit(_ number: EditNumber) throws(StoreError) -> OutboxEdit {
        let found = try StoreError.wrap { try outboxRows.edit(number) }
        guard let found else {
            throw StoreError(
                .notFound, what: "cannot show edit \(number.value)", why: "there is none of that number",
                next: "list edits with: fieldbook edits list --all")
        }
        return found
    }
}

/// How far an image is.
package struct ImageState: Sendable, Hashable {
    /// The first load, or the way to its first checkpoint, is not finished: sums of bill records are not whole.
    package let isLoading: Bool
    /// Nil while a load that goes on beside this image writes its file: its daemon knows.
    package internal(set) var rowsDone: Int64?
    package let rowsTotal: Int64
    /// Seconds since 1970 by the device when the image last stood at a checkpoint.
    package let checkpointAt: Int64?
    package let epoch: String
    /// Old records of customers that joined; nil when all of them are here. Until then their sums are not whole.
    package let joining: ReplicaStore.FillProgress?
}
