import ConflictRules
import PartnerModel
import PropertyKit
import Testing

private let now = Timestamp(seconds: 1_795_000_000)
private let facts = EditFacts(
    association: .reseller, partnerState: .active, discountRange: nil, cycle: BillingCycle(containing: now.seconds),
    now: now)

private func budget(_ major: Int64) -> Budget {
    Budget(amount: Money(major: major) ?? .zero, type: .monthly, onExhaustion: .manual)
}

private func resolve(_ intent: EditIntent, _ current: RegisterState, intact: Bool) -> Resolution {
    ConflictRules.standard.resolve(Question(intent: intent, current: current, baseIsIntact: intact, facts: facts))
}

@Suite struct ConflictRulesTests {
    @Test func `an intact base is carried out and a moved one is held`() {
        let intent = EditIntent.setBudget(budget(5), validThrough: nil)
        #expect(resolve(intent, .budget(budget(4)), intact: true) == .apply(rule: "compare-and-set"))
        #expect(resolve(intent, .budget(budget(4)), intact: false) == .hold(rule: "hold"))
    }

    @Test func `equal values converge whatever the base`() {
        let intent = EditIntent.setBudget(budget(5), validThrough: nil)
        #expect(resolve(intent, .budget(budget(5)), intact: false) == .noop(rule: "equal"))
    }

    @Test func `a raise on a moved base is held, never applied twice over`() {
        #expect(
            resolve(.adjustBudget(delta: budget(1).amount, validThrough: nil), .budget(budget(5)), intact: false)
                == .hold(rule: "hold"))
    }

    @Test func `an illegal edit is refused however its base stands`() {
        for intact in [true, false] {
            guard
                case .reject(let violation) = resolve(
                    .setBudget(budget(0), validThrough: nil), .budget(nil), intact: intact)
            else {
                Issue.record("a budget of 0 was not refused")
                continue
            }
            #expect(violation.code == "CBC.0101")
        }
    }

    @Test func `an expired edit is told as expired`() {
        let past = BillingCycle(containing: now.seconds).previous
        guard case .expired = resolve(.setBudget(budget(3), validThrough: past), .budget(nil), intact: true) else {
            Issue.record("an edit past its cycle was not expired")
            return
        }
    }

    @Test func `an unfreeze of freezes that are gone changes nothing`() {
        #expect(
            resolve(.unfreeze(.account, reason: "paid", seen: [1]), .freezes([]), intact: false) == .noop(rule: "equal")
        )
    }

    @Test func `a freeze is never lifted by an edit that had not seen it`() throws {
        try checkProperty("unseen freezes stay") { choices in
            let freezes = (1...choices.int(in: 1...5)).map { index in
                Freeze(
                    id: Int64(index), kind: choices.element(of: FreezeKind.allCases), cause: .manual, reason: "r",
                    author: "a", at: now)
            }
            let seen = freezes.map(\.id).filter { _ in choices.bool() }
            let intent = EditIntent.unfreeze(choices.element(of: FreezeKind.allCases), reason: "r", seen: seen)
            let current = RegisterState.freezes(freezes)
            guard case .apply = resolve(intent, current, intact: choices.bool()) else { return }
            let after = current.applying(intent) { _, _ in freezes[0] }
            guard case .freezes(let left)? = after else {
                Issue.record("an applied unfreeze gave no freezes")
                return
            }
            for freeze in freezes where !seen.contains(freeze.id) { try #require(left.contains(freeze)) }
        }
    }
}
