package import PartnerModel

/// The rule for one kind of edit: guards, then the first case that fits, then the limits of what would come out.
package struct Rule: Sendable, Hashable {
    package let edit: EditKind
    /// In order, named lists laid in.
    package let guards: [GuardSpec]
    /// In order; the first that fits decides.
    package let combine: [RuleCase]
    /// How long held edits wait; nil when the rule holds none.
    package let terms: HoldTerms?
    /// What the rule declares about itself.
    package let promises: Set<RulePromise>
}

/// One way of combining an edit with what stands.
package struct RuleCase: Sendable, Hashable {
    /// Recorded with every decision that the case makes.
    package let name: String
    /// All of them must hold.
    package let conditions: [Condition]
    package let strategy: Strategy
    /// The edit is at most this many seconds old; nil = no such limit.
    package let withinSeconds: Int64?
    /// The edit is older than this many seconds; nil = no such limit.
    package let olderThanSeconds: Int64?

    /// Whether the case is for this question.
    func fits(_ question: RuleQuestion) -> Bool {
        if let withinSeconds, !question.isWithin(withinSeconds) { return false }
        if let olderThanSeconds, question.isWithin(olderThanSeconds) { return false }
        return conditions.allSatisfy(question.holds)
    }
}

/// What a rule declares about itself; tests prove each.
package enum RulePromise: String, Sendable, CaseIterable {
    /// The same question has the same judgement, always.
    case deterministic
    /// Judging the edit again on what came out changes nothing more. Adjustments keep this by their idempotency key: a
    /// repeat is answered with the stored result and never judged.
    case idempotent
    /// Two edits of the kind that are both carried out in either order give the same outcome.
    case commutative
    /// The judgement depends on what the author saw, so an edit without a base is judged as if it had moved.
    case needsBase = "needs-base"
    /// An edit may have to wait for a person.
    case mayHold = "may-hold"
}
