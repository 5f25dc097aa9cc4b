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

    /// Shakes hands with a client before `deadline`.
    func accept(_ socket: SocketStream, deadline: Duration) throws(HTTPError) -> TLSStream {
        do throws(HTTPError) {
            return try TLSStream.open(socket, context.withLock { $0 }, .server, deadline: deadline)
        } catch {
            refused(error)
            throw error
        }
    }
}
