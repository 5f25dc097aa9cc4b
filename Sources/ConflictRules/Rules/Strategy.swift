package import PartnerModel

/// How an edit and what stands become one.
package enum Strategy: Sendable, Hashable {
    /// Carried out as asked.
    case clientWins
    /// What stands stays.
    case serverWins
    /// The edit that arrives last is carried out.
    case lastWriter
    /// The edit that arrived first stays.
    case firstWriter
    /// Field by field, what only one side changed is taken from that side. Does not apply when both changed a field to
    /// different values, or when what comes out would end before it begins or be over.
    case fieldMerge
    /// The larger budget. Does not apply when type or action differ.
    case max
    /// The smaller budget. Does not apply when type or action differ.
    case min
    /// The adjustment is added to what stands.
    case sumOfDeltas
    /// A freeze at least as strict as what stands is added.
    case strictestWins
    /// An unfreeze removes the freezes that its author saw, of its kind.
    case observedRemove
    /// A freeze is added to what stands.
    case appendOnly
    /// An adjustment is carried out on what stands while that differs little from what its author saw come out.
    case rebaseIntent(Drift)
    /// A difference in amount up to a limit a day is decided without a person. Does not apply above it, or when type or
    /// action differ.
    case tolerance(amount: Money, then: Settlement)
    /// A person decides.
    case hold

    /// How far an outcome may be from the one that the author saw.
    package enum Drift: Sendable, Hashable {
        case share(BasisPoints)
        case amount(Money)
    }

    /// What a tolerated difference is decided to.
    package enum Settlement: String, Sendable, CaseIterable {
        case clientWins = "client-wins"
        case serverWins = "server-wins"
        case min, max
    }

    /// The strategy's word in a rule file.
    package var word: StrategyWord {
        switch self {
        case .clientWins: .clientWins
        case .serverWins: .serverWins
        case .lastWriter: .lastWriter
        case .firstWriter: .firstWriter
        case .fieldMerge: .fieldMerge
        case .max: .max
        case .min: .min
        case .sumOfDeltas: .sumOfDeltas
        case .strictestWins: .strictestWins
        case .observedRemove: .observedRemove
        case .appendOnly: .appendOnly
        case .rebaseIntent: .rebaseIntent
        case .tolerance: .tolerance
        case .hold: .hold
        }
    }
}

/// The words of the vocabulary for strategies, and what is known of each.
package enum StrategyWord: String, Sendable, CaseIterable {
    case clientWins = "client-wins"
    case serverWins = "server-wins"
    case lastWriter = "last-writer"
    case firstWriter = "first-writer"
    case fieldMerge = "field-merge"
    case max, min
    case sumOfDeltas = "sum-of-deltas"
    case strictestWins = "strictest-wins"
    case observedRemove = "observed-remove"
    case appendOnly = "append-only"
    case rebaseIntent = "rebase-intent"
    case tolerance, hold
    /// The step of the guards; a word of the vocabulary that no case may use.
    case `guard`

    /// The kinds of edit for which the strategy means something.
    package var edits: [EditKind] {
        switch self {
        case .clientWins, .firstWriter: EditKind.allCases
        case .serverWins, .hold: EditKind.allCases.filter { $0 != .decideConflict }
        case .lastWriter: [.setBudget, .setDiscount, .cancelDiscount, .assignManager, .withdrawManager, .setLabel]
        case .fieldMerge: [.setBudget, .setDiscount]
        case .max, .min, .tolerance: [.setBudget]
        case .sumOfDeltas, .rebaseIntent: [.adjustBudget]
        case .strictestWins, .appendOnly: [.freeze]
        case .observedRemove: [.unfreeze]
        case .guard: []
        }
    }

    /// The strategy may find that it does not apply, so that the next case is asked.
    package var mayFallThrough: Bool {
        switch self {
        case .fieldMerge, .max, .min, .rebaseIntent, .tolerance: true
        default: false
        }
    }

    /// The strategy looks at what the author saw.
    package var needsBase: Bool { self == .fieldMerge || self == .rebaseIntent }

    /// How judging an edit again on what came out of it changes nothing more.
    package enum Idempotence: Sendable { case byValue, byKey }

    /// How the strategy is idempotent for a kind of edit. An adjustment is only by its key: judged twice, it would
    /// count twice.
    package func idempotence(of edit: EditKind) -> Idempotence { edit == .adjustBudget ? .byKey : .byValue }

    /// Two edits of the kind that are both carried out give the same outcome in either order. Nil when the strategy
    /// carries nothing out.
    package func isCommutative(for edit: EditKind) -> Bool? {
        switch self {
        case .hold: nil
        case .sumOfDeltas, .rebaseIntent, .appendOnly, .observedRemove, .max, .min: true
        case .clientWins: edit == .adjustBudget || edit == .freeze || edit == .unfreeze
        default: false
        }
    }
}
