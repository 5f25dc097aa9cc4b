/// The limits that depend on what stands around an edit: one function for each, so that a rule can name them singly and
/// say what follows from each.
extension EditLimits {
    /// The association type that the domain demands for a kind of edit; nil = either.
    package static func requiredAssociation(of kind: EditKind) -> AssociationType? {
        switch kind {
        case .setBudget, .adjustBudget, .freeze, .unfreeze: .reseller
        case .setDiscount, .cancelDiscount: .referral
        case .assignManager, .withdrawManager, .setLabel, .decideRequest, .decideConflict: nil
        }
    }

    /// The customer is associated in another way than the edit needs.
    package static func associationViolation(
        of kind: EditKind, required: AssociationType, facts: EditFacts
    ) -> LimitViolation? {
        guard facts.association != required else { return nil }
        let next: String
        let what: String
        switch kind {
        case .setBudget, .adjustBudget, .freeze, .unfreeze:
            what = "budgets and freezes exist"
            next = "a referral customer can be given a discount: fieldbook discount set CUSTOMER PERCENT --until DATE"
        case .setDiscount, .cancelDiscount:
            what = "discounts exist"
            next = "a reseller customer can be given a budget: fieldbook budget set CUSTOMER AMOUNT"
        default:
            what = "this edit is"
            next = "see the customer's association with: fieldbook customers show CUSTOMER"
        }
        return LimitViolation(
            code: "CBC.99005024", field: "customer",
            message:
                "\(what) for \(required.rawValue) customers only; this one is a \(facts.association.rawValue) customer",
            next: next)
    }

    /// The customer's association has ended.
    package static func formerViolation(facts: EditFacts) -> LimitViolation? {
        guard facts.isFormer else { return nil }
        return LimitViolation(
            code: "CBC.99000035", field: "customer",
            message: "the customer is no longer associated with this partner",
            next: "the edit is kept among the dead letters; discard it when it is not needed")
    }

    /// A reseller manages the customer in the partner's place.
    package static func managedByViolation(facts: EditFacts) -> LimitViolation? {
        guard let reseller = facts.managedBy else { return nil }
        return LimitViolation(
            code: "CBC.0151", field: "customer",
            message: "the reseller \(reseller) manages this customer; the partner cannot make this edit",
            next: "ask the reseller to make it")
    }

    /// What the partner's own state forbids. The caller says for which states it asks.
    package static func partnerStateViolation(of intent: EditIntent, facts: EditFacts) -> LimitViolation {
        let state = facts.partnerState.rawValue
        let (message, next) =
            switch intent {
            case .unfreeze(.accountAndResources, _, _):
                (
                    "resources cannot be unfrozen while the partner is \(state)",
                    "unfreeze them once the partner's own account is active again"
                )
            case .decideRequest:
                (
                    "a request cannot be approved while the partner is \(state)",
                    "approve it once the partner's own account is active again"
                )
            default:
                (
                    "this edit cannot be made while the partner is \(state)",
                    "make it once the partner's own account is active again"
                )
            }
        return LimitViolation(code: "FB.PARTNER_FROZEN", field: "kind", message: message, next: next)
    }

    /// The last cycle in which the edit was wanted is over.
    package static func cycleViolation(of intent: EditIntent, facts: EditFacts) -> LimitViolation? {
        guard let cycle = intent.validThrough, facts.cycle > cycle else { return nil }
        return LimitViolation(
            code: "FB.EXPIRED", field: "valid-through",
            message: "the edit was valid through cycle \(cycle) and it is now \(facts.cycle)",
            next: "make the edit again if it is still wanted")
    }

    /// The discount lies outside what the vendor lets the partner grant.
    package static func rangeViolation(of discount: Discount, facts: EditFacts) -> LimitViolation? {
        guard let range = facts.discountRange else {
            return LimitViolation(
                code: "CBC.0151", field: "percent",
                message: "the vendor has not granted this partner a discount permission",
                next: "ask the vendor's operations for the permission")
        }
        guard !range.contains(discount.percent) else { return nil }
        return LimitViolation(
            code: "FB.DISCOUNT_RANGE", field: "percent",
            message: "\(discount.percent.percentText) % is outside the authorised range",
            next: "give a percentage from \(range.lowerBound.percentText) to \(range.upperBound.percentText)")
    }

    /// The discount would be over before it could act.
    package static func validityViolation(of discount: Discount, facts: EditFacts) -> LimitViolation? {
        guard orderViolation(of: discount) != nil || discount.validUntil <= facts.now else { return nil }
        return LimitViolation(
            code: "FB.EXPIRED", field: "until",
            message: "the discount would end before it begins or is over already",
            next: "give an end in the future with --until YYYY-MM-DD")
    }

    /// The discount ends before it begins, whatever the time is.
    package static func orderViolation(of discount: Discount) -> LimitViolation? {
        guard discount.validUntil <= discount.validFrom else { return nil }
        return LimitViolation(
            code: "FB.EXPIRED", field: "until", message: "the discount would end before it begins",
            next: "give an end after its begin with --until YYYY-MM-DD")
    }

    /// Nothing stands that an unfreeze of this kind could lift.
    package static func freezeStandsViolation(of kind: FreezeKind, on state: RegisterState?) -> LimitViolation? {
        let next = "see what is frozen with: fieldbook customers show CUSTOMER"
        guard case .freezes(let freezes)? = state, !freezes.isEmpty else {
            return LimitViolation(
                code: "FB.NOT_FROZEN", field: "customer", message: "this customer is not frozen", next: next)
        }
        let ofKind = freezes.filter { $0.kind == kind }
        guard !ofKind.isEmpty else {
            let kinds = freezes.strictestKind?.rawValue ?? ""
            return LimitViolation(
                code: "FB.FREEZE_KIND", field: "kind",
                message: "the freeze is of kind \(kinds); an unfreeze must name the same kind",
                next: "unfreeze with --kind \(kinds)")
        }
        guard ofKind.contains(where: \.cause.isLiftedByPartner) else {
            let cause = ofKind.map(\.cause.rawValue).first ?? ""
            return LimitViolation(
                code: "FB.FREEZE_CAUSE", field: "customer",
                message: "the freeze comes from \(cause); a partner cannot lift it", next: next)
        }
        return nil
    }

    /// There is no budget to adjust.
    package static func budgetMissingViolation(on state: RegisterState?) -> LimitViolation? {
        guard case .budget(nil)? = state else { return nil }
        return LimitViolation(
            code: "FB.NO_BUDGET", field: "customer", message: "this customer has no budget to adjust",
            next: "set one first: fieldbook budget set CUSTOMER AMOUNT")
    }

    /// There is no discount to cancel.
    package static func discountMissingViolation(on state: RegisterState?) -> LimitViolation? {
        guard case .discount(nil)? = state else { return nil }
        return LimitViolation(
            code: "FB.NO_DISCOUNT", field: "discount", message: "this customer has no discount to cancel",
            next: "see what is granted with: fieldbook discount show CUSTOMER")
    }

    /// No request waits for a decision.
    package static func requestMissingViolation(on state: RegisterState?) -> LimitViolation? {
        guard case .request(let request)? = state, request?.status != .pending else { return nil }
        return LimitViolation(
            code: "FB.NO_REQUEST", field: "customer", message: "no request of this customer waits for a decision",
            next: "see the customer with: fieldbook customers show CUSTOMER")
    }

    /// A manager is assigned where none must be.
    package static func managerPresentViolation(on state: RegisterState?) -> LimitViolation? {
        guard case .manager(let account?)? = state else { return nil }
        return LimitViolation(
            code: "FB.HAS_MANAGER", field: "manager", message: "\(account) is this customer's account manager already",
            next: "withdraw \(account) first, then assign another")
    }

    /// No manager is assigned where one must be.
    package static func managerMissingViolation(on state: RegisterState?) -> LimitViolation? {
        guard case .manager(nil)? = state else { return nil }
        return LimitViolation(
            code: "FB.NO_MANAGER", field: "manager", message: "this customer has no account manager to withdraw",
            next: "see the customer with: fieldbook customers show CUSTOMER")
    }
}
