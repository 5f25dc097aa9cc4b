package import Diagnostics
package import ReplicaStore
package import SyncProtocol

/// What the engine is about, for `status` and for those who wait for a sync.
package struct EngineStatus: Sendable {
    /// One word for a person.
    package enum Phase: String, Sendable, CaseIterable {
        case stopped, starting, syncing, loading
        /// As in sync, but old records of customers that joined are still on their way.
        case joining
        /// Everything known is here and everything made is there.
        case inSync = "in-sync"
        /// In sync but for edits that a person must look at, and those that wait behind them.
        case needsPerson = "needs-person"
        /// Edits wait to be sent or to be seen in the feed.
        case sending
        /// All that a metered link lets go is done, and something waits: see `metering`.
        case metered
        /// The server is not reached; tried again by a timer.
        case offline
        /// The server is reached, but it or this machine fails at a step, or a certificate or a proxy keeps it from being
        /// reached; tried again by a timer.
        case failing
        case needsLogin = "needs-login"
        /// A person has to change something before another try makes sense.
        case blocked
    }

    /// A failure in the form shown to people.
    package struct Problem: Sendable, Hashable {
        package let what: String
        package let why: String
        package let next: String
        /// A token or a permission was refused, so that waiting does not help.
        package let isDenied: Bool
        package init(what: String, why: String, next: String, isDenied: Bool = false) {
            self.what = what
            self.why = why
            self.next = next
            self.isDenied = isDenied
        }
    }

    /// What came of one code that a person gave.
    package struct Confirmation: Sendable, Hashable {
        package enum Outcome: Sendable, Hashable {
            case result(V1.Result)
            /// The code was not sent, or no usable reply came.
            case failed(Problem)
        }
        /// Rises with every code.
        package let count: Int
        package let outcome: Outcome
    }

    package var phase = Phase.starting
    package var server = ""
    package var lastContactAt: Instant?
    package var lastCheckpointAt: Instant?
    /// When the image last stood at a checkpoint with all old records here and no edit without its end.
    package var lastAgreementAt: Instant?
    /// The last sequence of the feed that the image shows.
    package internal(set) var appliedSequence: Int64?
    /// When a lane that failed is tried again; else when the feed is looked at next.
    package var nextAttemptAt: Instant?
    /// What each lane waits for, in the order of `Lane.allCases`.
    package internal(set) var lanes: [LaneStanding] = []
    /// The newest failure that still stands: each lane's goes with the lane's next success.
    package var lastProblem: Problem?
    package var loadRowsDone: Int64?
    package var loadRowsTotal: Int64?
    /// Old records of customers that joined; nil when all of them are here.
    package var joining: ReplicaStore.FillProgress?
    package var outbox = OutboxCounts()
    package internal(set) var metering = Metering()
    /// Exchanges begun, and the one whose reply brought the last checkpoint: a checkpoint answers a request for a sync
    /// only if its exchange was begun after the request.
    package var exchangesBegun = 0
    package var lastCheckpointExchange = 0
    /// Exchanges that failed; that the server asks for a new load is none.
    package var failures = 0
    /// The latest exchange that failed, and past all that were begun when something else failed: like a checkpoint, a
    /// failure answers a request for a sync only if its exchange was begun after the request.
    package var lastFailedExchange = 0
    /// The last code that a person gave, once it is known what came of it.
    package var confirmation: Confirmation?

    package init() {}
}
