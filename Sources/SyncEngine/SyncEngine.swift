package import Diagnostics
import HTTPKit
package import ReplicaStore
package import SyncCore
import PartnerModel
import SyncProtocol

/// Runs the effects of the pull and push machines against the store, and turns replies into their events.
///
/// Synchronous and owned by one thread. The order is always: work out, commit, then step the machine; a failed commit
/// leaves machine and store where they were. It never reads a socket or a clock of its own: exchanges and timers go
/// through the shell, time and chance are handed in.
package final class SyncEngine {
    /// What reaches the engine from outside.
    package enum Event: Sendable {
        case start, stop
        /// A person asks for a sync.
        case syncRequested
        case editAdded
        case linkCameUp
        case timerFired(Lane)
        case outcome(exchange: Int, ExchangeOutcome)
    }

    private enum Purpose {
        case hello, plan
        case snapshotPage(cursor: String), feedPage(cursor: String)
        case push([EditNumber]), ack(EditNumber)
    }

    package let store: ReplicaStore
    package private(set) var status = EngineStatus()
    package private(set) var pull = PullMachine()
    package private(set) var push = PushMachine()

    private let server: String
    private let token: String
    private let clock: any WallClock
    private let log: Logger
    private let limits: PullMachine.Limits
    private weak var shell: (any EngineShell)?
    private var chance: ChanceGenerator
    private var nextExchange = 1
    private var inFlight: [(lane: Lane, id: Int, purpose: Purpose)] = []
    private let replies: ReplyReader

    /// `token` is sent as a bearer token and never logged.
    package init(
        store: ReplicaStore, server: String, token: String, clock: any WallClock, chance: any Chance, log: Logger,
        limits: PullMachine.Limits = PullMachine.Limits(), shell: any EngineShell
    ) {
        self.store = store
        self.server = server
        self.token = token
        self.clock = clock
        self.log = log
        self.limits = limits
        self.shell = shell
        self.chance = ChanceGenerator(source: chance)
        replies = ReplyReader(server: server)
        status.server = server
    }

    /// Takes one event to its end: state stored, effects begun.
    package func handle(_ event: Event) {
        switch event {
        case .start:
            stepPull(.started)
            stepPush(.started)
        case .stop:
            inFlight.removeAll()
            stepPull(.stopped)
            stepPush(.stopped)
        case .syncRequested, .linkCameUp:
            stepPull(.poked)
            stepPush(.poked)
        case .editAdded: 
            stepPush(.poked)
            if pull.state == .backingOff || pull.state == .needsLogin { stepPull(.poked) }
        case .timerFired(.pull): stepPull(.timerFired)
        case .timerFired(.push): stepPush(.timerFired)
        case .outcome(let id, let outcome): receive(id, outcome)
        }
        refreshStatus()
    }

    // MARK: Machines

    private func stepPull(_ event: PullMachine.Event) {
        let before = pull.state
        let effects = pull.step(event, limits: limits, using: &chance)
        shell?.stepped(.pull(from: before, on: event, to: pull.state))
        for effect in effects { run(effect) }
    }

    private func stepPush(_ event: PushMachine.Event) {
        let before = push.state
        let effects = push.step(event, using: &chance)
        shell?.stepped(.push(from: before, on: event, to: push.state))
        for effect in effects { run(effect) }
    }

    private func run(_ effect: PullMachine.Effect) {
        switch effect {
        case .sayHello: send(.pull, .hello, get("/sync/v1/hello", query: []))
        case .requestPlan: send(.pull, .plan, request("POST", "/sync/v1/snapshot", query: [], body: []))
        case .fetchSnapshotPage, .fetchFeedPage: fetchPage()
        case .forgetImage:
            do { try store.forgetImage() } catch { note(error, doing: "forget the image") }
        case .wake(let delay): wake(.pull, after: delay)
        case .reportCheckpoint: status.lastCheckpointAt = clock.now()
        }
    }

    private func run(_ effect: PushMachine.Effect) {
        switch effect {
        case .sendNext: sendNext()
        case .wake(let delay): wake(.push, after: delay)
        }
    }

    private func wake(_ lane: Lane, after delay: Duration) {
        if lane == .pull { status.nextAttemptAt = clock.now().advanced(by: delay) }
        shell?.wake(lane, after: delay)
    }

    // MARK: Requests

    private func fetchPage() {
        do {
            switch try store.pullPosition() {
            case .nothing: stepPull(.failed(.resyncRequired))
            case .loading(let cursor, _, _):
                send(.pull, .snapshotPage(cursor: cursor), get("/sync/v1/snapshot/rows", query: [("cursor", cursor)]))
            case .feed(let cursor):
                send(.pull, .feedPage(cursor: cursor), get("/sync/v1/changes", query: [("cursor", cursor)]))
            }
        } catch {
            note(error, doing: "read the cursor")
            stepPull(.failed(.local))
        }
    }

    private func sendNext() {
        do {
            if let batch = try store.nextPush() {
                let body = try WireCoding.encode(batch)
                let numbers = batch.edits.map { EditNumber($0.number.value) }
                send(.push, .push(numbers), request("POST", "/sync/v1/push", query: [], body: body))
            } else if let number = try store.ackable() {
                let ack = V1.Ack(replica: store.identity.replica, upTo: number.value)
                send(.push, .ack(number), request("POST", "/sync/v1/ack", query: [], body: try WireCoding.encode(ack)))
            } else {
                stepPush(.nothingToSend)
            }
        } catch {
            note(error, doing: "prepare a push")
            stepPush(.failed(.local))
        }
    }

    private func send(_ lane: Lane, _ purpose: Purpose, _ request: HTTPRequest) {
        precondition(!inFlight.contains { $0.lane == lane }, "a lane carries one exchange at a time")
        let exchange = Exchange(
            id: nextExchange, lane: lane, request: request, bodyLimit: ProtocolLimits.pageBytesMax)
        nextExchange += 1
        status.exchangesBegun = exchange.id
        inFlight.append((lane, exchange.id, purpose))
        shell?.send(exchange)
    }

    private func get(_ path: String, query: [(String, String)]) -> HTTPRequest {
        request("GET", path, query: query, body: [])
    }

    private func request(_ method: String, _ path: String, query: [(String, String)], body: [UInt8]) -> HTTPRequest {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(token)")
        headers.add("Accept", "application/json, application/x-ndjson, application/problem+json")
        if !body.isEmpty { headers.add("Content-Type", "application/json") }
        return HTTPRequest(method: method, target: Target.build(path: path, query: query), headers: headers, body: body)
    }

    // MARK: Replies

    private func receive(_ id: Int, _ outcome: ExchangeOutcome) {
        // An outcome of an exchange that is over changes nothing.
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return }
        let (lane, _, purpose) = inFlight.remove(at: index)
        do {
            if case .push(let numbers) = purpose, case .failed(let error) = outcome, error.isBeforeSending {
                try store.neverLeft(numbers)
            }
            switch purpose {
            case .hello: try receiveHello(outcome)
            case .plan: try receivePlan(outcome)
            case .snapshotPage(let cursor): try receivePage(outcome, id, kind: "snapshot/1", cursor: cursor)
            case .feedPage(let cursor): try receivePage(outcome, id, kind: "feed/1", cursor: cursor)
            case .push(let numbers): try receiveResults(outcome, sent: numbers)
            case .ack(let number): try receiveAck(outcome, number)
            }
        } catch let refusal as ReplyReader.Refusal {
            status.lastProblem = refusal.problem
            fail(lane, refusal.failure)
        } catch let error as StoreError {
            note(error, doing: "keep a reply")
            fail(lane, failure(of: error))
        } catch {
            status.lastProblem = EngineStatus.Problem(
                what: "cannot keep a reply", why: "\(error)", next: "it is tried again by itself")
            fail(lane, .local)
        }
    }

    private func fail(_ lane: Lane, _ failure: Failure) {
        status.failures += 1
        log.log(
            .info, "exchange-failed",
            [("lane", "\(lane)"), ("what", status.lastProblem?.what ?? ""), ("why", status.lastProblem?.why ?? "")])
        switch lane {
        case .pull: stepPull(.failed(failure))
        case .push:
            stepPush(.failed(failure))
            // The pull side's greeting is what reopens a refused push.
            if failure == .unauthenticated { stepPull(.poked) }
        }
    }

    private func failure(of error: StoreError) -> Failure {
        switch error.code {
        case .badPage: .transient(retryAfter: nil)
        case .otherServer, .otherUser: .final
        default: .local
        }
    }

    private func succeeded() {
        status.lastContactAt = clock.now()
        status.lastProblem = nil
    }

    private func receiveHello(_ outcome: ExchangeOutcome) throws {
        let what = "cannot greet the server"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let hello = try? WireCoding.decode(V1.Hello.self, from: bytes) else {
            throw replies.malformed("the server's greeting cannot be read", asking: what)
        }
        guard hello.protocol == V1.version else {
            throw ReplyReader.Refusal(
                failure: .final,
                problem: EngineStatus.Problem(
                    what: what, why: "the server speaks protocol \(hello.protocol), this build \(V1.version)",
                    next: "upgrade the older side; queued edits are kept"))
        }
        if try store.meet(hello, server: server) == .epochChanged { try store.forgetImage() }
        succeeded()
        stepPull(.greeted(try need()))
        stepPush(.greeted)
    }

    private func receivePlan(_ outcome: ExchangeOutcome) throws {
        let what = "cannot begin a first load"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let plan = try? WireCoding.decode(V1.SnapshotPlan.self, from: bytes) else {
            throw replies.malformed("the plan of the snapshot cannot be read", asking: what)
        }
        try store.beginLoad(plan, epoch: try epoch(of: outcome, asking: what))
        succeeded()
        stepPull(.planReceived)
    }

    private func receivePage(_ outcome: ExchangeOutcome, _ id: Int, kind: String, cursor: String) throws {
        let what = kind == "feed/1" ? "cannot follow the change feed" : "cannot load a snapshot page"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        var page: ReceivedPage
        do { page = try ReceivedPage(bytes, kind: kind, expectedCursor: cursor, isWhole: isWhole) } catch {
            throw replies.malformed(error.why, asking: what)
        }
        let result = kind == "feed/1" ? try store.applyFeedPage(&page) : try store.applySnapshotPage(&page)
        succeeded()
        if result.reachedCheckpoint { status.lastCheckpointExchange = id }
        if !result.newConflicts.isEmpty {
            log.log(.notice, "conflicts", [("count", "\(result.newConflicts.count)")])
        }
        if !result.settled.isEmpty { stepPush(.poked) }
        // A cut page keeps what came; the next request resumes there without waiting, for it made progress.
        if page.isCut, result.rows == 0 { throw replies.malformed("the page was cut before its first row", asking: what) }
        stepPull(.pageKept(result.reachedCheckpoint ? .nothing : try need()))
    }

    private func receiveResults(_ outcome: ExchangeOutcome, sent: [EditNumber]) throws {
        let what = "cannot push edits"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let results = try? WireCoding.decode(V1.Results.self, from: bytes) else {
            throw replies.malformed("the results cannot be read; the edits are sent again", asking: what)
        }
        let recorded = try store.record(results, sent: sent)
        succeeded()
        log.log(
            .notice, "results",
            [("final", "\(recorded.final.count)"), ("held", "\(recorded.held.count)"), ("dead", "\(recorded.dead.count)"),
                ("transient", "\(recorded.transient.count)")])
        stepPush(.exchanged(madeProgress: recorded.transient.count < sent.count))
        // The feed brings what the edits became.
        stepPull(.poked)
    }

    private func receiveAck(_ outcome: ExchangeOutcome, _ number: EditNumber) throws {
        _ = try replies.body(outcome, asking: "cannot acknowledge results")
        try store.markAcked(number)
        succeeded()
        stepPush(.exchanged(madeProgress: true))
    }

    private func epoch(of outcome: ExchangeOutcome, asking what: String) throws -> String {
        guard case .reply(_, let headers, _, _) = outcome, let epoch = headers[V1.epochHeader] else {
            throw replies.malformed("the reply names no feed epoch", asking: what)
        }
        return epoch
    }

    private func need() throws(StoreError) -> PullMachine.Need {
        switch try store.pullPosition() {
        case .nothing: .snapshotPlan
        case .loading: .snapshotPage
        case .feed: .feedPage
        }
    }

    // MARK: Status

    private func note(_ error: any Error, doing what: String) {
        if let error = error as? StoreError {
            status.lastProblem = EngineStatus.Problem(what: error.what, why: error.why, next: error.next)
        } else {
            status.lastProblem = EngineStatus.Problem(what: "cannot \(what)", why: "\(error)", next: "it is tried again by itself")
        }
        log.log(.error, "store-failed", [("what", what), ("why", status.lastProblem?.why ?? "")])
    }

    private func refreshStatus() {
        do {
            status.outbox = try store.outboxCounts()
            if case .loading(_, let done, let total) = try store.pullPosition() {
                (status.loadRowsDone, status.loadRowsTotal) = (done, total)
            } else {
                (status.loadRowsDone, status.loadRowsTotal) = (nil, nil)
            }
        } catch { note(error, doing: "read the outbox") }
        status.phase = phase
        if pull.state != .resting, pull.state != .backingOff, pull.state != .needsLogin { status.nextAttemptAt = nil }
    }

    private var phase: EngineStatus.Phase {
        switch pull.state {
        case .stopped: return .stopped
        case .planning, .loading: return .loading
        case .backingOff: return .offline
        case .needsLogin: return .needsLogin
        case .blocked: return .blocked
        case .greeting, .following: return .syncing
        case .resting: break
        }
        if push.state == .needsLogin { return .needsLogin }
        let outbox = status.outbox
        if outbox.saved + outbox.sent + outbox.waiting > 0 || outbox.unsettled > outbox.held { return .sending }
        return outbox.held + outbox.dead > 0 ? .needsPerson : .inSync
    }
}

/// Chance handed in, in the form that the standard library draws from.
struct ChanceGenerator: RandomNumberGenerator {
    let source: any Chance
    mutating func next() -> UInt64 { source.next() }
}
