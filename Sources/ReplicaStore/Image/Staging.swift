import SQLiteKit
package import SyncProtocol
import Synchronization

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// The generation that a load fills beside the one that is shown, until it takes its place.
///
/// Its pages are taken on a thread of their own, one after the other, so that neither a large page nor the making of
/// indexes keeps a person's edit waiting. Where the load stands may be asked on any thread at any time.
///
/// `@unchecked Sendable`: `generation` is used under `gate` alone.
package final class Staging: @unchecked Sendable {
    /// What is to be fetched next.
    package enum Position: Sendable, Hashable {
        case part(cursor: String)
        case feed(cursor: String)
    }

    /// Where the load stands after the last page that was taken.
    package struct Standing: Sendable, Hashable {
        package var position: Position?
        package var rowsDone: Int64 = 0
        package var rowsTotal: Int64 = 0
        var epoch = ""
        /// The sequence of the last checkpoint; nil before the first.
        var appliedSequence: Int64?
    }

    /// What taking a page brought.
    package struct Taken: Sendable, Hashable {
        package var rows = 0
        /// The image stands at a checkpoint: it may take the place of the one that is shown.
        package var isWhole = false
    }

    let number: Int
    private let generation: Generation
    private let gate = Mutex(())
    private let state: Mutex<(standing: Standing, isCancelled: Bool)>

    /// Takes a generation over whose load has begun.
    init(_ generation: Generation) throws {
        number = generation.number
        self.generation = generation
        state = Mutex((try Staging.standing(of: generation), false))
    }

    private static func standing(of generation: Generation) throws -> Standing {
        guard let meta = try generation.meta() else { return Standing() }
        let position = meta.loadCursor.map(Position.part) ?? meta.fetchedCursor.map(Position.feed)
        return Standing(
            position: position, rowsDone: meta.rowsDone, rowsTotal: meta.rowsTotal, epoch: meta.epoch,
            appliedSequence: meta.appliedCursor == nil ? nil : meta.appliedSequence)
    }

    package var standing: Standing { state.withLock { $0.standing } }

    /// Takes a page of the load, or of the feed after it. Its rows and the place where it ends are one commit. `seconds`
    /// since 1970 date a checkpoint. Cost: with the last page of the load, the making of indexes over all rows.
    package func take(_ page: ReceivedPage, at seconds: Int64) throws(StoreError) -> Taken {
        var page = page
        return try StoreError.wrap {
            try use { generation in
                var taken = Taken()
                if page.header.fieldbook == "feed/1" {
                    taken.rows = try generation.applyFeed(&page, at: seconds) { _ in }
                    taken.isWhole = page.isCheckpoint
                } else {
                    taken.rows = try generation.applySnapshot(&page).rows
                    #if FIELDBOOK_DEFECTS
                    taken.isWhole = Defect.planted == .shownTooEarly && !page.more
                    #endif
                }
                return taken
            }
        }
    }

    /// Keeps what came of a part before its connection ended, in place of what was kept before. Durable on return as the
    /// rows of a load are.
    package func keep(_ begun: PartBegun) throws(StoreError) {
        try StoreError.wrap {
            try use { generation in
                try generation.write { transaction in
                    let statement = try transaction.statement(
                        "INSERT OR REPLACE INTO part_begun (id, cursor, tag, is_gzip, bytes) VALUES (1, ?, ?, ?, ?)")
                    try statement.bind(1, begun.cursor)
                    try statement.bind(2, begun.tag)
                    try statement.bind(3, begun.isGzip ? 1 : 0)
                    try statement.bind(4, blob: begun.bytes)
                    try statement.run()
                }
            }
        }
    }

    /// What was kept of the part that begins at a cursor.
    package func begun(at cursor: String) throws(StoreError) -> PartBegun? {
        try StoreError.wrap {
            try use { generation in
                let statement = try generation.connection.statement(
                    "SELECT tag, is_gzip, bytes FROM part_begun WHERE cursor = ?")
                try statement.bind(1, cursor)
                return try statement.first {
                    PartBegun(cursor: cursor, tag: $0.text(0), isGzip: $0.int64(1) != 0, bytes: $0.blob(2))
                }
            }
        }
    }

    /// Runs `body` with the generation alone, and looks where it stands then.
    func use<Value>(_ body: (Generation) throws -> Value) throws -> Value {
        try gate.withLock { _ in
            guard !state.withLock({ $0.isCancelled }) else {
                throw StoreError(
                    .badState, what: "cannot go on with a load", why: "it was given up",
                    next: "nothing; the next load begins by itself")
            }
            defer {
                if let standing = try? Staging.standing(of: generation) { state.withLock { $0.standing = standing } }
            }
            return try body(generation)
        }
    }

    /// Ends what is under way, lets nothing begin any more, and closes the file.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        generation.connection.interrupt()
        gate.withLock { _ in generation.close() }
    }

    /// Gives the generation up to the store, which shows it from now on.
    func release() -> Generation {
        state.withLock { $0.isCancelled = true }
        return gate.withLock { _ in generation }
    }
}

/// The bytes of a part of a load that came before its connection ended: the next request asks for those after them.
package struct PartBegun: Sendable, Hashable {
    package let cursor: String
    /// The strong tag of all the part's bytes, in its quotes (RFC 9110, section 8.8.3).
    package let tag: String
    package let isGzip: Bool
    /// As they came.
    package let bytes: [UInt8]

    package init(cursor: String, tag: String, isGzip: Bool, bytes: [UInt8]) {
        self.cursor = cursor
        self.tag = tag
        self.isGzip = isGzip
        self.bytes = bytes
    }
}
