import HTTPKit
import Synchronization

/// A proxy before a real server that spoils replies as a test wants: the request always reaches the server first
/// unless it says otherwise.
final class FaultProxy: Sendable {
    enum Fault: Sendable {
        case none
        /// The server does its work, then the connection ends after this many bytes of the reply.
        case cutReply(after: Int)
        /// The server never hears of it.
        case instead(status: Int, type: String, body: String)
        /// The server does its work; in the reply a text stands in another's place.
        case damage(String, by: String)
        /// The server does its work; the reply waits until released.
        case hold
        /// The server does its work; after this many bytes of the reply comes a line that ends after a gibibyte.
        case endlessLine(after: Int)
        /// The server never hears of it; a page of a gibibyte of spaces comes in gzip.
        case bomb
    }

    private struct State {
        var rules: [(path: String, fault: Fault)] = []
        var seen: [String] = []
        var isReleased = false
        var bytesOfLines = 0
        var target: UInt16
    }

    private struct Cut: Error {}

    private let state: Mutex<State>
    private let server: Mutex<HTTPServer?> = Mutex(nil)

    /// Starts before a server's port.
    init(target: UInt16) throws {
        state = Mutex(State(target: target))
        let made = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { [self] in answer($0) }
        try made.start()
        server.withLock { $0 = made }
    }

    var port: UInt16 { server.withLock { $0?.port ?? 0 } }
    func stop() { server.withLock { $0 }?.stop(deadline: .seconds(1)) }

    /// The next request whose path begins so is spoiled once.
    func spoil(_ path: String, _ fault: Fault) { state.withLock { $0.rules.append((path, fault)) } }
    /// Every later request is answered so.
    func release() { state.withLock { $0.isReleased = true } }
    /// How many requests went to paths that begin so.
    func count(_ path: String) -> Int { state.withLock { $0.seen.filter { $0.hasPrefix(path) }.count } }

    /// Bytes of endless lines that were taken.
    var bytesOfLines: Int { state.withLock { $0.bytesOfLines } }

    /// A gibibyte of spaces in gzip: a member of 16 MiB again and again, which is one body (RFC 1952, section 2.2).
    private static let bomb: [UInt8] = {
        let member = Zlib.load()?.gzip([UInt8](repeating: 0x20, count: 16 << 20)) ?? []
        return Array([[UInt8]](repeating: member, count: 64).joined())
    }()

    private func flood(_ reply: [UInt8]) -> HTTPResponse.Body {
        .pieces { [self] write in
            try write(reply)
            let piece = [UInt8](repeating: UInt8(ascii: "7"), count: 64 * 1024)
            for _ in 0..<(1 << 14) {
                try write(piece)
                state.withLock { $0.bytesOfLines += piece.count }
            }
        }
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let (fault, target) = state.withLock { state -> (Fault, UInt16) in
            state.seen.append(request.target)
            guard let index = state.rules.firstIndex(where: { request.target.hasPrefix($0.path) }) else {
                return (.none, state.target)
            }
            return (state.rules.remove(at: index).fault, state.target)
        }
        if case .instead(let status, let type, let body) = fault { return .json(status, Array(body.utf8), type: type) }
        if case .bomb = fault {
            var reply = HTTPResponse.json(200, FaultProxy.bomb, type: "application/x-ndjson")
            reply.headers.add("Content-Encoding", "gzip")
            reply.headers.add("Fieldbook", "1")
            return reply
        }
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: target))
        var headers = HTTPHeaders()
        for field in request.headers.fields where !["host", "content-length"].contains(field.name.lowercased()) {
            headers.add(field.name, field.value)
        }
        let forwarded = HTTPRequest(
            method: request.method, target: request.target, headers: headers, body: request.body)
        guard let reply = try? client.send(forwarded, bodyLimit: 8 << 20) else { return HTTPResponse(status: 503) }
        var response = HTTPResponse(status: reply.status)
        for field in reply.headers.fields where field.name.lowercased() != "content-length" {
            response.headers.add(field.name, field.value)
        }
        response.body = .bytes(reply.body)
        switch fault {
        case .cutReply(let length):
            let part = Array(reply.body.prefix(length))
            response.body = .pieces { write in
                try write(part)
                throw Cut()
            }
        case .damage(let text, let other):
            response.body = .bytes(Array(String(decoding: reply.body, as: UTF8.self).replacing(text, with: other).utf8))
        case .hold: while !state.withLock({ $0.isReleased }) { usleepBriefly() }
        case .endlessLine(let length): response.body = flood(Array(reply.body.prefix(length)))
        case .none, .instead, .bomb: break
        }
        return response
    }
}
