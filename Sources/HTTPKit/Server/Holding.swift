import Synchronization

/// What becomes of a held request.
extension HTTPServer {
    /// Parks a connection with its request. A wake, or a stop, that came before counts.
    func park(_ connection: ServedConnection, _ hold: HTTPHold, _ exchange: HeldExchange) {
        heldCount.add(1, ordering: .relaxed)
        connection.park(.held(hold, exchange), for: .end, until: hold.deadline)
        if hold.park(connection) { connection.resume(hold, .woken) }
        parkedWhileStopping(connection)
    }

    /// Has a request that was taken out of its hold answered, or held again.
    func resume(
        _ connection: ServedConnection, _ hold: HTTPHold, _ exchange: HeldExchange, _ cause: HTTPHold.Cause
    ) {
        heldCount.subtract(1, ordering: .relaxed)
        let isTaken = resumers.run { [self] in
            guard !isOver.load(ordering: .sequentiallyConsistent) else {
                hold.leave()
                return end(connection, exchange.stream)
            }
            switch hold.answer(cause) {
            case .response(let response): answer(response, connection, exchange)
            case .held(let next) where cause == .stopping || cause == .deadline && next.deadline <= Sys.monotonicNow:
                if next !== hold { next.leave() }
                answer(busy, connection, exchange)
            case .held(let next): park(connection, next, exchange)
            }
        }
        guard !isTaken else { return }
        hold.leave()
        end(connection, exchange.stream)
    }

    /// The client has left.
    func leave(_ connection: ServedConnection, _ hold: HTTPHold, _ exchange: HeldExchange) {
        heldCount.subtract(1, ordering: .relaxed)
        end(connection, exchange.stream)
        if !resumers.run({ hold.leave() }) { hold.leave() }
    }

    private var busy: HTTPResponse {
        var headers = ownHeaders
        headers.add("Retry-After", "1")
        return HTTPResponse(status: 503, headers: headers)
    }

    /// Answers on this thread if that needs no wait, else on a worker: those who resume are few, and a client that does
    /// not read must not hold one up.
    private func answer(_ response: HTTPResponse, _ connection: ServedConnection, _ exchange: HeldExchange) {
        guard case .bytes = response.body, let socket = exchange.stream as? SocketStream else {
            return onWorker(connection, exchange) { [self] in
                write(response, toMethod: exchange.method, exchange.isLast, exchange.stream)
            }
        }
        let isLast = exchange.isLast || isStopping.load(ordering: .sequentiallyConsistent)
        var message: [UInt8] = []
        // Bytes are laid into memory, which does not fail.
        try? response.serialize(toMethod: exchange.method, close: isLast) { message += $0 }
        traffic.send(message.count)
        guard let sent = try? socket.writeNow(message) else { return end(connection, socket) }
        guard sent < message.count else { return goOn(connection, exchange, isOpen: !isLast) }
        let rest = Array(message[sent...])
        onWorker(connection, exchange) { [limits] in
            (try? socket.write(rest, deadline: Sys.monotonicNow + limits.idle)) != nil && !isLast
        }
    }

    private func onWorker(
        _ connection: ServedConnection, _ exchange: HeldExchange, _ write: @escaping @Sendable () -> Bool
    ) {
        let isTaken = workers.run { [self] in goOn(connection, exchange, isOpen: write()) }
        if !isTaken { end(connection, exchange.stream) }
    }

    /// After the answer: what came behind the request is next.
    private func goOn(_ connection: ServedConnection, _ exchange: HeldExchange, isOpen: Bool) {
        guard isOpen else { return end(connection, exchange.stream) }
        let line = Line(
            layer: .open(exchange.stream), rest: exchange.rest, idleUntil: Sys.monotonicNow + limits.idle)
        if line.rest.isEmpty, !exchange.stream.holdsBytes {
            park(connection, line)
        } else {
            work(on: connection, line)
        }
    }
}
