import Glibc
import Synchronization
import ThreadKit

/// An HTTP/1.1 server. Connections that wait, for their next request or with one that is held, are watched by one
/// thread and cost little memory; a request that has come is read, worked on and answered by a worker thread, so
/// handlers may block. Every wait has a deadline, and everything has a cap.
///
/// Here: start, stop, counts. `Watching` has the thread that watches, `Serving` what a worker does, `Holding` what
/// becomes of held requests.
package final class HTTPServer: Sendable {
    /// Answers a request, on a worker thread.
    package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse
    /// Answers a request or holds it, on a worker thread.
    package typealias HoldingHandler = @Sendable (HTTPRequest) -> HTTPReply

    struct State {
        var watcher: WorkerThread?
        var connections: [UInt64: ServedConnection] = [:]
        var nextID = HTTPServer.listenerID
        var port: UInt16 = 0
        var connectionsMax = 0
        var turnedAway: Int64 = 0
    }

    struct Moments {
        var queue = DeadlineQueue()
        /// Until when the watching thread sleeps at most; zero while it is awake.
        var sleepsUntil: Duration? = .zero
    }

    static let listenerID: UInt64 = 0
    /// Resumed requests work on the database next, where more threads than these would only wait for each other.
    static let resumersMax = 2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    let endpoint: Endpoint
    let tls: TLSServer?
    let limits: ServerLimits
    let ownHeaders: HTTPHeaders
    let handler: HoldingHandler
    let state = Monitor(State())
    let moments = Mutex(Moments())
    let events = Mutex<EventQueue?>(nil)
    let traffic = Traffic()
    let workers: WorkerPool
    let resumers = WorkerPool(threadsMax: HTTPServer.resumersMax)
    let heldCount = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
    let isOver = Atomic<Bool>(false)

    /// `handler` runs on a worker thread and may block. With `tls` nothing else is spoken. `ownHeaders` stand in the
    /// replies that the server gives without the handler, so that a client knows whose refusal it is.
    package convenience init(
        endpoint: Endpoint, tls: TLSServer? = nil, limits: ServerLimits = ServerLimits(),
        ownHeaders: HTTPHeaders = HTTPHeaders(), handler: @escaping Handler
    ) {
        self.init(
            endpoint: endpoint, tls: tls, limits: limits, ownHeaders: ownHeaders,
            holding: { .response(handler($0)) })
    }

    /// A server whose handler may hold a request.
    package init(
        endpoint: Endpoint, tls: TLSServer? = nil, limits: ServerLimits = ServerLimits(),
        ownHeaders: HTTPHeaders = HTTPHeaders(), holding handler: @escaping HoldingHandler
    ) {
        self.endpoint = endpoint
        self.tls = tls
        self.limits = limits
        self.ownHeaders = ownHeaders
        self.handler = handler
        workers = WorkerPool(threadsMax: limits.workers)
    }

    // MARK: Counts

    /// The port that a TCP server listens on, known after `start`.
    package var port: UInt16 { state.withLock { $0.port } }

    /// What it has carried so far; its requests are those that came whole or were refused.
    package var carried: Traffic.Totals { traffic.totals }

    /// Connections open now, and those turned away since the start because there were too many.
    package var connections: (open: Int, turnedAway: Int64) {
        state.withLock { ($0.connections.count, $0.turnedAway) }
    }

    /// Requests held now.
    package var held: Int { heldCount.load(ordering: .relaxed) }

    /// How many connections it takes in: its own limit, or less where the process may not have so many files open.
    /// Known after `start`.
    package var connectionsMax: Int { state.withLock { $0.connectionsMax } }

    // MARK: Start and stop

    /// Binds and begins to accept. A Unix socket has mode 0600.
    package func start() throws(HTTPError) {
        let queue = try EventQueue()
        let (descriptor, port) = try Sys.listen(endpoint)
        state.withLock { state in
            state.port = port
            state.connectionsMax = min(limits.connections, DescriptorLimit.connections)
        }
        events.withLock { $0 = queue }
        guard queue.add(listener: descriptor, HTTPServer.listenerID),
            let thread = WorkerThread(
                stackBytes: 512 * 1024, { [self] in Watcher(self, queue, listener: descriptor).run() })
        else {
            close(descriptor)
            throw HTTPError(
                code: .unreachable, what: "cannot start the server", why: "the system refuses another thread")
        }
        state.withLock { $0.watcher = thread }
    }

    /// Stops accepting, lets running requests end until `deadline` from now, then ends their connections. Held requests
    /// are resumed at once, to answer within the deadline. On return no handler runs unless it outlasted the deadline.
    package func stop(deadline: Duration = .seconds(5)) {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        let watcher = state.withLock { state in
            defer { state.watcher = nil }
            return state.watcher
        }
        events.withLock { $0 }?.wake()
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.interruptReading()
            if let phase = connection.takeParked() { endParked(connection, phase) }
        }
        let end = Sys.monotonicNow + deadline
        _ = state.wait(until: end) { $0.connections.isEmpty ? true : nil }
        isOver.store(true, ordering: .sequentiallyConsistent)
        for connection in state.withLock({ Array($0.connections.values) }) { connection.socket.interrupt() }
        events.withLock { $0 }?.wake()
        workers.close()
        resumers.close()
        watcher?.join()
        // A server that did not start has no file; the one at its path is another's.
        if watcher != nil, case .unix(let path) = endpoint { unlink(path) }
    }

    /// Ends what was parked when the server stops; a held request gets its last chance.
    private func endParked(_ connection: ServedConnection, _ phase: ServedConnection.Phase) {
        switch phase {
        case .held(let hold, let exchange): resume(connection, hold, exchange, .stopping)
        case .waiting(let line): end(connection, line.stream)
        case .ending, .worked, .closed: end(connection, nil)
        }
    }

    /// Whoever parks a connection looks here afterwards: a stop under way may have passed it by.
    func parkedWhileStopping(_ connection: ServedConnection) {
        guard isStopping.load(ordering: .sequentiallyConsistent), let phase = connection.takeParked() else { return }
        endParked(connection, phase)
    }

    /// The end of a connection, by its owner.
    func end(_ connection: ServedConnection, _ stream: (any ByteStream)?) {
        connection.markClosed()
        stream?.close()
        connection.socket.close()
        state.withLock { $0.connections[connection.id] = nil }
    }
}
