import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import ReplicaStore
import SQLiteKit
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit

/// Keeps what an engine asks of the outside: the exchange in flight and the timer of each lane.
final class RecordingShell: EngineShell {
    private(set) var sent: [Exchange] = []
    private(set) var inFlight: [Exchange?] = Lane.allCases.map { _ in nil }
    private(set) var timers: [Duration?] = Lane.allCases.map { _ in nil }
    /// When each timer was set, on the clock of the world.
    private(set) var setAt = Lane.allCases.map { _ in Duration.zero }
    var clock: FixedClock?
    /// Bytes that went on all lanes, heads and all.
    var carriedBytes: Int64 = 0
    /// Bytes a second, as far as the engine is told.
    var linkSpeed: Int64?

    func send(_ exchange: Exchange) {
        sent.append(exchange)
        inFlight[exchange.lane.rawValue] = exchange
    }
    func wake(_ lane: Lane, after: Duration) {
        timers[lane.rawValue] = after
        setAt[lane.rawValue] = clock?.monotonicNow() ?? .zero
    }
    func abandon(_ lane: Lane) { inFlight[lane.rawValue] = nil }
    func perform(_ job: @escaping @Sendable () -> SyncEngine.Event) { jobs.append(job) }
    func takeJob() -> (@Sendable () -> SyncEngine.Event)? { jobs.isEmpty ? nil : jobs.removeFirst() }
    private var jobs: [@Sendable () -> SyncEngine.Event] = []
    func stepped(_ step: MachineStep) {}
    private(set) var news: [EngineNews] = []
    func noticed(_ news: EngineNews) { self.news.append(news) }

    func take(_ lane: Lane) -> Exchange? {
        defer { inFlight[lane.rawValue] = nil }
        return inFlight[lane.rawValue]
    }
    func takeTimer(_ lane: Lane) -> Duration? {
        defer { timers[lane.rawValue] = nil }
        return timers[lane.rawValue]
    }
}

/// What a test says is missing.
struct Missing: Error { let what: String }

/// An engine over a real store, joined to a real server through the codec of the wire; the test carries every message.
final class EngineWorld {
    let directory = TemporaryDirectory()
    let clock = FixedClock()
    let server: Backend
    private(set) var shell = RecordingShell()
    private(set) var store: ReplicaStore
    private(set) var engine: SyncEngine

    var path: String { directory.file("replica") }
    var status: EngineStatus { engine.status }

    /// Whether it asks the server to hold requests.
    let holds: Bool

    /// The disk that the replica lies on, when it can fail.
    let disk: FaultDisk?

    /// What the settings of the replica say about its link.
    var terms: Allowance.Terms

    init(
        rows: Int64 = 0, onFaultDisk: Bool = false, anaIs role: MemberRole = .operator,
        holds: Bool = false, terms: Allowance.Terms = Allowance.Terms()
    ) throws {
        self.terms = terms
        self.holds = holds
        server = try Backend(directory.file("server"), clock: clock, rows: rows, anaIs: role)
        disk = onFaultDisk ? FaultDisk(folder: directory.file("replica")) : nil
        store = try ReplicaStore(directory: directory.file("replica"), clock: clock, chance: CountingChance())
        engine = EngineWorld.makeEngine(store, server.tokens["ana"] ?? "", clock, shell, terms, holds: holds)
    }

    deinit {
        store.close()
        disk?.unmount()
    }

    /// A world whose replica stands at its first checkpoint.
    static func synced(rows: Int64 = 0) throws -> EngineWorld {
        let world = try EngineWorld(rows: rows)
        world.engine.handle(.start)
        try world.settle()
        return world
    }

    private static func makeEngine(
        _ store: ReplicaStore, _ token: String, _ clock: FixedClock, _ shell: RecordingShell,
        _ terms: Allowance.Terms, holds: Bool
    ) -> SyncEngine {
        shell.clock = clock
        return SyncEngine(
            store: store, server: "http://h:1", token: token, clock: clock, chance: CountingChance(seed: 9),
            log: Logger(program: "test", level: .error, descriptor: -1),
            limits: PullMachine.Limits(holds: holds), terms: terms, shell: shell)
    }

    /// The process ends and another begins on the same files.
    func restart(token: String? = nil) throws {
        store.close()
        shell = RecordingShell()
        store = try ReplicaStore(directory: path, clock: clock, chance: CountingChance())
        engine = EngineWorld.makeEngine(store, token ?? server.tokens["ana"] ?? "", clock, shell, terms, holds: holds)
        engine.handle(.start)
    }

    // MARK: The wire

    /// Answers the lane's exchange by `handler`; of the reply's bytes only `keeping` arrive when it says so.
    @discardableResult
    func answer(
        _ lane: Lane, keeping: ((Int) -> Int)? = nil, _ handler: (HTTPRequest) -> HTTPResponse
    ) throws -> Exchange {
        guard let exchange = shell.take(lane) else { throw Missing(what: "an exchange of the lane \(lane)") }
        let request = MemoryExchange.bytes(of: exchange.request, host: "h:1")
        guard var bytes = MemoryExchange.answer(request, bodyLimit: 1 << 20, handler) else {
            throw Missing(what: "a whole request")
        }
        shell.carriedBytes += Int64(request.count + bytes.count)
        if let keeping { bytes = Array(bytes.prefix(keeping(bytes.count))) }
        let outcome: ExchangeOutcome =
            switch MemoryExchange.reply(
                bytes, toMethod: exchange.request.method, bodyLimit: exchange.bodyLimit,
                askedForGzip: exchange.request.headers["Accept-Encoding"] != nil, keepsCoding: exchange.keepsCoding)
            {
            case .whole(let status, let headers, let body):
                .reply(status: status, headers: headers, body: body, isWhole: true)
            case .cut(let status, let headers, let body):
                .reply(status: status, headers: headers, body: body, isWhole: false)
            case .failed(let error): .failed(error)
            }
        engine.handle(.outcome(exchange: exchange.id, outcome))
        if takesPages { takePages() }
        return exchange
    }

    /// Whether pages of a load are taken as soon as they are there.
    var takesPages = true

    /// Takes the pages of a load that wait for it.
    func takePages() { while let job = shell.takeJob() { engine.handle(job()) } }

    @discardableResult
    func serve(_ lane: Lane) throws -> Exchange { try answer(lane, server.core.handle) }

    func fail(_ lane: Lane, _ code: HTTPError.Code = .refused) throws {
        guard let exchange = shell.take(lane) else { throw Missing(what: "an exchange of the lane \(lane)") }
        let error = HTTPError(code: code, what: "no reply came", why: "\(code)")
        engine.handle(.outcome(exchange: exchange.id, .failed(error)))
    }

    /// Serves both lanes until nothing is in flight.
    func settle() throws {
        for _ in 0..<200 {
            guard let lane = busyLane else { return }
            try serve(lane)
        }
        throw Missing(what: "an end of the exchanges")
    }

    /// The first lane that has an exchange in flight.
    var busyLane: Lane? { Lane.allCases.first { shell.inFlight[$0.rawValue] != nil } }

    /// Lets the lane's timer run out.
    func fire(_ lane: Lane) throws {
        guard let delay = shell.takeTimer(lane) else { throw Missing(what: "a timer of the lane \(lane)") }
        clock.advance(seconds: delay.components.seconds + 1)
        engine.handle(.timerFired(lane))
    }

    /// The path that a lane asks for.
    func asks(_ lane: Lane) -> String? {
        shell.inFlight[lane.rawValue].map { String($0.request.target.prefix { $0 != "?" }) }
    }

    // MARK: The person

    @discardableResult
    func edit(_ major: Int64, _ customer: Int = 0) throws -> EditNumber { try edit(setBudget(major), customer) }

    @discardableResult
    func edit(_ intent: EditIntent, _ customer: Int = 0) throws -> EditNumber {
        let edit = try store.add(EditDraft(customer: server.customers[customer], intent: intent))
        engine.handle(.editAdded)
        return edit.number
    }

    func state(_ number: EditNumber) throws -> EditState { try reader().edit(number).state }
    func reader() throws -> ReplicaReader { try ReplicaReader(directory: path) }
    func budget(_ customer: Int = 0) throws -> Layered {
        try reader().customer(server.customers[customer]).summary.budget
    }
}

func setBudget(_ major: Int64) -> EditIntent {
    let amount = Money(units: major * Money.unitsPerMajor)
    return .setBudget(Budget(amount: amount, type: .monthly, onExhaustion: .manual), validThrough: nil)
}

/// A reply that names itself as a Fieldbook server's.
func ours(
    _ status: Int, _ body: [UInt8] = [], type: String = "application/json", retryAfter: String? = nil
) -> HTTPResponse {
    var response = HTTPResponse.json(status, body, type: type)
    response.headers.add("Fieldbook", "1")
    if let retryAfter { response.headers.add("Retry-After", retryAfter) }
    return response
}

func problem(_ code: ProblemCode, retryAfter: String? = nil) -> HTTPResponse {
    let body = (try? WireCoding.encode(V1.Problem(code, detail: "so", next: "then"))) ?? []
    return ours(code.status, body, type: "application/problem+json", retryAfter: retryAfter)
}

/// A budget as a register shows it.
func budget(_ major: Int64) -> RegisterState {
    .budget(Budget(amount: Money(units: major * Money.unitsPerMajor), type: .monthly, onExhaustion: .manual))
}

extension HTTPHeaders {
    static func bearer(_ token: String) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(token)")
        return headers
    }
}
