import Diagnostics
import SyncProtocol
import Synchronization

/// Counts what the server answered. Any connection's thread adds, the operator's listener reads.
final class ServerMeter: Sendable {
    /// What stands for a path that is no route: a client may ask for anything, and labels are few.
    static let other = "other"

    /// A route and the status it answered with.
    struct Answer: Sendable, Hashable {
        let route: String
        let status: Int
    }

    /// A route and the hundreds of its statuses.
    struct Class: Sendable, Hashable {
        let route: String
        let hundreds: Int
    }

    struct Counts: Sendable {
        var answers: [Answer: Int64] = [:]
        var durations: [Class: Histogram] = [:]
        var results: [ResultCode: Int64] = [:]
        var failedTicks: Int64 = 0
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func note(route: String, status: Int, took: Duration) {
        state.withLock { counts in
            counts.answers[Answer(route: route, status: status), default: 0] += 1
            counts.durations[Class(route: route, hundreds: status / 100), default: Histogram()].observe(took)
        }
    }

    /// Notes what a push that was committed made of its edits.
    func note(results: [ResultCode]) {
        state.withLock { counts in for code in results { counts.results[code, default: 0] += 1 } }
    }

    func noteFailedTick() { state.withLock { $0.failedTicks += 1 } }
}
