import Glibc
import Synchronization
import ThreadKit

/// The thread that takes connections in, and watches those that are parked.
///
/// It reads no request and runs no handler, and waits for nothing but events, so that one slow client holds up nobody.
final class Watcher {
    private static let acceptedMax = 64
    /// For how long nobody is taken in when the system has no more descriptors.
    private static let pause = Duration.milliseconds(100)

    private let server: HTTPServer
    private let queue: EventQueue
    private let listener: Int32
    private var isListening = true
    /// Given up when there is no other descriptor left, so that a newcomer can be told.
    private var spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)

    init(_ server: HTTPServer, _ queue: EventQueue, listener: Int32) {
        (self.server, self.queue, self.listener) = (server, queue, listener)
    }

    deinit {
        if spare >= 0 { close(spare) }
        scratch.deallocate()
    }

    func run() {
        while !server.isOver.load(ordering: .sequentiallyConsistent) {
            if isListening, server.isStopping.load(ordering: .sequentiallyConsistent) {
                isListening = false
                close(listener)
            }
            queue.wait(until: server.sleep()) { treat($0) }
            server.awake()
            treatDue()
        }
        if isListening { close(listener) }
    }

    private func treat(_ event: EventQueue.Event) {
        switch event.id {
        case EventQueue.wakerID: return
        case HTTPServer.listenerID: if isListening { takeIn() }
        default: if let connection = server.connection(event.id) { treat(event, connection) }
        }
    }

    /// A socket that was parked anew since may be told wrongly: nothing here relies on what is told.
    private func treat(_ event: EventQueue.Event, _ connection: ServedConnection) {
        if let line = connection.takeWaiting() {
            if event.hasEnded, !line.isOwedAnswer, connection.socket.isDrained {
                server.end(connection, line.stream)
            } else {
                server.work(on: connection, line)
            }
        } else if event.hasEnded, let (hold, exchange) = connection.takeHeld() {
            server.leave(connection, hold, exchange)
        } else if connection.isEnding {
            if connection.socket.discard(into: scratch) {
                connection.watchOn(for: .bytes)
            } else if connection.takeParked() != nil {
                server.end(connection, nil)
            }
        }
    }

    // MARK: Newcomers

    private func takeIn() {
        for _ in 0..<Watcher.acceptedMax {
            if let socket = Sys.accept(listener) {
                server.takeIn(socket, queue)
            } else if errno == EMFILE || errno == ENFILE {
                return turnAwayWithSpare()
            } else if errno != ECONNABORTED, errno != EINTR {
                return
            }
        }
    }

    private func turnAwayWithSpare() {
        if spare >= 0 { close(spare) }
        if let socket = Sys.accept(listener) { server.turnAway(socket) }
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard spare < 0 else { return }
        queue.pause(listener: listener, HTTPServer.listenerID)
        server.tell(HTTPServer.listenerID, at: Sys.monotonicNow + Watcher.pause)
    }

    // MARK: Deadlines

    private func treatDue() {
        let now = Sys.monotonicNow
        while let entry = server.takeDue(at: now) {
            guard entry.id != HTTPServer.listenerID else {
                if isListening { queue.goOn(listener: listener, HTTPServer.listenerID) }
                continue
            }
            guard let connection = server.connection(entry.id),
                let phase = connection.takeDue(told: entry.at, now: now)
            else { continue }
            switch phase {
            case .waiting(let line) where line.isOwedAnswer: server.work(on: connection, line)
            case .waiting(let line): server.end(connection, line.stream)
            case .held(let hold, let exchange): server.resume(connection, hold, exchange, .deadline)
            case .ending, .worked, .closed: server.end(connection, nil)
            }
        }
        server.tidyMoments()
    }
}

extension HTTPServer {
    func connection(_ id: UInt64) -> ServedConnection? { state.withLock { $0.connections[id] } }

    func watch(_ connection: ServedConnection, for interest: EventQueue.Interest) {
        events.withLock { $0 }?.watch(connection.socket.descriptor, connection.id, for: interest)
    }

    // MARK: Newcomers

    fileprivate func takeIn(_ socket: SocketStream, _ queue: EventQueue) {
        let connection: ServedConnection? = state.withLock { state in
            guard !isStopping.load(ordering: .sequentiallyConsistent), state.connections.count < state.connectionsMax
            else { return nil }
            state.nextID += 1
            let connection = ServedConnection(id: state.nextID, socket: socket, server: self)
            state.connections[state.nextID] = connection
            return connection
        }
        guard let connection else { return turnAway(socket) }
        guard queue.add(socket.descriptor, connection.id) else {
            turnAway(socket)
            return end(connection, nil)
        }
        let now = Sys.monotonicNow
        // The handshake has the time of a request, however its bytes drop in.
        park(
            connection,
            tls == nil
                ? Line(layer: .open(socket), idleUntil: now + limits.idle)
                : Line(layer: .strange(socket), idleUntil: now + limits.request))
    }

    /// A secure connection is only closed: an answer would cost a handshake.
    func turnAway(_ socket: SocketStream) {
        guard tls == nil else { return socket.close() }
        state.withLock { $0.turnedAway += 1 }
        sendBusy(socket)
        socket.close()
    }

    /// Says that there is too much to do, if that needs no wait.
    func sendBusy(_ stream: any ByteStream) {
        var headers = ownHeaders
        headers.add("Retry-After", "1")
        let head = HTTPResponse(status: 503, headers: headers).head(length: 0, close: true)
        traffic.send(head.count)
        try? stream.write(head, deadline: Sys.monotonicNow)
    }

    // MARK: Deadlines

    /// Has the watching thread look at a connection at a moment.
    func tell(_ id: UInt64, at moment: Duration) {
        let isToWake = moments.withLock { moments in
            moments.queue.add(DeadlineQueue.Entry(at: moment, id: id))
            return moments.sleepsUntil.map { moment < $0 } ?? true
        }
        if isToWake { events.withLock { $0 }?.wake() }
    }

    /// Until when the watching thread may sleep. Whoever adds an earlier moment from here on wakes it.
    fileprivate func sleep() -> Duration? {
        moments.withLock { moments in
            moments.sleepsUntil = moments.queue.earliest
            return moments.sleepsUntil
        }
    }

    fileprivate func awake() { moments.withLock { $0.sleepsUntil = .zero } }

    fileprivate func takeDue(at now: Duration) -> DeadlineQueue.Entry? {
        moments.withLock { $0.queue.take(at: now) }
    }

    /// Throws away the moments of connections that have ended, once they outnumber the others.
    fileprivate func tidyMoments() {
        let open = state.withLock { $0.connections.count }
        let old: [DeadlineQueue.Entry]? = moments.withLock { moments in
            guard moments.queue.entries.count > 2 * open + 4096 else { return nil }
            defer { moments.queue = DeadlineQueue() }
            return moments.queue.entries
        }
        guard let old else { return }
        let kept = old.filter { $0.id == HTTPServer.listenerID || connection($0.id)?.isTold(at: $0.at) == true }
        moments.withLock { moments in
            for entry in kept { moments.queue.add(entry) }
        }
    }
}
