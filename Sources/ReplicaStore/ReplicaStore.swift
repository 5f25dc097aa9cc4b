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
        /// The heads of a first load.
        case heads(cursor: String)
        case feed(cursor: String)
        /// A load is under way that brings what there is to follow.
        case load
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
    let decoded = DecodedEdits()
    /// The counts as of a state of the outbox, which nobody else writes.
    var tally: (value: Tally, changes: Int64)?
    var rows: OutboxRows { OutboxRows(connection: outbox, decoded: decoded) }
    let clock: any WallClock
    /// The generation behind the link.
    var live: Generation?
    /// The heads of a first load, until all of them are here and become the live one.
    var heads: Generation?
    /// The generation that a load fills, which takes the live one's place at its end.
    package internal(set) var staging: Staging?
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
        let connection = try Connection(path: files.outbox, mode: .create, durability: durability, isOnlyWriter: true)
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
                live = try Generation(path: files.generation(number), number: number, create: false, isLoading: false)
            } else if number > liveNumber ?? 0, let unfinished = try resumable(number) {
                if try unfinished.meta()?.isHeadsOnly == true {
                    heads = unfinished
                } else if staging == nil {
                    staging = try Staging(unfinished)
                }
            } else {
                files.remove(number)
            }
        }
        // What a crash left between two files: heads that were not shown yet, heads without their load, a load without heads.
        if let heads, staging != nil, live == nil, try heads.meta()?.loadCursor == nil { try publishHeads(heads) }
        if heads != nil, live != nil || staging == nil { try dropLoad() }
        if live == nil, heads == nil, case .part = staging?.standing.position { try dropLoad() }
        if staging == nil, try live?.meta()?.isHeadsOnly == true { try live?.forgetCursors() }
    }

    /// A generation whose load began and can go on; nil for remains that can be fetched again. A newer schema is refused.
    private func resumable(_ number: Int) throws -> Generation? {
        do {
            let generation = try Generation(
                path: files.generation(number), number: number, create: false, isLoading: true)
            return try generation.meta() == nil ? nil : generation
        } catch let error as SQLiteError where error.code == .schemaTooNew { throw error } catch { return nil }
    }

    /// Closes the files; a store that is dropped without it loses nothing but feed pages of the last moment, which are fetched
    /// again.
    package func close() {
        try? live?.writeHeld()
        staging?.cancel()
        for generation in [live, heads] { generation?.close() }
        outbox.close()
    }

    /// Gives up a load that is under way.
    func dropLoad() throws {
        staging?.cancel()
        heads?.close()
        for number in [staging?.number, heads?.number] { number.map(files.remove) }
        (staging, heads) = (nil, nil)
    }

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
        let epochs = try StoreError.wrap {
            [staging?.standing.epoch, try live?.meta()?.epoch, try heads?.meta()?.epoch]
        }
        if epochs.contains(where: { $0 != nil && $0 != hello.epoch }) { return .epochChanged }
        return knownEpoch == nil ? .first : .same
    }

    // MARK: Pull

    /// Where the pull goes on: from nothing, within the heads of a load, in the feed, or after a load.
    package func pullPosition() throws(StoreError) -> PullPosition {
        try StoreError.wrap {
            if let cursor = try heads?.meta()?.loadCursor { return .heads(cursor: cursor) }
            if let cursor = try live?.meta()?.fetchedCursor { return .feed(cursor: cursor) }
            return staging == nil ? .nothing : .load
        }
    }

    /// The heads of a load are still on their way.
    package var isLoadingHeads: Bool { heads != nil }

    /// Whether the live image follows the feed.
    package func isFollowing() throws(StoreError) -> Bool {
        try StoreError.wrap { try live?.meta()?.fetchedCursor != nil }
    }

    /// Rows that a load under way has brought, and rows in all; nil when there is none.
    package func loadProgress() -> (done: Int64, total: Int64)? {
        staging.map { ($0.standing.rowsDone, $0.standing.rowsTotal) }
    }

    /// The last sequence of the feed that the image shows; nil before its first checkpoint.
    package func appliedSequence() throws(StoreError) -> Int64? {
        try StoreError.wrap { try live?.meta().flatMap { $0.appliedCursor == nil ? nil : $0.appliedSequence } }
    }

    /// A cursor of the feed or load that brought the image which is shown; nil when there is none.
    package func heldCursor() throws(StoreError) -> String? {
        try StoreError.wrap {
            try live?.meta().flatMap { $0.appliedCursor ?? $0.loadCursor ?? $0.fetchedCursor ?? $0.heldCursor }
        }
    }
}

extension StoreError {
    /// An error of another kind as a store error.
    static func caught(_ error: any Error) throws(StoreError) -> StoreError {
        try wrap { throw error }
    }
}
