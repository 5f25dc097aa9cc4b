#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Decides when the push side sends. What is sent (edits, or an acknowledgement of results) the store says; one
/// exchange is in flight at a time, and it never waits for a pull.
package struct PushMachine: Sendable, Equatable {
    /// Where the machine stands.
    package enum State: Sendable, Hashable, CaseIterable {
        /// Not begun, or stopped for good.
        case stopped
        /// The server has not been greeted in this run: whose queue it would be is not known.
        case unmet
        /// Nothing to send.
        case idle
        /// A request is in flight.
        case sending
        /// After a failure, or when the server put everything off; a timer is set.
        case backingOff
        /// The token was refused; a slow timer is set. A greeting that succeeds need not wait for it.
        case needsLogin
    }

    /// What it is told.
    package enum Event: Sendable, Hashable {
        case started, stopped
        /// The pull side greeted the server and it is ours.
        case greeted
        /// An edit was saved, a person asks, or results can be acknowledged.
        case poked
        case timerFired
        /// The store had nothing to send.
        case nothingToSend
        /// A reply was recorded; `madeProgress` is false when it put everything off.
        case exchanged(madeProgress: Bool)
        case failed(Failure)
    }

    /// What it wants done.
    package enum Effect: Sendable, Hashable {
        /// Ask the store what is next and send it; answer `nothingToSend` when there is none.
        case sendNext
        case wake(after: Duration)
    }

    /// Time between tries while a login is needed.
    package struct Limits: Sendable, Hashable {
        package var loginInterval: Duration
        package init(loginInterval: Duration = .seconds(300)) { self.loginInterval = loginInterval }
    }

    package private(set) var state = State.stopped
    package private(set) var backoff = Backoff()
    package private(set) var isPokePending = false
    /// Backing off for the time that the server named.
    package private(set) var isPausedByServer = false

    package init() {}

    /// Takes one event and says what to do. Every state answers every event.
    package mutating func step(
        _ event: Event, limits: Limits = Limits(), using chance: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch (state, event) {
        case (_, .stopped):
            self = PushMachine()
            return []
        case (.stopped, .started):
            state = .unmet
            return []
        case (.stopped, _), (_, .started):
            return []
        case (.unmet, .greeted), (.needsLogin, .greeted), (.needsLogin, .poked), (.needsLogin, .timerFired),
            (.idle, .greeted), (.idle, .poked):
            return send()
        case (.sending, .exchanged(let madeProgress)):
            if madeProgress {
                backoff.reset()
                return send()
            }
            return backOff(retryAfter: nil, using: &chance)
        case (.sending, .nothingToSend):
            if isPokePending { return send() }
            state = .idle
            return []
        case (.sending, .poked), (.sending, .greeted):
            isPokePending = true
            return []
        case (.sending, .failed(let failure)):
            return fail(failure, limits: limits, using: &chance)
        case (.backingOff, .timerFired):
            return send()
        case (.backingOff, .poked), (.backingOff, .greeted):
            backoff.reset()
            return send()
        // Late replies and timers of a state that was left; a poke before the greeting is answered by the greeting.
        case (.unmet, .poked), (.unmet, .timerFired), (.unmet, .nothingToSend), (.unmet, .exchanged), (.unmet, .failed),
            (.idle, .timerFired), (.idle, .nothingToSend), (.idle, .exchanged), (.idle, .failed),
            (.sending, .timerFired),
            (.backingOff, .nothingToSend), (.backingOff, .exchanged), (.backingOff, .failed),
            (.needsLogin, .nothingToSend), (.needsLogin, .exchanged), (.needsLogin, .failed):
            return []
        }
    }

    private mutating func send() -> [Effect] {
        state = .sending
        isPokePending = false
        isPausedByServer = false
        return [.sendNext]
    }

    private mutating func backOff(
        retryAfter: Duration?, using chance: inout some RandomNumberGenerator
    ) -> [Effect] {
        state = .backingOff
        isPokePending = false
        isPausedByServer = retryAfter != nil
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .noRetryAfterFailure { return [] }
        #endif
        return [.wake(after: backoff.next(retryAfter: retryAfter, using: &chance))]
    }

    private mutating func fail(
        _ failure: Failure, limits: Limits, using chance: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch failure {
        case .unauthenticated:
            state = .needsLogin
            isPokePending = false
            return [.wake(after: jittered(limits.loginInterval, using: &chance))]
        case .transient(let retryAfter): return backOff(retryAfter: retryAfter, using: &chance)
        case .local, .resyncRequired, .final: return backOff(retryAfter: nil, using: &chance)
        }
    }
}
