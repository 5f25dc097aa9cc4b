import Synchronization

/// Counts what a client or a server has carried. Any thread adds, any thread reads.
///
/// Bytes are those of HTTP, heads and bodies as they are framed, before any encryption. What is being written when a
/// connection breaks counts whole, for how much of it left is not known.
package final class Traffic: Sendable {
    package struct Totals: Sendable, Hashable {
        /// Requests begun on a connection; one that is sent again after a stale connection is another.
        package var requests: Int64
        package var bytesSent: Int64
        package var bytesReceived: Int64

        package init(requests: Int64 = 0, bytesSent: Int64 = 0, bytesReceived: Int64 = 0) {
            self.requests = requests
            self.bytesSent = bytesSent
            self.bytesReceived = bytesReceived
        }

        package static func + (left: Totals, right: Totals) -> Totals {
            Totals(
                requests: left.requests + right.requests, bytesSent: left.bytesSent + right.bytesSent,
                bytesReceived: left.bytesReceived + right.bytesReceived)
        }

        package static func - (left: Totals, right: Totals) -> Totals {
            Totals(
                requests: left.requests - right.requests, bytesSent: left.bytesSent - right.bytesSent,
                bytesReceived: left.bytesReceived - right.bytesReceived)
        }
    }

    private let state = Mutex(Totals())

    package init() {}

    package var totals: Totals { state.withLock { $0 } }

    func begin() { state.withLock { $0.requests += 1 } }
    func send(_ count: Int) { state.withLock { $0.bytesSent += Int64(count) } }
    func receive(_ count: Int) { state.withLock { $0.bytesReceived += Int64(count) } }
}
