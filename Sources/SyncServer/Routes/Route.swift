import HTTPKit
import LedgerStore

/// The table of routes: everything that is served, nothing else.
package struct Route: Sendable {
    enum Work: Sendable {
        case read(@Sendable (Routes) -> (LedgerReader) throws -> HTTPResponse)
        case write(@Sendable (Routes) -> (LedgerWriter) throws -> HTTPResponse)
        /// Of the directory alone; opens no ledger.
        case access(@Sendable (AccessRoutes) -> () throws -> HTTPResponse)
    }

    package let method: String
    package let path: String
    let work: Work
    /// Whether a token whose access was ended may still use it.
    var isOpenToEnded = false

    static let changes = "/sync/v1/changes"

    package static let all: [Route] = [
        Route(method: "GET", path: "/sync/v1/hello", work: .read { $0.hello }),
        Route(method: "GET", path: "/sync/v1/rules", work: .read { $0.conflictRules }),
        Route(method: "POST", path: "/sync/v1/snapshot", work: .read { $0.snapshotPlan }),
        Route(method: "GET", path: "/sync/v1/snapshot/rows", work: .read { $0.snapshotRows }),
        Route(method: "GET", path: "/sync/v1/joined", work: .read { $0.joined }),
        Route(method: "GET", path: Route.changes, work: .read { $0.changes }),
        Route(method: "POST", path: "/sync/v1/push", work: .write { $0.push }),
        Route(method: "GET", path: "/sync/v1/results", work: .read { $0.results }),
        Route(method: "POST", path: "/sync/v1/ack", work: .write { $0.acknowledge }),
        Route(method: "POST", path: "/sync/v1/token", work: .access { $0.rotate }),
        Route(method: "POST", path: "/sync/v1/wiped", work: .access { $0.wiped }, isOpenToEnded: true),
    ]
}
