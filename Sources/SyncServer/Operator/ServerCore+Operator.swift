import Diagnostics
import LedgerStore
import SQLiteKit

/// What an operator asks of a server: how it is, and whether it can do its work.
extension ServerCore {
    /// Space below which a server is not ready: a push, its history and the log of the file fit with room.
    static let freeBytesMin: Int64 = 16 << 20
    /// How long the whole look at readiness may take.
    private static let readinessPatience = Duration.seconds(2)
    /// Partners whose ledgers metrics tell of.
    private static let partnersMax = 200

    /// Why it can't do its work now; nil when it can. Opens every ledger and takes the place of its writer for a
    /// moment; writes nothing.
    package func unreadiness() -> String? {
        let end = clock.monotonicNow() + ServerCore.readinessPatience
        do {
            if let free = DiskSpace(at: folder.path)?.freeBytes, free < ServerCore.freeBytesMin {
                return "the disk is nearly full"
            }
            try pool.withDirectory { try $0.probe() }
            for partner in try pool.partners() {
                guard FileFacts(folder.ledgerFile(partner))?.size != nil else { return "a ledger is missing" }
                guard try pool.probe(partner, until: end) else { return "a ledger is busy" }
                guard clock.monotonicNow() < end else { return "the look at the ledgers takes too long" }
            }
            return nil
        } catch let error as SQLiteError {
            log.log(.error, "not-ready", [("why", error.description)])
            return error.code == .locked ? "a file is busy" : "a file cannot be opened or written"
        } catch {
            log.log(.error, "not-ready", [("why", "\(error)")])
            return "a file cannot be opened or written"
        }
    }

    /// Metrics in Prometheus' text form. What can't be read now is left out, and readiness says so.
    package func metrics(_ traffic: ListenerTraffic) -> String {
        ServerMetrics(
            counts: meter.counts, traffic: traffic, ledgers: ledgers(), loads: ServerMetrics.LoadCounts(loads),
            isReady: unreadiness() == nil,
            startedAt: startedAt, residentBytes: ProcessProbe.residentBytes(),
            freeBytes: DiskSpace(at: folder.path)?.freeBytes, lockedCount: SQLiteError.lockedCount
        ).text
    }

    private func ledgers() -> [ServerMetrics.Ledger] {
        let partners = (try? pool.partners()) ?? []
        return partners.sorted().prefix(ServerCore.partnersMax).compactMap { partner in
            let members = try? pool.withDirectory { try $0.members(of: partner).filter { $0.disabledAt == nil }.count }
            let facts = try? pool.withReader(partner) { ledger in
                try ledger.read { (sequence: $0.state.sequence, conflicts: try $0.conflictCounts()) }
            }
            guard let members, let facts else { return nil }
            let file = folder.ledgerFile(partner)
            let bytes = ["", "-wal"].compactMap { FileFacts(file + $0)?.size }.reduce(0, +)
            return ServerMetrics.Ledger(
                partner: partner, sequence: facts.sequence, openConflicts: facts.conflicts.open,
                decidedConflicts: facts.conflicts.decided, activeMembers: Int64(members), bytes: bytes)
        }
    }
}
