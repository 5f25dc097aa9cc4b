import SyncProtocol

/// Decides what the pull side does next: greet, load a snapshot, follow the feed, wait for it, back off.
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
        /// At a checkpoint, or where a metered link lets no more go; a timer is set. With `isDoubtful`, a short one.
        case resting
        /// At a checkpoint; a request is in flight that the server answers when there is something new. A timer is set too:
        /// a reply that is not there by then does not come any more.
        case holding
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
        /// The feed is about to bring something; a server that holds a request tells it by itself.
        case nudged
        case timerFired
        /// The server answered; what the store needs next.
        case greeted(Need)
        /// A load has begun; what the store needs next.
        case planReceived(Need)
        /// A page was applied or spooled, or a load has come to its end; what the store needs next.
        case pageKept(Need)
        /// The held request was answered; what came of its page follows as any page's.
        case held(Held)
        case failed(Failure)
    }

    /// How the server answered a request that it was asked to hold.
    package enum Held: Sendable, Hashable, CaseIterable {
        /// When its time was over, or with something new after a while.
        case waited
        /// With something new as soon as it was asked.
        case news
        /// Before its time and with nothing: it holds no requests.
        case unheld
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
        /// Ask for the feed's next page, to be answered when it is not empty or after so many seconds.
        case holdFeedPage(seconds: Int)
        /// The request that is held is not waited for any more.
        case letGo
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
        /// Ask the server to hold requests; without it the feed is looked at after each rest.
        package var holds: Bool
        package init(
            restInterval: Duration = .seconds(30), loginInterval: Duration = .seconds(300), holds: Bool = true
        ) {
            self.restInterval = restInterval
            self.loginInterval = loginInterval
            self.holds = holds
        }

        /// The time from which on something new was waited for.
        package static let newsWait = Duration.seconds(1)
        /// What a reply may take beyond the time that the server was asked to hold the request.
        static let heldSlack = Duration.seconds(15)
        /// After this time a held request that was to bring something is not relied on.
        static let nudgePatience = Duration.seconds(2)
        /// How long after the end of a held request's connection a plain one follows.
        static let doubtMilliseconds = Backoff.floorMilliseconds...2 * Backoff.floorMilliseconds
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
    private var holding = Holding()
    /// A held request was cut off, and nothing was asked since: whether the server is there is not known.
    package var isDoubtful: Bool { state == .resting && holding.isDoubtful }

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
        case (.loading, .pageKept(let need)), (.following, .pageKept(let need)), (.standingBy, .pageKept(let need)),
            (.holding, .pageKept(let need)):
            backoff.reset()
            return follow(need, limits: limits, using: &chance)
        case (.holding, .held(let held)):
            state = .following
            // The answer may be from before what it was to bring.
            if holding.isNudged { isPokePending = true }
            holding.answered(held)
            return []
        case (.holding, .failed(.transient(retryAfter: nil))): return doubt(using: &chance)
        case (.holding, .failed(let failure)): return fail(failure, limits: limits, using: &chance)
        case (.holding, .poked): return letGo()
        case (.holding, .nudged):
            guard !holding.isNudged else { return [] }
            holding.isNudged = true
            return [.wake(after: Limits.nudgePatience)]
        case (.holding, .timerFired): return holding.isNudged ? letGo() : [.letGo] + lose()
        case (.greeting, .failed(let failure)), (.planning, .failed(let failure)), (.loading, .failed(let failure)),
            (.following, .failed(let failure)), (.standingBy, .failed(let failure)):
            return fail(failure, limits: limits, using: &chance)
        case (.greeting, .poked), (.planning, .poked), (.loading, .poked), (.following, .poked),
            (.standingBy, .poked), (.greeting, .nudged), (.planning, .nudged), (.loading, .nudged),
            (.following, .nudged), (.standingBy, .nudged):
            isPokePending = true
            return []
        case (.resting, .timerFired) where holding.isDue && limits.holds: return hold(limits: limits, using: &chance)
        case (.resting, .timerFired), (.resting, .poked), (.resting, .nudged):
            state = .following
            return [.fetchFeedPage]
        case (.backingOff, .poked), (.needsLogin, .poked), (.blocked, .poked), (.backingOff, .nudged),
            (.needsLogin, .nudged), (.blocked, .nudged):
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
            (.blocked, .timerFired),
            (.holding, .greeted), (.holding, .planReceived),
            (.greeting, .held), (.planning, .held), (.loading, .held), (.following, .held), (.standingBy, .held),
            (.resting, .held), (.backingOff, .held), (.needsLogin, .held), (.blocked, .held):
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
            holding.leaveOut()
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
            return [.reportCheckpoint] + rest(limits: limits, using: &chance)
        }
    }

    /// At a checkpoint: has the server hold a request, or waits by itself where that is of no use.
    private mutating func rest(limits: Limits, using chance: inout some RandomNumberGenerator) -> [Effect] {
        state = .resting
        return switch holding.rest(mayHold: limits.holds) {
        case .held: hold(limits: limits, using: &chance)
        case .pause(let pause): [.wake(after: pause)]
        case .plain: [.wake(after: jittered(limits.restInterval, using: &chance))]
        }
    }

    /// A rest that the server ends when there is something new, and no later than one without it.
    private mutating func hold(limits: Limits, using chance: inout some RandomNumberGenerator) -> [Effect] {
        state = .holding
        holding.begin()
        let seconds = Int(jittered(limits.restInterval, using: &chance).components.seconds)
        let held = min(max(1, seconds), ProtocolLimits.waitSecondsMax)
        return [.holdFeedPage(seconds: held), .wake(after: .seconds(held) + Limits.heldSlack)]
    }

    /// Looks at the feed at once, whatever is held.
    private mutating func letGo() -> [Effect] {
        state = .following
        return [.letGo, .fetchFeedPage]
    }

    /// The connection of a held request ended. What cut it off may have cut off others, or be over in a moment: to look at
    /// once would meet the same, and everybody whom a server's end cut off would come together.
    private mutating func doubt(using chance: inout some RandomNumberGenerator) -> [Effect] {
        // Something new is known of, and waited for.
        guard !holding.isNudged else { return lose() }
        state = .resting
        holding.wasLost()
        holding.doubt()
        return [.wake(after: .milliseconds(Int64.random(in: Limits.doubtMilliseconds, using: &chance)))]
    }

    /// A held request without a reply says nothing yet about the server: what stands between may cut requests that rest. A
    /// plain one tells. Where held ones are lost again and again, more and more rests go without.
    private mutating func lose() -> [Effect] {
        state = .following
        holding.wasLost()
        return [.fetchFeedPage]
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
