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
    private(set) var inFlight: [Exchange?] = [nil, nil]
    private(set) var timers: [Duration?] = [nil, nil]

    func send(_ exchange: Exchange) {
        sent.append(exchange)
        inFlight[exchange.lane.rawValue] = exchange
    }
    func wake(_ lane: Lane, after: Duration) { timers[lane.rawValue] = after }
    func stepped(_ step: MachineStep) {}

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

/// A server in this process with two reseller customers; `rows` coupons make its pages long.
final class Backend {
    let folder: DataFolder
    let core: ServerCore
    let customers: [CustomerKey]
    private(set) var tokens: [String: String] = [:]
    private var editsOfOthers: Int64 = 0
    private let clock: FixedClock
    private let chance: CountingChance

    init(_ path: String, clock: FixedClock, seed: UInt64 = 1, rows: Int64 = 0) throws {
        self.clock = clock
        chance = CountingChance(seed: seed)
        folder = DataFolder(path)
        _ = try folder.initialize(partnerName: "P", account: "admin", currency: "USD", clock: clock, chance: chance)
        let ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: true)
        customers = try ledger.write { writer in
            let keys = try (0..<2).map { try Backend.customer($0, writer) }
            for _ in 0..<rows { try Backend.coupon(writer, of: keys[0]) }
            return keys
        }
        ledger.close()
        for account in ["ana", "bo"] {
            tokens[account] = try folder.addMember(account: account, role: .operator, customers: [], clock: clock, chance: chance)
        }
        core = try ServerCore(folder: folder, clock: clock, log: Logger(program: "test", level: .error))
    }

    private static func customer(_ index: Int, _ writer: LedgerWriter) throws -> CustomerKey {
        let key = writer.newKey()
        _ = try writer.put(
            .customer, key: key, subject: key,
            [
                .text("c\(index)"), .null, .text("account-\(index)"), .text("Customer \(index)"), .text("reseller"), .integer(1), .integer(1),
                .text("2"), .null, .integer(0),
            ])
        return CustomerKey(key)
    }

    private static func coupon(_ writer: LedgerWriter, of customer: CustomerKey) throws {
        let key = writer.newKey()
        _ = try writer.put(
            .coupon, key: key, subject: Subject.coupons,
            [
                .text("k\(key)"), .text("K"), .integer(2), .integer(customer.value), .integer(1), .integer(5), .null, .text("USD"), .integer(1),
                .integer(2), .integer(2), .null, .null, .integer(0), .null,
            ])
    }

    /// Runs `body` on the ledger as another program would.
    func onLedger<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
        let ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: true)
        defer { ledger.close() }
        return try ledger.write(body)
    }

    func addCoupons(_ count: Int) throws { try onLedger { for _ in 0..<count { try Backend.coupon($0, of: customers[0]) } } }

    /// Another history: what a restore from a copy leaves behind.
    func fork(_ epoch: String) throws {
        let connection = try Connection(path: folder.ledgerFile(try folder.onlyPartner()), mode: .readWrite, durability: .normal)
        defer { connection.close() }
        try connection.write { try $0.execute("UPDATE ledger_state SET epoch = '\(epoch)', epoch_ordinal = epoch_ordinal + 1") }
    }

    func budget(_ customer: Int = 0) throws -> Version { try onLedger { try $0.register(.budget, of: customers[customer]).version } }

    /// Another member sets the budget on what stands now.
    func otherSets(_ major: Int64, _ customer: Int = 0) throws {
        editsOfOthers += 1
        let base = try budget(customer)
        var edit = V1.Edit(number: editsOfOthers, kind: "", customer: customers[customer].value, base: base.value, deviceTime: 1)
        edit.setIntent(setBudget(major))
        edit.payloadHash = try edit.computedPayloadHash()
        let push = V1.Push(replica: String(repeating: "b", count: 32), incarnation: 1, edits: [edit])
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(tokens["bo"] ?? "")")
        let reply = core.handle(HTTPRequest(method: "POST", target: "/sync/v1/push", headers: headers, body: try WireCoding.encode(push)))
        guard reply.status == 200 else { throw Missing(what: "the other's push") }
    }

    /// Takes ana's token away and gives a new one, which is also the return value.
    func renewToken() throws -> String {
        let directory = try folder.openDirectory()
        let partner = try folder.onlyPartner()
        _ = try directory.revokeTokens(partner: partner, account: "ana", at: clock.now().seconds)
        let token = "fbt_renewed_renewed_renewed_renewed_\(clock.now().seconds)"
        try directory.addToken(token, partner: partner, account: "ana", at: clock.now().seconds)
        return token
    }
}

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

    init(rows: Int64 = 0) throws {
        server = try Backend(directory.file("server"), clock: clock, rows: rows)
        store = try ReplicaStore(directory: directory.file("replica"), clock: clock, chance: CountingChance())
        engine = EngineWorld.makeEngine(store, server.tokens["ana"] ?? "", clock, shell)
    }

    /// A world whose replica stands at its first checkpoint.
    static func synced(rows: Int64 = 0) throws -> EngineWorld {
        let world = try EngineWorld(rows: rows)
        world.engine.handle(.start)
        try world.settle()
        return world
    }

    private static func makeEngine(_ store: ReplicaStore, _ token: String, _ clock: FixedClock, _ shell: RecordingShell) -> SyncEngine {
        SyncEngine(
            store: store, server: "http://h:1", token: token, clock: clock, chance: CountingChance(seed: 9),
            log: Logger(program: "test", level: .error, descriptor: -1), shell: shell)
    }

    /// The process ends and another begins on the same files.
    func restart(token: String? = nil) throws {
        store.close()
        shell = RecordingShell()
        store = try ReplicaStore(directory: path, clock: clock, chance: CountingChance())
        engine = EngineWorld.makeEngine(store, token ?? server.tokens["ana"] ?? "", clock, shell)
        engine.handle(.start)
    }

    // MARK: The wire

    /// Answers the lane's exchange by `handler`; of the reply's bytes only `keeping` arrive when it says so.
    @discardableResult
    func answer(_ lane: Lane, keeping: ((Int) -> Int)? = nil, _ handler: (HTTPRequest) -> HTTPResponse) throws -> Exchange {
        guard let exchange = shell.take(lane) else { throw Missing(what: "an exchange of the lane \(lane)") }
        let request = MemoryExchange.bytes(of: exchange.request, host: "h:1")
        guard var bytes = MemoryExchange.answer(request, bodyLimit: 1 << 20, handler) else { throw Missing(what: "a whole request") }
        if let keeping { bytes = Array(bytes.prefix(keeping(bytes.count))) }
        let outcome: ExchangeOutcome =
            switch MemoryExchange.reply(bytes, toMethod: exchange.request.method, bodyLimit: exchange.bodyLimit) {
            case .whole(let status, let headers, let body): .reply(status: status, headers: headers, body: body, isWhole: true)
            case .cut(let status, let headers, let body): .reply(status: status, headers: headers, body: body, isWhole: false)
            case .failed(let error): .failed(error)
            }
        engine.handle(.outcome(exchange: exchange.id, outcome))
        return exchange
    }

    @discardableResult
    func serve(_ lane: Lane) throws -> Exchange { try answer(lane, server.core.handle) }

    func fail(_ lane: Lane, _ code: HTTPError.Code = .refused) throws {
        guard let exchange = shell.take(lane) else { throw Missing(what: "an exchange of the lane \(lane)") }
        engine.handle(.outcome(exchange: exchange.id, .failed(HTTPError(code: code, what: "no reply came", why: "\(code)"))))
    }

    /// Serves both lanes until nothing is in flight.
    func settle() throws {
        for _ in 0..<200 {
            guard let lane = Lane.allCases.first(where: { shell.inFlight[$0.rawValue] != nil }) else { return }
            try serve(lane)
        }
        throw Missing(what: "an end of the exchanges")
    }

    /// Lets the lane's timer run out.
    func fire(_ lane: Lane) throws {
        guard let delay = shell.takeTimer(lane) else { throw Missing(what: "a timer of the lane \(lane)") }
        clock.advance(seconds: delay.components.seconds + 1)
        engine.handle(.timerFired(lane))
    }

    /// The path that a lane asks for.
    func asks(_ lane: Lane) -> String? { shell.inFlight[lane.rawValue].map { String($0.request.target.prefix { $0 != "?" }) } }

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
    func budget(_ customer: Int = 0) throws -> Layered { try reader().customer(server.customers[customer]).summary.budget }
}

func setBudget(_ major: Int64) -> EditIntent {
    .setBudget(Budget(amount: Money(units: major * Money.unitsPerMajor), type: .monthly, onExhaustion: .manual), validThrough: nil)
}

/// A reply that names itself as a Fieldbook server's.
func ours(_ status: Int, _ body: [UInt8] = [], type: String = "application/json", epoch: String? = nil, retryAfter: String? = nil) -> HTTPResponse {
    var response = HTTPResponse.json(status, body, type: type)
    response.headers.add("Fieldbook", "1")
    if let epoch { response.headers.add(V1.epochHeader, epoch) }
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
