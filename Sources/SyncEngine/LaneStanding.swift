package import Diagnostics
import ReplicaStore
import SyncCore

/// What one lane to the server waits for, and until when at the latest.
package struct LaneStanding: Sendable, Hashable {
    /// What ends the waiting, whatever a person asks before.
    package enum Wait: String, Sendable, CaseIterable {
        /// Nothing is to be done on this lane.
        case nothing
        /// The server's reply to a request.
        case reply
        /// The time of the next look at the feed.
        case poll
        /// Something new: the server holds a request and answers it when there is.
        case news
        /// Time after a failure; or after the server put everything off.
        case backoff
        /// The pause that the server asked for.
        case pause
        /// A token that the server takes.
        case login
        /// Somebody has to decide, confirm or change something.
        case person
        /// The pull lane has to greet the server first.
        case greeting
        /// The pull lane has to reach its next checkpoint.
        case feed
        /// The load lane has to bring what there is to follow.
        case load
        /// The metered link: the next day's bytes, or a person who asks for what waits.
        case allowance
        /// What came has to be kept by this machine.
        case keeping
        /// The engine does not run.
        case stopped
    }

    package let lane: Lane
    package let wait: Wait
    /// When the lane goes on by itself, on the monotonic clock; nil when only what it waits for ends it.
    package let deadline: Duration?
    /// Failures in a row before this waiting.
    package let failures: Int

    /// When it goes on by itself, as the wall clock stands now.
    package func until(now: Instant, monotonic: Duration) -> Instant? {
        deadline.map { now.advanced(by: $0 - monotonic) }
    }
}

extension EngineStatus {
    /// When a lane that failed is tried again; else when the feed is looked at next.
    package func nextAttempt(now: Instant, monotonic: Duration) -> Instant? {
        let roads = lanes.filter { $0.lane == .pull || $0.lane == .push }
        let calm: [LaneStanding.Wait] = [.poll, .news, .allowance]
        let failed = roads.filter { !calm.contains($0.wait) }.compactMap(\.deadline).min()
        let next = failed ?? roads.compactMap(\.deadline).min()
        return next.map { now.advanced(by: $0 - monotonic) }
    }
}

extension SyncEngine {
    /// What a lane waits for, by its machine's state, the counts and the troubles just read.
    func standing(_ lane: Lane) -> LaneStanding {
        switch lane {
        case .pull: pullStanding
        case .push: pushStanding
        case .fill: fillStanding
        case .load: loadStanding
        }
    }

    private func standing(
        _ lane: Lane, _ wait: LaneStanding.Wait, timed: Bool = false, failures: Int = 0
    ) -> LaneStanding {
        LaneStanding(lane: lane, wait: wait, deadline: timed ? attempts[lane.rawValue] : nil, failures: failures)
    }

    private var pullStanding: LaneStanding {
        switch pull.state {
        case .stopped: standing(.pull, .stopped)
        case .greeting, .planning, .loading, .following: standing(.pull, .reply)
        case .standingBy: standing(.pull, .load)
        case .resting: standing(.pull, heldBack.feed ? .allowance : .poll, timed: true)
        case .holding: standing(.pull, .news, timed: true)
        case .backingOff:
            standing(
                .pull, pull.isPausedByServer ? .pause : .backoff, timed: true,
                failures: max(pull.backoff.failures, pull.resyncBackoff.failures))
        case .needsLogin: standing(.pull, .login, timed: true)
        case .blocked: standing(.pull, .person)
        }
    }

    private var pushStanding: LaneStanding {
        switch push.state {
        case .stopped: standing(.push, .stopped)
        case .unmet: standing(.push, .greeting)
        case .sending: standing(.push, .reply)
        case .needsLogin: standing(.push, .login, timed: true)
        case .backingOff:
            // What was refused for good is tried again all the same, but only a person can make that succeed.
            if trouble(.push)?.failure == .final {
                standing(.push, .person, timed: true, failures: push.backoff.failures)
            } else {
                standing(
                    .push, push.isPausedByServer ? .pause : .backoff, timed: true, failures: push.backoff.failures)
            }
        case .idle:
            if status.metering.editsWait {
                standing(.push, .allowance)
            } else if status.outbox.moving > 0 {
                standing(.push, .feed)
            } else {
                standing(.push, status.outbox.held + status.outbox.behindPerson > 0 ? .person : .nothing)
            }
        }
    }

    private var loadStanding: LaneStanding {
        switch load.state {
        case .stopped: standing(.load, .stopped)
        case .idle:
            standing(.load, status.loadRowsDone == nil ? .nothing : heldBack.load ? .allowance : .feed)
        case .fetching: standing(.load, inFlight.contains { $0.lane == .load } ? .reply : .keeping)
        case .backingOff:
            standing(
                .load, load.isPausedByServer ? .pause : .backoff, timed: true, failures: load.backoff.failures)
        }
    }

    private var fillStanding: LaneStanding {
        switch fill.state {
        case .stopped: standing(.fill, .stopped)
        case .idle:
            standing(.fill, status.joining == nil ? .nothing : heldBack.fill ? .allowance : .feed)
        case .fetching: standing(.fill, .reply)
        case .backingOff:
            standing(
                .fill, fill.isPausedByServer ? .pause : .backoff, timed: true, failures: fill.backoff.failures)
        }
    }
}
