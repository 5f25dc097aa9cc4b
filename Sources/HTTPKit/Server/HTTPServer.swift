import Glibc
import ThreadKit

/// Bounds of one server.
package struct ServerLimits: Sendable, Hashable {
    /// Connections held at once; one more is answered 503 at once.
    package var connections: Int
    /// Time for the head and body of a request to arrive, counted from its first byte.
    package var request: Duration
    /// Time a connection may lie idle between requests.
    package var idle: Duration
    package var bodyBytes: Int

    package init(
        connections: Int = 256, request: Duration = .seconds(20), idle: Duration = .seconds(75),
        bodyBytes: Int = 1 << 20
    ) {
        self.connections = connections
        self.request = request
        self.idle = idle
        self.bodyBytes = bodyBytes
    }
}

/// A blocking HTTP/1.1 server: a thread a connection, a cap on connections, a deadline a request.
package final class HTTPServer: Sendable {
    /// Answers a request, on the thread of its connection.
    package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    private struct State {
        var listener: Int32 = -1
        var acceptor: WorkerThread?
        var streams: [Int: SocketStream] = [:]
        var busy: Set<Int> = []
        var nextID = 0
        var isStopping = false
        var port: UInt16 = 0
        var turnedAway: Int64 = 0
    }

    private static let stackBytes = 512 * 1024

    private let endpoint: Endpoint
    private let tls: TLSServer?
    private let limits: ServerLimits
    private let ownHeaders: HTTPHeaders
    private let handler: Handler
    private let state = Monitor(State())
    private let traffic = Traffic()

    /// `handler` runs on the connection's thread and may block. With `tls` nothing else is spoken. `ownHeaders`
    /// stand in the replies that the server gives without the handler, so that a client knows whose refusal it is.
    package init(
        endpoint: Endpoint, tls: TLSServer? = nil, limits: ServerLimits = ServerLimits(),
        ownHeaders: HTTPHeaders = HTTPHeaders(), handler: @escaping Handler
    ) {
        self.endpoint = endpoint
        self.tls = tls
        self.limits = limits
        self.ownHeaders = ownHeaders
        self.handler = handler
    }

    /// The port that a TCP server listens on, known after `start`.
    package var port: UInt16 { state.withLock { $0.port } }

    /// What it has carried so far; its requests are those that came whole or were refused.
    package var carried: Traffic.Totals { traffic.totals }

    /// Connections open now, and those turned away since the start because there were too many.
    package var connections: (open: Int, turnedAway: Int64) {
        state.withLock { ($0.streams.count, $0.turnedAway) }
    }

    /// Binds and begins to accept. A Unix socket has mode 0600.
    package func start() throws(HTTPError) {
        let (descriptor, port) = try Sys.listen(endpoint)
        state.withLock { state in
            state.listener = descriptor
            state.port = port
        }
        guard let thread = WorkerThread(stackBytes: HTTPServer.stackBytes, { [self] in acceptLoop(descriptor) }) else {
            close(descriptor)
            throw HTTPError(
                code: .unreachable, what: "cannot start the server", why: "the system refuses another thread")
        }
        state.withLock { $0.acceptor = thread }
    }

    /// Stops accepting, lets running requests end until `deadline` from now, then ends their connections. On return no
    /// handler runs unless it outlasted the deadline.
    package func stop(deadline: Duration = .seconds(5)) {
        let (acceptor, idle) = state.withLock { state in
            state.isStopping = true
            // Wakes the accepting thread, which closes the descriptor: its number may soon be another's.
            if state.acceptor != nil { shutdown(state.listener, Int32(SHUT_RDWR)) }
            let idle = state.streams.filter { !state.busy.contains($0.key) }.map(\.value)
            defer { state.acceptor = nil }
            return (state.acceptor, idle)
        }
        for stream in idle { stream.interrupt() }
        acceptor?.join()
        let end = Sys.monotonicNow + deadline
        _ = state.wait(until: end) { $0.streams.isEmpty ? true : nil }
        for stream in state.withLock({ Array($0.streams.values) }) { stream.interrupt() }
        // A server that did not start has no file; the one at its path is another's.
        if acceptor != nil, case .unix(let path) = endpoint { unlink(path) }
    }

    // MARK: Accepting

    private func acceptLoop(_ listener: Int32) {
        defer { close(listener) }
        while !state.withLock({ $0.isStopping }) {
            guard Sys.wait(listener, for: Int16(POLLIN), until: Sys.monotonicNow + .seconds(3600)) else { continue }
            guard let stream = Sys.accept(listener) else { continue }
            let id: Int? = state.withLock { state in
                guard !state.isStopping, state.streams.count < limits.connections else { return nil }
                state.nextID += 1
                state.streams[state.nextID] = stream
                return state.nextID
            }
            guard let id else {
                turnAway(stream)
                continue
            }
            let thread = WorkerThread(stackBytes: HTTPServer.stackBytes) { [self] in
                serve(socket: stream, id)
                stream.close()
                state.withLock { state in
                    state.streams[id] = nil
                    state.busy.remove(id)
                }
            }
            if let thread { thread.detach() } else { forget(id, stream) }
        }
    }

    private func forget(_ id: Int, _ stream: SocketStream) {
        state.withLock { $0.streams[id] = nil }
        turnAway(stream)
    }

    /// A secure connection is only closed: an answer would cost a handshake.
    private func turnAway(_ stream: SocketStream) {
        guard tls == nil else { return stream.close() }
        var headers = ownHeaders
        headers.add("Retry-After", "1")
        let head = HTTPResponse(status: 503, headers: headers).head(length: 0, close: true)
        state.withLock { $0.turnedAway += 1 }
        traffic.send(head.count)
        try? stream.write(head, deadline: Sys.monotonicNow + .milliseconds(100))
        stream.close()
    }

    // MARK: Serving

    /// The handshake has the time of a request, however its bytes drop in.
    private func serve(socket: SocketStream, _ id: Int) {
        guard let tls else { return serve(socket, id) }
        do throws(HTTPError) {
            let stream = try tls.accept(socket, deadline: Sys.monotonicNow + limits.request)
            defer { stream.close() }
            serve(stream, id)
        } catch { if error.code == .malformed { refuse(socket, status: 400, why: error.why) } }
    }

    private func serve(_ stream: any ByteStream, _ id: Int) {
        var rest: [UInt8] = []
        while true {
            var parser = MessageParser(role: .request, bodyLimit: limits.bodyBytes)
            do {
                guard let request = try readRequest(stream, &parser, carried: rest, id) else { return }
                traffic.begin()
                rest = parser.rest
                let isOpen = markBusy(id)
                let close =
                    !isOpen || request.headers["Connection"]?.lowercased() == "close"
                    || parser.startLine.hasSuffix("HTTP/1.0")
                try answer(handler(request), to: request, on: stream, close: close)
                guard !close, markIdle(id) else { return }
            } catch let failure as MessageParser.Failure {
                refuse(stream, status: failure.status, why: failure.why)
                return
            } catch { return }
        }
    }

    private func markBusy(_ id: Int) -> Bool {
        state.withLock { state in
            state.busy.insert(id)
            return !state.isStopping
        }
    }

    private func markIdle(_ id: Int) -> Bool {
        state.withLock { state in
            state.busy.remove(id)
            return !state.isStopping
        }
    }

    private func readRequest(
        _ stream: any ByteStream, _ parser: inout MessageParser, carried: [UInt8], _ id: Int
    ) throws -> HTTPRequest? {
        var body: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var deadline = Sys.monotonicNow + (carried.isEmpty ? limits.idle : limits.request)
        var saidContinue = false
        if !carried.isEmpty {
            _ = try carried.withUnsafeBytes { try parser.consume($0) { body.append(contentsOf: $0) } }
        }
        while !parser.isDone {
            let hadBegun = parser.hasBegun
            let count: Int
            do {
                count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0, deadline: deadline) }
            } catch let error as HTTPError where error.code == .timeout && hadBegun {
                throw MessageParser.Failure(status: 408, why: "the request did not arrive in time")
            }
            if count == 0 { return nil }
            traffic.receive(count)
            if !hadBegun { deadline = Sys.monotonicNow + limits.request }
            _ = try buffer.withUnsafeBytes { bytes in
                try parser.consume(UnsafeRawBufferPointer(rebasing: bytes[0..<count])) { body.append(contentsOf: $0) }
            }
            if parser.isHeadDone, !parser.isDone, !saidContinue,
                parser.headers["Expect"]?.lowercased() == "100-continue"
            {
                saidContinue = true
                let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
                traffic.send(interim.count)
                try stream.write(interim, deadline: deadline)
            }
        }
        var request = try parser.request(body: body)
        if case .unix = endpoint { request.peer = stream.peer }
        return request
    }

    private func answer(
        _ response: HTTPResponse, to request: HTTPRequest, on stream: any ByteStream, close: Bool
    ) throws {
        try response.serialize(toMethod: request.method, close: close) { piece in
            traffic.send(piece.count)
            try stream.write(piece, deadline: Sys.monotonicNow + limits.idle)
        }
    }

    /// Answers a request that can't be read, and ends the connection: what follows on it can't be trusted.
    private func refuse(_ stream: any ByteStream, status: Int, why: String) {
        let body = Array("\(why)\n".utf8)
        var headers = ownHeaders
        headers.add("Content-Type", "text/plain; charset=utf-8")
        let response = HTTPResponse(status: status, headers: headers)
        let bytes = response.head(length: body.count, close: true) + body
        traffic.begin()
        traffic.send(bytes.count)
        try? stream.write(bytes, deadline: Sys.monotonicNow + .seconds(1))
        stream.finishWriting()
        // What is still on its way is read for a moment, so that the answer is not lost in a reset.
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        let end = Sys.monotonicNow + .milliseconds(200)
        while Sys.monotonicNow < end {
            let count = try? buffer.withUnsafeMutableBytes { try stream.read(into: $0, deadline: end) }
            guard let count, count > 0 else { return }
        }
    }
}
