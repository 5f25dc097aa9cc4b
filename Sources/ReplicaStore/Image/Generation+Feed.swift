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
        alsoInCheckpoint: (Connection) throws -> Void
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
            try write { _ in try store(early) }
            let rows = try write { _ in
                defer { try? alsoInCheckpoint(connection) }
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
            if page.isCheckpoint {
                rows = try reachCheckpoint(&page, at: seconds, watcher: watcher, alsoInCheckpoint)
                mayApplyAhead = true
            } else {
                rows = try write(page)
            }
        } catch let unreadable as UnreadableKept {
            try giveUpKept()
            throw unreadable.error
        }
        held.empty(at: seconds)
        return rows
    }

    /// Writes a page before a checkpoint, with those that are held.
    private func write(_ page: ReceivedPage) throws -> Int {
        try write { _ in
            var meta = try expectNext(page)
            meta.fetchedCursor = page.cursor
            #if FIELDBOOK_DEFECTS
            let skips = Defect.planted == .unreadRowsSkipped
            #else
            let skips = false
            #endif
            if !skips { for page in held.pages + [page] where page.rowCount > 0 { try spool(page) } }
            try store(meta)
            return page.rowCount
        }
    }

    /// Applies all pages up to a checkpoint in one transaction: in the one that is open for those before it, when it has all
    /// of them.
    private func reachCheckpoint(
        _ page: inout ReceivedPage, at seconds: Int64, watcher: ReplicaIdentity?,
        _ alsoInCheckpoint: (Connection) throws -> Void
    ) throws -> Int {
        if let ahead, ahead.pages == held.pages.count {
            // Taken back unless it is committed.
            defer { letGoAhead() }
            let meta = try expectNext(page)
            let rows = try close(
                meta, &page, at: seconds, watcher: watcher, in: ahead.connection, ahead.applier, alsoInCheckpoint)
            try ahead.connection.commitWrite()
            // Rows were deleted that this side's applier has not seen go.
            applier.named.forget()
            return ahead.rows + rows
        }
        return try write { _ in
            let meta = try expectNext(page)
            if watcher != nil, meta.appliedCursor != nil { applier.watch = ImageWatch(before: connection) }
            return try applyKept()
                + close(meta, &page, at: seconds, watcher: watcher, in: connection, applier, alsoInCheckpoint)
        }
    }

    /// Applies the page of a checkpoint after those before it. Returns its rows.
    private func close(
        _ meta: Meta, _ page: inout ReceivedPage, at seconds: Int64, watcher: ReplicaIdentity?,
        in connection: Connection, _ applier: RowApplier, _ alsoInCheckpoint: (Connection) throws -> Void
    ) throws -> Int {
        var meta = meta
        let rows = try applier.apply(&page).rows
        try connection.execute("DELETE FROM spool")
        // Who wants to be told must not keep a page from being applied.
        if let watcher {
            do { notices = try applier.watch?.notices(in: connection, for: watcher) ?? [] } catch {
                // An I/O error or a full disk has rolled back what was applied: nothing may be written after that.
                guard connection.isInTransaction else { throw error }
                notices = []
            }
        }
        (meta.fetchedCursor, meta.appliedCursor) = (page.cursor, page.cursor)
        meta.appliedSequence = page.sequence ?? meta.appliedSequence
        meta.checkpointAt = seconds
        try store(meta, in: connection)
        try Members(connection).reach(meta.appliedSequence)
        // In a file of heads records stand that changed since the pin, without what comes with the load.
        try meta.isHeadsOnly ? applier.named.forget() : applier.named.settleAll()
        try alsoInCheckpoint(connection)
        return rows
    }

    /// Pages that were kept hold what cannot be read, and would hold up every checkpoint: the feed goes on from the
    /// last one.
    private func giveUpKept() throws {
        guard var meta = try storedMeta() else { return }
        held.empty(at: nil)
        guard let start = meta.appliedCursor ?? meta.feedCursor else { return try forgetCursors() }
        meta.fetchedCursor = start
        try write { transaction in
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
        try write { _ in
            guard let meta = try meta() else { return }
            for page in held.pages { try spool(page) }
            try store(meta)
        }
        held.empty(at: nil)
    }

    // MARK: Ahead of the checkpoint

    /// Applies what is held while the next page is on its way, as far as it goes; see `ApplyingAhead`. `isWatched` as of
    /// `applyFeed`.
    func applyAhead(isWatched: Bool) {
        guard mayApplyAhead, !held.pages.isEmpty else { return }
        do {
            if ahead == nil {
                let spooled = try connection.statement("SELECT count(*) FROM spool").first { $0.int64(0) } ?? 0
                guard spooled <= ApplyingAhead.spooledMax, let meta = try storedMeta() else { return }
                ahead = try ApplyingAhead(
                    path: connection.path, cacheKiB: Generation.cacheKiB,
                    isWatched: isWatched && meta.appliedCursor != nil)
            }
            try ahead?.apply(held.pages)
        } catch { letGoAhead() }
    }

    /// Takes back what was applied ahead.
    func letGoAhead() {
        guard let ahead else { return }
        ahead.close()
        self.ahead = nil
        mayApplyAhead = false
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
            var rows = try applier.applySpool()
            // A copy of each, since reading resolves escapes in place and what fails is tried again.
            for var page in held.pages { rows += try applier.apply(&page).rows }
            return rows
        } catch let error as RowError { throw UnreadableKept(error: error) }
    }
}
