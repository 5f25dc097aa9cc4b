/// Why an edit is not legal, with the vendor's code where the vendor has one.
package struct LimitViolation: Error, Sendable, Hashable {
    /// Stable code: the vendor's (`CBC.…`) where one is documented, otherwise our own (`FB.…`).
    package let code: String
    /// The field at fault, as it is called on the command line.
    package let field: String
    /// One sentence: what is wrong.
    package let message: String
    /// One sentence: what to do next.
    package let next: String

    package init(code: String, field: String, message: String, next: String) {
        self.code = code
        self.field = field
        self.message = message
        self.next = next
    }

    /// The edit asks to take away or change what is not there.
    package var meansNothingIsThere: Bool { ["FB.NO_BUDGET", "FB.NO_DISCOUNT", "FB.NOT_FROZEN"].contains(code) }
    /// The edit's own time limit has passed.
    package var meansTooLate: Bool { code == "FB.EXPIRED" }
}

/// What has to be known beside the register to judge an edit. What one side cannot know is nil; a guard that needs it
/// says so.
package struct EditFacts: Sendable, Hashable {
    package var association: AssociationType
    package var partnerState: PartnerState
    /// The lowest and highest discount that the partner may grant; nil = no discount permission.
    package var discountRange: ClosedRange<BasisPoints>?
    /// The cycle of the judging side's clock: the device before queuing, the server at arrival.
    package var cycle: BillingCycle
    package var now: Timestamp
    /// The customer's association has ended.
    package var isFormer = false
    /// Account name of the reseller that manages budgets and freezes in the partner's place; nil = the partner itself.
    package var managedBy: String?
    /// Role of the edit's author; nil = the system.
    package var role: MemberRole?
    /// What is used of the budget at list price, and since when that is known.
    package var used: Money?
    package var usedAsOf: Timestamp?
    /// The customer's budget, for edits of other registers.
    package var budget: Budget?
    /// The customer's freezes, for edits of other registers.
    package var freezes: [Freeze] = []
    /// Server time of the checkpoint that the edit was made upon; nil = not known, which counts as long ago.
    package var madeAt: Timestamp?
    /// The authorised range is another one than at the checkpoint that the edit was made upon.
    package var rangeHasMoved = false
    /// What the author had decided by tolerance today, on this customer; a limit on tolerance counts the day.
    package var toleratedToday: Money = .zero
    /// The author confirmed the edit with a code.
    package var isConfirmed = false

    package init(
        association: AssociationType, partnerState: PartnerState, discountRange: ClosedRange<BasisPoints>?,
        cycle: BillingCycle, now: Timestamp
    ) {
        self.association = association
        self.partnerState = partnerState
        self.discountRange = discountRange
        self.cycle = cycle
        self.now = now
    }
}

/// The limits of the domain on edits. The agent checks them before anything is queued, the server at arrival.
package enum EditLimits {
    /// The largest budget the vendor's interface takes, in major units.
    package static let budgetMax = Money(units: 2_147_483_647 * Money.unitsPerMajor)
    /// The longest reason for a freeze, in characters.
    package static let reasonCharactersMax = 256
    /// The longest reason in UTF-8 bytes; bounds what is stored.
    package static let reasonBytesMax = 1024

    /// The longest label, in characters.
    package static let labelCharactersMax = 64
    /// The longest account name, in characters.
    package static let accountCharactersMax = 64

    /// The first limit that the intent breaks on `state`, or nil when it is legal.
    package static func violation(of intent: EditIntent, on state: RegisterState?, facts: EditFacts) -> LimitViolation?
    {
        if let violation = associationViolation(of: intent.kind, facts: facts) { return violation }
        if let cycle = intent.validThrough, facts.cycle > cycle { return expired(cycle, now: facts.cycle) }
        switch (intent, state) {
        case (.setBudget(let budget, _), _):
            return amountViolation(budget.amount)
        case (.adjustBudget(let delta, _), .budget(let current)):
            return adjustViolation(delta, current: current)
        case (.freeze(_, let reason), _):
            return reasonViolation(reason)
        case (.unfreeze(let kind, let reason, _), .freezes(let freezes)):
            return reasonViolation(reason) ?? unfreezeViolation(kind, freezes: freezes, facts: facts)
        case (.setDiscount(let discount), _):
            return discountViolation(discount, facts: facts)
        case (.cancelDiscount, .discount(let current)):
            return current == nil
                ? LimitViolation(
                    code: "FB.NO_DISCOUNT", field: "discount", message: "this customer has no discount to cancel",
                    next: "see what is granted with: fieldbook discount show CUSTOMER") : nil
        case (.assignManager(let account), _):
            return textViolation(account, field: "manager", max: accountCharactersMax)
        case (.setLabel(let label), _):
            return label.flatMap { textViolation($0, field: "label", max: labelCharactersMax) }
        case (.withdrawManager, _), (.decideRequest, .request), (.decideConflict, _):
            return nil
        case (.adjustBudget, _), (.unfreeze, _), (.cancelDiscount, _), (.decideRequest, _):
            return LimitViolation(
                code: "CBC.0101", field: "edit", message: "the edit does not fit the register it names",
                next: "report this as a defect")
        }
    }

    /// The limits on a decision's own value.
    package static func violation(of choice: ConflictChoice, register: Register, facts: EditFacts) -> LimitViolation? {
        switch (choice, register) {
        case (.mine, _), (.theirs, _): return nil
        case (.budget(let budget), .budget): return amountViolation(budget.amount)
        case (.discount(let discount), .discount): return discountViolation(discount, facts: facts)
        case (.freeze, .freezes): return nil
        default:
            return LimitViolation(
                code: "CBC.0101", field: "value",
                message: "a conflict on \(register.rawValue) cannot be decided with this value",
                next: "decide it with mine or theirs")
        }
    }

    private static func associationViolation(of kind: EditKind, facts: EditFacts) -> LimitViolation? {
        switch (kind, facts.association) {
        case (.setBudget, .referral), (.adjustBudget, .referral), (.freeze, .referral), (.unfreeze, .referral):
            LimitViolation(
                code: "CBC.99005024", field: "customer",
                message: "budgets and freezes exist for reseller customers only; this one is a referral customer",
                next:
                    "a referral customer can be given a discount: fieldbook discount set CUSTOMER PERCENT --until DATE")
        case (.setDiscount, .reseller), (.cancelDiscount, .reseller):
            LimitViolation(
                code: "CBC.99005024", field: "customer",
                message: "discounts exist for referral customers only; this one is a reseller customer",
                next: "a reseller customer can be given a budget: fieldbook budget set CUSTOMER AMOUNT")
        default: nil
        }
    }

    private static func expired(_ cycle: BillingCycle, now: BillingCycle) -> LimitViolation {
        LimitViolation(
            code: "FB.EXPIRED", field: "valid-through",
            message: "the edit was valid through cycle \(cycle) and it is now \(now)",
            next: "make the edit again if it is still wanted")
    }

    private static func amountViolation(_ amount: Money) -> LimitViolation? {
        let next = "give an amount from 0.01 to 2147483647 with at most two decimals"
        if amount <= .zero {
            return LimitViolation(
                code: "CBC.0101", field: "amount",
                message: "a budget of \(amount.shortText) is not accepted; it must be above 0",
                next: next)
        }
        if amount > budgetMax {
            return LimitViolation(
                code: "CBC.0101", field: "amount",
                message: "\(amount.shortText) is above the largest budget, 2147483647", next: next)
        }
        if !amount.isWholeCents {
            return LimitViolation(
                code: "CBC.0101", field: "amount", message: "\(amount.shortText) has more than two decimals", next: next
            )
        }
        return nil
    }

    private static func adjustViolation(_ delta: Money, current: Budget?) -> LimitViolation? {
        guard let current else {
            return LimitViolation(
                code: "FB.NO_BUDGET", field: "customer", message: "this customer has no budget to adjust",
                next: "set one first: fieldbook budget set CUSTOMER AMOUNT")
        }
        if delta == .zero {
            return LimitViolation(
                code: "CBC.0101", field: "amount", message: "an adjustment of 0 changes nothing",
                next: "give +AMOUNT or -AMOUNT")
        }
        guard let sum = current.amount.adding(delta) else {
            return LimitViolation(
                code: "CBC.0101", field: "amount", message: "the adjusted budget is out of range",
                next: "give a smaller amount")
        }
        return amountViolation(sum)
    }

    private static func reasonViolation(_ reason: String) -> LimitViolation? {
        let next = "give a reason of 1 to \(reasonCharactersMax) characters with --reason"
        if reason.allSatisfy(\.isWhitespace) {
            return LimitViolation(code: "CBC.0100", field: "reason", message: "a reason is required", next: next)
        }
        if reason.utf8.count > reasonBytesMax || reason.unicodeScalars.count > reasonCharactersMax {
            return LimitViolation(
                code: "CBC.0101", field: "reason",
                message:
                    "the reason has \(reason.unicodeScalars.count) characters; at most \(reasonCharactersMax) are taken",
                next: next)
        }
        if reason.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return LimitViolation(
                code: "CBC.0101", field: "reason", message: "the reason contains a control character", next: next)
        }
        return nil
    }

    private static func textViolation(_ text: String, field: String, max: Int) -> LimitViolation? {
        let next = "give 1 to \(max) printable characters"
        guard !text.allSatisfy(\.isWhitespace) else {
            return LimitViolation(code: "CBC.0100", field: field, message: "the \(field) is empty", next: next)
        }
        guard text.unicodeScalars.count <= max else {
            return LimitViolation(
                code: "CBC.0101", field: field,
                message: "the \(field) has \(text.unicodeScalars.count) characters; at most \(max) are taken",
                next: next)
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return LimitViolation(
                code: "CBC.0101", field: field, message: "the \(field) contains a control character", next: next)
        }
        return nil
    }

    private static func unfreezeViolation(_ kind: FreezeKind, freezes: [Freeze], facts: EditFacts) -> LimitViolation? {
        let next = "see what is frozen with: fieldbook customers show CUSTOMER"
        if kind == .accountAndResources, facts.partnerState == .frozen {
            return LimitViolation(
                code: "FB.PARTNER_FROZEN", field: "kind",
                message: "resources cannot be unfrozen while the partner is frozen",
                next: "unfreeze them once the partner's own account is active again")
        }
        guard !freezes.isEmpty else {
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

    private static func discountViolation(_ discount: Discount, facts: EditFacts) -> LimitViolation? {
        guard let range = facts.discountRange else {
            return LimitViolation(
                code: "CBC.0151", field: "percent",
                message: "the vendor has not granted this partner a discount permission",
                next: "ask the vendor's operations for the permission")
        }
        if !range.contains(discount.percent) {
            return LimitViolation(
                code: "FB.DISCOUNT_RANGE", field: "percent",
                message: "\(discount.percent.percentText) % is outside the authorised range",
                next: "give a percentage from \(range.lowerBound.percentText) to \(range.upperBound.percentText)")
        }
        if discount.validUntil <= discount.validFrom || discount.validUntil <= facts.now {
            return LimitViolation(
                code: "FB.EXPIRED", field: "until",
                message: "the discount would end before it begins or is over already",
                next: "give an end in the future with --until YYYY-MM-DD")
        }
        return nil
    }
}
