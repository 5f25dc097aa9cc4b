import Synchronization

/// The server's side of TLS: its certificate, which can be read again while it serves.
package final class TLSServer: Sendable {
    private let settings: TLSServerSettings
    private let context: Mutex<TLSContext>
    private let refused: @Sendable (HTTPError) -> Void

    /// Reads certificate and key. `refused` is told of each connection that did not get through the handshake, on that
    /// connection's thread.
    package init(
        _ settings: TLSServerSettings, refused: @escaping @Sendable (HTTPError) -> Void = { _ in }
    ) throws(HTTPError) {
        self.settings = settings
        self.refused = refused
        context = Mutex(try TLSContext(server: settings))
    }

    /// Reads the files again, for the connections to come. What does not hold is refused, and the old ones stay.
    package func reload() throws(HTTPError) {
        let fresh = try TLSContext(server: settings)
        context.withLock { $0 = fresh }
    }

    /// A stream to a client whose hands are still to be shaken.
    func begin(_ socket: SocketStream) throws(HTTPError) -> TLSStream {
        do throws(HTTPError) {
            return try TLSStream.begin(socket, context.withLock { $0 }, .server)
        } catch {
            refused(error)
            throw error
        }
    }

    /// Shakes hands for as long as `patience`; false when they are not shaken by then and there is time left before
    /// `deadline`, so that it is to be called again when more has come.
    func shakeHands(_ stream: TLSStream, patience: Duration, deadline: Duration) throws(HTTPError) -> Bool {
        do throws(HTTPError) {
            try stream.shakeHands(.server, deadline: min(patience, deadline))
            return true
        } catch {
            if error.code == .timeout, Sys.monotonicNow < deadline { return false }
            refused(error)
            throw error
        }
    }
}
