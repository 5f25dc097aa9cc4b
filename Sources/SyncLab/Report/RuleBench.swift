import ConflictRules
import Digests
import PartnerModel

/// What one judgement costs: every kind of edit on states that fit it, intact and moved, fresh and old.
package struct RuleBench {
    private let questions: [RuleQuestion]

    package init() {
        questions = EditKind.allCases.flatMap { kind in
            RuleBench.intents(of: kind).flatMap { intent in
                RuleBench.states(of: kind.register).flatMap { current in
                    [(true, 60), (false, 60), (false, 40 * 86_400)].map { isIntact, age in
                        RuleQuestion(
                            intent: intent, before: isIntact ? current : RuleBench.states(of: kind.register)[0],
                            current: current, isIntact: isIntact, facts: RuleBench.facts(kind, age: age))
                    }
                }
            }
        }
    }

    package var questionCount: Int { questions.count }

    /// SHA-256 over every outcome and the rule that gave it, in order: two runs that judged alike have the same.
    package var outcomesHash: String {
        let lines = questions.map { question in
            let judgement = RuleSet.standard.judge(question)
            return "\(judgement.outcome) \(judgement.rule)\n"
        }
        return SHA256.hex(of: lines.joined())
    }

    /// Judges every question once and counts the readings of guards, so that no judgement can be left out.
    package func judgeAll() -> Int {
        questions.reduce(into: 0) { count, question in count += RuleSet.standard.judge(question).readings.count }
    }

    // MARK: The mix

    private static let now: Int64 = 1_795_000_000

    private static func money(_ major: Int64) -> Money { Money(major: major) ?? .zero }

    private static func budget(_ major: Int64, _ type: BudgetType = .monthly) -> Budget {
        Budget(amount: money(major), type: type, onExhaustion: .freeze)
    }

    private static func discount(_ percent: Int64) -> Discount {
        Discount(
            percent: BasisPoints(percent * 100), validFrom: Timestamp(seconds: now - 86_400),
            validUntil: Timestamp(seconds: now + 30 * 86_400))
    }

    private static func freeze(_ id: Int64, _ kind: FreezeKind, _ cause: FreezeCause) -> Freeze {
        Freeze(id: id, kind: kind, cause: cause, reason: "late", author: "mona", at: Timestamp(seconds: now - 7_200))
    }

    private static func states(of register: Register) -> [RegisterState] {
        switch register {
        case .budget, .conflict: [.budget(budget(500)), .budget(budget(700)), .budget(budget(500, .oneTime))]
        case .freezes:
            [
                .freezes([freeze(1, .account, .manual)]), .freezes([]),
                .freezes([freeze(1, .account, .budget), freeze(2, .accountAndResources, .vendor)]),
            ]
        case .discount: [.discount(discount(5)), .discount(nil), .discount(discount(10))]
        case .manager: [.manager(nil), .manager("xu"), .manager("yan")]
        case .label: [.label(nil), .label("gold"), .label("public sector")]
        case .request:
            [RequestStatus.pending, .approved, .rejected].map { status in
                let moment = Timestamp(seconds: now - 3_600)
                return .request(
                    AssociationRequest(purpose: .disassociate, status: status, reason: "we move", requestedAt: moment))
            }
        }
    }

    private static func intents(of kind: EditKind) -> [EditIntent] {
        switch kind {
        case .setBudget: [.setBudget(budget(700), validThrough: nil), .setBudget(budget(2_000_000), validThrough: nil)]
        case .adjustBudget:
            [.adjustBudget(delta: money(100), validThrough: nil), .adjustBudget(delta: money(-450), validThrough: nil)]
        case .freeze: FreezeKind.allCases.map { .freeze($0, reason: "late") }
        case .unfreeze: FreezeKind.allCases.map { .unfreeze($0, reason: "paid", seen: [1]) }
        case .setDiscount: [.setDiscount(discount(10)), .setDiscount(discount(40))]
        case .cancelDiscount: [.cancelDiscount]
        case .assignManager: [.assignManager("xu"), .assignManager("zoe")]
        case .withdrawManager: [.withdrawManager]
        case .setLabel: [.setLabel("gold"), .setLabel(nil)]
        case .decideRequest: [.decideRequest(approve: true), .decideRequest(approve: false)]
        case .decideConflict: [.decideConflict(ConflictKey(1), .mine), .decideConflict(ConflictKey(1), .theirs)]
        }
    }

    private static func facts(_ kind: EditKind, age: Int64) -> EditFacts {
        var facts = EditFacts(
            association: EditLimits.requiredAssociation(of: kind) ?? .reseller, partnerState: .active,
            discountRange: BasisPoints(1)...BasisPoints(3000), cycle: BillingCycle(containing: now),
            now: Timestamp(seconds: now))
        facts.role = .administrator
        facts.madeAt = Timestamp(seconds: now - age)
        (facts.used, facts.usedAsOf) = (money(480), Timestamp(seconds: now - 600))
        facts.budget = budget(500)
        return facts
    }
}
