package import PartnerModel

extension V1.State {
    package init(_ state: RegisterState) {
        self.init(register: state.register.rawValue)
        switch state {
        case .budget(let value): budget = value.map(V1.Budget.init)
        case .freezes(let value): freezes = value.map(V1.Freeze.init)
        case .discount(let value): discount = value.map(V1.Discount.init)
        case .manager(let value): manager = value
        case .label(let value): label = value
        case .request(let value): request = value.map(V1.Request.init)
        }
    }

    /// The state; throws when a word or a number is not one of ours.
    package func state() throws(WireCoding.Malformed) -> RegisterState {
        switch Register(rawValue: register) {
        case .budget: return .budget(try budget?.budget())
        case .freezes:
            var members: [Freeze] = []
            for freeze in freezes ?? [] { members.append(try freeze.freeze()) }
            return .freezes(members)
        case .discount: return .discount(discount?.discount())
        case .manager: return .manager(manager)
        case .label: return .label(label)
        case .request: return .request(try request?.request())
        case .conflict, nil: throw WireCoding.Malformed(why: "unknown register")
        }
    }
}

extension V1.Budget {
    package init(_ budget: Budget) {
        self.init(
            amount: budget.amount.exactText, type: budget.type.rawValue, onExhaustion: budget.onExhaustion.rawValue)
    }

    /// The domain's budget; a word or amount that cannot be read is refused.
    package func budget() throws(WireCoding.Malformed) -> Budget {
        guard let amount = Money(amount), let type = BudgetType(rawValue: type),
            let action = ExhaustionAction(rawValue: onExhaustion)
        else { throw WireCoding.Malformed(why: "the budget cannot be read") }
        return Budget(amount: amount, type: type, onExhaustion: action)
    }
}

extension V1.Freeze {
    package init(_ freeze: Freeze) {
        self.init(
            id: freeze.id, kind: freeze.kind.rawValue, cause: freeze.cause.rawValue, reason: freeze.reason,
            by: freeze.author,
            at: freeze.at.seconds)
    }

    /// The domain's freeze; a word that cannot be read is refused.
    package func freeze() throws(WireCoding.Malformed) -> Freeze {
        guard let kind = FreezeKind(rawValue: kind), let cause = FreezeCause(rawValue: cause) else {
            throw WireCoding.Malformed(why: "the freeze cannot be read")
        }
        return Freeze(
            id: id.value, kind: kind, cause: cause, reason: reason, author: by, at: Timestamp(seconds: at.value))
    }
}

extension V1.Discount {
    package init(_ discount: Discount) {
        self.init(
            percentBasisPoints: Int(discount.percent.value), validFrom: discount.validFrom.seconds,
            validUntil: discount.validUntil.seconds)
    }

    /// The domain's discount.
    package func discount() -> Discount {
        Discount(
            percent: BasisPoints(Int64(percentBasisPoints)), validFrom: Timestamp(seconds: validFrom.value),
            validUntil: Timestamp(seconds: validUntil.value))
    }
}

extension V1.Request {
    package init(_ request: AssociationRequest) {
        self.init(
            purpose: request.purpose.rawValue, status: request.status.rawValue, reason: request.reason,
            requestedAt: request.requestedAt.seconds)
    }

    /// The domain's request; a word that cannot be read is refused.
    package func request() throws(WireCoding.Malformed) -> AssociationRequest {
        guard let purpose = RequestPurpose(rawValue: purpose), let status = RequestStatus(rawValue: status) else {
            throw WireCoding.Malformed(why: "the association request cannot be read")
        }
        return AssociationRequest(
            purpose: purpose, status: status, reason: reason, requestedAt: Timestamp(seconds: requestedAt.value))
    }
}

extension V1.Edit {
    /// Lays the arguments of an intent into the edit and sets its kind.
    package mutating func setIntent(_ intent: EditIntent) {
        kind = intent.kind.rawValue
        reason = intent.reason
        validThrough = intent.validThrough?.description
        switch intent {
        case .setBudget(let budget, _): setBudget(budget)
        case .adjustBudget(let change, _): delta = change.exactText
        case .freeze(let kind, _): freezeKind = kind.rawValue
        case .unfreeze(let kind, _, let ids):
            freezeKind = kind.rawValue
            seen = ids.map { WireInteger($0) }
        case .setDiscount(let discount): setDiscount(discount)
        case .cancelDiscount, .withdrawManager: break
        case .assignManager(let account): manager = account
        case .setLabel(let text): label = text
        case .decideRequest(let isApproval): approve = isApproval
        case .decideConflict(let key, let decision):
            conflict = WireInteger(key.value)
            switch decision {
            case .mine: choice = "mine"
            case .theirs: choice = "theirs"
            case .budget(let budget):
                choice = "value"
                setBudget(budget)
            case .discount(let discount):
                choice = "value"
                setDiscount(discount)
            case .freeze(let kind):
                choice = "value"
                freezeKind = kind.rawValue
            }
        }
    }

    /// The intent, or why the edit is not one this build understands.
    package func intent() throws(IntentRefusal) -> EditIntent {
        guard schema == 1, let known = EditKind(rawValue: kind) else { throw .unsupported }
        let cycle = try cycleArgument()
        switch known {
        case .setBudget: return .setBudget(try budgetArgument(), validThrough: cycle)
        case .adjustBudget:
            guard let text = delta, let change = Money(text) else { throw .malformed("delta") }
            return .adjustBudget(delta: change, validThrough: cycle)
        case .freeze: return .freeze(try freezeKindArgument(), reason: try reasonArgument())
        case .unfreeze:
            guard let ids = seen, ids.count <= 64 else { throw .malformed("seen") }
            return .unfreeze(try freezeKindArgument(), reason: try reasonArgument(), seen: ids.map(\.value))
        case .setDiscount: return .setDiscount(try discountArgument())
        case .cancelDiscount: return .cancelDiscount
        case .assignManager:
            guard let manager else { throw .malformed("manager") }
            return .assignManager(manager)
        case .withdrawManager: return .withdrawManager
        case .setLabel: return .setLabel(label)
        case .decideRequest:
            guard let approve else { throw .malformed("approve") }
            return .decideRequest(approve: approve)
        case .decideConflict:
            guard let key = conflict else { throw .malformed("conflict") }
            return .decideConflict(ConflictKey(key.value), try choiceArgument())
        }
    }

    /// Why an edit's arguments were not taken.
    package enum IntentRefusal: Error, Sendable, Hashable {
        /// The kind or schema is not known here.
        case unsupported
        /// The named argument is missing or cannot be read.
        case malformed(String)
    }

    private mutating func setBudget(_ budget: Budget) {
        amount = budget.amount.exactText
        type = budget.type.rawValue
        onExhaustion = budget.onExhaustion.rawValue
    }

    private mutating func setDiscount(_ discount: Discount) {
        percentBasisPoints = Int(discount.percent.value)
        validFrom = WireInteger(discount.validFrom.seconds)
        validUntil = WireInteger(discount.validUntil.seconds)
    }

    private func cycleArgument() throws(IntentRefusal) -> BillingCycle? {
        guard let text = validThrough else { return nil }
        guard let cycle = BillingCycle(text) else { throw .malformed("validThrough") }
        return cycle
    }

    private func budgetArgument() throws(IntentRefusal) -> Budget {
        guard let text = amount, let amount = Money(text) else { throw .malformed("amount") }
        guard let type = type.flatMap(BudgetType.init(rawValue:)) else { throw .malformed("type") }
        guard let action = onExhaustion.flatMap(ExhaustionAction.init(rawValue:)) else {
            throw .malformed("onExhaustion")
        }
        return Budget(amount: amount, type: type, onExhaustion: action)
    }

    private func discountArgument() throws(IntentRefusal) -> Discount {
        guard let percent = percentBasisPoints, (0...10_000).contains(percent) else {
            throw .malformed("percentBasisPoints")
        }
        guard let from = validFrom, let until = validUntil else { throw .malformed("validUntil") }
        return Discount(
            percent: BasisPoints(Int64(percent)), validFrom: Timestamp(seconds: from.value),
            validUntil: Timestamp(seconds: until.value))
    }

    private func freezeKindArgument() throws(IntentRefusal) -> FreezeKind {
        guard let kind = freezeKind.flatMap(FreezeKind.init(rawValue:)) else { throw .malformed("freezeKind") }
        return kind
    }

    private func reasonArgument() throws(IntentRefusal) -> String {
        guard let reason else { throw .malformed("reason") }
        return reason
    }

    private func choiceArgument() throws(IntentRefusal) -> ConflictChoice {
        switch choice {
        case "mine": return .mine
        case "theirs": return .theirs
        case "value" where amount != nil: return .budget(try budgetArgument())
        case "value" where freezeKind != nil: return .freeze(try freezeKindArgument())
        case "value": return .discount(try discountArgument())
        default: throw .malformed("choice")
        }
    }
}
