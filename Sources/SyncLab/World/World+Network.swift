import Diagnostics
import HTTPKit
import SQLiteKit
import SyncEngine
import SyncProtocol
import SyncServer

/// A request on its way, with what will happen to it.
struct Parcel {
    let agent: Int
    let life: Int
    let exchange: Exchange
    let bytes: [UInt8]
    let fault: NetworkFault?
    /// Microseconds that the reply takes back.
    let back: Int64
    /// The sender still waits for a reply.
    var isAwaited = true

    var kind: String { "\(exchange.request.method) \(exchange.request.path ?? "")" }
}

extension World {
    /// Seconds after which a client gives up.
    static let patience = 60

    /// Takes an exchange of an agent and plans what becomes of it.
    func carry(_ exchange: Exchange, from agent: LabAgent) {
        record(.request(agent: agent.index, mark(exchange, of: agent)))
        // Delays hang on agent and exchange alone, so that a step less somewhere moves nothing elsewhere.
        let draw = Mix.of(seed, UInt64(agent.index) + 101, agent.exchanges)
        let out = 2_000 + Int64(draw % 40_000)
        let back = 2_000 + Int64(draw >> 20 % 40_000)
        let fault = agent.takeFault(exchange.lane)
        let bytes = MemoryExchange.bytes(of: exchange.request, host: "lab")
        let parcel = Parcel(
            agent: agent.index, life: agent.life, exchange: exchange, bytes: bytes, fault: fault, back: back)
        let name = agent.member.name
        guard agent.isOnline, fault != .refuse else {
            tell(name, "\(parcel.kind): no connection")
            deliver(
                parcel, .failed(HTTPError(code: .unreachable, what: "cannot connect", why: "no route")), after: 1_000)
            return
        }
        tellArrow(from: name, to: "server", parcel.kind + (fault.map { " (\($0.text))" } ?? ""))
        switch fault {
        case .drop:
            deliver(
                parcel, .failed(HTTPError(code: .timeout, what: "no reply came", why: "time ran out")),
                after: Int64(World.patience) * 1_000_000)
        case .portal:
            deliver(
                parcel,
                .reply(
                    status: 200, headers: HTTPHeaders(), body: Array("<html>Please log in</html>".utf8), isWhole: true),
                after: back)
        case .junk:
            let junk = (0..<200).map { UInt8(truncatingIfNeeded: Mix.of(draw, $0)) }
            deliver(parcel, read(junk, parcel), after: back)
        case .status(let status):
            var headers = HTTPHeaders()
            if status == 429 || status == 503 { headers.add("Retry-After", "2") }
            deliver(parcel, .reply(status: status, headers: headers, body: [], isWhole: true), after: back)
        case .stale:
            if let old = agent.cached[parcel.kind]?.first {
                deliver(parcel, read(old, parcel), after: back)
            } else {
                queue.add(.arrives(parcel), at: time.now + out)
            }
        case .delay(let seconds):
            queue.add(.arrives(parcel), at: time.now + out + Int64(seconds) * 1_000_000)
            if seconds >= World.patience {
                deliver(
                    parcel, .failed(HTTPError(code: .timeout, what: "no reply came", why: "time ran out")),
                    after: Int64(World.patience) * 1_000_000)
            }
        default: queue.add(.arrives(parcel), at: time.now + out)
        }
    }

    /// A request reaches the server.
    func arrive(_ parcel: Parcel) {
        guard server.isUp else {
            deliver(
                parcel, .failed(HTTPError(code: .refused, what: "cannot connect", why: "connection refused")),
                after: parcel.back)
            return
        }
        // Of a request whose connection was refused there is no copy: nothing of it had left.
        if case .duplicate(let seconds) = parcel.fault, parcel.isAwaited {
            var copy = parcel
            copy.isAwaited = false
            queue.add(.arrives(copy), at: time.now + Int64(seconds) * 1_000_000)
        }
        if case .cutRequest(let part) = parcel.fault {
            _ = server.answer(
                Array(parcel.bytes.prefix(parcel.bytes.count * part / 1000)), bodyLimit: ProtocolLimits.pushBytesMax)
            close(parcel)
            return
        }
        let answer = server.answer(parcel.bytes, bodyLimit: ProtocolLimits.pushBytesMax)
        if server.disk.isDead {
            if parcel.kind == "POST /sync/v1/push" { unresolved = parcel }
            crashServer()
            close(parcel)
            return
        }
        switch answer {
        case .bytes(let reply): takeBack(parcel, reply)
        case .held(let hold):
            tell("server", "holds it")
            server.hold(parcel, hold)
        case nil: return
        }
        lookForHeld()
    }

    /// The connection ends before a reply.
    func close(_ parcel: Parcel) {
        deliver(
            parcel,
            .failed(HTTPError(code: .closed, what: "no reply came", why: "the connection ended before a reply")),
            after: parcel.back)
    }

    /// Has the server answer those who wait, if there is something for them, and look again in a while if some are left.
    func lookForHeld() {
        for (parcel, reply) in server.answerHeld() {
            let agent = agents[parcel.agent]
            // A connection without a link tells nobody that it has ended.
            guard agent.isOnline, agent.life == parcel.life else { continue }
            takeBack(parcel, reply)
        }
        if server.disk.isDead { return crashServer() }
        guard server.isUp, !server.held.isEmpty, !isLookDue else { return }
        isLookDue = true
        let (seconds, attoseconds) = ServerCore.lookForHeldEvery.components
        queue.add(
            .serverLooks(life: server.life),
            at: time.now + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// The server's reply sets out.
    private func takeBack(_ parcel: Parcel, _ reply: [UInt8]) {
        observeServer(after: parcel, reply)
        let agent = agents[parcel.agent]
        if parcel.isAwaited, agent.life == parcel.life { agent.carried(parcel.bytes.count + reply.count) }
        if parcel.isAwaited {
            agent.cached[parcel.kind, default: []].append(reply)
            if agent.cached[parcel.kind, default: []].count > 4 { agent.cached[parcel.kind]?.removeFirst() }
        }
        switch parcel.fault {
        case .loseReply:
            tell("server", "the reply is lost")
            close(parcel)
        case .cut(let part):
            let rest = Array(reply.prefix(reply.count * part / 1000))
            tellArrow(from: "server", to: agent.member.name, "reply, cut after \(rest.count) of \(reply.count) bytes")
            deliver(parcel, read(rest, parcel), after: parcel.back)
        case .delayReply(let seconds) where seconds >= World.patience:
            deliver(
                parcel, .failed(HTTPError(code: .timeout, what: "no reply came", why: "time ran out")),
                after: Int64(World.patience) * 1_000_000)
        case .delayReply(let seconds):
            tell("server", "the reply takes \(Words.duration(seconds))")
            deliver(parcel, read(reply, parcel), after: parcel.back + Int64(seconds) * 1_000_000)
        default:
            if parcel.isAwaited { tellArrow(from: "server", to: agent.member.name, replyText(reply)) }
            deliver(parcel, read(reply, parcel), after: parcel.back)
        }
    }

    private func replyText(_ reply: [UInt8]) -> String {
        let line = reply.prefix { $0 != 13 }
        return String(decoding: line.dropFirst(9).prefix(3), as: UTF8.self) + ", \(reply.count) bytes"
    }

    private func deliver(_ parcel: Parcel, _ outcome: ExchangeOutcome, after delay: Int64) {
        guard parcel.isAwaited else { return }
        queue.add(
            .returns(agent: parcel.agent, life: parcel.life, exchange: parcel.exchange.id, outcome),
            at: time.now + delay)
    }

    private func read(_ bytes: [UInt8], _ parcel: Parcel) -> ExchangeOutcome {
        switch MemoryExchange.reply(
            bytes, toMethod: parcel.exchange.request.method, bodyLimit: parcel.exchange.bodyLimit,
            askedForGzip: parcel.exchange.request.headers["Accept-Encoding"] != nil,
            keepsCoding: parcel.exchange.keepsCoding)
        {
        case .whole(let status, let headers, let body):
            .reply(status: status, headers: headers, body: body, isWhole: true)
        case .cut(let status, let headers, let body):
            .reply(status: status, headers: headers, body: body, isWhole: false)
        case .failed(let error): .failed(error)
        }
    }

    private func mark(_ exchange: Exchange, of agent: LabAgent) -> RequestMark {
        let path = exchange.request.path ?? ""
        var replica: String?
        var edits: [SentEdit] = []
        if path.hasSuffix("/push"), let push = try? WireCoding.decode(V1.Push.self, from: exchange.request.body) {
            replica = push.replica
            edits = push.edits.map { edit in
                SentEdit(
                    number: edit.number.value, customer: edit.customer.value,
                    register: agent.edits.first { $0.number == edit.number.value }?.register ?? "")
            }
        } else if path.hasSuffix("/ack"), let ack = try? WireCoding.decode(V1.Ack.self, from: exchange.request.body) {
            replica = ack.replica
        }
        let bearer = exchange.request.headers["Authorization"].map { String($0.dropFirst("Bearer ".count)) }
        return RequestMark(
            lane: exchange.lane, path: path, account: bearer.flatMap { tokens[$0] }, replica: replica,
            ownReplica: agent.replica, edits: edits)
    }

    // MARK: What the server did

    /// Records what a request changed, and for a push what was told of each edit.
    private func observeServer(after parcel: Parcel, _ reply: [UInt8]) {
        guard parcel.kind == "POST /sync/v1/push" else { return lookAtTruth(isPush: false) }
        var told: V1.Results?
        if case .whole(200, _, let body) = MemoryExchange.reply(
            reply, toMethod: "POST", bodyLimit: parcel.exchange.bodyLimit)
        {
            told = try? WireCoding.decode(V1.Results.self, from: body)
        }
        recordJudged(parcel, told: told?.results)
        lookAtTruth(isPush: true)
    }

    /// After a restart: a push that was under way is known to be committed when its results are there.
    func observeServer(resolving parcel: Parcel?) {
        if let parcel { recordJudged(parcel, told: nil) }
        lookAtTruth(isPush: parcel != nil)
    }

    private func recordJudged(_ parcel: Parcel, told: [V1.Result]?) {
        guard let push = try? WireCoding.decode(V1.Push.self, from: parcel.exchange.request.body),
            let token = parcel.exchange.request.headers["Authorization"]?.dropFirst("Bearer ".count),
            let account = tokens[String(token)]
        else { return }
        do {
            let stored = try server.eye?.results(replica: push.replica, numbers: push.edits.map(\.number.value)) ?? []
            record(
                .judged(
                    Judged(
                        account: account, replica: push.replica, edits: push.edits, told: told, stored: stored,
                        now: server.clock.now().seconds)))
        } catch { note("cannot read results: \(error)") }
    }

    func lookAtTruth(isPush: Bool) {
        do {
            guard let look = try server.eye?.look() else { return }
            if !look.records.isEmpty { record(.records(look.records)) }
            if isPush || !look.rows.isEmpty || look.hasMoved {
                record(.truth(sequence: look.sequence, rows: look.rows, isPush: isPush))
            }
        } catch { note("cannot look at the server: \(error)") }
    }
}
