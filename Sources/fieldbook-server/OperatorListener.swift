import Diagnostics
import HTTPKit
import SyncServer

/// The listener of metrics, health and readiness, beside the one that members reach.
struct OperatorListener {
    let routes: OperatorRoutes
    let listener: HTTPServer
    let host: String

    /// Host and port as they stand in an address.
    var address: String { host.contains(":") ? "[\(host)]:\(listener.port)" : "\(host):\(listener.port)" }

    /// Begins to listen where `text` says; nil without it. Every other address than this machine's own is told in the
    /// log: what is there needs no token.
    static func start(
        _ text: String?, core: ServerCore, server: HTTPServer, _ log: Logger
    ) throws(UserError) -> OperatorListener? {
        guard let text else { return nil }
        let (host, port) = try parse(text)
        let routes = OperatorRoutes(core: core, traffic: { ListenerTraffic(server) })
        let listener = HTTPServer(
            endpoint: .tcp(host: host, port: port), limits: OperatorRoutes.limits, handler: { routes.handle($0) })
        do { try listener.start() } catch {
            throw UserError(
                .failed, what: error.what, why: error.why,
                next: error.code == .addressInUse
                    ? "choose another port with --metrics, or stop the program that holds it"
                    : "give --metrics an address of this machine, and a port you may open")
        }
        if !["127.0.0.1", "::1", "localhost"].contains(host) {
            log.log(.notice, "metrics-exposed", [("address", host), ("why", "whoever reaches it needs no token")])
        }
        return OperatorListener(routes: routes, listener: listener, host: host)
    }

    /// `PORT`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
    static func parse(_ text: String) throws(UserError) -> (host: String, port: UInt16) {
        let refusal = UserError(
            .usage, what: "cannot run 'serve'", why: "--metrics must be PORT, ADDRESS:PORT or [ADDRESS]:PORT",
            next: "see: fieldbook-server serve --help")
        if let port = UInt16(text) { return ("127.0.0.1", port) }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw refusal
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw refusal
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw refusal }
        return (String(host), port)
    }
}
