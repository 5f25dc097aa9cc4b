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

/// What has to be known beside the register to judge an edit. What one side cannot know is nil, and a guard that needs
/// it lets the edit pass; but an unknown age is too old, and no discount range is no permission.
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
    /// The partner's row, and with it perhaps the authorised range, is another one than at the checkpoint that the edit
    /// was made upon.
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
        if let required = requiredAssociation(of: intent.kind),
            let violation = associationViolation(of: intent.kind, required: required, facts: facts)
        {
            return violation
        }
        if let violation = cycleViolation(of: intent, facts: facts) { return violation }
        if case .adjustBudget = intent, let violation = budgetMissingViolation(on: state) { return violation }
        if let violation = formViolation(of: intent, on: state) { return violation }
        switch intent {
        case .adjustBudget:
            return state.flatMap { outcomeViolation(of: intent, on: $0) }
        case .unfreeze(let kind, _, _):
            return kind == .accountAndResources && facts.partnerState == .frozen
                ? partnerStateViolation(of: intent, facts: facts) : freezeStandsViolation(of: kind, on: state)
        case .setDiscount(let discount):
            return rangeViolation(of: discount, facts: facts) ?? validityViolation(of: discount, facts: facts)
        case .cancelDiscount:
            return discountMissingViolation(on: state)
        default:
            return nil
        }
    }

    /// The limits on a decision's own value.
    package static func violation(of choice: ConflictChoice, register: Register, facts: EditFacts) -> LimitViolation? {
        if let violation = formViolation(of: choice, register: register) { return violation }
        guard case .discount(let discount) = choice else { return nil }
        return rangeViolation(of: discount, facts: facts) ?? validityViolation(of: discount, facts: facts)
    }

    // MARK: What no rule can change

    /// The first limit that the intent itself breaks, whatever the rules say: an amount, delta, reason, label or
    /// account that the vendor's interface does not take, or an edit that does not fit the register.
    package static func formViolation(of intent: EditIntent, on state: RegisterState?) -> LimitViolation? {
        if case .decideConflict(_, let choice) = intent {
            return state.flatMap { formViolation(of: choice, register: $0.register) }
        }
        if let state, state.register != intent.register { return misfit }
        switch intent {
        case .setBudget(let budget, _): return amountViolation(budget.amount)
        case .adjustBudget(let delta, _):
            if state == nil { return misfit }
            return delta == .zero
                ? LimitViolation(
                    code: "CBC.0101", field: "amount", message: "an adjustment of 0 changes nothing",
                    next: "give +AMOUNT or -AMOUNT") : nil
        case .freeze(_, let reason): return reasonViolation(reason)
        case .unfreeze(_, let reason, _): return state == nil ? misfit : reasonViolation(reason)
        case .assignManager(let account): return textViolation(account, field: "manager", max: accountCharactersMax)
        case .setLabel(let label): return label.flatMap { textViolation($0, field: "label", max: labelCharactersMax) }
        case .cancelDiscount, .decideRequest: return state == nil ? misfit : nil
        case .setDiscount, .withdrawManager, .decideConflict: return nil
        }
    }

    /// The limit that a decision's own value breaks, whatever the rules say.
    package static func formViolation(of choice: ConflictChoice, register: Register) -> LimitViolation? {
        switch (choice, register) {
        case (.mine, _), (.theirs, _), (.discount, .discount), (.freeze, .freezes): return nil
        case (.budget(let budget), .budget): return amountViolation(budget.amount)
        default:
            return LimitViolation(
                code: "CBC.0101", field: "value",
                message: "a conflict on \(register.rawValue) cannot be decided with this value",
                next: "decide it with mine or theirs")
        }
    }

    /// The limit that would be broken by what `intent` makes of `state`, whatever the rules say; also when the result
    /// does not fit in an amount.
    package static func outcomeViolation(of intent: EditIntent, on state: RegisterState) -> LimitViolation? {
        if case .decideConflict = intent { return nil }
        let placeholder = { (kind: FreezeKind, reason: String) in
            Freeze(id: 0, kind: kind, cause: .manual, reason: reason, author: "", at: Timestamp(seconds: 0))
        }
        switch state.applying(intent, newFreeze: placeholder) {
        case .budget(let budget?): return amountViolation(budget.amount)
        case .discount(let discount?): return orderViolation(of: discount)
        case .none:
            if case .adjustBudget = intent, let violation = budgetMissingViolation(on: state) { return violation }
            if case .decideRequest = intent, let violation = requestMissingViolation(on: state) { return violation }
            guard case .adjustBudget = intent, case .budget = state else { return misfit }
            return LimitViolation(
                code: "CBC.0101", field: "amount", message: "the adjusted budget is out of range",
                next: "give a smaller amount")
        default: return nil
        }
    }

    private static var misfit: LimitViolation {
        LimitViolation(
            code: "CBC.0101", field: "edit", message: "the edit does not fit the register it names",
            next: "report this as a defect")
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

    /// The limit that a reason breaks, wherever one is given.
    package static func reasonViolation(_ reason: String) -> LimitViolation? {
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
}
