import LedgerStore
import SQLiteKit
import ThreadKit

/// The connections of a server: the directory, one writer a partner, and a few readers handed out one thread each.
///
/// `@unchecked Sendable`: what lies in `content` is used only by the thread that took it out, under the monitor's lock.
final class LedgerPool: @unchecked Sendable {
    private struct Content: @unchecked Sendable {
        var directory: Directory?
        var writers: [(partner: String, ledger: Ledger?)] = []
        var readers: [(partner: String, ledger: Ledger)] = []
        var requests: UInt64 = 0
    }

    /// Readers kept open.
    private static let readersMax = 8

    private let folder: DataFolder
    private let content: Monitor<Content>

    init(folder: DataFolder) throws {
        self.folder = folder
        var content = Content()
        content.directory = try folder.openDirectory()
        for partner in try content.directory?.partners() ?? [] {
            content.writers.append((partner, try Ledger.open(path: folder.ledgerFile(partner), forWriting: true)))
        }
        self.content = Monitor(content)
    }

    func nextRequestID() -> String {
        content.withLock { content in
            content.requests += 1
            return "\(content.requests)"
        }
    }

    /// Runs `body` with the directory; callers take turns.
    func withDirectory<Value>(_ body: (Directory) throws -> Value) throws -> Value {
        try content.withLock { content in
            Result {
                guard let directory = content.directory else { throw LedgerError.damaged("there is no directory") }
                return try body(directory)
            }
        }.get()
    }

    /// The partners that are served: those of the directory now.
    func partners() throws -> [String] { try withDirectory { try $0.partners() } }

    /// Looks at a member's code. Durable on return, whatever becomes of the request.
    func confirm(code: String, of member: Member, at seconds: Int64) throws -> Directory.StepUpVerdict {
        try withDirectory {
            try $0.confirm(code: code, partner: member.partner, account: member.account, at: seconds)
        }
    }

    /// Opens the ledger of a partner that was added after the start. The id comes from the directory, never from a
    /// request.
    private func open(_ partner: String) throws {
        try content.withLock { content in
            Result {
                guard !content.writers.contains(where: { $0.partner == partner }) else { return }
                content.writers.append((partner, try Ledger.open(path: folder.ledgerFile(partner), forWriting: true)))
            }
        }.get()
    }

    /// Runs `body` with the partner's one writing connection; callers take turns.
    func withWriter<Value>(_ partner: String, _ body: (Ledger) throws -> Value) throws -> Value {
        try open(partner)
        let taken = content.wait(until: nil) { content -> Ledger? in
            guard let index = content.writers.firstIndex(where: { $0.partner == partner }),
                let ledger = content.writers[index].ledger
            else { return nil }
            content.writers[index].ledger = nil
            return ledger
        }
        guard let ledger = taken else { throw LedgerError.damaged("the partner has no ledger") }
        defer { give(back: ledger, of: partner) }
        return try body(ledger)
    }

    /// Takes the place of the partner's writer for a moment; false when it does not come free before `end`.
    func probe(_ partner: String, until end: Duration) throws -> Bool {
        try open(partner)
        let taken = content.wait(until: end) { content -> Ledger? in
            guard let index = content.writers.firstIndex(where: { $0.partner == partner }),
                let ledger = content.writers[index].ledger
            else { return nil }
            content.writers[index].ledger = nil
            return ledger
        }
        guard let ledger = taken else { return false }
        defer { give(back: ledger, of: partner) }
        try ledger.probe()
        return true
    }

    private func give(back ledger: Ledger, of partner: String) {
        content.withLock { content in
            if let index = content.writers.firstIndex(where: { $0.partner == partner }) {
                content.writers[index].ledger = ledger
            }
        }
    }

    /// Runs `body` with a reading connection of its own.
    func withReader<Value>(_ partner: String, _ body: (Ledger) throws -> Value) throws -> Value {
        // A writer brings the file to this build's schema first.
        try open(partner)
        let kept = content.withLock { content -> Ledger? in
            guard let index = content.readers.firstIndex(where: { $0.partner == partner }) else { return nil }
            return content.readers.remove(at: index).ledger
        }
        let ledger = try kept ?? Ledger.open(path: folder.ledgerFile(partner), forWriting: false)
        defer {
            content.withLock { content in
                if content.readers.count < LedgerPool.readersMax {
                    content.readers.append((partner, ledger))
                } else {
                    ledger.close()
                }
            }
        }
        return try body(ledger)
    }
}
