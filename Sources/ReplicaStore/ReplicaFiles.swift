import Diagnostics
import Glibc

/// Names and links in a replica's folder: `outbox.db`, generation files, and the `replica.db` link to the live one.
struct ReplicaFiles {
    let folder: String

    var outbox: String { "\(folder)/outbox.db" }
    var link: String { "\(folder)/replica.db" }
    func generation(_ number: Int) -> String { "\(folder)/generation-\(number).db" }

    /// The number of the generation behind the link; nil when there is none.
    func liveNumber() -> Int? { FileFacts.target(ofLink: link).flatMap(ReplicaFiles.number) }

    /// The numbers of all generation files, rising.
    func numbers() -> [Int] { names().compactMap { ReplicaFiles.number(ofFile: $0) }.sorted() }

    /// What SQLite writes beside a file: the log and its index, or the journal of a load.
    static let besides = ["-wal", "-shm", "-journal"]

    /// Removes logs and journals that a crash left without their generation: rows are in them, and the next file of that
    /// number would take them for its own.
    func removeOrphanLogs() {
        let names = names()
        for name in names where name.hasPrefix("generation-") {
            for suffix in ReplicaFiles.besides where name.hasSuffix(suffix) {
                if !names.contains(String(name.dropLast(suffix.count))) { unlink("\(folder)/\(name)") }
            }
        }
    }

    private func names() -> [String] { FileFacts.names(in: folder) ?? [] }

    /// Points the link at a generation by renaming a new link over the old one; durable on return.
    func publish(_ number: Int) throws {
        let temporary = "\(link).new"
        unlink(temporary)
        guard symlink("generation-\(number).db", temporary) == 0, rename(temporary, link) == 0 else {
            throw UserError(
                .failed, what: "cannot publish the replica", why: String(cString: strerror(errno)),
                next: "check the permissions of \(folder)")
        }
        SecureFile.syncFolder(of: link)
    }

    /// Removes a generation with its log or journal.
    func remove(_ number: Int) {
        for suffix in [""] + ReplicaFiles.besides { unlink(generation(number) + suffix) }
    }

    private static func number(ofFile name: String) -> Int? {
        guard name.hasPrefix("generation-"), name.hasSuffix(".db") else { return nil }
        return Int(name.dropFirst("generation-".count).dropLast(".db".count))
    }
}
