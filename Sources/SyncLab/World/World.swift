import Diagnostics
import Glibc
import HTTPKit
import PartnerModel
import SQLiteKit
import SyncEngine
import SyncProtocol

/// One server and its agents in one thread under one clock. It carries out a scenario's steps and records what is seen;
/// everything that happens follows from the scenario and the seed.
final class World {
    enum Happening {
        case timer(agent: Int, life: Int, lane: Lane, serial: Int)
        case arrives(Parcel)
        case returns(agent: Int, life: Int, exchange: Int, ExchangeOutcome)
        /// A job of an agent's load lane has ended.
        case staged(agent: Int, life: Int, SyncEngine.Event)
        case wake(agent: Int)
        case restart(agent: Int, life: Int)
        case serverRestart(life: Int)
        /// The server looks whether there is something for those who wait.
        case serverLooks(life: Int)
    }

    static let host = "http://lab"
    /// Machine events of one run at most; a run past it is a loop without end.
    static let stepsMax = 400_000

    let seed: UInt64
    let folder: String
    let time = LabTime()
    let log: Logger
    let server: LabServer
    var agents: [LabAgent] = []
    var queue = EventQueue<Happening>()
    /// Keys of customers by name, and members by token.
    var keys: [String: Int64] = [:]
    var tokens: [String: String] = [:]
    /// The newest row of everything on the server, for expectations.
    private(set) var truth: [TruthKey: TruthRow] = [:]
    private(set) var history = History()
    private(set) var steps = 0
    private(set) var hash: UInt64 = 0
    private(set) var trace: Trace?
    /// What `later` put off.
    var putOff: [Action] = []
    /// A change of an account that the server's death cut off.
    var cutOff: CutOff?
    /// A push that the server took up when it died: whether it was committed is known after its restart.
    var unresolved: Parcel?
    private(set) var isRunaway = false
    /// A look of the server's is in the queue.
    var isLookDue = false
    private(set) var notes: [String] = []
    let scenarioFolder: String

    struct TruthKey: Hashable {
        let entity: Entity
        let key: Int64
    }

    init(seed: UInt64, folder: String, scenarioFolder: String, traces: Bool) throws {
        self.seed = seed
        self.folder = folder
        self.scenarioFolder = scenarioFolder
        log = Logger(program: "lab", level: .error, descriptor: -1)
        trace = traces ? Trace() : nil
        try SecureFile.makeFolder(folder)
        server = LabServer(
            folder: "\(folder)/server", time: time, holds: Mix.of(seed, 13) % 4 != 0, log: log)
    }

    /// Closes everything and removes the files.
    func remove() {
        for agent in agents {
            agent.drop()
            agent.disk.unmount()
        }
        server.stop()
        server.disk.unmount()
        FileTree.remove(folder)
    }

    // MARK: Record

    func record(_ what: History.What) {
        history.events.append(History.Event(at: time.now, what: what))
        switch what {
        case .step(let agent, let step):
            steps += 1
            hash = Mix.of(hash, UInt64(bitPattern: time.now), UInt64(agent), World.fingerprint(step))
            trace?.step(at: time.now, agents[agent].member.name, step)
        case .truth(let sequence, let rows, _):
            for row in rows { truth[TruthKey(entity: row.entity, key: row.key)] = row.content == nil ? nil : row }
            hash = rows.reduce(Mix.of(hash, UInt64(bitPattern: sequence))) {
                Mix.of($0, UInt64(bitPattern: $1.key), $1.content ?? 0)
            }
        case .outbox(_, let edits):
            hash = edits.reduce(hash) { Mix.of($0, UInt64(bitPattern: $1.number), Mix.text($1.state), $1.payload) }
        case .image(_, let image):
            hash = Mix.of(hash, UInt64(bitPattern: image.sequence ?? -1), UInt64(image.rows.count))
        default: break
        }
    }

    func addMember(_ facts: MemberFacts) { history.members.append(facts) }

    func tell(_ who: String, _ text: @autoclosure () -> String) { trace?.add(at: time.now, who, text()) }
    func tellArrow(from: String, to: String, _ text: @autoclosure () -> String) {
        trace?.add(at: time.now, from, to: to, text())
    }

    /// Something of the lab itself went wrong; the run is not to be trusted.
    func note(_ text: String) { notes.append(text) }

    private static func fingerprint(_ step: MachineStep) -> UInt64 {
        switch step {
        case .pull(let before, let event, let after):
            UInt64(before.ordinal << 16 | Coverage.ordinal(event) << 8 | after.ordinal)
        case .push(let before, let event, let after):
            UInt64(1 << 24 | before.ordinal << 16 | Coverage.ordinal(event) << 8 | after.ordinal)
        case .load(let before, let event, let after):
            UInt64(3 << 24 | before.ordinal << 16 | Coverage.ordinal(event) << 8 | after.ordinal)
        case .fill(let before, let event, let after):
            UInt64(2 << 24 | before.ordinal << 16 | Coverage.ordinal(event) << 8 | after.ordinal)
        }
    }

    // MARK: Time

    /// Lets time pass up to a moment; `until` may end it earlier.
    func run(to end: Int64, until isDone: () -> Bool = { false }) {
        while let next = queue.next, next <= end, !isRunaway {
            guard let (at, happening) = queue.take() else { break }
            time.now = at
            carryOut(happening)
            if steps > World.stepsMax { isRunaway = true }
            if isDone() { return }
        }
        time.now = max(time.now, end)
    }

    private func carryOut(_ happening: Happening) {
        switch happening {
        case .timer(let agent, let life, let lane, let serial):
            guard agents[agent].life == life else { return }
            if agents[agent].isAsleep {
                agents[agent].missed.append(happening)
            } else {
                agents[agent].timerFired(lane, serial: serial)
            }
        case .arrives(let parcel): arrive(parcel)
        case .returns(let agent, let life, let exchange, let outcome):
            guard agents[agent].life == life, agents[agent].isUp else { return }
            if agents[agent].isAsleep {
                let closed = HTTPError(code: .closed, what: "no reply came", why: "the machine slept")
                agents[agent].missed.append(.returns(agent: agent, life: life, exchange: exchange, .failed(closed)))
            } else {
                agents[agent].returned(exchange, outcome)
            }
        case .staged(let agent, let life, let event):
            guard agents[agent].life == life, agents[agent].isUp else { return }
            if agents[agent].isAsleep { agents[agent].missed.append(happening) } else { agents[agent].took(event) }
        case .wake(let index): if !agents[index].isAsleep { wake(agents[index]) }
        case .restart(let index, let life):
            let agent = agents[index]
            guard agent.life == life, !agent.isUp else { return }
            startOrRetry(agent)
        case .serverRestart(let life):
            if server.life == life, !server.isUp { startServer() }
        case .serverLooks(let life):
            guard server.life == life else { return }
            isLookDue = false
            lookForHeld()
        }
    }

    /// A machine goes on: what it missed happens now.
    func wake(_ agent: LabAgent) {
        agent.sleepsUntil = 0
        for happening in agent.missed { queue.add(happening, at: time.now) }
        agent.missed.removeAll()
    }

    // MARK: Deaths and restarts

    func startOrRetry(_ agent: LabAgent) {
        // The disk is found only now as the death left it: until here the dead process may still have had it open.
        if agent.disk.isDead {
            let draw = Mix.of(seed, 79, UInt64(agent.index), UInt64(agent.life))
            agent.disk.revive(afterPowerLoss: agent.diesByPowerLoss ? .drawn(seed: draw) : nil)
        }
        agent.diesByPowerLoss = false
        if agent.start() {
            tell(agent.member.name, "starts")
            return
        }
        // A service manager tries again.
        queue.add(.restart(agent: agent.index, life: agent.life), at: time.now + 10_000_000)
    }

    /// An agent's process is gone where it stood; it comes back by itself.
    func crash(_ agent: LabAgent) {
        tell(agent.member.name, agent.diesByPowerLoss ? "loses power" : "is killed")
        record(.died(agent: agent.index, powerLoss: agent.diesByPowerLoss))
        agent.drop()
        let draw = Mix.of(seed, 77, UInt64(agent.index), UInt64(agent.life))
        queue.add(.restart(agent: agent.index, life: agent.life), at: time.now + 2_000_000 + Int64(draw % 8_000_000))
    }

    func startServer() {
        if server.disk.isDead { server.revive(seed: Mix.of(seed, 80, UInt64(server.life))) }
        do {
            try server.start()
            tell("server", "starts")
            observeServer(resolving: unresolved)
            unresolved = nil
            finishChange()
        } catch {
            server.stop()
            queue.add(.serverRestart(life: server.life), at: time.now + 5_000_000)
        }
    }

    /// Ends the server's process; who waits for a reply finds the connection closed.
    func stopServer() {
        server.stop()
        isLookDue = false
        for waiting in server.takeHeld() { close(waiting.parcel) }
    }

    func crashServer() {
        tell("server", server.diesByPowerLoss ? "loses power" : "is killed")
        record(.serverDied)
        stopServer()
        let draw = Mix.of(seed, 78, UInt64(server.life))
        queue.add(.serverRestart(life: server.life), at: time.now + 2_000_000 + Int64(draw % 6_000_000))
    }
}
