package import Diagnostics
import Glibc
import LedgerStore
import PartnerModel
import ReplicaStore
import SyncEngine
import SyncServer

/// What it takes when a customer with many records joins an account manager's customers over a slow link, while the work
/// on the others goes on; and when it leaves again.
package struct JoiningBench {
    /// Bill records of the customer that joins.
    package var records: Int
    /// Customers of the partner, and those that the manager has before.
    package var customers = 2_000
    package var managed = 50
    /// Bytes a second of the manager's link: 50 kbit/s.
    package var speed = 6_250

    package init(records: Int) { self.records = records }

    /// What was seen. Seconds are the link's, but those of `wipeSeconds`, which are real.
    package struct Figures: Sendable {
        /// Looks at the feed until the customer's registers were there, and until a freeze of another customer was seen.
        package internal(set) var pollsToRegisters = 0
        package internal(set) var pollsToFreeze = 0
        package internal(set) var secondsToRegisters = 0.0
        package internal(set) var secondsToFreeze = 0.0
        /// From an edit on the customer to its result.
        package internal(set) var secondsToResult = 0.0
        /// Old records that were missing still when the freeze was seen and the edit had its result.
        package internal(set) var recordsMissingThen: Int64 = 0
        package internal(set) var secondsToAll = 0.0
        /// What the joining took over the link, of all lanes, and of the old records alone.
        package internal(set) var joining = Desk.Traffic()
        package internal(set) var oldRecords = Desk.Traffic()
        package internal(set) var leaving = Desk.Traffic()
        package internal(set) var fileBytesBefore: Int64 = 0
        package internal(set) var fileBytesJoined: Int64 = 0
        package internal(set) var fileBytesAfter: Int64 = 0
        package internal(set) var rowsAfter: Int64 = 0
        package internal(set) var wipeSeconds = 0.0
        package internal(set) var emptyPoll = Desk.Traffic()
        package internal(set) var emptyPollStatements = 0
    }

    /// Runs all of it in a folder of its own.
    package func run(clock: any WallClock) throws -> Figures {
        let folder = Lab.newFolder()
        defer { FileTree.remove(folder) }
        return try run(folder: folder, clock: clock)
    }

    /// Runs all of it in a folder that is empty. Cost: seconds for 100,000 records.
    package func run(folder: String, clock: any WallClock) throws -> Figures {
        let office = try Office(folder: folder)
        defer { office.close() }
        let plan = SeedPlan(
            customers: customers, bills: customers * 10, coupons: 0, largest: records, seed: 1,
            openCycle: SeedPlan.defaultCycle)
        try office.ledger.write { try Seeder(plan: plan, writer: $0).run() }
        let keys = try (0...managed).map { try customer("acct-1-\($0)", office) }
        for key in keys.dropFirst() { try office.carryOut(.manager(key, "xu")) }
        let desk = try office.desk("xu", role: .manager)
        desk.start()
        try office.settle()
        var figures = Figures()
        figures.fileBytesBefore = JoiningBench.size(desk)
        figures.emptyPoll = try traffic(desk) { try office.settle() }
        figures.emptyPollStatements = try statements(desk, office)
        desk.speed = speed
        figures.joining = try traffic(desk) { try join(keys[0], other: keys[1], desk, office, &figures) }
        figures.oldRecords = desk.traffic["/sync/v1/joined"] ?? Desk.Traffic()
        figures.fileBytesJoined = JoiningBench.size(desk)
        let began = clock.monotonicNow()
        figures.leaving = try traffic(desk) {
            try office.carryOut(.manager(keys[0], nil))
            try office.settle()
        }
        figures.wipeSeconds = JoiningBench.seconds(clock.monotonicNow() - began)
        figures.fileBytesAfter = JoiningBench.size(desk)
        figures.rowsAfter = Int64(try desk.reader().bills(customer: keys[0], cycle: nil, limit: 1).count)
        return figures
    }

    private func join(
        _ customer: CustomerKey, other: CustomerKey, _ desk: Desk, _ office: Office, _ figures: inout Figures
    ) throws {
        let feed = "/sync/v1/changes"
        var (began, polls) = (office.seconds, desk.requests(feed))
        let joined = office.seconds
        try office.carryOut(.manager(customer, "xu"))
        try office.run(atMost: 3_600) { try desk.reader().customerIfHere(customer) != nil }
        (figures.secondsToRegisters, figures.pollsToRegisters) = (office.seconds - began, desk.requests(feed) - polls)

        (began, polls) = (office.seconds, desk.requests(feed))
        try office.carryOut(.freeze(other, .vendor, .account, reason: "late"))
        try office.run(atMost: 3_600) {
            guard case .freezes(let freezes) = try desk.reader().customer(other).summary.freezes.confirmed else {
                return false
            }
            return freezes.contains { $0.cause == .vendor }
        }
        (figures.secondsToFreeze, figures.pollsToFreeze) = (office.seconds - began, desk.requests(feed) - polls)

        began = office.seconds
        let edit = try desk.edit(customer, .setLabel("late book"))
        try office.run(atMost: 3_600) { try desk.reader().edit(edit).result != nil }
        figures.secondsToResult = office.seconds - began
        figures.recordsMissingThen = try desk.store.fillProgress().map { $0.recordsTotal - $0.recordsDone } ?? 0
        try office.run(atMost: 1_000_000) { desk.status.phase == .inSync && desk.isResting }
        figures.secondsToAll = office.seconds - joined
    }

    /// What goes over a desk's link while something is done.
    private func traffic(_ desk: Desk, _ body: () throws -> Void) rethrows -> Desk.Traffic {
        let before = desk.total
        try body()
        let after = desk.total
        return Desk.Traffic(
            requests: after.requests - before.requests, bytesUp: after.bytesUp - before.bytesUp,
            bytesDown: after.bytesDown - before.bytesDown)
    }

    /// Statements of the ledger that answer a poll that brings nothing.
    private func statements(_ desk: Desk, _ office: Office) throws -> Int {
        guard case .feed(let cursor) = try desk.store.pullPosition() else { return 0 }
        let partner = try office.folder.onlyPartner()
        let number = try office.folder.openDirectory().members(of: partner).first { $0.account == desk.account }?.scope
        let before = office.ledger.statementsTaken
        try office.ledger.read { reader in
            guard let scope = try reader.scope(number ?? 0) else { return }
            _ = try reader.feedPage(cursor, scope: scope, serverTime: office.now.seconds)
        }
        return office.ledger.statementsTaken - before
    }

    private func customer(_ account: String, _ office: Office) throws -> CustomerKey {
        guard let key = try office.ledger.read({ try $0.customer(id: account) }) else {
            throw Office.Stuck(description: "there is no customer \(account)")
        }
        return key
    }

    /// Bytes of the image's file and of its log.
    private static func size(_ desk: Desk) -> Int64 {
        guard let file = realpath("\(desk.folder)/replica.db", nil) else { return 0 }
        defer { free(file) }
        return [String(cString: file), "\(String(cString: file))-wal"].reduce(0) { sum, path in
            var found = Glibc.stat()
            return stat(path, &found) == 0 ? sum + Int64(found.st_size) : sum
        }
    }

    private static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

extension ReplicaReader {
    /// A customer; nil when it is not in the replica.
    fileprivate func customerIfHere(_ key: CustomerKey) throws -> CustomerDetail? {
        do throws(StoreError) { return try customer(key) } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}
