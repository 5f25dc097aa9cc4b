package import PartnerModel

/// A guard of the domain that a set of rules does not ask of every edit of a kind.
///
/// Rules are data: what a file leaves out is said, not refused. But an edit that passes here is refused by the vendor.
package struct RuleWarning: Sendable, Hashable {
    package let edit: EditKind
    package let word: GuardWord
    /// The guard stands there, but is asked of some edits only, or asks for the wrong association.
    package let isPartial: Bool

    /// The code by which the vendor refuses.
    package var code: String {
        let facts = EditFacts(
            association: other, partnerState: .active, discountRange: nil, cycle: BillingCycle(containing: 0),
            now: Timestamp(seconds: 0))
        guard word == .association, let required = EditLimits.requiredAssociation(of: edit) else {
            var former = facts
            former.isFormer = true
            return EditLimits.formerViolation(facts: former)?.code ?? ""
        }
        return EditLimits.associationViolation(of: edit, required: required, facts: facts)?.code ?? ""
    }

    /// One sentence: the kind, the guard, and what comes of it.
    package var text: String {
        let lack = isPartial ? "does not ask every edit for" : "does not ask for"
        let who = word == .association ? "a \(other == .referral ? "Referral" : "Reseller")" : "a former"
        return "\(edit.rawValue) \(lack) `\(word.rawValue)`: \(who) customer's \(edit.register.noun) is refused by the "
            + "vendor, \(code)"
    }

    /// The association that the kind is not for.
    private var other: AssociationType {
        EditLimits.requiredAssociation(of: edit) == .referral ? .reseller : .referral
    }
}

extension RuleSet {
    /// What these rules leave out of the domain, by kind of edit in their order; empty for the rules of this build.
    package var warnings: [RuleWarning] {
        EditKind.allCases.flatMap { kind -> [RuleWarning] in
            guard let required = EditLimits.requiredAssociation(of: kind) else { return [] }
            let guards = rule(for: kind).guards
            return [GuardSpec.Test.associated, .association(required)].compactMap { test in
                let word = GuardSpec(test: test, otherwise: .reject, conditions: []).word
                let isAsked = guards.contains { $0.test == test && $0.conditions.allSatisfy { $0 == .always } }
                guard !isAsked else { return nil }
                return RuleWarning(edit: kind, word: word, isPartial: guards.contains { $0.word == word })
            }
        }
    }
}

extension Register {
    fileprivate var noun: String { self == .freezes ? "freeze" : rawValue }
}
