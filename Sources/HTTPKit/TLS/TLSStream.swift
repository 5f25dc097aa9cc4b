/// TLS over a connected socket, with the socket's deadlines and its way of being interrupted.
///
/// The library never sees the descriptor: bytes go through memory, and the socket's own calls move them. So a broken
/// connection raises no signal, and every wait is one that `interrupt` ends.
final class TLSStream: ByteStream {
    /// A record and its header (RFC 8446, section 5.2).
    private static let recordBytes = 16_384 + 261

    private let socket: SocketStream
    // Touched by the thread that reads, writes and closes, and by no other: `interrupt` reaches the socket alone.
    nonisolated(unsafe) private let engine: TLSEngine
    nonisolated(unsafe) private var hasEnded = false
    nonisolated(unsafe) private var hasHeard = false

    private init(_ socket: SocketStream, _ engine: TLSEngine) {
        (self.socket, self.engine) = (socket, engine)
    }

    /// Shakes hands before `deadline`. When that fails, the socket is still the caller's.
    static func open(
        _ socket: SocketStream, _ context: TLSContext, _ role: TLSEngine.Role, deadline: Duration
    ) throws(HTTPError) -> TLSStream {
        let stream = try begin(socket, context, role)
        try stream.shakeHands(role, deadline: deadline)
        return stream
    }

    /// A stream whose hands are still to be shaken.
    static func begin(
        _ socket: SocketStream, _ context: TLSContext, _ role: TLSEngine.Role
    ) throws(HTTPError) -> TLSStream { TLSStream(socket, try TLSEngine(context, role)) }

    /// Shakes hands before `deadline`. After `timeout` it may be called again and goes on where it was.
    func shakeHands(_ role: TLSEngine.Role, deadline: Duration) throws(HTTPError) {
        do throws(HTTPError) { try step(role, deadline) } catch {
            // The peer is told why, if it still listens.
            try? flush(deadline: Sys.monotonicNow)
            throw error
        }
    }

    private func step(_ role: TLSEngine.Role, _ deadline: Duration) throws(HTTPError) {
        var isFirst = true
        while true {
            let step = engine.handshake()
            if case .failed(let error) = step { throw error }
            try flush(deadline: deadline)
            if case .moved = step { return }
            // A peer that never lets us wait has a deadline too. What was taken in has been worked on by now.
            guard isFirst || Sys.monotonicNow < deadline else { throw TLSStream.late }
            isFirst = false
            let taken = try takeIn(deadline)
            guard taken.count > 0 else {
                throw HTTPError(
                    code: .unreachable, what: "cannot set up TLS", why: "the connection ended before hands were shaken")
            }
            if !hasHeard, let error = TLSWords.stranger(taken.first, to: role) { throw error }
            hasHeard = true
        }
    }

    private static let late = HTTPError(
        code: .timeout, what: "cannot read", why: "nothing of use came before the time ran out")

    // MARK: Reading and writing

    func read(into buffer: UnsafeMutableRawBufferPointer, deadline: Duration) throws(HTTPError) -> Int {
        var isFirst = true
        while true {
            switch engine.read(into: buffer) {
            case .moved(let count): return count
            case .ended:
                hasEnded = true
                return 0
            case .failed(let error): throw error
            case .wantsInput:
                try flush(deadline: deadline)
                // What was taken in has been worked on by now, so a later call goes on where this one was.
                guard isFirst || Sys.monotonicNow < deadline else { throw TLSStream.late }
                isFirst = false
                guard try takeIn(deadline).count > 0 else { return 0 }
            }
        }
    }

    func write(_ bytes: [UInt8], deadline: Duration) throws(HTTPError) {
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + 256 * 1024)
            let step = bytes.withUnsafeBytes { engine.write(UnsafeRawBufferPointer(rebasing: $0[offset..<end])) }
            switch step {
            case .moved(let count): offset += count
            case .failed(let error): throw error
            case .ended, .wantsInput:
                throw HTTPError(code: .closed, what: "cannot write", why: "the other end does not go on with TLS")
            }
            try flush(deadline: deadline)
        }
    }

    private func flush(deadline: Duration) throws(HTTPError) {
        let bytes = engine.takeOutgoing()
        if !bytes.isEmpty { try socket.write(bytes, deadline: deadline) }
    }

    /// Takes in what the socket has, waiting for it; the count is 0 when the connection has ended.
    private func takeIn(_ deadline: Duration) throws(HTTPError) -> (count: Int, first: UInt8) {
        let engine = engine
        let result: Result<(count: Int, first: UInt8), HTTPError> = withUnsafeTemporaryAllocation(
            byteCount: TLSStream.recordBytes, alignment: 1
        ) { buffer in
            do throws(HTTPError) {
                let count = try socket.read(into: buffer, deadline: deadline)
                if count > 0 { engine.feed(UnsafeRawBufferPointer(rebasing: buffer[0..<count])) }
                return .success((count, count > 0 ? buffer[0] : 0))
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    // MARK: The end

    /// What came unasked may be part of TLS itself, so it is looked into.
    var isStale: Bool {
        if engine.hasNews { return true }
        guard socket.isStale else { return false }
        guard let taken = try? takeIn(Sys.monotonicNow), taken.count > 0 else { return true }
        return engine.hasNews || socket.isStale
    }

    var holdsBytes: Bool { engine.hasNews }
    var isEndSaid: Bool { hasEnded }
    var peer: PeerCredentials? { nil }

    func finishWriting() {
        engine.finish()
        try? flush(deadline: Sys.monotonicNow)
        socket.finishWriting()
    }

    func interrupt() { socket.interrupt() }

    /// Says farewell if that needs no wait, and closes the socket.
    func close() {
        guard socket.isUsable else { return }
        engine.finish()
        try? flush(deadline: Sys.monotonicNow)
        socket.close()
    }
}
