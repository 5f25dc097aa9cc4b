import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SQLiteKit
import SyncEngine
import SyncServer

/// The reference server of a world: the production routes and ledger over a disk that can fail.
final class LabServer {
    let folder: DataFolder
    let disk: FaultDisk
    let clock: LabClock
    private(set) var core: ServerCore?
    private(set) var partner = ""
    /// A second connection, for changes by others than agents.
    private(set) var writer: Ledger?
    private(set) var eye: ServerEye?
    /// Rises with every start.
    private(set) var life = 0
    var diesByPowerLoss = false
    /// It holds requests; one of an older build answers them at once.
    let holds: Bool
    /// Requests that wait, in the order in which they came.
    private(set) var held: [HeldParcel] = []
    private let log: Logger

    init(folder: String, time: LabTime, holds: Bool, log: Logger) {
        self.holds = holds
        self.folder = DataFolder(folder)
        disk = FaultDisk(folder: folder)
        clock = LabClock(time)
        self.log = log
    }

    /// Makes the data folder with the administrator `admin`; returns the token.
    func initialize(chance: any Chance) throws -> String {
        let token = try folder.initialize(
            partnerName: "Lab Partner", account: "admin", currency: "USD", clock: clock, chance: chance)
        partner = try folder.onlyPartner()
        return token
    }

    var isUp: Bool { core != nil }

    func start() throws {
        life += 1
        core = try ServerCore(folder: folder, clock: clock, log: log, parts: .lab, waits: clock)
        if holds { core?.beginHoldingByHand() }
        let ledgerFile = folder.ledgerFile(partner)
        writer = try Ledger.open(path: ledgerFile, forWriting: true)
        eye = try ServerEye(path: ledgerFile, continuing: eye)
    }

    /// Ends the process: orderly, or as it was found when its disk died.
    func stop() {
        for waiting in held { waiting.hold.leave() }
        core?.endHolding()
        core = nil
        writer?.close()
        writer = nil
        eye?.close()
    }

    /// The disk as it is found after a death.
    func revive(seed: UInt64) {
        disk.revive(afterPowerLoss: diesByPowerLoss ? .drawn(seed: seed) : nil)
        diesByPowerLoss = false
    }

    /// The reply to the bytes of a request; nil when the request is cut.
    func answer(_ request: [UInt8], bodyLimit: Int) -> MemoryExchange.Answer? {
        guard let core else { return nil }
        return MemoryExchange.reply(to: request, bodyLimit: bodyLimit) { core.reply($0) }
    }

    // MARK: Held requests

    func hold(_ parcel: Parcel, _ hold: HTTPHold) { held.append(HeldParcel(parcel: parcel, hold: hold)) }

    /// The client of a request that waits has gone.
    func forget(_ isGone: (Parcel) -> Bool) {
        for waiting in held where isGone(waiting.parcel) { waiting.hold.leave() }
        held.removeAll { isGone($0.parcel) }
    }

    /// Nobody waits any more, and nobody is answered.
    func takeHeld() -> [HeldParcel] {
        defer { held = [] }
        return held
    }

    /// Those who wait and have an answer now, with the answer: at their deadline, or since something has happened.
    func answerHeld() -> [(parcel: Parcel, reply: [UInt8])] {
        guard let core, !held.isEmpty else { return [] }
        core.lookForHeld()
        var answered: [(parcel: Parcel, reply: [UInt8])] = []
        var left: [HeldParcel] = []
        for waiting in held {
            let isOver = clock.monotonicNow() >= waiting.hold.deadline
            guard !disk.isDead, isOver || waiting.hold.isWoken,
                case .response(let response) = waiting.hold.answer(isOver ? .deadline : .woken),
                let bytes = try? MemoryExchange.bytes(of: response, toMethod: waiting.parcel.exchange.request.method)
            else {
                left.append(waiting)
                continue
            }
            answered.append((waiting.parcel, bytes))
        }
        held = left
        return answered
    }

    func addMember(_ member: Scenario.Member, chance: any Chance) throws -> String {
        var plan = try plan(member.account, member.roles)
        plan.customers = member.customers
        return try folder.addMember(plan, clock: clock, chance: chance)
    }

    func setRoles(_ roles: Scenario.Roles, of account: String) throws {
        try folder.setRights(try plan(account, roles), clock: clock)
    }

    private func plan(_ account: String, _ roles: Scenario.Roles) throws -> MemberPlan {
        MemberPlan(
            account: account, rights: try MemberRights(roles.list, items: roles.items), managers: roles.managers)
    }

    /// Ends a member's access, or opens it again.
    func setAccess(of account: String, isOpen: Bool) throws {
        _ = try folder.openDirectory().setDisabled(
            isOpen ? nil : clock.now().seconds, partner: partner, account: account)
    }

    func revoke(account: String) throws {
        _ = try folder.openDirectory().revokeTokens(partner: partner, account: account, at: clock.now().seconds)
    }

    func newToken(account: String, chance: any Chance) throws -> String {
        let token = "fbt_" + chance.bytes(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try folder.openDirectory().addToken(token, partner: partner, account: account, at: clock.now().seconds)
        return token
    }
}

/// A request that the server holds.
struct HeldParcel {
    let parcel: Parcel
    let hold: HTTPHold
}

extension PartLimits {
    /// Few bytes, so that parts go while others are asked for; and whatever room this machine's disk has, a run is the same.
    static let lab: PartLimits = {
        var limits = PartLimits(bytesMax: 256 * 1024)
        limits.freeBytesMin = 0
        return limits
    }()
}
