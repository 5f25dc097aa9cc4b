import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit

/// A home with a replica that is loaded, a daemon that runs and a server that is never reached.
final class OfflineDesk {
    let installation: Installation

    /// Alpha (1: a budget of 100, a manual freeze, manager ben), Beta (2, asks to come) and Gamma (3, referral,
    /// asks to leave).
    static let rows: [PageRow] = [
        .partner(), .cycle(), .product(), .customer(1, name: "Alpha"), .customer(2, name: "Beta"),
        .customer(3, name: "Gamma", association: "referral"), .budget(1, version: 7, 100),
        .freezes(1, version: 8, ids: [41]), PageRow(.manager, 1, version: 9, ["ben"]),
        PageRow(.request, 3, version: 9, ["disassociate", "pending", "moves away", 1_794_000_000, nil, nil]),
        PageRow(.request, 2, version: 9, ["associate", "pending", "", 1_793_000_000, nil, nil]),
    ]

    /// `prepare` makes edits and gives them results before the daemon starts.
    init(_ prepare: (ReplicaStore) throws -> Void = { _ in }) throws {
        installation = try Installation()
        let store = try ReplicaStore(
            directory: installation.paths.state, clock: SystemClock(), chance: SystemChance())
        let hello = V1.Hello(
            software: "t", partner: "p", partnerName: "P", member: "ana", role: "administrator", scope: 1, epoch: "e1",
            epochOrdinal: 1, lineage: [], head: 1, lowWatermark: 0, serverTime: 1, rulesVersion: 1)
        _ = try store.meet(hello, server: "http://127.0.0.1:1")
        try store.beginLoad(
            V1.SnapshotPlan(cursor: "a", sequence: 1, rows: [V1.EntityCount(entity: "customer", count: 9)]),
            epoch: "e1")
        let bytes = try pageBytes("snapshot/1", epoch: "e1", from: "a", to: "b", sequence: 1, .last, OfflineDesk.rows)
        let page = try ReceivedPage(bytes, kind: "snapshot/1", expectedCursor: "a", isWhole: true)
        _ = try store.staging?.take(page, at: 1)
        let end = try ReceivedPage(
            pageBytes("feed/1", epoch: "e1", from: "b", to: "c", sequence: 10, .checkpoint, []), kind: "feed/1",
            expectedCursor: "b", isWhole: true)
        _ = try store.staging?.take(end, at: SystemClock().now().seconds)
        _ = try store.finishLoad()
        try prepare(store)
        store.close()
        let start = installation.run(["daemon", "start"])
        precondition(start.code == 0, "the daemon did not start: \(start.errors)")
    }

    @discardableResult
    func run(_ words: String...) -> Installation.Outcome { installation.run(words) }

    /// The edits of the outbox: number, state, what it asks and what ties it.
    func edits() throws -> [OutboxEdit] {
        try ReplicaReader(directory: installation.paths.state).edits(all: true)
    }

    /// A file with these lines.
    func file(_ lines: String...) -> String {
        let path = installation.folder.file("batch.txt")
        writeFile(path, lines.joined(separator: "\n") + "\n")
        return path
    }

    /// Records results for edits that are marked as sent first.
    static func results(_ store: ReplicaStore, _ results: [V1.Result]) throws {
        let sent = try store.nextPush()?.edits.map { EditNumber($0.number.value) } ?? []
        _ = try store.record(V1.Results(epoch: "e1", results: results), sent: sent)
    }

    static func budget(_ major: Int64) -> Budget {
        Budget(amount: Money(units: major * Money.unitsPerMajor), type: .monthly, onExhaustion: .manual)
    }
}
