import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// One generation file: an image of the scope with its cursors. Written by the daemon's engine thread alone.
final class Generation {
    /// Where a load or the feed goes on.
    struct Meta {
        var epoch: String
        var loadCursor: String?
        var fetchedCursor: String?
        var appliedCursor: String?
        var appliedSequence: Int64
        var rowsDone: Int64
        var rowsTotal: Int64
        var headsComplete: Bool
        var checkpointAt: Int64?
        /// Where a first load stood when its cursor was dropped.
        var heldCursor: String?
        /// Where the feed goes on once the load has come to its end; nil when its last page says so.
        var feedCursor: String?
        /// Where the bulk begins; nil when the rows tell.
        var bulkCursor: String?
        /// Only heads are loaded into this file; it follows the feed while another one is loaded whole.
        var isHeadsOnly = false
    }

    let number: Int
    let connection: Connection
    private let applier: RowApplier
    private var held = HeldPages()
    /// Notices of the last checkpoint, for which it was watched.
    private(set) var notices: [Notice] = []

    /// Opens a generation file, or makes one.
    init(path: String, number: Int, create: Bool) throws {
        self.number = number
        connection = try Connection(
            path: path, mode: create ? .create : .readWrite, durability: .normal, cacheKiB: 16_384)
        try Migrator.apply(
            ImageSchema.migrations, to: connection, file: "replica", applicationID: ImageSchema.applicationID)
        applier = RowApplier(connection)
    }

    /// Nil when the file was made but its load never began.
    func meta() throws -> Meta? {
        var meta = try storedMeta()
        if let cursor = held.cursor { meta?.fetchedCursor = cursor }
        return meta
    }

    private func storedMeta() throws -> Meta? {
        try connection.statement(
            """
            SELECT epoch, load_cursor, fetched_cursor, applied_cursor, applied_sequence, rows_done, rows_total, heads_complete,
                checkpoint_at, held_cursor, feed_cursor, heads_only, bulk_cursor FROM meta WHERE id = 1
            """
        ).first { row in
            Meta(
                epoch: row.text(0), loadCursor: row.optionalText(1), fetchedCursor: row.optionalText(2),
                appliedCursor: row.optionalText(3), appliedSequence: row.int64(4), rowsDone: row.int64(5),
                rowsTotal: row.int64(6), headsComplete: row.int64(7) != 0, checkpointAt: row.optionalInt64(8),
                heldCursor: row.optionalText(9), feedCursor: row.optionalText(10), bulkCursor: row.optionalText(12),
                isHeadsOnly: row.int64(11) != 0)
        }
    }

    private func store(_ meta: Meta) throws {
        let statement = try connection.statement(
            """
            INSERT OR REPLACE INTO meta (id, epoch, load_cursor, fetched_cursor, applied_cursor, applied_sequence, rows_done,
                rows_total, heads_complete, checkpoint_at, feed_cursor, heads_only, bulk_cursor)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try statement.bind(1, meta.epoch)
        try statement.bind(2, meta.loadCursor)
        try statement.bind(3, meta.fetchedCursor)
        try statement.bind(4, meta.appliedCursor)
        try statement.bind(5, meta.appliedSequence)
        try statement.bind(6, meta.rowsDone)
        try statement.bind(7, meta.rowsTotal)
        try statement.bind(8, meta.headsComplete ? 1 : 0)
        try statement.bind(9, meta.checkpointAt)
        try statement.bind(10, meta.feedCursor)
        try statement.bind(11, meta.isHeadsOnly ? 1 : 0)
        try statement.bind(12, meta.bulkCursor)
        try statement.run()
    }

    func begin(_ plan: V1.SnapshotPlan, epoch: String, headsOnly: Bool) throws {
        try connection.write { _ in
            try store(
                Meta(
                    epoch: epoch, loadCursor: plan.cursor, appliedSequence: 0, rowsDone: 0,
                    rowsTotal: plan.rows.reduce(0) { $0 + $1.count.value }, headsComplete: false,
                    feedCursor: plan.feed, bulkCursor: plan.bulk, isHeadsOnly: headsOnly))
        }
    }

    /// Drops the cursors: the image stays readable, the next pull begins a load.
    func forgetCursors() throws {
        held.empty(at: nil)
        try connection.write { transaction in
            try transaction.execute(
                """
                UPDATE meta SET held_cursor = coalesce(load_cursor, fetched_cursor, held_cursor), load_cursor = NULL, fetched_cursor = NULL;
                DELETE FROM spool
                """)
        }
    }

    /// Rows and load cursor in one transaction; the last page also makes the indexes of the bulk tables. A file of heads takes
    /// no others, and follows the feed from the pinned sequence once it has them all.
    func applySnapshot(_ page: inout ReceivedPage) throws -> (rows: Int, headsComplete: Bool) {
        try connection.write { transaction in
            guard var meta = try meta(), let expected = meta.loadCursor, expected == page.header.cursor else {
                throw RowError("the page does not start where the load stands")
            }
            try expectEpoch(of: meta, page)
            try transaction.execute("DELETE FROM part_begun")
            let (rows, last) = try applier.load(&page, headsOnly: meta.isHeadsOnly)
            meta.rowsDone += Int64(rows)
            if last?.isHead == false || !page.more || page.cursor == meta.bulkCursor { meta.headsComplete = true }
            meta.loadCursor = page.cursor
            if meta.isHeadsOnly ? meta.headsComplete : !page.more {
                try transaction.execute(ImageSchema.bulkIndexes)
                meta.loadCursor = nil
                meta.fetchedCursor = meta.isHeadsOnly ? meta.feedCursor : page.cursor
                // The rows as of the pinned sequence are there; what changed meanwhile comes with the feed.
                if !meta.isHeadsOnly { meta.rowsDone = meta.rowsTotal }
            }
            try store(meta)
            return (rows, meta.headsComplete)
        }
    }

    /// Versions of two histories do not compare: the next greeting tells which one the server has.
    private func expectEpoch(of meta: Meta, _ page: ReceivedPage) throws {
        guard page.header.epoch == meta.epoch else {
            throw RowError("the page belongs to another history than the image")
        }
    }

    /// A page before a checkpoint is kept as it came, in the file unless the next one will be there in a moment; the
    /// checkpoint's page applies all of them and moves the applied cursor, in one transaction that `alsoInCheckpoint` joins.
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
            let rows = try connection.write { _ in
                defer { try? alsoInCheckpoint() }
                return try applySpool() + applier.apply(&page).rows
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
        let rows = try connection.write { transaction in
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
            var rows = try applySpool()
            rows += try applier.apply(&page).rows
            try transaction.execute("DELETE FROM spool")
            // Who wants to be told must not keep a page from being applied.
            if let watcher { notices = (try? applier.watch?.notices(in: connection, for: watcher)) ?? [] }
            meta.appliedCursor = page.cursor
            meta.appliedSequence = page.sequence ?? meta.appliedSequence
            meta.checkpointAt = seconds
            try store(meta)
            try Members(connection).reach(meta.appliedSequence)
            try alsoInCheckpoint()
            return rows
        }
        held.empty(at: seconds)
        return rows
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

    /// Records of a customer that joined, and the cursor they go on from, in one transaction. A page of a fill that is no
    /// longer wanted, since the customer left or joined anew, is refused.
    func applyJoined(_ page: inout ReceivedPage) throws -> Int {
        try connection.write { _ in
            let members = Members(connection)
            guard let meta = try meta(), let fill = try members.fill(at: page.header.cursor) else {
                throw RowError("the page does not start where the records of a customer stand")
            }
            try expectEpoch(of: meta, page)
            let rows = try applier.applyRecords(&page, of: fill.customer)
            try members.move(fill, to: page.more ? page.cursor : nil, at: page.sequence, rows: rows)
            try members.reach(meta.appliedSequence)
            return rows
        }
    }

    private func spool(_ page: ReceivedPage) throws {
        let statement = try connection.statement("INSERT INTO spool (page) VALUES (?)")
        try statement.bind(1, blob: page.keepable)
        try statement.run()
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
        // A copy of each, since reading resolves escapes in place and what fails is tried again.
        for var page in held.pages { rows += try applier.apply(&page).rows }
        return rows
    }
}
