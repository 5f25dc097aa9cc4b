import ConflictRules
import PartnerModel

/// The words of the conflict rules in plain language.
enum DeskRuleWords {
    /// When a case applies; with what the author saw, in words that fit it.
    static func when(_ ruleCase: RuleCase, seen: RegisterState? = nil) -> String {
        var parts = ruleCase.conditions.filter { $0 != .always }.map { condition in
            // Who saw no budget saw no type either.
            condition == .typeMoved && seen == .budget(nil)
                ? "a budget was set while its author saw none" : text(condition)
        }
        // What follows from another condition need not be said.
        if ruleCase.conditions.contains(where: { $0 != .moved && $0 != .intact && $0.needsBase }) {
            parts.removeAll { $0 == text(.moved) }
        }
        if let within = ruleCase.withinSeconds { parts.append("it is at most \(DeskTime.length(within)) old") }
        if let older = ruleCase.olderThanSeconds { parts.append("it is older than \(DeskTime.length(older))") }
        return parts.isEmpty ? "in every case" : "when " + parts.joined(separator: " and ")
    }

    static func text(_ condition: Condition) -> String {
        switch condition {
        case .always: "in every case"
        case .intact: "nobody changed what its author saw"
        case .moved: "somebody changed what its author saw"
        case .typeMoved: "the budget's type is another than its author saw"
        case .released: "a freeze that its author saw was lifted since"
        case .unseen: "the customer is frozen, but not by what its author saw"
        case .resources: "it stops the resources too"
        case .approval: "it approves the request"
        case .raises: "it raises what stands"
        case .lowers: "it lowers what stands"
        case .bothLower: "both sides lower what the author saw"
        case .bothRaise: "both sides raise what the author saw"
        }
    }

    /// What a case does.
    static func does(_ strategy: Strategy) -> String {
        switch strategy {
        case .clientWins: "the edit is carried out as asked"
        case .serverWins: "what stands is kept, the edit is overruled"
        case .lastWriter: "the edit that comes last is carried out"
        case .firstWriter: "whoever came first keeps it, the edit is overruled"
        case .fieldMerge: "fields that only one side changed are taken from that side"
        case .max: "the larger amount is kept"
        case .min: "the smaller amount is kept"
        case .sumOfDeltas: "the change is added to what stands"
        case .strictestWins: "the freeze is carried out, unless a stricter one stands"
        case .observedRemove: "the freezes that its author saw are lifted, others stay"
        case .appendOnly: "the freeze is added to those that stand"
        case .rebaseIntent(let drift):
            "the change is carried out on what stands, if the outcome differs by \(text(drift))"
        case .tolerance(let amount, let settlement):
            "a difference of at most \(amount.shortText) a day is decided by itself: \(text(settlement))"
        case .hold: "a person decides"
        }
    }

    private static func text(_ drift: Strategy.Drift) -> String {
        switch drift {
        case .share(let share): "at most \(share.percentText) %"
        case .amount(let amount): "at most \(amount.shortText)"
        }
    }

    private static func text(_ settlement: Strategy.Settlement) -> String {
        switch settlement {
        case .clientWins: "the edit is carried out"
        case .serverWins: "what stands is kept"
        case .min: "the smaller amount is kept"
        case .max: "the larger amount is kept"
        }
    }

    /// What a guard asks; its own name when this build does not know it.
    static func asks(_ name: String) -> String {
        guard let word = GuardWord(rawValue: name) else { return name }
        return switch word {
        case .associated: "the customer is still associated"
        case .association: "the customer is associated in the way that the edit is for"
        case .permission: "no reseller manages the customer instead"
        case .partnerState: "the partner's own state allows it"
        case .role: "the author has a role that may do it"
        case .cycle: "the last cycle in which the edit is wanted is not over"
        case .validity: "the discount is not over before it begins"
        case .authorisedRange: "the discount lies in the authorised range"
        case .ceiling: "the amount is not above what this role sets unconfirmed"
        case .spent: "at least what is used already comes out"
        case .hasBudget: "there is a budget to change"
        case .hasDiscount: "there is a discount to change"
        case .freezeStands: "a freeze of that kind stands that a partner may lift"
        case .cures: "the budget is above what is used before its freeze is lifted"
        case .unassigned: "the customer has no account manager"
        case .assigned: "the customer has an account manager"
        case .pending: "the request waits for a decision"
        case .notFrozen: "the customer is not frozen"
        case .age: "the edit is not too old"
        }
    }

    /// The meaning of a name that stands with a result or a conflict, for an author who saw this; nil when the rules at
    /// hand have no such name.
    static func meaning(_ rule: String, _ set: RuleSet, _ kind: EditKind, seen: RegisterState?) -> String? {
        switch rule {
        case "equal": return "what was asked for was so already"
        case "limits": return "a limit that no rule can change"
        case "deadline": return "nobody decided before the deadline"
        default: break
        }
        if let found = set.rule(for: kind).combine.first(where: { $0.name == rule }) {
            return "\(when(found, seen: seen)), \(does(found.strategy))"
        }
        return GuardWord(rawValue: rule) == nil ? nil : "the guard that asks whether \(asks(rule)) stopped it"
    }
}
