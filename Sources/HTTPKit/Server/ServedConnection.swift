import Synchronization

/// What goes with a connection from thread to thread while no request of it is being answered.
struct Line: Sendable {
    /// How far the connection has come.
    enum Layer: Sendable {
        /// TLS has not begun.
        case strange(SocketStream)
        case shaking(TLSStream)
        case open(any ByteStream)
    }

    /// A request of which something has come.
    struct Begun: Sendable {
        var parser: MessageParser
        var body: [UInt8] = []
        var bytes = 0
        var deadline: Duration
        var saidContinue = false
    }

    var layer: Layer
    /// Bytes that came behind the last request.
    var rest: [UInt8] = []
    var begun: Begun?
    /// When it ends if nothing comes.
    var idleUntil: Duration

    /// Whether its end is to be told: a worker takes it up at the deadline too.
    var isOwedAnswer: Bool {
        if case .open = layer { return begun != nil }
        return true
    }
    var deadline: Duration { begun?.deadline ?? idleUntil }
    var stream: (any ByteStream)? {
        switch layer {
        case .strange: nil
        case .shaking(let stream): stream
        case .open(let stream): stream
        }
    }
}

/// A connection whose request is held, and what is needed to answer it.
struct HeldExchange: Sendable {
    let stream: any ByteStream
    let method: String
    let isLast: Bool
    /// Bytes that came behind the request.
    let rest: [UInt8]
}

/// One connection of a server. It is always with one owner: a worker, or the watching thread for as long as it is
/// parked. Ownership changes under its lock, and what goes along is in the phase.
final class ServedConnection: Sendable {
    enum Phase: Sendable {
        /// A worker has it or is to have it.
        case worked(isAnswering: Bool)
        case waiting(Line)
        case held(HTTPHold, HeldExchange)
        /// Answered for good: what still comes is thrown away for a moment, so that the answer is not lost in a reset.
        case ending
        case closed
    }

    private struct State {
        var phase: Phase
        var deadline = Duration.zero
        /// The earliest moment at which the deadlines tell of it.
        var toldAt: Duration?

        /// What it was, as a worker's from here on. A held request has come whole: it is to be answered.
        mutating func takePhase() -> Phase {
            let taken = phase
            if case .held = taken { phase = .worked(isAnswering: true) } else { phase = .worked(isAnswering: false) }
            return taken
        }
    }

    let id: UInt64
    let socket: SocketStream
    private let server: HTTPServer
    private let state = Mutex(State(phase: .worked(isAnswering: false)))

    init(id: UInt64, socket: SocketStream, server: HTTPServer) {
        self.id = id
        self.socket = socket
        self.server = server
    }

    // MARK: Parking

    /// Gives it to the watching thread. The socket is watched inside the lock: afterwards it may be another's already.
    func park(_ phase: Phase, for interest: EventQueue.Interest, until deadline: Duration) {
        state.withLock { state in
            state.phase = phase
            state.deadline = deadline
            if state.toldAt.map({ $0 > deadline }) ?? true {
                state.toldAt = deadline
                server.tell(id, at: deadline)
            }
            server.watch(self, for: interest)
        }
    }

    /// Takes it from the watching thread when `isWanted` says so of its phase; what it was.
    private func take(_ isWanted: (Phase) -> Bool) -> Phase? {
        state.withLock { state in
            guard isWanted(state.phase) else { return nil }
            return state.takePhase()
        }
    }

    func takeWaiting() -> Line? {
        guard case .waiting(let line) = take({ if case .waiting = $0 { true } else { false } }) else { return nil }
        return line
    }

    /// Takes whatever is parked.
    func takeParked() -> Phase? {
        take { phase in
            switch phase {
            case .waiting, .held, .ending: true
            case .worked, .closed: false
            }
        }
    }

    /// Takes what is parked and whose deadline has passed. A moment that was told too early is told again.
    func takeDue(told at: Duration, now: Duration) -> Phase? {
        state.withLock { state in
            guard state.toldAt == at else { return nil }
            state.toldAt = nil
            switch state.phase {
            case .worked, .closed: return nil
            case .waiting, .held, .ending: break
            }
            guard state.deadline <= now else {
                state.toldAt = state.deadline
                server.tell(id, at: state.deadline)
                return nil
            }
            return state.takePhase()
        }
    }

    /// Whether a told moment still counts.
    func isTold(at moment: Duration) -> Bool { state.withLock { $0.toldAt == moment } }

    /// Watches on, as nothing of note has happened.
    func watchOn(for interest: EventQueue.Interest) {
        state.withLock { state in
            if case .ending = state.phase { server.watch(self, for: interest) }
        }
    }

    // MARK: Holding

    /// Resumes the request if it is held by this hold. Any thread.
    func resume(_ hold: HTTPHold, _ cause: HTTPHold.Cause) {
        let taken = take { if case .held(let held, _) = $0 { held === hold } else { false } }
        guard case .held(_, let exchange) = taken else { return }
        server.resume(self, hold, exchange, cause)
    }

    /// Takes a held request that nobody waits for any more.
    func takeHeld() -> (HTTPHold, HeldExchange)? {
        guard case .held(let hold, let exchange) = take({ if case .held = $0 { true } else { false } }) else {
            return nil
        }
        return (hold, exchange)
    }

    var isEnding: Bool { state.withLock { if case .ending = $0.phase { true } else { false } } }

    // MARK: Working

    func begin(answering: Bool) { state.withLock { $0.phase = .worked(isAnswering: answering) } }

    func markClosed() { state.withLock { $0.phase = .closed } }

    /// Ends a read for a request that has not come whole.
    func interruptReading() {
        state.withLock { state in
            if case .worked(isAnswering: false) = state.phase { socket.interrupt() }
        }
    }
}
