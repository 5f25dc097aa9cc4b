import PartnerModel
import PropertyKit
import Testing

private let now = Timestamp(seconds: 1_795_000_000)

private func facts(
    _ association: AssociationType = .reseller, partner: PartnerState = .active,
    range: ClosedRange<BasisPoints>? = BasisPoints(100)...BasisPoints(3000)
) -> EditFacts {
    EditFacts(
        association: association, partnerState: partner, discountRange: range,
        cycle: BillingCycle(containing: now.seconds), now: now)
}

private func budget(_ text: String) -> Budget {
    Budget(amount: Money(text) ?? .zero, type: .monthly, onExhaustion: .manual)
}

private func freeze(_ id: Int64, _ kind: FreezeKind = .account, _ cause: FreezeCause = .manual) -> Freeze {
    Freeze(id: id, kind: kind, cause: cause, reason: "r", author: "a", at: now)
}

private func code(_ intent: EditIntent, _ state: RegisterState, _ facts: EditFacts = facts()) -> String? {
    EditLimits.violation(of: intent, on: state, facts: facts)?.code
}

@Suite struct EditLimitsTests {
    @Test(arguments: [
        ("0", "CBC.0101"), ("-1", "CBC.0101"), ("0.01", nil), ("2147483647", nil), ("2147483647.01", "CBC.0101"),
        ("1.001", "CBC.0101"),
    ])
    func `a budget is above zero, below the vendor's largest and of whole cents`(amount: String, expected: String?) {
        #expect(code(.setBudget(budget(amount), validThrough: nil), .budget(nil)) == expected)
    }

    @Test func `each family of edits is for its own association type`() {
        let discount = Discount(
            percent: BasisPoints(500), validFrom: now, validUntil: Timestamp(seconds: now.seconds + 10))
        #expect(code(.setBudget(budget("5"), validThrough: nil), .budget(nil), facts(.referral)) == "CBC.99005024")
        #expect(code(.freeze(.account, reason: "x"), .freezes([]), facts(.referral)) == "CBC.99005024")
        #expect(code(.setDiscount(discount), .discount(nil), facts(.reseller)) == "CBC.99005024")
        #expect(code(.setDiscount(discount), .discount(nil), facts(.referral)) == nil)
    }

    @Test func `an adjustment needs a budget, and its sum must be a legal one`() {
        #expect(code(.adjustBudget(delta: budget("5").amount, validThrough: nil), .budget(nil)) == "FB.NO_BUDGET")
        #expect(
            code(.adjustBudget(delta: Money(units: -500_000_000), validThrough: nil), .budget(budget("5")))
                == "CBC.0101")
        #expect(code(.adjustBudget(delta: .zero, validThrough: nil), .budget(budget("5"))) == "CBC.0101")
        #expect(code(.adjustBudget(delta: Money(units: .max), validThrough: nil), .budget(budget("5"))) == "CBC.0101")
        #expect(code(.adjustBudget(delta: Money(units: 1_000_000), validThrough: nil), .budget(budget("5"))) == nil)
    }

    @Test(arguments: [
        ("", "CBC.0100"), ("   ", "CBC.0100"), ("ok", nil), ("a\u{1B}[2J", "CBC.0101"), ("two\nlines", "CBC.0101"),
    ])
    func `a freeze needs a plain reason`(reason: String, expected: String?) {
        #expect(code(.freeze(.account, reason: reason), .freezes([])) == expected)
    }

    @Test func `a reason of 256 characters is the longest, in any script`() {
        #expect(code(.freeze(.account, reason: String(repeating: "客", count: 256)), .freezes([])) == nil)
        #expect(code(.freeze(.account, reason: String(repeating: "客", count: 257)), .freezes([])) == "CBC.0101")
    }

    @Test func `an unfreeze names the kind that stands and a cause that a partner may lift`() {
        func intent(_ kind: FreezeKind) -> EditIntent { .unfreeze(kind, reason: "paid", seen: [1]) }
        #expect(code(intent(.account), .freezes([])) == "FB.NOT_FROZEN")
        #expect(code(intent(.account), .freezes([freeze(1, .accountAndResources)])) == "FB.FREEZE_KIND")
        #expect(code(intent(.account), .freezes([freeze(1, .account, .vendor)])) == "FB.FREEZE_CAUSE")
        #expect(code(intent(.account), .freezes([freeze(1, .account, .budget)])) == nil)
        #expect(
            code(intent(.accountAndResources), .freezes([freeze(1, .accountAndResources)]), facts(partner: .frozen))
                == "FB.PARTNER_FROZEN")
    }

    @Test func `a discount lies in the authorised range and in the future`() {
        func intent(_ percent: Int64, from: Int64 = 0, until: Int64 = 100) -> EditIntent {
            .setDiscount(
                Discount(
                    percent: BasisPoints(percent), validFrom: Timestamp(seconds: now.seconds + from),
                    validUntil: Timestamp(seconds: now.seconds + until)))
        }
        #expect(code(intent(99), .discount(nil), facts(.referral)) == "FB.DISCOUNT_RANGE")
        #expect(code(intent(3001), .discount(nil), facts(.referral)) == "FB.DISCOUNT_RANGE")
        #expect(code(intent(3000), .discount(nil), facts(.referral)) == nil)
        #expect(code(intent(500, until: 0), .discount(nil), facts(.referral)) == "FB.EXPIRED")
        #expect(code(intent(500, from: 200, until: 100), .discount(nil), facts(.referral)) == "FB.EXPIRED")
        #expect(code(intent(500), .discount(nil), facts(.referral, range: nil)) == "CBC.0151")
        #expect(code(.cancelDiscount, .discount(nil), facts(.referral)) == "FB.NO_DISCOUNT")
    }

    @Test func `an edit valid through a cycle expires with it`() {
        let cycle = BillingCycle(containing: now.seconds)
        #expect(code(.setBudget(budget("5"), validThrough: cycle), .budget(nil)) == nil)
        #expect(code(.setBudget(budget("5"), validThrough: cycle.previous), .budget(nil)) == "FB.EXPIRED")
    }

    @Test func `an unfreeze removes only the freezes it names, of its kind and liftable`() throws {
        try checkProperty("observed remove") { choices in
            let freezes = (0..<choices.int(in: 0...6)).map { index in
                freeze(
                    Int64(index), choices.element(of: FreezeKind.allCases), choices.element(of: FreezeCause.allCases))
            }
            let seen = freezes.map(\.id).filter { _ in choices.bool() }
            let kind = choices.element(of: FreezeKind.allCases)
            let after = RegisterState.freezes(freezes).applying(.unfreeze(kind, reason: "r", seen: seen)) { _, _ in
                freeze(99)
            }
            let expected = freezes.filter { !(seen.contains($0.id) && $0.kind == kind && $0.cause.isLiftedByPartner) }
            try #require(after == .freezes(expected))
        }
    }

    @Test func `the form of an edit is one thing, what stands around it another`() {
        let plain = EditLimits.formViolation(of: .setBudget(budget("5"), validThrough: nil), on: .budget(nil))
        #expect(plain == nil)
        let zero = EditLimits.formViolation(of: .setBudget(budget("0"), validThrough: nil), on: .budget(nil))
        #expect(zero?.code == "CBC.0101")
        let label = EditLimits.formViolation(of: .setLabel(String(repeating: "x", count: 65)), on: .label(nil))
        #expect(label?.field == "label")
        #expect(EditLimits.formViolation(of: .assignManager(" "), on: .manager(nil))?.code == "CBC.0100")
        #expect(EditLimits.formViolation(of: .setLabel("x"), on: .manager(nil))?.field == "edit")
        let decision = EditIntent.decideConflict(ConflictKey(1), .budget(budget("0")))
        #expect(EditLimits.formViolation(of: decision, on: .budget(nil))?.code == "CBC.0101")
        #expect(EditLimits.formViolation(of: decision, on: .label(nil))?.field == "value")
    }

    @Test func `what comes out of an edit has limits of its own`() {
        func outcome(_ delta: Money, _ state: RegisterState) -> String? {
            EditLimits.outcomeViolation(of: .adjustBudget(delta: delta, validThrough: nil), on: state)?.code
        }
        #expect(outcome(budget("5").amount, .budget(budget("5"))) == nil)
        #expect(outcome(budget("-5").amount, .budget(budget("5"))) == "CBC.0101")
        #expect(outcome(Money(units: .max), .budget(budget("5"))) == "CBC.0101")
        #expect(outcome(budget("5").amount, .budget(nil)) == "FB.NO_BUDGET")
        #expect(
            EditLimits.outcomeViolation(of: .decideRequest(approve: true), on: .request(nil))?.code == "FB.NO_REQUEST")
        let backward = Discount(percent: BasisPoints(500), validFrom: now, validUntil: now)
        #expect(EditLimits.outcomeViolation(of: .setDiscount(backward), on: .discount(nil))?.code == "FB.EXPIRED")
    }

    @Test func `each limit that depends on what stands is asked by itself`() {
        var known = facts()
        #expect(EditLimits.formerViolation(facts: known) == nil && EditLimits.managedByViolation(facts: known) == nil)
        known.isFormer = true
        known.managedBy = "north"
        #expect(EditLimits.formerViolation(facts: known)?.code == "CBC.99000035")
        #expect(EditLimits.managedByViolation(facts: known)?.code == "CBC.0151")
        let label = EditLimits.associationViolation(of: .setLabel, required: .referral, facts: known)
        #expect(label?.code == "CBC.99005024")
        #expect(EditLimits.managerPresentViolation(on: .manager("li"))?.code == "FB.HAS_MANAGER")
        #expect(EditLimits.managerPresentViolation(on: .manager(nil)) == nil)
        #expect(EditLimits.managerMissingViolation(on: .manager(nil))?.code == "FB.NO_MANAGER")
        #expect(EditLimits.managerMissingViolation(on: .manager("li")) == nil)
        #expect(EditLimits.requestMissingViolation(on: .request(nil))?.code == "FB.NO_REQUEST")
        let pending = AssociationRequest(purpose: .associate, status: .pending, reason: "", requestedAt: now)
        #expect(EditLimits.requestMissingViolation(on: .request(pending)) == nil)
        #expect(EditLimits.requestMissingViolation(on: .request(pending.decided(.approved)))?.code == "FB.NO_REQUEST")
        for kind in EditKind.allCases {
            let required = EditLimits.requiredAssociation(of: kind)
            #expect((required == nil) == [.manager, .label, .request, .conflict].contains(kind.register))
        }
    }

    @Test func `every bill type of the vendor's table has one class`() {
        #expect(BillClass(billType: 5) == .expenditure)
        #expect(BillClass(billType: 24) == .refund)
        #expect(BillClass(billType: 102) == .adjustment)
        #expect(BillClass(billType: 7) == nil)
    }
}
