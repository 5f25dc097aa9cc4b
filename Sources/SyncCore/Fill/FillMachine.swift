/// Decides when bulk is fetched beside the feed and never in its way, one page after the other: the old records of customers
/// that joined the scope, and on a lane of its own what a load brings.
///
/// Which page comes next is the store's to know. It is poked by what may make work, a checkpoint or the begin of a load,
/// and rests without a timer in between.
package struct FillMachine: Sendable, Equatable {
    /// Where the machine stands.
    package enum State: Sendable, Hashable, CaseIterable {
        case stopped
        /// Nothing to fetch as far as is known.
        case idle
        /// A page is in flight.
        case fetching
        /// After a failure; a timer is set.
        case backingOff
    }

    /// What it is told.
    package enum Event: Sendable, Hashable {
        case started
        case stopped
        /// The image stands at a checkpoint: there may be work.
        case poked
        /// A person asks, the link came up, or the server was greeted: what backs off is tried at once, unless the server
        /// asked for a pause.
        case urged
        case timerFired
        /// A page, or a part of one, has come and is about to be kept; what follows it can be fetched meanwhile.
        case pageCame
        /// A page was kept; there may be another.
        case pageKept
        /// The store has nothing to fetch.
        case nothingLeft
        case failed(Failure)
    }

    /// What it wants done.
    package enum Effect: Sendable, Hashable {
        /// Fetch the page that the store names, or say that there is none; nothing while one is in flight already.
        case fetchPage
        case wake(after: Duration)
    }

    package private(set) var state = State.stopped
    package private(set) var backoff = Backoff()
    /// Backing off for the time that the server named.
    package private(set) var isPausedByServer = false

    package init() {}

    /// Takes one event and says what to do. Every state answers every event.
    package mutating func step(_ event: Event, using chance: inout some RandomNumberGenerator) -> [Effect] {
        switch (state, event) {
        case (_, .stopped):
            self = FillMachine()
            return []
        case (.stopped, .started):
            state = .idle
            return []
        case (.idle, .poked), (.backingOff, .timerFired):
            state = .fetching
            isPausedByServer = false
            return [.fetchPage]
        case (.backingOff, .urged) where !isPausedByServer:
            state = .fetching
            return [.fetchPage]
        // What came and cannot be kept comes again: only what is kept is progress.
        case (.fetching, .pageCame):
            return [.fetchPage]
        case (.fetching, .pageKept):
            backoff.reset()
            return [.fetchPage]
        case (.backingOff, .pageKept):
            backoff.reset()
            return []
        case (.fetching, .nothingLeft):
            backoff.reset()
            state = .idle
            return []
        case (.fetching, .failed(.transient(let retryAfter))):
            state = .backingOff
            isPausedByServer = retryAfter != nil
            return [.wake(after: backoff.next(retryAfter: retryAfter, using: &chance))]
        case (.fetching, .failed(.local)):
            state = .backingOff
            isPausedByServer = false
            return [.wake(after: backoff.next(retryAfter: nil, using: &chance))]
        case (.fetching, .failed):
            // A refused token, another epoch or a blocked server is the pull side's to find out; its next checkpoint pokes.
            state = .idle
            return []
        case (.stopped, _), (_, .started), (.idle, _), (.fetching, .poked), (.fetching, .urged),
            (.fetching, .timerFired), (.backingOff, _):
            return []
        }
    }
}
