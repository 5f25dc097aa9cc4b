import Synchronization

/// Makes the connections to one server: straight or through a proxy, with TLS where its address says so. Clients of one
/// server share one, and with it what was read from certificate files.
package final class Connector: Sendable {
    private let endpoint: Endpoint
    private let isSecure: Bool
    private let settings: ConnectionSettings
    private let environment: [String: String]
    private let context = Mutex<TLSContext?>(nil)

    /// The server without TLS or a proxy.
    package init(endpoint: Endpoint) {
        (self.endpoint, isSecure, settings, environment) = (endpoint, false, ConnectionSettings(), [:])
    }

    /// `environment` gives the variables that name a proxy, as the process has them. Nothing is read or opened before
    /// the first connection, so that what is wrong with a file is an error of an exchange: it passes once it is mended.
    package init(url: ServerURL, settings: ConnectionSettings, environment: (String) -> String?) {
        (endpoint, isSecure, self.settings) = (url.endpoint, url.isSecure, settings)
        self.environment = Proxy.variables.reduce(into: [:]) { $0[$1] = environment($1) }
    }

    /// The value of the Host field.
    var hostField: String { endpoint.hostField }

    /// Makes a connection: each of its steps (socket, proxy, TLS) may take as long as `patience`. `began` gets every
    /// socket before it is waited for: interrupting it ends the wait, and what `began` throws ends the attempt.
    func connect(
        patience: Duration, began: (SocketStream) throws(HTTPError) -> Void
    ) throws(HTTPError) -> any ByteStream {
        guard isSecure, case .tcp(let host, let port) = endpoint else {
            return try Sys.connect(endpoint, deadline: Sys.monotonicNow + patience, began: began)
        }
        // Before the network, so that a mistake in the settings is told wherever one is.
        let context = try self.currentContext()
        let proxy = try Proxy.choose(host: host, port: port, setting: settings.proxy) { environment[$0] }
        let socket: SocketStream
        do throws(HTTPError) {
            socket = try Sys.connect(
                proxy?.endpoint ?? endpoint, deadline: Sys.monotonicNow + patience, began: began)
        } catch { throw proxy?.named(error) ?? error }
        try began(socket)
        do throws(HTTPError) {
            try proxy?.tunnel(socket, to: endpoint, deadline: Sys.monotonicNow + patience)
            return try TLSStream.open(
                socket, context, .client(host: host), deadline: Sys.monotonicNow + patience)
        } catch {
            // A person may mend the files meanwhile.
            if error.needsPerson { forgetFiles() }
            // Nothing of a request has left.
            throw error.code == .closed ? HTTPError(code: .unreachable, what: error.what, why: error.why) : error
        }
    }

    private func currentContext() throws(HTTPError) -> TLSContext {
        try context.withLock { context throws(HTTPError) in
            if let context { return context }
            let made = try TLSContext(client: settings.tls)
            context = made
            return made
        }
    }

    /// Certificate files are read again for the next connection: a person may have mended them. A server may refuse ours only
    /// after the connection stands (TLS 1.3).
    func forgetFiles() { context.withLock { $0 = nil } }

    // MARK: TLS where plain HTTP was spoken

    /// Whether the first bytes of a reply to plain HTTP are a TLS record: an alert or a handshake.
    func answersInTLS(_ bytes: ArraySlice<UInt8>) -> Bool {
        !isSecure && bytes.count >= 2 && (bytes.first == 21 || bytes.first == 22) && bytes.dropFirst().first == 3
    }

    var speaksTLS: HTTPError {
        HTTPError(
            code: .handshake, what: "the reply cannot be read",
            why: "the server speaks TLS at this port, and was asked in plain HTTP",
            next: TLSHint.nextForAddress("https://\(hostField)"))
    }
}
