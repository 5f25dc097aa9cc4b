import Diagnostics
import HTTPKit
import ReplicaStore
import SyncEngine
import Synchronization

/// What the lanes carried: since the daemon's start, and today. Lanes add, the local interface reads.
///
/// An exchange counts when it has ended, to the day (by the device's clock and zone) on which it did. A clock that is set
/// to another day begins that day anew.
final class LaneBook: Sendable {
    /// One lane's part.
    struct Entry: Sendable, Hashable {
        var sinceStart = Traffic.Totals()
        var today = Traffic.Totals()
        /// Exchanges without a whole reply.
        var failures: Int64 = 0
        var durations = Histogram()
    }

    private struct State {
        var day: Int64
        var entries = Lane.allCases.map { _ in Entry() }
    }

    private let state: Mutex<State>
    /// Tells the date of a moment.
    private let clock: any WallClock

    /// Goes on with what was kept, when it is of the same day.
    init(at now: Instant, kept: KeptTraffic? = nil, clock: any WallClock = SystemClock()) {
        self.clock = clock
        var state = State(day: clock.localDay(of: now))
        for lane in Lane.allCases {
            guard let kept, kept.day == state.day, let part = kept.lanes.first(where: { $0.name == "\(lane)" }) else {
                continue
            }
            state.entries[lane.rawValue].today = Traffic.Totals(
                requests: part.requests, bytesSent: part.bytesSent, bytesReceived: part.bytesReceived)
        }
        self.state = Mutex(state)
    }

    /// Bytes of all lanes in both directions since the start.
    var carriedBytes: Int64 {
        state.withLock { state in
            state.entries.reduce(0) { $0 + $1.sinceStart.bytesSent + $1.sinceStart.bytesReceived }
        }
    }

    /// Notes an exchange that has ended; `took` is nil where its time says nothing.
    func note(_ lane: Lane, _ carried: Traffic.Totals, took: Duration?, isWhole: Bool, at now: Instant) {
        state.withLock { state in
            turn(&state, to: now)
            state.entries[lane.rawValue].sinceStart = state.entries[lane.rawValue].sinceStart + carried
            state.entries[lane.rawValue].today = state.entries[lane.rawValue].today + carried
            if let took { state.entries[lane.rawValue].durations.observe(took) }
            if !isWhole { state.entries[lane.rawValue].failures += 1 }
        }
    }

    /// The lanes' parts, in the order of `Lane.allCases`.
    func entries(at now: Instant) -> [Entry] {
        state.withLock { state in
            turn(&state, to: now)
            return state.entries
        }
    }

    /// Today's part, to be kept.
    func today(at now: Instant) -> KeptTraffic {
        state.withLock { state in
            turn(&state, to: now)
            return KeptTraffic(
                day: state.day,
                lanes: Lane.allCases.map { lane in
                    let today = state.entries[lane.rawValue].today
                    return KeptTraffic.Lane(
                        name: "\(lane)", requests: today.requests, bytesSent: today.bytesSent,
                        bytesReceived: today.bytesReceived)
                })
        }
    }

    private func turn(_ state: inout State, to now: Instant) {
        let day = clock.localDay(of: now)
        guard day != state.day else { return }
        state.day = day
        for index in state.entries.indices { state.entries[index].today = Traffic.Totals() }
    }
}
