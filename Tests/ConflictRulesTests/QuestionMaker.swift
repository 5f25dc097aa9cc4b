import ConflictRules
import PartnerModel
import PropertyKit

/// Draws questions: few different values, so that edits meet what they ask for, and the edges of what is allowed.
enum QuestionMaker {
    static func budget(_ choices: inout Choices) -> Budget {
        Budget(
            amount: money(choices.element(of: ["5", "6", "7", "1000000", "1000000.01", "2147483647"])),
            type: choices.element(of: BudgetType.allCases), onExhaustion: choices.element(of: ExhaustionAction.allCases)
        )
    }

    static func discount(_ choices: inout Choices) -> Discount {
        Discount(
            percent: BasisPoints(Int64(choices.element(of: [500, 1000, 4000]))),
            validFrom: moment(choices.int64(in: -1...2)), validUntil: moment(choices.int64(in: 0...3)))
    }

    static func freezes(_ choices: inout Choices) -> [Freeze] {
        (0..<choices.int(in: 0...4)).map { index in
            freeze(
                Int64(index), choices.element(of: FreezeKind.allCases),
                choices.element(of: [.manual, .budget, .vendor]))
        }
    }

    static func state(_ register: Register, _ choices: inout Choices) -> RegisterState {
        switch register {
        case .budget, .conflict: .budget(choices.bool(percent: 90) ? budget(&choices) : nil)
        case .freezes: .freezes(freezes(&choices))
        case .discount: .discount(choices.bool(percent: 70) ? discount(&choices) : nil)
        case .manager: .manager(choices.element(of: [nil, "li", "wu"]))
        case .label: .label(choices.element(of: [nil, "a", "b"]))
        case .request:
            choices.bool(percent: 90)
                ? request(
                    choices.element(of: RequestStatus.allCases), choices.element(of: RequestPurpose.allCases))
                : .request(nil)
        }
    }

    static func intent(_ kind: EditKind, _ choices: inout Choices) -> EditIntent {
        let cycle = BillingCycle(containing: judgedAt.seconds)
        let through = choices.element(of: [nil, nil, nil, cycle, cycle.previous])
        switch kind {
        case .setBudget: return .setBudget(budget(&choices), validThrough: through)
        case .adjustBudget:
            let delta = choices.element(of: ["1", "-1", "2.50", "-4.99", "1000000", "2147483647", "0"])
            return .adjustBudget(delta: money(delta), validThrough: through)
        case .freeze: return .freeze(choices.element(of: FreezeKind.allCases), reason: "r")
        case .unfreeze:
            let seen = (0..<choices.int(in: 0...4)).map { Int64($0) }.filter { _ in choices.bool(percent: 70) }
            return unfreeze(choices.element(of: FreezeKind.allCases), seen: seen)
        case .setDiscount: return .setDiscount(discount(&choices))
        case .cancelDiscount: return .cancelDiscount
        case .assignManager: return .assignManager(choices.element(of: ["li", "wu"]))
        case .withdrawManager: return .withdrawManager
        case .setLabel: return .setLabel(choices.element(of: ["a", "b", nil]))
        case .decideRequest: return .decideRequest(approve: choices.bool())
        case .decideConflict: return .decideConflict(ConflictKey(1), choices.element(of: [.mine, .theirs]))
        }
    }

    static func surroundings(_ kind: EditKind, _ choices: inout Choices) -> EditFacts {
        let family = EditLimits.requiredAssociation(of: kind) ?? .reseller
        var known = facts(
            choices.bool(percent: 95) ? family : choices.element(of: AssociationType.allCases),
            age: choices.element(of: [60, 3_600, 3_601, 90_000, 3_000_000, nil]))
        known.partnerState = choices.element(of: [.active, .active, .active, .restricted, .frozen])
        known.isFormer = choices.bool(percent: 5)
        known.managedBy = choices.bool(percent: 5) ? "north" : nil
        known.role = choices.element(of: [.administrator, .manager, .operator, nil])
        known.used = choices.element(of: [nil, money("5.50"), money("1000000")])
        known.budget = choices.bool() ? budget(&choices) : nil
        known.freezes = freezes(&choices)
        known.rangeHasMoved = choices.bool(percent: 30)
        known.isConfirmed = choices.bool(percent: 50)
        return known
    }

    static func question(_ kind: EditKind, _ choices: inout Choices) -> RuleQuestion {
        let current = state(kind.register, &choices)
        let isIntact = choices.bool()
        let before = isIntact ? current : choices.bool(percent: 80) ? state(kind.register, &choices) : nil
        return RuleQuestion(
            intent: intent(kind, &choices), before: before, current: current, isIntact: isIntact,
            facts: surroundings(kind, &choices))
    }
}

extension RuleQuestion {
    /// The same edit, met by something else.
    func meeting(_ current: RegisterState, isIntact: Bool, before: RegisterState?) -> RuleQuestion {
        RuleQuestion(intent: intent, before: before, current: current, isIntact: isIntact, facts: facts)
    }
}
