import Diagnostics
import HTTPKit
import SyncEngine
import Synchronization
import ThreadKit

/// Carries the exchanges of one lane, one at a time, on a thread of its own.
final class LaneWorker: Sendable {
    private struct State {
        /// The exchange sent last, and the one that is being carried.
        var last = 0
        var current: Int?
        /// Nobody waits for exchanges up to this one.
        var abandoned = 0
    }

    private let exchanges = Mailbox<Exchange>()
    private let client: LaneClient
    private let state = Mutex(State())

    init(connector: Connector, limits: ClientLimits = ClientLimits(), meter: LinkMeter = LinkMeter()) {
        client = LaneClient(connector: connector, limits: limits, meter: meter)
    }

    func send(_ exchange: Exchange) {
        state.withLock { $0.last = exchange.id }
        exchanges.post(exchange)
    }

    /// Runs until `stop`; `deliver` is called on this thread for each exchange, after `book` has it.
    func run(book: LaneBook? = nil, clock: any WallClock = SystemClock(), _ deliver: (Int, ExchangeOutcome) -> Void) {
        while let batch = exchanges.take(until: nil) {
            for exchange in batch {
                guard begin(exchange) else { continue }
                let (began, before) = (clock.monotonicNow(), client.carried)
                let outcome = client.carry(exchange)
                let isAbandoned = end(exchange)
                // How long a request was held says nothing about server or link.
                let took = exchange.held == nil ? clock.monotonicNow() - began : nil
                book?.note(
                    exchange.lane, client.carried - before, took: took, isWhole: outcome.isWhole || isAbandoned,
                    at: clock.now())
                deliver(exchange.id, outcome)
            }
        }
    }

    /// Nobody waits for the reply to what was sent: it is ended in flight, or not sent at all.
    func abandon() {
        state.withLock { state in
            state.abandoned = state.last
            if state.current != nil { client.cancel() }
        }
    }

    /// The machine has another link: what is sent from now on goes over a new connection.
    func linkChanged() { client.renew() }

    private func begin(_ exchange: Exchange) -> Bool {
        state.withLock { state in
            guard exchange.id > state.abandoned else { return false }
            state.current = exchange.id
            client.begin()
            return true
        }
    }

    /// Whether it was abandoned.
    private func end(_ exchange: Exchange) -> Bool {
        state.withLock { state in
            state.current = nil
            return exchange.id <= state.abandoned
        }
    }

    /// Ends a request in flight and the worker after it.
    func stop() {
        exchanges.close()
        client.interrupt()
    }
}

/// How fast bytes come over the link: by the last reply that was large enough to tell. Lanes measure, the engine asks.
final class LinkMeter: Sendable {
    /// Bytes after the first piece of a body from which on its time says something.
    private static let bytesMin = 8192
    /// Bytes up to which a body may have waited in this machine until the lane came to read it: they then seem to have come
    /// faster than the link is.
    private static let bytesWaitingMax = 256 << 10

    private let measured = Mutex<Int64?>(nil)

    /// Bytes a second; nil while nothing was large enough.
    var bytesASecond: Int64? { measured.withLock { $0 } }

    /// Notes the bytes that came after the first piece of a body, and the time since that piece. That the link is faster than
    /// was known is taken from a large body alone.
    func note(_ bytes: Int, in time: Duration) {
        guard bytes >= LinkMeter.bytesMin else { return }
        let (seconds, attoseconds) = time.components
        let microseconds = max(1, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        let speed = Int64(bytes) * 1_000_000 / microseconds
        measured.withLock { known in
            if let slower = known, slower < speed, bytes < LinkMeter.bytesWaitingMax { return }
            known = speed
        }
    }
}

/// The HTTP client of a lane, and the collecting of a body that may be cut.
private final class LaneClient: Sendable {
    private let client: HTTPClient
    private let meter: LinkMeter
    private let clock = SystemClock()

    init(connector: Connector, limits: ClientLimits, meter: LinkMeter) {
        client = HTTPClient(connector: connector, limits: limits)
        self.meter = meter
    }

    func interrupt() { client.interrupt() }
    func begin() { client.begin() }
    func cancel() { client.cancel() }
    func renew() { client.renew() }

    var carried: Traffic.Totals { client.carried }

    func carry(_ exchange: Exchange) -> ExchangeOutcome {
        var body: [UInt8] = []
        var head: (status: Int, headers: HTTPHeaders)?
        var first: (at: Duration, carried: Int64)?
        defer {
            if let first {
                meter.note(Int(client.carried.bytesReceived - first.carried), in: clock.monotonicNow() - first.at)
            }
        }
        do {
            let reply = try client.stream(
                exchange.request, bodyLimit: exchange.bodyLimit, keepsCoding: exchange.keepsCoding,
                held: exchange.held ?? .zero
            ) { status, headers in
                head = (status, headers)
            } onBody: { bytes in
                if first == nil { first = (clock.monotonicNow(), client.carried.bytesReceived) }
                body.append(contentsOf: bytes)
            }
            // Whoever stands in the way answers whatever comes over this connection, also once it lets others through.
            if reply.headers["Fieldbook"] == nil { client.renew() }
            return .reply(status: reply.status, headers: reply.headers, body: body, isWhole: true)
        } catch {
            if let head, !body.isEmpty, error.code == .truncated || error.code == .timeout || error.code == .closed {
                return .reply(status: head.status, headers: head.headers, body: body, isWhole: false)
            }
            return .failed(error)
        }
    }
}

extension ExchangeOutcome {
    fileprivate var isWhole: Bool {
        if case .reply(_, _, _, let isWhole) = self { isWhole } else { false }
    }
}
