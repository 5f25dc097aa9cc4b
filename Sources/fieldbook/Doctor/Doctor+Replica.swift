import Diagnostics
import Glibc
import LocalAPI
import ReplicaStore

/// SQLite and the two files of the replica.
extension Doctor {
    /// How long the outbox may be looked through, and with --deep the image.
    private static let outboxMilliseconds = 5_000
    private static let imageMilliseconds = 120_000
    /// A log that is emptied in time stays far below this (`wal_autocheckpoint`: 8 MiB).
    private static let logBytesMax: Int64 = 32 << 20

    var sqlite: Check { .ok("sqlite", "the library is \(ReplicaInspection.libraryVersion)") }

    /// Schema and soundness of one file.
    func health(of file: ReplicaInspection.File) -> Check {
        let name = file.rawValue
        guard !FileFacts.isHidden("\(paths.state)/x") else { return hidden(name, "it cannot be looked at") }
        guard inspection.path(of: file) != nil else {
            return .ok(name, file == .outbox ? "there is none yet" : "nothing was loaded yet")
        }
        let schema: (found: Int, known: Int)?
        do { schema = try inspection.schema(of: file) } catch {
            return damage(of: file, error.why)
        }
        guard let schema else { return .ok(name, "it has just gone") }
        if schema.found > schema.known {
            return .failed(
                name, "a newer version wrote it",
                why: "its schema is \(schema.found), this build knows \(schema.known)",
                next: "upgrade this program; the file was not touched")
        }
        let older = schema.found < schema.known ? ", brought up to date at the next start" : ""
        let told = "schema \(schema.found)\(older)"
        guard file == .outbox || isDeep else { return .ok(name, "\(told); looked through with --deep only") }
        let limit = file == .outbox ? Doctor.outboxMilliseconds : Doctor.imageMilliseconds
        switch inspection.check(file, milliseconds: limit) {
        case .absent: return .ok(name, "it has just gone")
        case .sound: return .ok(name, "\(told), sound")
        case .damaged(let findings): return damage(of: file, findings.first ?? "")
        case .unfinished:
            return .warning(
                name, "not looked through to its end", why: "\(limit / 1000) s were not enough; so far it is sound",
                next: file == .outbox ? "run it again when the machine is idle" : "copy it and check the copy")
        case .unreadable(let why):
            return .failed(name, "it cannot be read", why: why, next: "check whose it is: ls -l \(paths.state)")
        }
    }

    private func damage(of file: ReplicaInspection.File, _ why: String) -> Check {
        .failed(
            file.rawValue, "the \(file.rawValue) is damaged or cannot be read", why: why,
            next: file == .outbox
                ? "stop the daemon and copy \(paths.state) away before anything else; see the manual, Operating"
                : "stop the daemon, remove replica.db and generation-* in \(paths.state), start it: it loads anew")
    }

    /// A log that grows, and who holds it.
    func log(_ status: Local.Status?) -> Check {
        let name = "log"
        let logs = ReplicaInspection.File.allCases.map { (file: $0, bytes: inspection.logBytes(of: $0)) }
        guard let long = logs.first(where: { $0.bytes > Doctor.logBytesMax }) else {
            return .ok(name, "the files' logs are short (\(Doctor.mebibytes(logs.map(\.bytes).reduce(0, +))))")
        }
        let what = "the log of the \(long.file.rawValue) has \(Doctor.mebibytes(long.bytes))"
        let known = [Int(getpid()), status?.processID ?? 0]
        var holders = inspection.readers(of: long.file).filter { !known.contains($0.processID) }
        if holders.isEmpty { holders = inspection.openers(of: long.file).filter { !known.contains($0.processID) } }
        guard let first = holders.first else {
            return .warning(
                name, what, why: "nobody is seen who holds it; it shrinks when the daemon next writes",
                next: "look again after: fieldbook sync --wait")
        }
        let names = holders.map { "\($0.name) (process \($0.processID))" }.joined(separator: ", ")
        return .warning(
            name, what, why: "it can't be emptied while this reads: \(names)",
            next: "end its transaction, or the program: kill \(first.processID)")
    }
}
