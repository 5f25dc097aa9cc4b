package import Diagnostics
import SQLiteKit

/// A look at a replica's files from outside, for a diagnosis: nothing is changed, whatever state they are in, and an
/// older or newer schema is told instead of refused.
package struct ReplicaInspection: Sendable {
    /// One of the two files.
    package enum File: String, Sendable, CaseIterable { case outbox, image }

    /// What SQLite's quick check found.
    package enum Health: Sendable, Hashable {
        case absent, sound
        /// The first findings.
        case damaged([String])
        /// The time was over before the end; nothing was found until then.
        case unfinished
        case unreadable(String)
    }

    private static let findingsMax = 5
    /// Bytes of the shared-memory index that readers hold while they read one state
    /// (https://sqlite.org/walformat.html, section 2.3: WAL_READ_LOCK).
    private static let readLocks: ClosedRange<Int64> = 123...127

    private let files: ReplicaFiles

    package init(directory: String) { files = ReplicaFiles(folder: directory) }

    /// The version of SQLite that is in use.
    package static var libraryVersion: String { Connection.libraryVersion }

    /// The file itself, a link followed; nil when there is none.
    package func path(of file: File) -> String? {
        switch file {
        case .outbox: SecureFile.exists(files.outbox) ? files.outbox : nil
        case .image: files.liveNumber().map { files.generation($0) }.flatMap { SecureFile.exists($0) ? $0 : nil }
        }
    }

    /// The schema of a file and the newest that this build knows; nil for a file that is not there.
    package func schema(of file: File) throws(StoreError) -> (found: Int, known: Int)? {
        let migrations = file == .outbox ? OutboxSchema.migrations : ImageSchema.migrations
        return try read(file) { connection in
            let found = try connection.statement("PRAGMA user_version").first { Int($0.int64(0)) } ?? 0
            return (found, migrations.last?.number ?? 0)
        }
    }

    /// Has SQLite look through a file, for at most so long.
    package func check(_ file: File, milliseconds: Int) -> Health {
        guard let path = path(of: file) else { return .absent }
        do {
            let connection = try Connection(
                path: path, mode: .readWrite, durability: .reader, busyTimeoutMilliseconds: 1000)
            defer { connection.close() }
            connection.setQueryDeadline(milliseconds: milliseconds)
            let found = try connection.statement("PRAGMA quick_check(\(ReplicaInspection.findingsMax))").rows {
                $0.text(0)
            }
            return found == ["ok"] ? .sound : .damaged(found)
        } catch let error as SQLiteError {
            switch error.code {
            case .interrupted: return .unfinished
            case .corrupt, .notADatabase: return .damaged([error.why])
            default: return .unreadable(error.why)
            }
        } catch { return .unreadable("\(error)") }
    }

    /// Bytes of a file's log.
    package func logBytes(of file: File) -> Int64 {
        path(of: file).flatMap { FileFacts("\($0)-wal") }?.size ?? 0
    }

    /// Processes that read one state of a file right now: as long as they do, its log can't be emptied.
    package func readers(of file: File) -> [ProcessTable.Entry] {
        guard let index = path(of: file).flatMap({ FileFacts("\($0)-shm") }) else { return [] }
        return ProcessTable.lockHolders(of: index, bytes: ReplicaInspection.readLocks)
    }

    /// Processes of this user that have a file open.
    package func openers(of file: File) -> [ProcessTable.Entry] {
        path(of: file).flatMap { FileFacts($0) }.map { ProcessTable.openers(of: $0) } ?? []
    }

    /// Rows of each table, in order of name; nil for a file that is not there.
    package func tableCounts(of file: File) throws(StoreError) -> [(table: String, rows: Int64)]? {
        try read(file) { connection in
            let names = try connection.statement(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).rows { $0.text(0) }
            return try names.map { name in
                let quoted = name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                let count = try connection.statement("SELECT count(*) FROM \"\(quoted)\"").first { $0.int64(0) } ?? 0
                return (name, count)
            }
        }
    }

    /// What can be told of an edit to anybody: which, of what kind, where it stands, when. Not for whom, not how much
    /// and not why; `customer` is there to be replaced.
    package struct EditOutline: Sendable, Hashable {
        package let number: Int64
        package let customer: Int64
        package let kind: String
        package let register: String
        package let state: String
        package let code: String?
        package let savedAt: Int64
        package let firstSentAt: Int64?
        package let sentCount: Int64
        package let predecessor: Int64?
        package let group: Int64?
        package let dependsOn: Int64?
        package let combinedInto: Int64?
        package let resentAs: Int64?
        package let undoneBy: Int64?
    }

    /// The newest edits of the outbox in order of number; nil without one.
    package func edits(limit: Int) throws(StoreError) -> [EditOutline]? {
        let found = try read(.outbox) { connection in
            let statement = try connection.statement(
                """
                SELECT number, customer, kind, register, state, json_extract(result, '$.code'), saved_at, first_sent_at,
                    sent_count, predecessor, group_number, depends_on, combined_into, resent_as, undone_by
                FROM edit ORDER BY number DESC LIMIT ?
                """)
            try statement.bind(1, Int64(limit))
            return try statement.rows { row in
                EditOutline(
                    number: row.int64(0), customer: row.int64(1), kind: row.text(2), register: row.text(3),
                    state: row.text(4), code: row.optionalText(5), savedAt: row.int64(6),
                    firstSentAt: row.optionalInt64(7), sentCount: row.int64(8), predecessor: row.optionalInt64(9),
                    group: row.optionalInt64(10), dependsOn: row.optionalInt64(11),
                    combinedInto: row.optionalInt64(12), resentAs: row.optionalInt64(13),
                    undoneBy: row.optionalInt64(14))
            }
        }
        return found?.reversed()
    }

    private func read<Value>(_ file: File, _ body: (Connection) throws -> Value) throws(StoreError) -> Value? {
        guard let path = path(of: file) else { return nil }
        return try StoreError.wrap {
            let connection = try Connection(
                path: path, mode: .readWrite, durability: .reader, busyTimeoutMilliseconds: 1000)
            defer { connection.close() }
            connection.setQueryDeadline(milliseconds: 10_000)
            return try connection.read { _ in try body(connection) }
        }
    }
}
