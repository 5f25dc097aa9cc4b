import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Following the feed: pages up to a checkpoint, which applies them all.
extension Generation {
    /// A page before a checkpoint is kept as it came, in the file unless the next one will be there in a moment; the
    /// checkpoint's page applies all of them and moves the applied cursor, in one transaction that `alsoInCheckpoint`
    /// joins.
    ///
    /// With `watcher` the checkpoint's news is left in `notices`; an image that has not reached its first one has
    /// none.
    func applyFeed(
        _ page: inout ReceivedPage, at seconds: Int64, watcher: ReplicaIdentity? = nil,
        alsoInCheckpoint: () throws -> Void
    ) throws -> Int {
        notices = []
        defer { applier.watch = nil }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .cursorBeforeRows, var early = try meta(), early.fetchedCursor == page.header.cursor,
            page.isCheckpoint
        {
            (early.fetchedCursor, early.appliedCursor, early.appliedSequence) = (
                page.cursor, page.cursor, page.sequence ?? early.appliedSequence
            )
            try connection.write { _ in try store(early) }
            let rows = try write { _ in
                defer { try? alsoInCheckpoint() }
                return try applyKept() + applier.apply(&page).rows
            }
            held.empty(at: nil)
            return rows
        }
        let mayHold = Defect.planted != .unreadRowsSkipped
        #else
        let mayHold = true
        #endif
        if mayHold, !page.isCheckpoint, page.rowCount > 0, held.hasRoom(for: page, at: seconds) {
            _ = try expectNext(page)
            held.append(page, at: seconds)
            return page.rowCount
        }
        let rows: Int
        do {
            rows = try takeIntoFile(&page, at: seconds, watcher: watcher, alsoInCheckpoint)
        } catch let unreadable as UnreadableKept {
            try giveUpKept()
            throw unreadable.error
        }
        held.empty(at: seconds)
        return rows
    }

    /// Writes a page before a checkpoint with those that are held, or applies all up to a checkpoint.
    private func takeIntoFile(
        _ page: inout ReceivedPage, at seconds: Int64, watcher: ReplicaIdentity?, _ alsoInCheckpoint: () throws -> Void
    ) throws -> Int {
        try write { transaction in
            var meta = try expectNext(page)
            meta.fetchedCursor = page.cursor
            if !page.isCheckpoint {
                #if FIELDBOOK_DEFECTS
                if Defect.planted == .unreadRowsSkipped {
                    try store(meta)
                    return page.rowCount
                }
                #endif
                for page in held.pages + [page] where page.rowCount > 0 { try spool(page) }
                try store(meta)
                return page.rowCount
            }
            if watcher != nil, meta.appliedCursor != nil { applier.watch = ImageWatch(before: connection) }
            var rows = try applyKept()
            rows += try applier.apply(&page).rows
            try transaction.execute("DELETE FROM spool")
            // Who wants to be told must not keep a page from being applied.
            if let watcher { notices = (try? applier.watch?.notices(in: connection, for: watcher)) ?? [] }
            meta.appliedCursor = page.cursor
            meta.appliedSequence = page.sequence ?? meta.appliedSequence
            meta.checkpointAt = seconds
            try store(meta)
            try Members(connection).reach(meta.appliedSequence)
            // In a file of heads records stand that changed since the pin, without what comes with the load.
            try meta.isHeadsOnly ? applier.named.forget() : applier.named.settleAll()
            try alsoInCheckpoint()
            return rows
        }
    }

    /// Pages that were kept hold what cannot be read, and would hold up every checkpoint: the feed goes on from the
    /// last one.
    private func giveUpKept() throws {
        guard var meta = try storedMeta() else { return }
        held.empty(at: nil)
        guard let start = meta.appliedCursor ?? meta.feedCursor else { return try forgetCursors() }
        meta.fetchedCursor = start
        try connection.write { transaction in
            try transaction.execute("DELETE FROM spool")
            try store(meta)
        }
    }

    /// Checks that a feed page goes on where the feed was left, in the same history.
    private func expectNext(_ page: ReceivedPage) throws -> Meta {
        #if FIELDBOOK_DEFECTS
        let takesAnyPage = Defect.planted == .stalePageTaken
        #else
        let takesAnyPage = false
        #endif
        guard let meta = try meta(), let expected = meta.fetchedCursor,
            expected == page.header.cursor || takesAnyPage
        else {
            throw RowError("the page does not start where the feed was left")
        }
        try expectEpoch(of: meta, page)
        return meta
    }

    /// Writes what is not in the file yet.
    func writeHeld() throws {
        guard !held.pages.isEmpty else { return }
        try connection.write { _ in
            guard let meta = try meta() else { return }
            for page in held.pages { try spool(page) }
            try store(meta)
        }
        held.empty(at: nil)
    }

    // MARK: Kept pages

    private func spool(_ page: ReceivedPage) throws {
        let statement = try connection.statement("INSERT INTO spool (page) VALUES (?)")
        try statement.bind(1, blob: page.keepable)
        try statement.run()
    }

    /// What was kept before a checkpoint cannot be read.
    private struct UnreadableKept: Error { let error: RowError }

    private func applyKept() throws -> Int {
        do {
            var rows = try applySpool()
            // A copy of each, since reading resolves escapes in place and what fails is tried again.
            for var page in held.pages { rows += try applier.apply(&page).rows }
            return rows
        } catch let error as RowError { throw UnreadableKept(error: error) }
    }

    private func applySpool() throws -> Int {
        var rows = 0
        let ordinals = try connection.statement("SELECT ordinal FROM spool ORDER BY ordinal").rows { $0.int64(0) }
        for ordinal in ordinals {
            let statement = try connection.statement("SELECT page FROM spool WHERE ordinal = ?")
            try statement.bind(1, ordinal)
            guard let bytes = try statement.first({ $0.blob(0) }) else { continue }
            var page = try ReceivedPage(kept: bytes)
            rows += try applier.apply(&page).rows
        }
        return rows
    }
}
