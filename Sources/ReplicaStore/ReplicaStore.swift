package import ConflictRules
package import Diagnostics
import Digests
package import PartnerModel
import SQLiteKit
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// The one owner of a replica's files: image, cursors, outbox, dead letters. Used on one thread.
///
/// Each promise lives in one file and one transaction: a page and its cursor, an edit and its number, a result and the
/// edit's state. No promise needs both files to commit together.
package final class ReplicaStore {
    /// What the greeting of a server means for this replica.
    package enum Meeting: Sendable, Hashable { case first, same, epochChanged }

    /// Where the pull side goes on.
    package enum PullPosition: Sendable, Hashable {
        case nothing
        case loading(cursor: String, rowsDone: Int64, rowsTotal: Int64)
        case feed(cursor: String)
    }

    /// What a page brought.
    package struct PageOutcome: Sendable, Hashable {
        package var rows = 0
        package var more = false
        package var reachedCheckpoint = false
        package var settled: [EditNumber] = []
        package var newConflicts: [ConflictKey] = []
        /// Held edits whose decision refused them.
        package var refused: [EditNumber] = []
        /// What is new; only while `isWatching`.
        package var notices: [Notice] = []
    }

    let files: ReplicaFiles
    let outbox: Connection
    private let decoded = DecodedEdits()
    var rows: OutboxRows { OutboxRows(connection: outbox, decoded: decoded) }
    let clock: any WallClock
    /// The generation behind the link, and one that is being loaded beside it.
    var live: Generation?
    var loading: Generation?
    package internal(set) var identity: ReplicaIdentity
    /// What edits are checked and predicted by.
    package internal(set) var rules: RuleSet
    /// The projection of pending edits in the live file is older than the outbox.
    var isProjectionStale = true
    /// Whether pages tell what they bring that is new. It costs a few look-ups a row, so only when somebody listens.
    package var isWatching = false

    /// Opens or makes a replica in a folder of a local file system. Raises the incarnation, durably.
    /// `networkFileSystem` names the network file system that a folder lies on.
    package init(
        directory: String, clock: any WallClock, chance: any Chance,
        networkFileSystem: (String) -> String? = FileSystemCheck.networkFileSystem
    ) throws(StoreError) {
        files = ReplicaFiles(folder: directory)
        self.clock = clock
        do {
            (outbox, identity) = try ReplicaStore.openOutbox(files, chance, networkFileSystem)
            rules = try ReplicaStore.keptRules(outbox)
        } catch let error as StoreError { throw error } catch { throw try StoreError.caught(error) }
        try StoreError.wrap {
            try ReplicaStore.finishWipe(files, outbox)
            try openGenerations()
        }
        // A process that ended before it had cleared what a departed customer left; else the next checkpoint does it.
        try? clearTraces()
    }

    private static func openOutbox(
        _ files: ReplicaFiles, _ chance: any Chance, _ networkFileSystem: (String) -> String?
    ) throws -> (Connection, ReplicaIdentity) {
        try SecureFile.makeFolder(files.folder)
        if let name = networkFileSystem(files.folder) {
            throw StoreError(
                .networkFileSystem, what: "cannot keep a replica in \(files.folder)",
                why: "it lies on a network file system (\(name)), where locks and the log cannot be relied on",
                next: "name a folder on a local disk with XDG_STATE_HOME or FIELDBOOK_HOME")
        }
        #if FIELDBOOK_DEFECTS
        let durability: Durability = Defect.planted == .outboxNotForced ? .normal : .full
        #else
        let durability = Durability.full
        #endif
        let connection = try Connection(path: files.outbox, mode: .create, durability: durability)
        try Migrator.apply(
            OutboxSchema.migrations, to: connection, file: "outbox", applicationID: OutboxSchema.applicationID)
        try connection.write { transaction in
            let statement = try transaction.statement(
                """
                INSERT INTO identity (id, replica, incarnation, last_number, acked_up_to) VALUES (1, ?, 1, 0, 0)
                ON CONFLICT (id) DO UPDATE SET incarnation = incarnation + 1
                """)
            try statement.bind(1, Hex.encode(chance.bytes(16)))
            try statement.run()
        }
        guard let identity = try OutboxRows(connection: connection).identity() else {
            throw StoreError(
                .corrupt, what: "cannot open the outbox", why: "it has no identity", next: "report this as a defect")
        }
        return (connection, identity)
    }

    private func openGenerations() throws {
        files.removeOrphanLogs()
        let liveNumber = files.liveNumber()
        for number in files.numbers() {
            if number == liveNumber {
                live = try Generation(path: files.generation(number), number: number, create: false)
            } else if number > liveNumber ?? 0, loading == nil, let unfinished = try resumable(number) {
                loading = unfinished
            } else {
                files.remove(number)
            }
        }
    }

    /// A generation whose load began and can go on; nil for remains that can be fetched again. A newer schema is refused.
    private func resumable(_ number: Int) throws -> Generation? {
        do {
            let generation = try Generation(path: files.generation(number), number: number, create: false)
            return try generation.meta() == nil ? nil : generation
        } catch let error as SQLiteError where error.code == .schemaTooNew { throw error } catch { return nil }
    }

    /// Closes the files; a store that is dropped without it loses nothing.
    package func close() { for connection in [live?.connection, loading?.connection, outbox] { connection?.close() } }

    var target: Generation? { loading ?? live }

    // MARK: Connection

    /// Takes a server's greeting. The replica belongs to the first partner and member it meets; another is refused.
    /// Durable on return.
    package func meet(_ hello: V1.Hello, server: String) throws(StoreError) -> Meeting {
        if let partner = identity.partner, partner != hello.partner {
            throw StoreError(
                .otherServer, what: "cannot sync with \(server)", why: "this replica belongs to another partner",
                next: "set up the server and token that it was made with, or use another FIELDBOOK_HOME")
        }
        #if FIELDBOOK_DEFECTS
        let takesAnyMember = Defect.planted == .foreignMemberTaken
        #else
        let takesAnyMember = false
        #endif
        if let member = identity.member, member != hello.member, !takesAnyMember {
            throw StoreError(
                .otherUser, what: "cannot sync with \(server)",
                why: "this replica belongs to \(member), the token to \(hello.member)",
                next: "set up a token of \(member), or use another FIELDBOOK_HOME")
        }
        let knownEpoch = identity.epoch
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement(
                    """
                    UPDATE identity SET server = ?1, partner = ?2, partner_name = ?3, member = ?4, role = ?5, epoch = ?6,
                        rules_version = ?7, contact_at = ?8, seen_at = ?8, items = ?9 WHERE id = 1
                    """)
                try statement.bind(1, server)
                try statement.bind(2, hello.partner)
                try statement.bind(3, hello.partnerName)
                try statement.bind(4, hello.member)
                try statement.bind(5, hello.role)
                try statement.bind(6, hello.epoch)
                try statement.bind(7, Int64(hello.rulesVersion))
                try statement.bind(8, clock.now().seconds)
                try statement.bind(9, hello.items?.joined(separator: ","))
                try statement.run()
            }
            if let known = try rows.identity() { identity = known }
            forgetWipe()
        }
        // The image's own epoch counts too: a crash may have come between learning the epoch and forgetting the image.
        let imageEpoch = try StoreError.wrap { try target?.meta()?.epoch }
        if let imageEpoch, imageEpoch != hello.epoch { return .epochChanged }
        return knownEpoch == nil ? .first : .same
    }

    // MARK: Pull

    /// Where the pull goes on: from nothing, within a load, or in the feed.
    package func pullPosition() throws(StoreError) -> PullPosition {
        try StoreError.wrap {
            guard let meta = try target?.meta() else { return .nothing }
            if let cursor = meta.loadCursor {
                return .loading(cursor: cursor, rowsDone: meta.rowsDone, rowsTotal: meta.rowsTotal)
            }
            return meta.fetchedCursor.map { .feed(cursor: $0) } ?? .nothing
        }
    }

    /// The last sequence of the feed that the image shows; nil before its first checkpoint.
    package func appliedSequence() throws(StoreError) -> Int64? {
        try StoreError.wrap { try live?.meta().flatMap { $0.appliedCursor == nil ? nil : $0.appliedSequence } }
    }

    /// A cursor of the feed or load that brought the image which is shown; nil when there is none.
    package func heldCursor() throws(StoreError) -> String? {
        try StoreError.wrap { try live?.meta().flatMap { $0.appliedCursor ?? $0.loadCursor ?? $0.heldCursor } }
    }

    /// Begins a load into a new generation file; a live one stays readable until the new one is swapped in, unless the plan
    /// says that its member sees less now: then it is removed first, durably. The outbox is not touched.
    package func beginLoad(_ plan: V1.SnapshotPlan, epoch: String) throws(StoreError) {
        try StoreError.wrap {
            #if FIELDBOOK_DEFECTS
            let isNarrowed = plan.narrowed ?? false && Defect.planted != .narrowedKeepsImage
            #else
            let isNarrowed = plan.narrowed ?? false
            #endif
            if isNarrowed {
                closeImage()
                try files.removeImage()
            }
            if let unfinished = loading {
                unfinished.connection.close()
                files.remove(unfinished.number)
                loading = nil
            }
            let number = (files.numbers().last ?? 0) + 1
            let generation = try Generation(path: files.generation(number), number: number, create: true)
            try generation.begin(
                epoch: epoch, cursor: plan.cursor, rowsTotal: plan.rows.reduce(0) { $0 + $1.count.value })
            loading = generation
        }
    }

    /// Applies a snapshot page: rows and cursor in one transaction. Without a live generation the loading one becomes
    /// it as soon as all but the bill records are there.
    package func applySnapshotPage(_ page: inout ReceivedPage) throws(StoreError) -> PageOutcome {
        try StoreError.wrap {
            guard let generation = target else { throw noLoad }
            let (rows, headsComplete) = try generation.applySnapshot(&page)
            if headsComplete, live == nil { try publish(generation) }
            if isProjectionStale { refreshProjection() }
            return PageOutcome(rows: rows, more: page.more)
        }
    }

    /// Applies a feed page, or keeps it until its checkpoint. At a checkpoint a finished reload is swapped in and edits
    /// that the image has reached are settled.
    package func applyFeedPage(_ page: inout ReceivedPage) throws(StoreError) -> PageOutcome {
        try StoreError.wrap {
            guard let generation = target else { throw noLoad }
            var outcome = PageOutcome(more: page.more, reachedCheckpoint: page.isCheckpoint)
            let watcher = isWatching && loading == nil ? identity : nil
            outcome.rows = try generation.applyFeed(&page, at: clock.now().seconds, watcher: watcher) {
                // Without edits there may still be rows of settled ones that a crash left.
                let edits = try openEdits()
                if !edits.isEmpty || isProjectionStale { try Projection(generation.connection).rewrite(edits) }
                if loading != nil { try noteMissing(in: generation) }
            }
            guard page.isCheckpoint else { return outcome }
            // A crash between a commit of the outbox and the projection leaves rows of edits that have their end.
            outcome.notices = loading == nil ? generation.notices : newsOfLoad(generation)
            if loading != nil { try publish(generation) } else if isProjectionStale { refreshProjection() }
            (outcome.settled, outcome.refused) = try settleOpen()
            outcome.newConflicts = try copyOwnConflicts()
            try clearTraces()
            return outcome
        }
    }

    /// What a load brings that the image in its place did not show; nothing when there was none.
    private func newsOfLoad(_ generation: Generation) -> [Notice] {
        guard isWatching, let live, let meta = try? live.meta(), meta.appliedCursor != nil else { return [] }
        return (try? ImageWatch.compare(live.connection, with: generation.connection, for: identity)) ?? []
    }

    /// The next pull begins a full load. Rows stay readable until it is swapped in; the outbox is not touched.
    package func forgetImage() throws(StoreError) {
        try StoreError.wrap {
            if let unfinished = loading {
                unfinished.connection.close()
                files.remove(unfinished.number)
                loading = nil
            }
            try live?.forgetCursors()
        }
    }

    /// Lets go of the image's files, before they are removed.
    func closeImage() {
        for generation in [live, loading] { generation?.connection.close() }
        (live, loading) = (nil, nil)
        isProjectionStale = true
    }

    private func publish(_ generation: Generation) throws {
        try files.publish(generation.number)
        let old = live
        live = generation
        loading = nil
        isProjectionStale = true
        refreshProjection()
        if let old, old.number != generation.number {
            old.connection.close()
            files.remove(old.number)
        }
    }

    private var noLoad: StoreError {
        StoreError(.badState, what: "cannot apply a page", why: "no load has begun", next: "report this as a defect")
    }

    func openEdits() throws -> [OutboxEdit] { try rows.open() }

    /// Writes the projection of pending edits for plain SQL. It is a convenience: when it can't be written now (a full
    /// disk), readers of ours do not miss it and the next change writes it.
    func refreshProjection() {
        guard let live else { return }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .pendingLeftBehind {
            if (try? openEdits().contains { $0.state.isPending }) != true { return }
        }
        #endif
        do {
            let edits = try openEdits()
            try live.connection.write { _ in try Projection(live.connection).rewrite(edits) }
            isProjectionStale = false
        } catch { isProjectionStale = true }
    }
}

extension StoreError {
    /// An error of another kind as a store error.
    static func caught(_ error: any Error) throws(StoreError) -> StoreError {
        try wrap { throw error }
    }
}
