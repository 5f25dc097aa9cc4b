package import PartnerModel

/// A word that is true or false of an edit and what it met.
package enum Condition: String, Sendable, CaseIterable {
    /// True of every edit; stands alone.
    case always
    /// The register has not changed since its author saw it.
    case intact
    /// The register has changed since.
    case moved
    /// The budget's type is another than the author saw, or what was seen is not known.
    case typeMoved = "type-moved"
    /// The register has changed and a freeze that the author saw or may have seen is gone: also when nothing stands.
    case released
    /// None of the freezes that the unfreeze names stands, but the customer is frozen.
    case unseen
    /// The edit is about a freeze of the kind that stops resources too.
    case resources
    /// The decision on the request is to approve it.
    case approval
    /// More would come out than stands.
    case raises
    /// Less would come out than stands.
    case lowers
    /// The edit and what changed since both lower the amount that the author saw.
    case bothLower = "both-lower"
    /// The edit and what changed since both raise the amount that the author saw.
    case bothRaise = "both-raise"
}

extension RuleQuestion {
    /// Whether a condition is true. What is not known of the author's view counts as the reason for more care: a type
    /// as changed, a freeze as released; but two changes in one direction have to be known.
    func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .always: return true
        case .intact: return isIntact
        case .moved: return !isIntact
        case .typeMoved:
            guard !isIntact, case .budget(let standing) = current else { return false }
            guard case .budget(let seen)? = before else { return true }
            return seen?.type != standing?.type
        case .released:
            guard !isIntact, case .freezes(let standing) = current else { return false }
            guard case .freezes(let seen)? = before, !standing.isEmpty else { return true }
            return seen.contains { freeze in !standing.contains { $0.id == freeze.id } }
        case .unseen:
            guard case .unfreeze(let kind, _, let seen) = intent else { return false }
            return !currentFreezes.isEmpty && !currentFreezes.contains { $0.kind == kind && seen.contains($0.id) }
        case .resources:
            switch intent {
            case .freeze(.accountAndResources, _), .unfreeze(.accountAndResources, _, _): return true
            default: return false
            }
        case .approval: return intent == .decideRequest(approve: true)
        case .raises: return direction == .up
        case .lowers: return direction == .down
        case .bothLower: return mine == .down && theirs == .down
        case .bothRaise: return mine == .up && theirs == .up
        }
    }

    private enum Direction { case up, down }

    private func direction(from: Money?, to: Money?) -> Direction? {
        guard let from, let to, from != to else { return nil }
        return from < to ? .up : .down
    }

    /// Which way the edit takes the amount that stands. An adjustment goes its own way, whether the sum fits or not.
    private var direction: Direction? {
        if case .adjustBudget(let delta, _) = intent { return direction(from: .zero, to: delta) }
        return direction(from: currentBudget?.amount, to: amountAfter)
    }

    /// Which way the author took the amount that he saw.
    private var mine: Direction? {
        if case .adjustBudget(let delta, _) = intent { return direction(from: .zero, to: delta) }
        return direction(from: seenBudget?.amount, to: amountAfter)
    }

    /// Which way others took it since.
    private var theirs: Direction? {
        isIntact ? nil : direction(from: seenBudget?.amount, to: currentBudget?.amount)
    }
}

// MARK: What is known of the words

extension Condition {
    /// The kinds of edit of which the condition can be asked.
    package var edits: [EditKind] {
        switch self {
        case .always, .intact, .moved: EditKind.allCases
        case .typeMoved, .raises, .lowers, .bothLower, .bothRaise: [.setBudget, .adjustBudget]
        case .released, .resources: [.freeze, .unfreeze]
        case .unseen: [.unfreeze]
        case .approval: [.decideRequest]
        }
    }

    /// The condition looks at what the author saw.
    package var needsBase: Bool {
        switch self {
        case .intact, .moved, .typeMoved, .released, .bothLower, .bothRaise: true
        case .always, .unseen, .resources, .approval, .raises, .lowers: false
        }
    }

    /// The condition is true only when the register has moved.
    var impliesMoved: Bool { self != .intact && needsBase }

    /// The conditions with what follows from them; empty for `always`.
    static func closure(of conditions: [Condition]) -> Set<Condition> {
        var all = Set(conditions)
        all.remove(.always)
        if all.contains(where: \.impliesMoved) { all.insert(.moved) }
        return all
    }

    /// Two conditions that are never true together.
    static func contradiction(in conditions: [Condition]) -> (Condition, Condition)? {
        let pairs: [(Condition, Condition)] = [(.raises, .lowers), (.bothLower, .bothRaise)]
        if let pair = pairs.first(where: { conditions.contains($0.0) && conditions.contains($0.1) }) { return pair }
        guard conditions.contains(.intact), let moved = conditions.first(where: \.impliesMoved) else { return nil }
        return (.intact, moved)
    }
}
