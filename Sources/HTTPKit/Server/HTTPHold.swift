import Synchronization

/// What a handler gives: an answer, or a word that there is none yet.
package enum HTTPReply: Sendable {
    case response(HTTPResponse)
    case held(HTTPHold)
}

/// A request whose answer waits for something to happen. While it waits it has no thread.
///
/// A handler makes it, hands it to whoever knows when to wake it, looks whether there is an answer already, and only
/// then gives it to the server: a wake at any moment after the first counts. It belongs to one request, and may be
/// given again for it. Each time it was given, either `resume` or `gone` is called once.
package final class HTTPHold: Sendable {
    /// Why it is resumed.
    package enum Cause: Sendable, Hashable {
        case woken
        /// Its deadline has passed. Holding on to the same hold now is answered 503.
        case deadline
        /// The server stops. Holding on is answered 503.
        case stopping
    }
    package typealias Resume = @Sendable (HTTPHold, Cause) -> HTTPReply

    private enum Place {
        case loose
        case parked(ServedConnection)
    }

    private struct State {
        var isWoken = false
        var place = Place.loose
    }

    /// When it is resumed without a wake, on the monotonic clock.
    package let deadline: Duration
    private let resume: Resume
    private let gone: @Sendable () -> Void
    private let state = Mutex(State())

    /// `resume` answers or holds again; it runs on one of the few threads that all resumed requests share, and may
    /// use a disk but wait for nothing else. `gone` runs there too, when the client has left or the server's stop
    /// has run out of time. Neither should keep the hold itself, which keeps them.
    package init(until deadline: Duration, gone: @escaping @Sendable () -> Void = {}, resume: @escaping Resume) {
        self.deadline = deadline
        self.gone = gone
        self.resume = resume
    }

    /// Has it resumed soon. Any thread, at any time, as often as it likes; cheap, waits for nothing.
    package func wake() {
        let connection: ServedConnection? = state.withLock { state in
            guard !state.isWoken else { return nil }
            state.isWoken = true
            guard case .parked(let connection) = state.place else { return nil }
            return connection
        }
        connection?.resume(self, .woken)
    }

    // MARK: The server's side

    /// From here on a wake reaches the connection; true when there was one before.
    func park(_ connection: ServedConnection) -> Bool {
        state.withLock { state in
            state.place = .parked(connection)
            return state.isWoken
        }
    }

    /// For who drives requests without a listener: whether it was woken since it was given last.
    package var isWoken: Bool { state.withLock { $0.isWoken } }

    /// Has it look for its answer, as the server does; for one who drives requests without a listener. A wake from here on
    /// is one for the next time.
    package func answer(_ cause: Cause) -> HTTPReply {
        state.withLock { $0 = State() }
        return resume(self, cause)
    }

    /// Its client has gone.
    package func leave() {
        state.withLock { $0 = State() }
        gone()
    }
}
