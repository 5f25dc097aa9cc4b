import Synchronization

/// What a worker does with a connection: read a request, have it answered, and park it again.
extension HTTPServer {
    /// How long a worker waits for the rest of a request before it parks what has come, unless many are busy.
    private static let patience = Duration.milliseconds(20)
    /// A request of which more has come than this keeps its worker: parked ones are to stay small.
    private static let parkedBytesMax = 4096
    /// How long a worker waits for the next request: a client that asks again at once needs no change of threads.
    private static let grace = Duration.milliseconds(2)
    private static let lingering = Duration.milliseconds(200)

    /// What came of reading.
    private enum Taken {
        case request(HTTPRequest, isLast: Bool)
        /// Nothing moves for now.
        case stalled
        case ended
        case refused(status: Int, why: String)
    }

    func park(_ connection: ServedConnection, _ line: Line) {
        connection.park(.waiting(line), for: .bytes, until: line.deadline)
        parkedWhileStopping(connection)
    }

    /// Hands a connection to a worker.
    func work(on connection: ServedConnection, _ line: Line) {
        let latest = Sys.monotonicNow + limits.request
        let isTaken = workers.run { [self] in
            if Sys.monotonicNow <= latest { return serve(connection, line) }
            if case .open(let stream) = line.layer { turnAwayLate(connection, stream) } else { end(connection, nil) }
        }
        if !isTaken { end(connection, line.stream) }
    }

    /// It has waited for a worker for as long as a request may take, so nobody may be waiting for it any more.
    private func turnAwayLate(_ connection: ServedConnection, _ stream: any ByteStream) {
        sendBusy(stream)
        linger(connection, stream)
    }

    private func serve(_ connection: ServedConnection, _ line: Line) {
        var line = line
        connection.begin(answering: false)
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { buffer in
            var patience = line.begun != nil || workers.isStrained ? Duration.zero : HTTPServer.patience
            while true {
                switch take(&line, patience: patience, buffer) {
                case .stalled: return park(connection, line)
                case .ended: return end(connection, line.stream)
                case .refused(let status, let why):
                    if case .open(let stream) = line.layer {
                        return refuse(connection, stream, status: status, why: why)
                    }
                    return refuse(connection, connection.socket, status: status, why: why)
                case .request(let request, let isLast):
                    guard let stream = line.stream, answer(request, isLast, connection, stream, line.rest) else {
                        return
                    }
                }
                line.idleUntil = Sys.monotonicNow + limits.idle
                if workers.isStrained, line.rest.isEmpty, line.stream?.holdsBytes == false {
                    return park(connection, line)
                }
                patience = HTTPServer.grace
            }
        }
    }

    /// Has the request answered; false when the connection has another owner now, or none.
    private func answer(
        _ request: HTTPRequest, _ isLast: Bool, _ connection: ServedConnection, _ stream: any ByteStream,
        _ rest: [UInt8]
    ) -> Bool {
        connection.begin(answering: true)
        switch handler(request) {
        case .held(let hold):
            let exchange = HeldExchange(stream: stream, method: request.method, isLast: isLast, rest: rest)
            park(connection, hold, exchange)
            return false
        case .response(let response):
            guard write(response, toMethod: request.method, isLast, stream) else {
                end(connection, stream)
                return false
            }
            connection.begin(answering: false)
            guard !isStopping.load(ordering: .sequentiallyConsistent) else {
                end(connection, stream)
                return false
            }
            return true
        }
    }

    /// False when the connection is to end.
    func write(_ response: HTTPResponse, toMethod method: String, _ isLast: Bool, _ stream: any ByteStream) -> Bool {
        let close = isLast || isStopping.load(ordering: .sequentiallyConsistent)
        do {
            try response.serialize(toMethod: method, close: close) { piece in
                traffic.send(piece.count)
                try stream.write(piece, deadline: Sys.monotonicNow + limits.idle)
            }
        } catch { return false }
        return !close
    }

    // MARK: Reading

    private func take(_ line: inout Line, patience: Duration, _ buffer: UnsafeMutableRawBufferPointer) -> Taken {
        do {
            guard let stream = try secure(&line, patience: patience) else { return .stalled }
            return try read(&line, stream, patience: patience, buffer)
        } catch let failure as MessageParser.Failure {
            return .refused(status: failure.status, why: failure.why)
        } catch {
            // Who speaks plain HTTP where TLS is spoken is told so.
            if case .open = line.layer { return .ended }
            guard let error = error as? HTTPError, error.code == .malformed else { return .ended }
            return .refused(status: 400, why: error.why)
        }
    }

    /// The stream, once hands are shaken; nil while more is to come for that.
    private func secure(_ line: inout Line, patience: Duration) throws(HTTPError) -> (any ByteStream)? {
        if case .open(let stream) = line.layer { return stream }
        guard let tls else { return nil }
        if case .strange(let socket) = line.layer { line.layer = .shaking(try tls.begin(socket)) }
        guard case .shaking(let stream) = line.layer else { return nil }
        let now = Sys.monotonicNow
        guard try tls.shakeHands(stream, patience: now + patience, deadline: line.idleUntil) else { return nil }
        line.layer = .open(stream)
        line.idleUntil = now + limits.idle
        return stream
    }

    /// Reads a request as far as it comes within `patience`, or to its end once it has grown.
    private func read(
        _ line: inout Line, _ stream: any ByteStream, patience: Duration, _ buffer: UnsafeMutableRawBufferPointer
    ) throws -> Taken {
        let now = Sys.monotonicNow
        let parser = MessageParser(role: .request, bodyLimit: limits.bodyBytes)
        var begun = line.begun ?? Line.Begun(parser: parser, deadline: now + limits.request)
        line.begun = nil
        if !line.rest.isEmpty {
            try line.rest.withUnsafeBytes { try begun.take($0) }
            line.rest = []
        }
        while !begun.parser.isDone {
            let hasGrown = begun.bytes > HTTPServer.parkedBytesMax
            let count: Int
            do throws(HTTPError) {
                count = try stream.read(
                    into: buffer, deadline: hasGrown ? begun.deadline : min(now + patience, begun.deadline))
            } catch {
                guard error.code == .timeout else { throw error }
                guard begun.parser.hasBegun else { return .stalled }
                guard Sys.monotonicNow < begun.deadline else {
                    throw MessageParser.Failure(status: 408, why: "the request did not arrive in time")
                }
                line.begun = begun
                return .stalled
            }
            if count == 0 { return .ended }
            traffic.receive(count)
            if !begun.parser.hasBegun { begun.deadline = Sys.monotonicNow + limits.request }
            try begun.take(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
            try sayContinue(&begun, stream)
        }
        line.rest = begun.parser.rest
        return try request(begun, stream)
    }

    private func sayContinue(_ begun: inout Line.Begun, _ stream: any ByteStream) throws {
        guard begun.parser.isHeadDone, !begun.parser.isDone, !begun.saidContinue,
            begun.parser.headers["Expect"]?.lowercased() == "100-continue"
        else { return }
        begun.saidContinue = true
        let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        traffic.send(interim.count)
        try stream.write(interim, deadline: begun.deadline)
    }

    private func request(_ begun: Line.Begun, _ stream: any ByteStream) throws -> Taken {
        var request = try begun.parser.request(body: begun.body)
        if case .unix = endpoint { request.peer = stream.peer }
        traffic.begin()
        let isLast =
            request.headers["Connection"]?.lowercased() == "close" || begun.parser.startLine.hasSuffix("HTTP/1.0")
        return .request(request, isLast: isLast)
    }

    // MARK: Refusing

    /// Answers a request that can't be read, and ends the connection: what follows on it can't be trusted.
    private func refuse(_ connection: ServedConnection, _ stream: any ByteStream, status: Int, why: String) {
        let body = Array("\(why)\n".utf8)
        var headers = ownHeaders
        headers.add("Content-Type", "text/plain; charset=utf-8")
        let response = HTTPResponse(status: status, headers: headers)
        let bytes = response.head(length: body.count, close: true) + body
        traffic.begin()
        traffic.send(bytes.count)
        try? stream.write(bytes, deadline: Sys.monotonicNow + .seconds(1))
        linger(connection, stream)
    }

    /// Ends the sending side. What is still on its way is read for a moment, so that the answer is not lost in a reset.
    private func linger(_ connection: ServedConnection, _ stream: any ByteStream) {
        stream.finishWriting()
        connection.park(.ending, for: .bytes, until: Sys.monotonicNow + HTTPServer.lingering)
        parkedWhileStopping(connection)
    }
}

extension Line.Begun {
    fileprivate mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        self.bytes += bytes.count
        var body = self.body
        self.body = []
        defer { self.body = body }
        _ = try parser.consume(bytes) { body.append(contentsOf: $0) }
    }
}
