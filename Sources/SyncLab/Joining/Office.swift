import Diagnostics
import HTTPKit
package import LedgerStore
package import PartnerModel
import SyncEngine
import SyncProtocol
package import SyncServer

/// A server and replicas of its members in one process: the production routes, engines and stores, the codec of the wire,
/// and links of a set speed, in virtual time. For what takes hours on a slow link and seconds of work.
///
/// Only bytes take time here: a link has no delay of its own and loses nothing; faults are the simulator's.
package final class Office {
    /// What was waited for did not come.
    package struct Stuck: Error, CustomStringConvertible {
        package let description: String
    }

    /// Bytes a second of a link that is never what is waited for.
    package static let fast = 1_000_000_000

    package let folder: DataFolder
    package let adminToken: String
    package let ledger: Ledger
    let time = LabTime()
    let clock: LabClock
    let log = Logger(program: "lab", level: .error, descriptor: -1)
    private let core: ServerCore
    private let path: String
    private let chance = LabChance(seed: 1)
    private var desks: [Desk] = []

    package init(folder path: String) throws {
        self.path = path
        clock = LabClock(time)
        folder = DataFolder("\(path)/server")
        adminToken = try folder.initialize(
            partnerName: "Partner", account: "admin", currency: "USD", clock: clock, chance: chance)
        ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: true)
        core = try ServerCore(folder: folder, clock: clock, log: log, parts: .lab)
    }

    /// Closes all files. The office is done.
    package func close() {
        for desk in desks { desk.end() }
        desks = []
        ledger.close()
    }

    /// Seconds since the office was made.
    package var seconds: Double { Double(time.now) / 1_000_000 }
    package var now: Timestamp { Timestamp(seconds: clock.now().seconds) }

    // MARK: People

    /// The replica of the administrator, or of a new member; it does nothing before it is started.
    package func desk(
        _ account: String, role: MemberRole = .administrator, customers: [String] = [], speed: Int = Office.fast
    ) throws -> Desk {
        let token =
            account == "admin"
            ? adminToken
            : try folder.addMember(account: account, role: role, customers: customers, clock: clock, chance: chance)
        let desk = try Desk(account, token: token, speed: speed, folder: "\(path)/\(account)", office: self)
        desks.append(desk)
        return desk
    }

    /// What others than members do.
    package func carryOut(_ change: SystemChange) throws {
        try ledger.write { _ = try SystemWriters(writer: $0, rulesVersion: 1, now: now).carryOut(change) }
    }

    // MARK: Time

    func answer(_ request: [UInt8]) throws -> [UInt8] {
        guard let reply = MemoryExchange.answer(request, bodyLimit: 1 << 20, { core.handle($0) }) else {
            throw Stuck(description: "a request was not whole")
        }
        return reply
    }

    /// Lets time pass until something is so, for at most so many seconds.
    package func run(atMost limit: Int, until isSo: () throws -> Bool) throws {
        let end = time.now + Int64(limit) * 1_000_000
        while try !isSo() {
            if try desks.contains(where: { try $0.act() }) { continue }
            let next = desks.compactMap(\.next).min()
            guard let next, next <= end else {
                let phases = desks.map { "\($0.account) \($0.status.phase.rawValue)" }.joined(separator: ", ")
                throw Stuck(description: "not so after \(limit) s: \(phases)")
            }
            let passed = max(0, next - time.now)
            for desk in desks { desk.move(passed) }
            time.now = next
        }
    }

    /// Asks every desk to sync, and lets time pass until all of them have all there is.
    package func settle(atMost limit: Int = 86_400) throws {
        let before = desks.map(\.status.lastCheckpointExchange)
        for desk in desks { desk.sync() }
        try run(atMost: limit) {
            zip(desks, before).allSatisfy { desk, before in
                desk.status.lastCheckpointExchange > before && desk.isResting && desk.status.phase == .inSync
            }
        }
    }
}
