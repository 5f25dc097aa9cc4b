package import PartnerModel

/// What becomes of an edit, and why.
package struct Judgement: Sendable, Hashable {
    /// What is to be done.
    package enum Outcome: Sendable, Hashable {
        /// Carry the intent given out on the register as it stands. When it is not as asked, something else comes out
        /// than the author asked for, and the result is told as merged.
        case apply(EditIntent, isAsAsked: Bool)
        /// The register holds already what the edit asks for.
        case noop
        /// What stands stays; the edit came second.
        case overruled
        /// A person decides between base, mine and theirs.
        case hold
        case rejected(LimitViolation)
        /// The time in which the edit was wanted is over.
        case expired(LimitViolation)
        case forbidden(LimitViolation)
        /// The author has to confirm the edit with a code; it may then come again.
        case needsStepUp(LimitViolation)
    }

    package let outcome: Outcome
    /// Name of the case that decided, of the guard that did not let the edit pass, `equal` when nothing was to be done,
    /// or `limits` when a limit that no rule can change was broken.
    package let rule: String
    /// What the guards read, in order, up to the one that decided.
    package let readings: [GuardReading]
    /// Until when a held edit waits and what then; nil unless the outcome is hold.
    package let terms: HoldTerms?

    /// Name given when nothing had to be done.
    package static let equal = "equal"
    /// Name given when a limit was broken that no rule can change.
    package static let limits = "limits"
}

/// What one guard found.
package struct GuardReading: Sendable, Hashable {
    /// How the guard stood.
    package enum Outcome: String, Sendable, CaseIterable {
        case passed
        /// The edit goes on and its author is told.
        case warned
        case failed
    }

    /// The guard's name in the rule file.
    package let name: String
    package let outcome: Outcome
    /// The value looked at, as text: an amount, a state, a name; empty when there is none.
    package let value: String
    /// What the value was held against, as text; empty when nothing is known to hold it against.
    package let limit: String
    /// Since when the figure is known, for one that lags behind.
    package let asOf: Timestamp?
}

/// How long a held edit waits for a person.
package struct HoldTerms: Sendable, Hashable {
    /// What happens when nobody decides.
    package enum Fallback: String, Sendable, CaseIterable {
        /// What the server holds stays.
        case theirs
    }

    /// Seconds from the moment the edit was held; nil = it waits until someone decides.
    package let deadlineSeconds: Int64?
    /// What is decided at the deadline; nil = the conflict stays open.
    package let fallback: Fallback?

    package init(deadlineSeconds: Int64?, fallback: Fallback?) {
        self.deadlineSeconds = deadlineSeconds
        self.fallback = fallback
    }
}
