import Synchronization

/// Bounds of one client.
package struct ClientLimits: Sendable, Hashable {
    package var connect: Duration
    /// Longest time without a byte moving.
    package var idle: Duration

    package init(connect: Duration = .seconds(10), idle: Duration = .seconds(30)) {
        self.connect = connect
        self.idle = idle
    }
}

/// How the body of a reply came, for who wants to know how fast a link is.
package struct Arrival: Sendable, Hashable {
    /// Bytes of the body as they came, without their framing, and as they were handed on.
    package var encodedBytes = 0
    package var decodedBytes = 0
    /// Time from the first bytes of the reply to its last, and the bytes on the wire that came in that time: those
    /// that were there when the clock began are not among them. The time of whoever took the body in is.
    package var took = Duration.zero
    package var bytesInThatTime = 0

    package init() {}
}

/// A blocking HTTP/1.1 client of one server that keeps its connection. One thread sends; any thread may interrupt.
package final class HTTPClient: Sendable {
    private struct State {
        var stream: (any ByteStream)?
        /// Waits for the other end to take it in, for a proxy or for TLS.
        var connecting: SocketStream?
        var isInterrupted = false
        /// The request in flight was ended by `cancel`.
        var isCancelled = false
        /// The connection there is is not for the requests to come.
        var isOutdated = false
        /// When the way may last have changed.
        var renewedAt: Duration?
        var isEnded: Bool { isInterrupted || isCancelled }
    }

    private let connector: Connector
    private let limits: ClientLimits
    private let zlib: @Sendable () -> Zlib?
    private let state = Mutex(State())
    private let traffic = Traffic()

    /// What it has carried so far.
    package var carried: Traffic.Totals { traffic.totals }

    package convenience init(connector: Connector, limits: ClientLimits = ClientLimits()) {
        self.init(connector: connector, limits: limits, zlib: Zlib.load)
    }

    init(connector: Connector, limits: ClientLimits, zlib: @escaping @Sendable () -> Zlib?) {
        self.connector = connector
        self.limits = limits
        self.zlib = zlib
    }

    /// A client without TLS or a proxy.
    package convenience init(endpoint: Endpoint, limits: ClientLimits = ClientLimits()) {
        self.init(connector: Connector(endpoint: endpoint), limits: limits)
    }

    /// Sends a request and gives the whole reply; a body past `bodyLimit` bytes is an error. Gzip as for `stream`.
    package func send(
        _ request: HTTPRequest, bodyLimit: Int
    ) throws(HTTPError) -> (status: Int, headers: HTTPHeaders, body: [UInt8]) {
        var body: [UInt8] = []
        let reply = try stream(
            request, bodyLimit: bodyLimit, onHead: { _, _ in }, onBody: { body.append(contentsOf: $0) })
        return (reply.status, reply.headers, body)
    }

    /// Sends a request and hands the reply's body on as it comes. A connection that was idle and turns out closed
    /// before a byte of the reply is replaced once; nothing else is sent twice.
    ///
    /// With `keepsCoding` the body is handed on as it came, so that a part of it can be put together with the rest.
    /// A request may say `Accept-Encoding: gzip`, which is left out where there is no zlib. The body is handed on
    /// decoded then, the head as it came; `bodyLimit` holds for the body's bytes as they come and as handed on.
    /// The server may take `held` longer than others do before its reply begins.
    package func stream(
        _ request: HTTPRequest, bodyLimit: Int, keepsCoding: Bool = false, held: Duration = .zero,
        onHead: (Int, HTTPHeaders) -> Void, onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(HTTPError) -> (status: Int, headers: HTTPHeaders, arrival: Arrival) {
        let work = Work(request: request, bodyLimit: bodyLimit, keepsCoding: keepsCoding, held: held)
        if let kept = try takeKept() {
            do {
                return try exchange(work, on: kept, onHead: onHead, onBody: onBody)
            } catch {
                guard error == HTTPError.ended(insideReply: false), request.method == "GET" else { throw error }
            }
        }
        return try exchange(work, on: try connect(), onHead: onHead, onBody: onBody)
    }

    /// Ends the request in flight with an error, even one that still waits for its connection, and every later one: the
    /// client is done. Only the look-up of a host's name can't be ended.
    package func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            state.stream?.interrupt()
            state.connecting?.interrupt()
        }
    }

    /// Before a request that `cancel` may end from then on; for who cancels.
    package func begin() { state.withLock { $0.isCancelled = false } }

    /// Ends the request in flight with an error, at whatever point since `begin` it stands, and lets go of the connection;
    /// the next request makes another.
    package func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.stream?.interrupt()
            state.connecting?.interrupt()
        }
    }

    /// Has the requests that begin from now on go over another connection than those before: the way may have changed, and
    /// what goes over the old one may come to nobody. A request in flight goes on, and so does one that begins before routes
    /// are in order; either ends once nothing has moved for five seconds, unless it is a held one.
    package func renew() { state.withLock { ($0.isOutdated, $0.renewedAt) = (true, Sys.monotonicNow) } }

    /// How long a reply may stand still after a change of the way, and how long after such a change a request that begins may
    /// still have taken the old one.
    private static let (stallMax, settling) = (Duration.seconds(5), Duration.seconds(3))

    private func takeKept() throws(HTTPError) -> (any ByteStream)? {
        let (kept, isOutdated, isInterrupted) = state.withLock { state in
            defer { (state.stream, state.isOutdated) = (nil, false) }
            return (state.stream, state.isOutdated, state.isEnded)
        }
        guard !isInterrupted else { throw interrupted }
        guard let kept, !kept.isStale else { return nil }
        guard isOutdated else { return kept }
        kept.close()
        return nil
    }

    private func connect() throws(HTTPError) -> any ByteStream {
        defer { state.withLock { $0.connecting = nil } }
        do throws(HTTPError) {
            return try connector.connect(patience: limits.connect) { stream throws(HTTPError) in
                let isInterrupted = state.withLock { state in
                    state.connecting = stream
                    return state.isEnded
                }
                if isInterrupted { throw interrupted }
            }
        } catch { throw state.withLock { $0.isEnded } ? interrupted : error }
    }

    private var interrupted: HTTPError {
        HTTPError(code: .interrupted, what: "the exchange was ended", why: "nobody waits for its reply")
    }

    /// A request with what is told of its reply beforehand.
    private struct Work {
        let request: HTTPRequest
        let bodyLimit: Int
        let keepsCoding: Bool
        let held: Duration
    }

    private func exchange(
        _ work: Work, on stream: any ByteStream, onHead: (Int, HTTPHeaders) -> Void,
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(HTTPError) -> (status: Int, headers: HTTPHeaders, arrival: Arrival) {
        let isInterrupted = state.withLock { state in
            state.stream = stream
            return state.isEnded
        }
        guard !isInterrupted else { throw interrupted }
        do throws(HTTPError) {
            let reply = try converse(work, on: stream, onHead: onHead, onBody: onBody)
            if !reply.keep {
                state.withLock { $0.stream = nil }
                stream.close()
            }
            return (reply.status, reply.headers, reply.arrival)
        } catch {
            let isInterrupted = state.withLock { state in
                state.stream = nil
                return state.isEnded
            }
            stream.close()
            if error.needsPerson { connector.forgetFiles() }
            throw isInterrupted ? interrupted : error
        }
    }

    private func converse(
        _ work: Work, on stream: any ByteStream, onHead: (Int, HTTPHeaders) -> Void,
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(HTTPError) -> (status: Int, headers: HTTPHeaders, arrival: Arrival, keep: Bool) {
        let request = work.request
        let asksForGzip = AcceptEncoding(request.headers).allowsGzip
        let zlib = asksForGzip ? zlib() : nil
        var sent = request
        if asksForGzip, zlib == nil { sent.headers.remove("Accept-Encoding") }
        let bytes = sent.serialized(host: connector.hostField)
        let started = Sys.monotonicNow
        traffic.begin()
        traffic.send(bytes.count)
        // A server that turned us away has answered and reads nothing more: that answer counts.
        var broken: HTTPError?
        do { try stream.write(bytes, deadline: Sys.monotonicNow + limits.idle) } catch {
            guard error.code == .closed else { throw error }
            broken = error
        }
        var parser = MessageParser(
            role: .response(toMethod: request.method), bodyLimit: work.bodyLimit, zlib: zlib,
            keepsCoding: work.keepsCoding)
        var arrival = Arrival()
        var began: Duration?
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var toldHead = false
        while !parser.isDone {
            let count: Int
            do { count = try readNext(stream, &buffer, work, started, hasBegun: parser.hasBegun) } catch {
                throw broken ?? error
            }
            traffic.receive(count)
            if let began {
                arrival.took = Sys.monotonicNow - began
                arrival.bytesInThatTime += count
            } else {
                began = Sys.monotonicNow
            }
            if count == 0 {
                if stream.isEndSaid, parser.connectionEnded() { break }
                throw broken ?? HTTPError.ended(insideReply: parser.hasBegun)
            }
            if !parser.hasBegun, connector.answersInTLS(buffer[..<count]) { throw connector.speaksTLS }
            do {
                _ = try buffer.withUnsafeBytes { bytes in
                    try parser.consume(UnsafeRawBufferPointer(rebasing: bytes[0..<count]), onBody: onBody)
                }
            } catch { throw HTTPError.unreadable(error) }
            if parser.isHeadDone, !toldHead {
                toldHead = true
                onHead(parser.status, parser.headers)
            }
        }
        let closes =
            broken != nil || parser.headers["Connection"]?.lowercased() == "close" || parser.endsWithConnection
            || !parser.rest.isEmpty
        (arrival.encodedBytes, arrival.decodedBytes) = parser.bodyCounts
        return (parser.status, parser.headers, arrival, !closes)
    }

    /// Waits for the next bytes of a reply whose request `started` then, in steps, to see whether the way has changed.
    private func readNext(
        _ stream: any ByteStream, _ buffer: inout [UInt8], _ work: Work, _ started: Duration, hasBegun: Bool
    ) throws(HTTPError) -> Int {
        let isHeld = work.held > .zero
        let end = Sys.monotonicNow + limits.idle + (hasBegun ? .zero : work.held)
        while true {
            let step = isHeld ? end : min(end, Sys.monotonicNow + HTTPClient.stallMax)
            do throws(HTTPError) { return try HTTPClient.read(stream, &buffer, deadline: step) } catch {
                guard error.code == .timeout, step < end else { throw error }
                let changedAt = state.withLock { $0.renewedAt }
                if let changedAt, changedAt + HTTPClient.settling > started { throw error }
            }
        }
    }

    private static func read(
        _ stream: any ByteStream, _ buffer: inout [UInt8], deadline: Duration
    ) throws(HTTPError) -> Int {
        var failure: HTTPError?
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            do throws(HTTPError) { return try stream.read(into: bytes, deadline: deadline) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }
}
