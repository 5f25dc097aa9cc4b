package import PartnerModel

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Decides what becomes of an edit that met its register. The decision is pure: it reads no clock and no store, so
/// the server decides and the agent predicts with the same code.
///
/// The present rules: an edit whose base is intact is carried out; an edit that asks for what is already so changes
/// nothing; an edit whose base moved is held for a person. `rulesVersion` names them in every record.
package struct ConflictRules: Sendable, Hashable {
    /// Version of the rules in force, recorded with every decision.
    package let rulesVersion: Int

    /// The rules of this build.
    package static let standard = ConflictRules(rulesVersion: 1)

    /// The resolution of one edit against the current register.
    ///
    /// The order is fixed: limits first, so that an illegal edit is refused however its base stands, then equality,
    /// then the base.
    package func resolve(_ question: Question) -> Resolution {
        if let violation = EditLimits.violation(of: question.intent, on: question.current, facts: question.facts) {
            // What is already so needs no permission: an unfreeze of a freeze that is gone is done.
            if question.current.alreadyHolds(question.intent), violation.meansNothingIsThere {
                return .noop(rule: "equal")
            }
            return violation.meansTooLate ? .expired(violation) : .reject(violation)
        }
        if question.current.alreadyHolds(question.intent) { return .noop(rule: "equal") }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .blindOverwrite { return .apply(rule: "compare-and-set") }
        #endif
        return question.baseIsIntact ? .apply(rule: "compare-and-set") : .hold(rule: "hold")
    }
}

/// One edit and what it met.
package struct Question: Sendable, Hashable {
    package let intent: EditIntent
    package let current: RegisterState
    /// The register's version is the edit's base, or the result of an unbroken run of the same author's edits on it.
    package let baseIsIntact: Bool
    package let facts: EditFacts

    package init(intent: EditIntent, current: RegisterState, baseIsIntact: Bool, facts: EditFacts) {
        self.intent = intent
        self.current = current
        self.baseIsIntact = baseIsIntact
        self.facts = facts
    }
}

/// What is to be done with an edit, and the name of the rule that says so.
package enum Resolution: Sendable, Hashable {
    case apply(rule: String)
    case noop(rule: String)
    /// A person decides between base, mine and theirs.
    case hold(rule: String)
    case reject(LimitViolation)
    /// The edit's own time limit passed before it arrived.
    case expired(LimitViolation)
}
