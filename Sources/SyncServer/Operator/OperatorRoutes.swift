import Diagnostics
package import HTTPKit
import Synchronization

/// The routes of the operator's own listener: metrics, health, readiness. They need no token, so the listener is one
/// of its own that only this machine reaches, and they tell nothing of members or customers.
package final class OperatorRoutes: Sendable {
    /// Few at once: a scraper, a probe and somebody who looks.
    package static let limits = ServerLimits(
        connections: 16, request: .seconds(5), idle: .seconds(120), bodyBytes: 1024)

    private let core: ServerCore
    private let traffic: @Sendable () -> ListenerTraffic
    private let isEnding = Mutex(false)

    /// `traffic` is that of the listener whose server this is about.
    package init(core: ServerCore, traffic: @escaping @Sendable () -> ListenerTraffic) {
        self.core = core
        self.traffic = traffic
    }

    /// From here on the server is not ready: whoever sends it work may stop doing so.
    package func end() { isEnding.withLock { $0 = true } }

    package func handle(_ request: HTTPRequest) -> HTTPResponse {
        let path = request.path ?? ""
        guard ["/metrics", "/healthz", "/readyz"].contains(path) else { return text(404, "there is nothing here\n") }
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = text(405, "this path takes GET\n")
            response.headers.add("Allow", "GET, HEAD")
            return response
        }
        switch path {
        case "/metrics": return text(200, core.metrics(traffic()), type: PrometheusText.mediaType)
        case "/readyz":
            if isEnding.withLock({ $0 }) { return text(503, "the server is stopping\n") }
            return core.unreadiness().map { text(503, "\($0)\n") } ?? text(200, "ready\n")
        default: return text(200, "ok\n")
        }
    }

    private func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> HTTPResponse {
        var response = HTTPResponse.json(status, Array(text.utf8), type: type)
        response.headers.add("Cache-Control", "no-store")
        return response
    }
}
