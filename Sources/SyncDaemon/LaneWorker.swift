import Diagnostics
import HTTPKit
import SyncEngine
import ThreadKit

/// Carries the exchanges of one lane, one at a time, on a thread of its own.
final class LaneWorker: Sendable {
    private let exchanges = Mailbox<Exchange>()
    private let client: LaneClient

    init(connector: Connector, limits: ClientLimits = ClientLimits()) {
        client = LaneClient(connector: connector, limits: limits)
    }

    func send(_ exchange: Exchange) { exchanges.post(exchange) }

    /// Runs until `stop`; `deliver` is called on this thread for each exchange, after `book` has it.
    func run(book: LaneBook? = nil, clock: any WallClock = SystemClock(), _ deliver: (Int, ExchangeOutcome) -> Void) {
        while let batch = exchanges.take(until: nil) {
            for exchange in batch {
                let (began, before) = (clock.monotonicNow(), client.carried)
                let outcome = client.carry(exchange)
                book?.note(
                    exchange.lane, client.carried - before, took: clock.monotonicNow() - began,
                    isWhole: outcome.isWhole, at: clock.now())
                deliver(exchange.id, outcome)
            }
        }
    }

    /// Ends a request in flight, of which nobody waits for the reply.
    func abandon() { client.cancel() }

    /// Ends a request in flight and the worker after it.
    func stop() {
        exchanges.close()
        client.interrupt()
    }
}

/// The HTTP client of a lane, and the collecting of a body that may be cut.
private final class LaneClient: Sendable {
    private let client: HTTPClient

    init(connector: Connector, limits: ClientLimits) {
        client = HTTPClient(connector: connector, limits: limits)
    }

    func interrupt() { client.interrupt() }
    func cancel() { client.cancel() }

    var carried: Traffic.Totals { client.carried }

    func carry(_ exchange: Exchange) -> ExchangeOutcome {
        var body: [UInt8] = []
        var head: (status: Int, headers: HTTPHeaders)?
        do {
            let reply = try client.stream(exchange.request, bodyLimit: exchange.bodyLimit) { status, headers in
                head = (status, headers)
            } onBody: { bytes in
                body.append(contentsOf: bytes)
            }
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
