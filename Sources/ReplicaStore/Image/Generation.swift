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
    let applier: RowApplier
    /// Feed pages that are not in the file.
    var held = HeldPages()
    /// What of the pages up to the next checkpoint is applied before it has come; nil when nothing is.
    var ahead: ApplyingAhead?
    /// False once it was taken back, until a checkpoint is reached: it would be taken back again.
    var mayApplyAhead = true
    /// Notices of the last checkpoint, for which it was watched.
    var notices: [Notice] = []

    /// What is cached of the file.
    static let cacheKiB = 16_384
    /// The same while indexes are made. More makes their sorting slower: it leaves the processor's own cache.
    private static let sortingCacheKiB = 4096

    /// Opens a generation file, or makes one. A file that is being loaded is read by nobody yet: it has a rollback journal,
    /// which costs half the writes of the log, until `useLog`.
    init(path: String, number: Int, create: Bool, isLoading: Bool) throws {
        self.number = number
        connection = try Connection(
            path: path, mode: create ? .create : .readWrite, durability: isLoading ? .loading : .normal,
            cacheKiB: Generation.cacheKiB)
        try Migrator.apply(
            ImageSchema.migrations, to: connection, file: "replica", applicationID: ImageSchema.applicationID)
        if isLoading { try connection.useJournal() }
        applier = RowApplier(connection)
    }

    /// Makes a loaded file ready to be read and written side by side, once it has all that readers count on. Durable on
    /// return.
    func useLog() throws {
        let names = try connection.statement("SELECT name FROM sqlite_schema WHERE type = 'index'").rows { $0.text(0) }
        if let missing = ImageSchema.bulkIndexes.first(where: { !names.contains($0.name) }) {
            throw StoreError(
                .corrupt, what: "cannot show a load", why: "its index \(missing.name) is missing",
                next: "report this as a defect")
        }
        try connection.useLog()
    }

    /// Runs `body` in a transaction of its own, as `Connection.write`. What was applied ahead is taken back before; what
    /// fails undoes what was noted of its rows too.
    func write<Value>(_ body: (borrowing Transaction) throws -> Value) throws -> Value {
        letGoAhead()
        do { return try connection.write(body) } catch {
            applier.named.forget()
            throw error
        }
    }

    func close() {
        letGoAhead()
        connection.close()
    }

    /// Nil when the file was made but its load never began.
    func meta() throws -> Meta? {
        var meta = try storedMeta()
        if let cursor = held.cursor { meta?.fetchedCursor = cursor }
        return meta
    }

    /// The same without the pages that are held.
    func storedMeta() throws -> Meta? {
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

    func store(_ meta: Meta) throws { try store(meta, in: connection) }

    func store(_ meta: Meta, in connection: Connection) throws {
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
        try write { _ in
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
        try write { transaction in
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
        try write { transaction in
            #if FIELDBOOK_DEFECTS
            let takesAnyPart = Defect.planted == .anotherPinsPart
            #else
            let takesAnyPart = false
            #endif
            guard var meta = try meta(), let expected = meta.loadCursor,
                expected == page.header.cursor || takesAnyPart
            else {
                throw RowError("the page does not start where the load stands")
            }
            try expectEpoch(of: meta, page)
            try transaction.execute("DELETE FROM part_begun")
            let (rows, last) = try applier.load(&page, headsOnly: meta.isHeadsOnly)
            try applier.named.settle()
            meta.rowsDone += Int64(rows)
            if last?.isHead == false || !page.more || page.cursor == meta.bulkCursor { meta.headsComplete = true }
            meta.loadCursor = page.cursor
            if meta.isHeadsOnly ? meta.headsComplete : !page.more {
                try connection.sorting(cacheKiB: Generation.sortingCacheKiB, after: Generation.cacheKiB) {
                    for index in ImageSchema.bulkIndexes {
                        #if FIELDBOOK_DEFECTS
                        if Defect.planted == .indexForgotten, index.name == "bill_record_cycle" { continue }
                        #endif
                        try transaction.execute("CREATE INDEX IF NOT EXISTS \(index.name) ON \(index.columns)")
                    }
                }
                meta.loadCursor = nil
                meta.fetchedCursor = meta.isHeadsOnly || takesAnyPart ? meta.feedCursor : page.cursor
                // The rows as of the pinned sequence are there; what changed meanwhile comes with the feed.
                if !meta.isHeadsOnly { meta.rowsDone = meta.rowsTotal }
            }
            try store(meta)
            return (rows, meta.headsComplete)
        }
    }

    /// Versions of two histories do not compare: the next greeting tells which one the server has.
    func expectEpoch(of meta: Meta, _ page: ReceivedPage) throws {
        guard page.header.epoch == meta.epoch else {
            throw RowError("the page belongs to another history than the image")
        }
    }

    /// Records of a customer that joined, and the cursor they go on from, in one transaction. A page of a fill that is no
    /// longer wanted, since the customer left or joined anew, is refused.
    func applyJoined(_ page: inout ReceivedPage) throws -> Int {
        try write { _ in
            let members = Members(connection)
            guard let meta = try meta(), let fill = try members.fill(at: page.header.cursor) else {
                throw RowError("the page does not start where the records of a customer stand")
            }
            try expectEpoch(of: meta, page)
            let rows = try applier.applyRecords(&page, of: fill.customer)
            try members.move(fill, to: page.more ? page.cursor : nil, at: page.sequence, rows: rows)
            try members.reach(meta.appliedSequence)
            try applier.named.settleAll()
            return rows
        }
    }
}
