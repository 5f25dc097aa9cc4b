import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SQLiteKit
import SyncCore
import SyncEngine
import SyncProtocol

/// One replica of a world: the production engine and store over a disk, a clock and a network that can fail.
final class LabAgent: EngineShell {
    struct PlannedFault {
        let fault: NetworkFault
        let lane: Lane?
        var left: Int
    }

    let index: Int
    let member: Scenario.Member
    var account: String
    var token: String
    let folder: String
    let disk: FaultDisk
    let clock: LabClock
    private unowned let world: World
    private(set) var store: ReplicaStore?
    private(set) var engine: SyncEngine?
    private(set) var eye: ReplicaEye?
    private var reader: Connection?
    private var kept: (generation: Int, reader: ReplicaReader)?
    /// Rises with every start; what belongs to an earlier life is dropped.
    private(set) var life = 0
    private(set) var exchanges: UInt64 = 0
    private var timers: [Int?] = Lane.allCases.map { _ in nil }
    private var nextTimer = 0
    private var flying: [Int?] = Lane.allCases.map { _ in nil }
    /// Pages of a load that are being taken.
    private var staged = 0
    private var hasProblem = false
    private var lastStatus: StatusMark?
    /// The table `pending` may be old: the process died or its disk failed since the last checkpoint.
    private var isProjectionInDoubt = true
    private var knownFailures = 0
    private var hadPending = false
    private(set) var edits: [EditMark] = []
    private(set) var image: ImageMark?
    var isOnline = true
    /// What its settings say about its link.
    private(set) var terms = Allowance.Terms()
    /// Bytes that went since the process began.
    private(set) var carriedBytes: Int64 = 0
    /// Something was decided about its account that it can't have heard of before.
    var isUnawareUntil: Int64 = 0
    /// Nobody stopped it: it runs, or will again.
    var isWanted = false
    /// The machine is suspended until this moment.
    var sleepsUntil: Int64 = 0
    var missed: [World.Happening] = []
    var diesByPowerLoss = false
    var faults: [PlannedFault] = []
    /// What the person asked for, in order.
    var made: [LabRun.Asked] = []
    /// The last replies to each kind of request, oldest first, for a cache that answers with one.
    var cached: [String: [[UInt8]]] = [:]

    init(_ member: Scenario.Member, index: Int, token: String, folder: String, world: World) {
        self.member = member
        account = member.account
        self.index = index
        self.token = token
        self.folder = folder
        self.world = world
        disk = FaultDisk(folder: folder)
        clock = LabClock(world.time)
    }

    var isUp: Bool { engine != nil }
    var isAsleep: Bool { sleepsUntil > world.time.now }
    var replica: String { store?.identity.replica ?? "" }

    // MARK: Life

    /// Starts the process; false when the replica could not be opened.
    @discardableResult
    func start() -> Bool {
        guard engine == nil else { return true }
        life += 1
        (timers, flying, lastStatus, hasProblem) = (
            Lane.allCases.map { _ in nil }, Lane.allCases.map { _ in nil }, nil, false
        )
        isProjectionInDoubt = true
        (staged, carriedBytes) = (0, 0)
        let chance = LabChance(seed: Mix.of(world.seed, UInt64(index) + 1, UInt64(life)))
        do {
            let store = try ReplicaStore(
                directory: folder, clock: clock, chance: chance, networkFileSystem: { _ in nil })
            self.store = store
            engine = SyncEngine(
                store: store, server: World.host, token: token, clock: clock, chance: chance, log: world.log,
                terms: terms, shell: self)
            eye = try ReplicaEye(folder: folder)
        } catch {
            world.tell(member.name, "cannot start: \(error)")
            drop()
            return false
        }
        world.record(.started(agent: index))
        observe(reads: true)
        handle(.start)
        return true
    }

    /// Ends the process in order.
    func stop() {
        guard let engine else { return }
        engine.handle(.stop)
        observe()
        drop()
        // Closing writes too, and may be where the machine dies.
        if disk.isDead { world.record(.died(agent: index, powerLoss: diesByPowerLoss)) }
    }

    /// Lets go of everything that belongs to the process.
    func drop() {
        if isOnline { world.server.forget { $0.agent == index && $0.life == life } }
        reader?.close()
        (reader, kept) = (nil, nil)
        eye?.close()
        eye = nil
        engine = nil
        store?.close()
        store = nil
    }

    func handle(_ event: SyncEngine.Event) {
        guard let engine else { return }
        engine.handle(event)
        afterWork()
    }

    /// Runs a person's command against the replica, then looks at what came of it.
    func command<Value>(_ body: (ReplicaStore) throws -> Value) -> Result<Value, any Error>? {
        guard let store else { return nil }
        let result = Result { try body(store) }
        return disk.isDead ? nil : result
    }

    func afterWork() {
        if disk.isDead { world.crash(self) } else { observe() }
    }

    /// The person says what the link costs.
    func meter(_ terms: Allowance.Terms) {
        guard terms != self.terms else { return }
        self.terms = terms
        world.record(.link(agent: index, isMetered: terms.isMetered))
        handle(.settingsRead(PullMachine.Limits(), terms))
    }

    /// Bytes of an exchange that has ended, both ways. Only where somebody counts them: without a meter a world's disk is
    /// written as ever.
    func carried(_ bytes: Int) { if terms.isMetered { carriedBytes += Int64(bytes) } }

    // MARK: Shell

    func send(_ exchange: Exchange) {
        guard !disk.isDead else { return }
        exchanges += 1
        flying[exchange.lane.rawValue] = exchange.id
        world.carry(exchange, from: self)
    }

    func abandon(_ lane: Lane) {
        if isOnline, let exchange = flying[lane.rawValue] {
            world.server.forget { $0.agent == index && $0.life == life && $0.exchange.id == exchange }
        }
        flying[lane.rawValue] = nil
    }

    func perform(_ job: @escaping @Sendable () -> SyncEngine.Event) {
        staged += 1
        let event = job()
        let took = 1_000 + Int64(Mix.of(world.seed, UInt64(index) + 201, exchanges) % 20_000)
        world.queue.add(.staged(agent: index, life: life, event), at: world.time.now + took)
    }

    /// A page of a load was taken.
    func took(_ event: SyncEngine.Event) {
        staged -= 1
        handle(event)
    }

    func wake(_ lane: Lane, after delay: Duration) {
        nextTimer += 1
        timers[lane.rawValue] = nextTimer
        let (seconds, attoseconds) = delay.components
        world.queue.add(
            .timer(agent: index, life: life, lane: lane, serial: nextTimer),
            at: world.time.now + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    func stepped(_ step: MachineStep) {
        if case .pull(_, .pageKept(.nothing), _) = step {
            // A write that failed in this very step may have been the table's.
            (isProjectionInDoubt, knownFailures) = (disk.isFull || disk.failures != knownFailures, disk.failures)
        }
        switch step {
        case .pull(_, .failed, _): hasProblem = true
        case .pull(_, .pageKept, _): hasProblem = false
        default: break
        }
        world.record(.step(agent: index, step))
    }

    func timerFired(_ lane: Lane, serial: Int) {
        guard timers[lane.rawValue] == serial else { return }
        timers[lane.rawValue] = nil
        handle(.timerFired(lane))
    }

    func returned(_ exchange: Int, _ outcome: ExchangeOutcome) {
        for lane in Lane.allCases where flying[lane.rawValue] == exchange { flying[lane.rawValue] = nil }
        handle(.outcome(exchange: exchange, outcome))
    }

    /// The fault that the next exchange of a lane meets.
    func takeFault(_ lane: Lane) -> NetworkFault? {
        guard let position = faults.firstIndex(where: { $0.lane == nil || $0.lane == lane }) else { return nil }
        faults[position].left -= 1
        let fault = faults[position].fault
        if faults[position].left <= 0 { faults.remove(at: position) }
        return fault
    }

    func diskFailed() { isProjectionInDoubt = true }

    // MARK: Observation

    /// Records what changed in files and status since the last look.
    func observe(reads: Bool = false) {
        guard let eye, let engine else { return }
        if disk.failures != knownFailures { (isProjectionInDoubt, knownFailures) = (true, disk.failures) }
        do {
            if image != nil, let traces = try eye.tracesIfGone() {
                (image, kept) = (nil, nil)
                world.record(.wiped(agent: index, traces: traces))
            }
            var isChanged = reads
            if let found = try eye.imageIfChanged() {
                image = found
                world.record(.image(agent: index, found))
                isChanged = true
            }
            if let found = try eye.edits() {
                edits = found
                world.record(.outbox(agent: index, edits: found))
                isChanged = true
            }
            if let keys = try eye.tracesIfWiped() { world.record(.traces(agent: index, bills: keys)) }
            let hasPending = edits.contains { $0.isPending }
            // Without an image nothing is laid over anything.
            if isChanged, image != nil, !isProjectionInDoubt || reads, hasPending || hadPending {
                hadPending = hasPending
                let rebuilt = try eye.rebuiltLines()
                world.record(
                    .shown(
                        agent: index,
                        ShownMark(
                            pending: isProjectionInDoubt ? rebuilt : try eye.pendingLines(), rebuilt: rebuilt,
                            read: reads ? try readLinesIfThere() ?? rebuilt : rebuilt)))
            }
        } catch { world.note("cannot look at \(member.name): \(error)") }
        let status = mark(engine)
        if status != lastStatus {
            lastStatus = status
            world.record(.status(agent: index, status))
        }
    }

    private func mark(_ engine: SyncEngine) -> StatusMark {
        let status = engine.status
        return StatusMark(
            phase: status.phase, unsettled: status.outbox.unsettled, held: status.outbox.held, dead: status.outbox.dead,
            pull: engine.pull.state, push: engine.push.state, hasPullTimer: timers[0] != nil,
            hasPushTimer: timers[1] != nil,
            pullInFlight: flying[0] != nil, pushInFlight: flying[1] != nil, fill: engine.fill.state,
            hasFillTimer: timers[2] != nil, fillInFlight: flying[2] != nil, load: engine.load.state,
            hasLoadTimer: timers[3] != nil, loadInFlight: flying[3] != nil || staged > 0, hasProblem: hasProblem,
            metering: status.metering)
    }

    /// Nil where an image that a power loss made older lacks the customer of an edit; any other failure to read is one.
    private func readLinesIfThere() throws -> [String]? {
        do { return try readLines() } catch let error as StoreError where error.code == .notFound { return nil }
    }

    /// Pending registers as the replica's own reader shows them.
    private func readLines() throws -> [String] {
        let reader = try currentReader()
        let customers = Set(
            edits.filter { $0.isPending && $0.register != "conflict" }.map(\.customer))
        var lines: [String] = []
        for key in customers.sorted() {
            let summary = try reader.customer(CustomerKey(key)).summary
            for (register, layered) in [
                ("budget", summary.budget), ("discount", summary.discount), ("freezes", summary.freezes),
                ("label", summary.label), ("manager", summary.manager), ("request", summary.request),
            ] {
                guard let pending = layered.pending else { continue }
                var (amount, type, freezeKind, percent, words) = (
                    Int64?.none, String?.none, String?.none, Int64?.none, String?.none
                )
                switch pending {
                case .budget(let budget): (amount, type) = (budget?.amount.units, budget?.type.rawValue)
                case .freezes(let freezes): freezeKind = freezes.strictestKind?.rawValue ?? ""
                case .discount(let discount): percent = discount?.percent.value ?? 0
                case .manager(let account): words = account ?? ""
                case .label(let label): words = label ?? ""
                case .request(let request): words = request?.status.rawValue ?? ""
                }
                lines.append(
                    PendingLine.text(
                        customer: key, register: register, edits: Int64(layered.edits.count), amount: amount,
                        type: type,
                        freezeKind: freezeKind, percent: percent, words: words))
            }
        }
        return lines
    }

    /// A reader of the live generation, kept until the next.
    private func currentReader() throws -> ReplicaReader {
        let generation = image?.generation ?? -1
        if let kept, kept.generation == generation { return kept.reader }
        let reader = try ReplicaReader(directory: folder)
        kept = (generation, reader)
        return reader
    }

    // MARK: Other programs

    /// Another program reads the replica and does not end its transaction.
    func holdReader() {
        guard reader == nil,
            let connection = try? Connection(path: "\(folder)/replica.db", mode: .readWrite, durability: .reader)
        else { return }
        try? connection.execute("BEGIN; SELECT count(*) FROM customer")
        reader = connection
    }

    func releaseReader() {
        reader?.close()
        reader = nil
    }
}
