/// Decides what the pull side does next: greet, load a snapshot, follow the feed, rest, back off.
///
/// It holds no cursor and no row; those are the store's. One exchange is in flight at a time. Every state but
/// `stopped`, `blocked` and `standingBy` holds either an exchange or a timer, so that nothing is idle with work left.
package struct PullMachine: Sendable, Equatable {
    /// Where the machine stands.
    package enum State: Sendable, Hashable, CaseIterable {
        /// Not begun, or stopped for good.
        case stopped
        /// `hello` is in flight.
        case greeting
        /// The plan of a snapshot was asked for.
        case planning
        /// A snapshot page is in flight.
        case loading
        /// A feed page is in flight.
        case following
        /// There is nothing to follow before a load has come to its end; the load lane has it in hand.
        case standingBy
        /// At a checkpoint, or where a metered link lets no more go; a timer is set.
        case resting
        /// After a failure; a timer is set.
        case backingOff
        /// The token was refused; a slow timer is set.
        case needsLogin
        /// A person has to act; nothing is tried until asked.
        case blocked
    }

    /// What it is told.
    package enum Event: Sendable, Hashable {
        case started
        case stopped
        /// A person or a local edit asks for a sync, or the link came up.
        case poked
        case timerFired
        /// The server answered; what the store needs next.
        case greeted(Need)
        /// A load has begun; what the store needs next.
        case planReceived(Need)
        /// A page was applied or spooled, or a load has come to its end; what the store needs next.
        case pageKept(Need)
        case failed(Failure)
    }

    /// What the store needs to get on.
    package enum Need: Sendable, Hashable {
        case snapshotPlan, snapshotPage, feedPage
        /// The load lane's work.
        case load
        /// There may be more, but not now: a metered link lets no page go.
        case later
        case nothing
    }

    /// What it wants done.
    package enum Effect: Sendable, Hashable {
        case sayHello, requestPlan, fetchSnapshotPage, fetchFeedPage
        /// Drop the cursors; rows stay readable until a new load replaces them.
        case forgetImage
        case wake(after: Duration)
        /// The image stands at a checkpoint.
        case reportCheckpoint
    }

    /// Times between looks at the feed while nothing asks for one, and between tries while a login is needed.
    package struct Limits: Sendable, Hashable {
        package var restInterval: Duration
        package var loginInterval: Duration
        package init(restInterval: Duration = .seconds(30), loginInterval: Duration = .seconds(300)) {
            self.restInterval = restInterval
            self.loginInterval = loginInterval
        }
    }

    package private(set) var state = State.stopped
    package private(set) var backoff = Backoff()
    /// Begun anew at once because the server asked for it, and not at a checkpoint since.
    package private(set) var hasBegunAnew = false
    /// Counts further loads that never came to a checkpoint; pages that arrive on the way do not reset it.
    package private(set) var resyncBackoff = Backoff()
    /// Asked while an exchange was in flight: look once more before resting.
    package private(set) var isPokePending = false
    /// Backing off for the time that the server named.
    package private(set) var isPausedByServer = false
    /// Whether this run has greeted the server; a failure makes it greet again.
    package private(set) var hasGreeted = false

    package init() {}

    /// Takes one event and says what to do. Every state answers every event.
    package mutating func step(
        _ event: Event, limits: Limits, using chance: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch (state, event) {
        case (_, .stopped):
            self = PullMachine()
            return []
        case (.stopped, .started):
            return greet()
        case (.stopped, _), (_, .started):
            return []
        case (.greeting, .greeted(let need)):
            hasGreeted = true
            return follow(need, limits: limits, using: &chance)
        case (.planning, .planReceived(let need)):
            return follow(need, limits: limits, using: &chance)
        case (.loading, .pageKept(let need)), (.following, .pageKept(let need)), (.standingBy, .pageKept(let need)):
            backoff.reset()
            return follow(need, limits: limits, using: &chance)
        case (.greeting, .failed(let failure)), (.planning, .failed(let failure)), (.loading, .failed(let failure)),
            (.following, .failed(let failure)), (.standingBy, .failed(let failure)):
            return fail(failure, limits: limits, using: &chance)
        case (.greeting, .poked), (.planning, .poked), (.loading, .poked), (.following, .poked),
            (.standingBy, .poked):
            isPokePending = true
            return []
        case (.resting, .timerFired), (.resting, .poked):
            state = .following
            return [.fetchFeedPage]
        case (.backingOff, .poked), (.needsLogin, .poked), (.blocked, .poked):
            backoff.reset()
            return greet()
        case (.backingOff, .timerFired), (.needsLogin, .timerFired):
            return greet()
        // Late replies of an exchange that is over, and timers of a state that was left.
        case (.greeting, .planReceived), (.greeting, .pageKept), (.greeting, .timerFired),
            (.planning, .greeted), (.planning, .pageKept), (.planning, .timerFired),
            (.loading, .greeted), (.loading, .planReceived), (.loading, .timerFired),
            (.following, .greeted), (.following, .planReceived), (.following, .timerFired),
            (.standingBy, .greeted), (.standingBy, .planReceived), (.standingBy, .timerFired),
            (.resting, .greeted), (.resting, .planReceived), (.resting, .pageKept), (.resting, .failed),
            (.backingOff, .greeted), (.backingOff, .planReceived), (.backingOff, .pageKept), (.backingOff, .failed),
            (.needsLogin, .greeted), (.needsLogin, .planReceived), (.needsLogin, .pageKept), (.needsLogin, .failed),
            (.blocked, .greeted), (.blocked, .planReceived), (.blocked, .pageKept), (.blocked, .failed),
            (.blocked, .timerFired):
            return []
        }
    }

    private mutating func greet() -> [Effect] {
        state = .greeting
        isPokePending = false
        isPausedByServer = false
        hasGreeted = false
        return [.sayHello]
    }

    private mutating func follow(
        _ need: Need, limits: Limits, using chance: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch need {
        case .snapshotPlan:
            state = .planning
            return [.requestPlan]
        case .snapshotPage:
            state = .loading
            return [.fetchSnapshotPage]
        case .feedPage:
            state = .following
            return [.fetchFeedPage]
        case .load:
            state = .standingBy
            return []
        case .later:
            isPokePending = false
            state = .resting
            return [.wake(after: jittered(limits.restInterval, using: &chance))]
        case .nothing:
            backoff.reset()
            hasBegunAnew = false
            resyncBackoff.reset()
            if isPokePending {
                isPokePending = false
                state = .following
                return [.reportCheckpoint, .fetchFeedPage]
            }
            state = .resting
            return [.reportCheckpoint, .wake(after: jittered(limits.restInterval, using: &chance))]
        }
    }

    private mutating func fail(
        _ failure: Failure, limits: Limits, using chance: inout some RandomNumberGenerator
    ) -> [Effect] {
        isPokePending = false
        switch failure {
        case .transient(let retryAfter):
            state = .backingOff
            isPausedByServer = retryAfter != nil
            return [.wake(after: backoff.next(retryAfter: retryAfter, using: &chance))]
        case .local:
            state = .backingOff
            return [.wake(after: backoff.next(retryAfter: nil, using: &chance))]
        case .unauthenticated:
            state = .needsLogin
            return [.wake(after: jittered(limits.loginInterval, using: &chance))]
        case .resyncRequired:
            // Once is no failure: roles changed, or the cursor is too old. A server that asks for it again and again
            // must not be hammered: from the second time on the delay grows like any failure's.
            guard hasBegunAnew else {
                hasBegunAnew = true
                return [.forgetImage] + greet()
            }
            state = .backingOff
            return [.forgetImage, .wake(after: resyncBackoff.next(retryAfter: nil, using: &chance))]
        case .final:
            state = .blocked
            return []
        }
    }
}
