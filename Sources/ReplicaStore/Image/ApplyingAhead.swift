import SQLiteKit
import SyncProtocol

/// Applies kept feed pages while the next ones are on their way, in an open transaction of a connection of its own.
///
/// Nobody sees any of it before the checkpoint's page commits it, all pages together. It is a head start and nothing else:
/// the pages stay where they are kept, so that it can be taken back at any moment, and is when somebody else has to write to
/// the file. Whatever fails in it is found out again, and told, when the checkpoint applies the pages without it.
final class ApplyingAhead {
    /// Pages in the file up to which it is worth to begin: on a quick link that is the first one, and more would keep the
    /// engine's thread for long.
    static let spooledMax = 2

    let connection: Connection
    let applier: RowApplier
    /// How many of the pages that are held are applied.
    private(set) var pages = 0
    private(set) var rows = 0

    /// Begins with the pages that are in the file; throws `locked` when another program writes to it.
    init(path: String, cacheKiB: Int, isWatched: Bool) throws {
        connection = try Connection(
            path: path, mode: .readWrite, durability: .normal, cacheKiB: cacheKiB, busyTimeoutMilliseconds: 0)
        applier = RowApplier(connection)
        try connection.beginWrite()
        if isWatched { applier.watch = ImageWatch(before: connection) }
        rows = try applier.applySpool()
    }

    /// Applies those of the held pages that are not applied yet.
    func apply(_ held: [ReceivedPage]) throws {
        // A copy of each, since reading resolves escapes in place and the page may have to be applied again.
        for var page in held.dropFirst(pages) {
            rows += try applier.apply(&page).rows
            pages += 1
        }
    }

    /// Takes back what was not committed.
    func close() {
        connection.rollBackWrite()
        connection.close()
    }
}
