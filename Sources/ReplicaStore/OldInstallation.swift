package import Diagnostics
import SQLiteKit

/// Files of one user that lie where no user has a folder yet: from before the first log-in.
package enum OldInstallation {
    /// Gives them folders of their own, named after the member whom the replica belongs to, and gives the name. A
    /// replica that met no server yet goes by `wanted`, or by `unknown`. The caller holds the lock of its daemon.
    package static func takeOver(_ paths: Paths, wanted: String?) throws(UserError) -> String {
        let folders = UserFolders(paths)
        let owner: String?
        do { owner = try settleLog(paths.of(user: nil).state) } catch {
            throw UserError(
                .failed, what: "cannot take over the replica in \(paths.stateRoot)", why: error.why,
                next: "nothing was moved; \(error.next)")
        }
        let name = folders.freeName(owner ?? wanted ?? "unknown")
        try folders.takeOver(as: name)
        return name
    }

    /// The name of the folders of the member whom a replica belongs to; nil when it met no server.
    package static func owner(_ folder: String) throws(StoreError) -> String? {
        guard SecureFile.exists(ReplicaFiles(folder: folder).outbox) else { return nil }
        return try StoreError.wrap { try read(folder) { _ in } }
    }

    /// The same, with the log of the outbox moved into the file first, so that one file holds all there is.
    private static func settleLog(_ folder: String) throws(StoreError) -> String? {
        guard SecureFile.exists(ReplicaFiles(folder: folder).outbox) else { return nil }
        return try StoreError.wrap { try read(folder) { try $0.checkpointTruncate() } }
    }

    /// Columns that every version of the file has.
    private static func read(_ folder: String, _ also: (Connection) throws -> Void) throws -> String? {
        let connection = try Connection(
            path: ReplicaFiles(folder: folder).outbox, mode: .readWrite, durability: .full)
        defer { connection.close() }
        try also(connection)
        // A file that was made and never filled has no table yet.
        let isFilled = try connection.statement("SELECT 1 FROM sqlite_schema WHERE name = 'identity'").first { _ in 1 }
        guard isFilled != nil else { return nil }
        let owner = try connection.statement("SELECT partner, member FROM identity WHERE id = 1").first { row in
            (partner: row.optionalText(0), member: row.optionalText(1))
        }
        guard let partner = owner?.partner, let member = owner?.member else { return nil }
        return UserFolders.name(partner: partner, account: member)
    }
}
