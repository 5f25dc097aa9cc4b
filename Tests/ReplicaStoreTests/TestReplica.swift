import Diagnostics
import Glibc
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit

@testable import ReplicaStore

/// A replica in a folder of its own, fed with pages as a server would send them.
final class TestReplica {
    let directory = TemporaryDirectory()
    let clock = FixedClock()
    let chance = CountingChance()
    private var opened: ReplicaStore?
    private var cursors = 0

    var path: String { directory.file("replica") }
    var outboxFile: String { "\(path)/outbox.db" }
    var imageFile: String { "\(path)/replica.db" }

    init() throws {
        opened = try ReplicaStore(directory: directory.file("replica"), clock: clock, chance: chance)
    }

    var store: ReplicaStore {
        guard let opened else { preconditionFailure("the replica is closed") }
        return opened
    }

    /// A replica that met the server and stands at the checkpoint of sequence 10.
    static func loaded(_ rows: [PageRow]? = nil) throws -> TestReplica {
        let replica = try TestReplica()
        _ = try replica.meet("e1")
        try replica.load("e1", sequence: 10, rows ?? standardRows)
        return replica
    }

    /// Two reseller customers (1 with a budget of 100, version 7) and a referral one (3).
    static let standardRows: [PageRow] = [
        .partner(), .cycle(), .customer(1, name: "Alpha"), .customer(2, name: "Beta"),
        .customer(3, name: "Gamma", association: "referral"),
        .budget(1, version: 7, 100),
    ]

    static func monthly(_ major: Int64) -> Budget {
        Budget(amount: Money(units: major * Money.unitsPerMajor), type: .monthly, onExhaustion: .manual)
    }

    /// Closes the files; nothing of this process holds them after.
    func close() {
        opened?.close()
        opened = nil
    }

    func reopen() throws {
        close()
        opened = try ReplicaStore(directory: path, clock: clock, chance: chance)
    }

    // MARK: Server side

    func hello(_ epoch: String, partner: String = "p", member: String = "ana") -> V1.Hello {
        V1.Hello(
            software: "t", partner: partner, partnerName: "P", member: member, role: "administrator", scope: 1,
            epoch: epoch,
            epochOrdinal: 1,
            lineage: [], head: 1, lowWatermark: 0, serverTime: 1, rulesVersion: 1)
    }

    func meet(_ epoch: String) throws -> ReplicaStore.Meeting { try store.meet(hello(epoch), server: "http://s") }

    func cursor() -> String {
        cursors += 1
        return "c\(cursors)"
    }

    func begin(_ epoch: String, rows: Int64) throws {
        var plan = V1.SnapshotPlan(
            cursor: cursor(), sequence: 1, rows: [V1.EntityCount(entity: "customer", count: rows)])
        plan.feed = cursor()
        try store.beginLoad(plan, epoch: epoch)
    }

    /// Where the store wants the next page to start: of a load under way before that of the feed.
    func position() throws -> String {
        if case .heads(let cursor) = try store.pullPosition() { return cursor }
        switch store.staging?.standing.position {
        case .part(let cursor), .feed(let cursor): return cursor
        case nil: break
        }
        if case .feed(let cursor) = try store.pullPosition() { return cursor }
        return ""
    }

    @discardableResult
    func snapshot(
        _ epoch: String = "e1", from start: String? = nil, end: PageEnd, _ rows: [PageRow]
    ) throws -> ReplicaStore.PageOutcome {
        let start = try start ?? position()
        let bytes = try pageBytes("snapshot/1", epoch: epoch, from: start, to: cursor(), sequence: 1, end, rows)
        var page = try ReceivedPage(bytes, kind: "snapshot/1", expectedCursor: start, isWhole: true)
        if case .heads = try store.pullPosition() { return try store.applySnapshotPage(&page) }
        guard let staging = store.staging else { return try store.applySnapshotPage(&page) }
        return ReplicaStore.PageOutcome(rows: try staging.take(page, at: clock.now().seconds).rows, more: page.more)
    }

    @discardableResult
    func feed(
        _ epoch: String = "e1", from start: String? = nil, sequence: Int64, end: PageEnd = .checkpoint,
        _ rows: [PageRow] = [], form: RowForm = .packed
    ) throws -> ReplicaStore.PageOutcome {
        let start = try start ?? position()
        let bytes = try pageBytes(
            "feed/1", epoch: epoch, from: start, to: cursor(), sequence: sequence, end, rows, form: form)
        var page = try ReceivedPage(bytes, kind: "feed/1", expectedCursor: start, isWhole: true)
        guard let staging = store.staging, staging.standing.position == .feed(cursor: start) else {
            defer { if end == .more { store.applyAhead() } }
            return try store.applyFeedPage(&page)
        }
        let taken = try staging.take(page, at: clock.now().seconds)
        guard taken.isWhole else { return ReplicaStore.PageOutcome(rows: taken.rows, more: page.more) }
        return try store.finishLoad() ?? ReplicaStore.PageOutcome(rows: taken.rows)
    }

    func load(_ epoch: String, sequence: Int64, _ rows: [PageRow]) throws {
        try begin(epoch, rows: Int64(rows.count))
        try snapshot(epoch, end: .last, rows)
        try feed(epoch, sequence: sequence)
    }

    // MARK: Person side

    func add(_ intent: EditIntent, _ customer: Int64 = 1) throws -> OutboxEdit {
        try store.add(EditDraft(customer: CustomerKey(customer), intent: intent))
    }

    @discardableResult
    func push() throws -> [EditNumber] { try store.nextPush()?.edits.map { EditNumber($0.number.value) } ?? [] }

    @discardableResult
    func record(_ results: V1.Result..., epoch: String = "e1") throws -> RecordOutcome {
        try store.record(V1.Results(epoch: epoch, results: results), sent: results.map { EditNumber($0.number.value) })
    }

    func state(_ number: Int64) throws -> EditState { try reader().edit(EditNumber(number)).state }

    func reader() throws -> ReplicaReader { try ReplicaReader(directory: path) }

    /// Another program's read-only connection.
    func plain(_ file: String) throws -> Connection { try Connection(path: file, mode: .readOnly, durability: .reader) }

    /// The first column of every row of a query by another program.
    func texts(_ file: String, _ sql: String) throws -> [String] {
        let connection = try plain(file)
        defer { connection.close() }
        return try connection.statement(sql).rows { $0.text(0) }
    }
}

func budget(_ major: Int64) -> EditIntent {
    .setBudget(
        Budget(amount: Money(units: major * Money.unitsPerMajor), type: .monthly, onExhaustion: .manual),
        validThrough: nil)
}

func adjust(_ major: Int64) -> EditIntent {
    .adjustBudget(delta: Money(units: major * Money.unitsPerMajor), validThrough: nil)
}

/// Intents on one budget that stack and never combine.
func stack(_ count: Int) -> [EditIntent] {
    (1...count).map { $0.isMultiple(of: 2) ? adjust(Int64($0)) : budget(Int64($0)) }
}

func result(
    _ number: Int64, _ code: ResultCode, sequence: Int64 = 11, version: Int64? = nil, epoch: String = "e1"
) -> V1.Result {
    var result = V1.Result(number: number, code: code, epoch: epoch, sequence: sequence, baseWasIntact: true)
    result.version = version.map { WireInteger($0) }
    return result
}

/// Runs `body` and gives the code of the store error it throws; nil when it throws none.
func code(_ body: () throws -> Void) -> StoreError.Code? {
    do { try body() } catch { return (error as? StoreError)?.code ?? .other }
    return nil
}

/// What a kill would leave: the files as they are, without a farewell.
func crashCopy(_ from: String, _ to: String) {
    mkdir(to, 0o700)
    for name in ["outbox.db", "outbox.db-wal", "generation-2.db", "generation-2.db-wal"] {
        let bytes = readFile("\(from)/\(name)")
        if !bytes.isEmpty { writeFile("\(to)/\(name)", bytes) }
    }
    symlink("generation-2.db", "\(to)/replica.db")
}
