import HTTPKit
import SyncCore
import SyncProtocol

/// Exchanges on their way out.
extension SyncEngine {
    func send(_ lane: Lane, _ purpose: Purpose, _ request: HTTPRequest, held: Duration? = nil) {
        precondition(!inFlight.contains { $0.lane == lane }, "a lane carries one exchange at a time")
        let exchange = Exchange(
            id: nextExchange, lane: lane, request: request, bodyLimit: ProtocolLimits.pageBytesMax,
            keepsCoding: purpose.isPart, held: held)
        nextExchange += 1
        status.exchangesBegun = exchange.id
        inFlight.append((lane, exchange.id, purpose))
        shell?.send(exchange)
    }

    /// What the lane has in flight is not waited for any more.
    func abandon(_ lane: Lane) {
        guard inFlight.contains(where: { $0.lane == lane }) else { return }
        inFlight.removeAll { $0.lane == lane }
        shell?.abandon(lane)
    }

    func get(_ path: String, query: [(String, String)]) -> HTTPRequest {
        request("GET", path, query: query, body: [])
    }

    /// A page after a cursor, packed if the server knows how.
    /// `gzip` says whether the page may come in that coding; nil lets the link decide: one that is metered or slow.
    func getPage(_ path: String, _ cursor: String, gzip: Bool? = nil, wait: Int? = nil) -> HTTPRequest {
        let hold = wait.map { [("wait", "\($0)")] } ?? []
        var request = get(path, query: [("cursor", cursor), (RowForm.parameter, RowForm.packed.rawValue)] + hold)
        if gzip ?? (allowance.wantsGzip || isLinkSlow) { request.headers.add("Accept-Encoding", "gzip") }
        return request
    }

    private var isLinkSlow: Bool { shell?.linkSpeed.map { $0 < SyncEngine.fastLink } ?? false }

    /// Bytes a second from which on gzip costs more time than it saves: a core makes about 35 MB a second smaller.
    private static let fastLink: Int64 = 8_000_000

    func request(_ method: String, _ path: String, query: [(String, String)], body: [UInt8]) -> HTTPRequest {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(token)")
        if !body.isEmpty { headers.add("Content-Type", "application/json") }
        return HTTPRequest(method: method, target: Target.build(path: path, query: query), headers: headers, body: body)
    }
}
