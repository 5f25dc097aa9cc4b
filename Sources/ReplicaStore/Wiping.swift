import Diagnostics
import Glibc
import SQLiteKit
import SyncProtocol

/// What is taken from a machine that may not show the data any more.
package enum WipeExtent: String, Sendable, Codable {
    /// The image of the server's rows; edits and their results stay for an export.
    case image
    /// Edits too. Only who this replica is stays, so that an edit number is never used twice.
    case everything
}

/// The record of a wipe: kept beside the files as `wiped.json` until the member is welcome again.
package struct WipeRecord: Sendable, Hashable, Codable {
    package enum Cause: String, Sendable, Codable {
        case accessEnded = "access-ended"
        case lease
    }
    package let extent: WipeExtent
    package let cause: Cause
    /// Seconds since 1970 by the device.
    package let at: Int64
    /// The server's sentence, or ours.
    package let why: String
    /// False from before the first file goes until the last one is gone.
    package internal(set) var isDone = false
    /// The server knows of it.
    package internal(set) var isReported = false
}

extension ReplicaFiles {
    private static let recordBytesMax = 16_384
    var record: String { "\(folder)/wiped.json" }

    /// The record of a wipe. One that can't be read counts as none: what it led to is found by the next greeting.
    func wipeRecord() -> WipeRecord? {
        guard let bytes = try? SecureFile.read(record, limit: ReplicaFiles.recordBytesMax) else { return nil }
        return try? WireCoding.decode(WipeRecord.self, from: bytes)
    }

    func write(_ kept: WipeRecord) throws { try SecureFile.write(WireCoding.encode(kept), to: record) }

    func removeRecord() {
        guard unlink(record) == 0 else { return }
        SecureFile.syncFolder(of: record)
    }

    /// Removes the link and every generation with its log; durable on return.
    func removeImage() throws {
        unlink("\(link).new")
        unlink(link)
        for number in numbers() { remove(number) }
        removeOrphanLogs()
        SecureFile.syncFolder(of: link)
        guard numbers().isEmpty, liveNumber() == nil else {
            throw StoreError(
                .other, what: "cannot wipe the image", why: "a file of it cannot be removed",
                next: "check the permissions of \(folder)")
        }
    }
}

extension ReplicaStore {
    /// The last wipe, while it stands.
    package var wipeRecord: WipeRecord? { files.wipeRecord() }

    /// Takes away what `extent` names, durably. A crash in the middle is gone on with at the next opening. Does nothing
    /// when as much is gone already and nothing came since.
    package func wipe(_ extent: WipeExtent, _ cause: WipeRecord.Cause, why: String) throws(StoreError) -> WipeRecord {
        try StoreError.wrap {
            let old = files.wipeRecord()
            if let old, old.isDone, live == nil, heads == nil, staging == nil,
                old.extent == extent || old.extent == .everything
            {
                return old
            }
            var record = WipeRecord(
                extent: old?.extent == .everything ? .everything : extent, cause: cause, at: clock.now().seconds,
                why: String(VisibleText.prefix(why, bytesMax: 1000)))
            try files.write(record)
            closeImage()
            try ReplicaStore.carryOut(&record, files, outbox)
            if record.extent == .everything { rules = try ReplicaStore.keptRules(outbox) }
            return record
        }
    }

    /// Goes on with a wipe that was begun. Called before any image is opened.
    static func finishWipe(_ files: ReplicaFiles, _ outbox: Connection) throws {
        guard var record = files.wipeRecord(), !record.isDone else { return }
        try carryOut(&record, files, outbox)
    }

    private static func carryOut(_ record: inout WipeRecord, _ files: ReplicaFiles, _ outbox: Connection) throws {
        try files.removeImage()
        if record.extent == .everything { try empty(outbox) }
        record.isDone = true
        try files.write(record)
    }

    /// Empties every table but who the replica is, and overwrites what they held: rows, free pages and the log.
    private static func empty(_ outbox: Connection) throws {
        try outbox.execute("PRAGMA secure_delete = ON")
        let tables = try outbox.statement(
            """
            SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                AND name NOT IN ('identity', 'schema_migration') ORDER BY name
            """
        ).rows { $0.text(0) }
        try outbox.write { transaction in
            try transaction.execute("PRAGMA defer_foreign_keys = ON")
            for table in tables { try transaction.execute("DELETE FROM \"\(table)\"") }
        }
        // Pages that were freed before secure deletion was on.
        try outbox.execute("VACUUM")
        try outbox.checkpointTruncate()
        var info = stat()
        guard stat(outbox.path + "-wal", &info) != 0 || info.st_size == 0 else {
            throw StoreError(
                .locked, what: "cannot wipe the outbox", why: "another program reads it",
                next: "close that program; it is tried again by itself")
        }
    }

    /// Notes that the server knows of the wipe.
    package func markWipeReported() throws(StoreError) {
        try StoreError.wrap {
            guard var record = files.wipeRecord() else { return }
            record.isReported = true
            try files.write(record)
        }
    }

    /// The member is welcome again.
    func forgetWipe() { files.removeRecord() }
}

extension ReplicaReader {
    /// The last wipe, while it stands.
    package static func wipeRecord(in directory: String) -> WipeRecord? { ReplicaFiles(folder: directory).wipeRecord() }
}
