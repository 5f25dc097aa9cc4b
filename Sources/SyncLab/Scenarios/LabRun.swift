/// One run of a scenario with all that came of it.
package struct LabRun: Sendable {
    /// An expectation that did not hold.
    package struct Failure: Sendable, Hashable {
        /// Line of the scenario's file; 0 when it has none.
        package let line: Int
        package let why: String
    }

    /// An edit as its author knows it: by its number, or refused at once.
    package enum Asked: Sendable, Hashable {
        case accepted(Int64)
        case refused(code: String)
    }

    package let seed: UInt64
    /// The order in which the members of `in both orders` came back.
    package let order: [String]
    package let history: History
    /// What each member asked for, in order.
    package let asked: [String: [Asked]]
    /// Keys of the customers by name.
    package let keys: [String: Int64]
    /// What each checker made of the history.
    package let verdicts: [(name: String, promise: String, verdict: Verdict)]
    /// Expectations that did not hold.
    package let failures: [Failure]
    /// The same scenario and seed give the same hash.
    package let hash: UInt64
    /// Machine events.
    package let steps: Int
    /// Simulated seconds.
    package let seconds: Int64
    /// Nil unless asked for.
    package let trace: Trace?
    /// What went wrong with the lab itself; a run with notes proves nothing.
    package let notes: [String]

    /// The first broken promise.
    package var violation: (name: String, promise: String, verdict: Verdict)? {
        verdicts.first { if case .invalid = $0.verdict { true } else { false } }
    }

    /// What is wrong, a line each; empty when nothing is. With `strictly` a promise that the run could not judge is wrong too.
    package func wrongs(strictly: Bool) -> [String] {
        var lines = failures.map { "line \($0.line): \($0.why)" }
        for (name, promise, verdict) in verdicts {
            switch verdict {
            case .valid: continue
            case .unknown where !strictly: continue
            case .unknown, .invalid: lines.append("\(name) (\(promise)): \(verdict)")
            }
        }
        return lines + notes.map { "the lab itself: \($0)" }
    }

    /// A promise could not be judged.
    package var hasUnknown: Bool { verdicts.contains { if case .unknown = $0.verdict { true } else { false } } }
}
