import Diagnostics
import PartnerModel
import SyncProtocol

/// What an edit must come to, worked out from the written rules alone: no code of the judge, of the rules or of the
/// limits is used here. One edit is judged in this order: what was answered before; kind and arguments; scope; the
/// association; what it builds on; the limits; equality; its base.
struct Model {
    /// A register as the model holds it.
    struct Held {
        var value: RowValue
        var version: Int64
    }

    struct Answer {
        var code: ResultCode
        var isIntact = false
        /// The register's version that the result names; nil = not checked.
        var version: Int64?
        /// It comes from the store; nothing happens.
        var isRepeat = false
        /// What becomes of a register.
        var effect: (register: TruthLine.Target, value: RowValue)?
    }

    var partner: (state: PartnerState, lowest: Int64?, highest: Int64?) = (.active, nil, nil)
    var customers: [Int64: (association: AssociationType, isFormer: Bool)] = [:]
    var registers: [TruthLine.Target: Held] = [:]
    var conflicts: [Int64: (mark: ConflictMark, edit: V1.Edit?)] = [:]
    /// Answers that stand, by replica and number.
    var answers: [String: Answer] = [:]

    // MARK: Judging

    mutating func judge(_ edit: V1.Edit, replica: String, member: MemberFacts, now: Int64) -> Answer {
        let key = "\(replica)/\(edit.number.value)"
        if var before = answers[key] {
            before.isRepeat = true
            before.effect = nil
            return before
        }
        let answer = decide(edit, replica: replica, member: member, now: now)
        if answer.code != .retry, answer.code != .blocked { answers[key] = answer }
        return answer
    }

    private mutating func decide(_ edit: V1.Edit, replica: String, member: MemberFacts, now: Int64) -> Answer {
        guard
            ["set-budget", "adjust-budget", "freeze", "unfreeze", "set-discount", "cancel-discount", "decide-conflict"]
                .contains(edit.kind),
            edit.schema == 1
        else { return Answer(code: .unsupported) }
        if edit.kind == "decide-conflict" { return decideConflict(edit, member, now) }
        guard let customer = customers[edit.customer.value], member.sees(subject: edit.customer.value) else {
            return Answer(code: .forbidden)
        }
        guard !customer.isFormer else { return Answer(code: .rejected) }
        let target = Model.target(edit)
        let current = held(target)
        var isIntact = edit.base.value == current.version
        if let predecessor = edit.predecessor?.value {
            guard let before = answers["\(replica)/\(predecessor)"] else { return Answer(code: .retry) }
            switch before.code {
            case .held: return Answer(code: .blocked)
            case .applied, .merged, .noop: isIntact = before.version == current.version && before.isIntact
            default: return Answer(code: .rejected)
            }
        }
        if isAlready(edit, current.value), !breaksMore(edit, customer.association, now) {
            return Answer(code: .noop, isIntact: isIntact, version: current.version)
        }
        if let refusal = limit(edit, customer.association, current.value, now) { return Answer(code: refusal) }
        guard isIntact else { return Answer(code: .held) }
        return Answer(code: .applied, isIntact: true, effect: (target, after(edit, current.value)))
    }

    /// A decision takes effect once, on the values that its author saw.
    private mutating func decideConflict(_ edit: V1.Edit, _ member: MemberFacts, _ now: Int64) -> Answer {
        guard let key = edit.conflict?.value, let (mark, heldEdit) = conflicts[key], member.sees(subject: mark.customer)
        else {
            return Answer(code: .forbidden)
        }
        let choice = edit.choice ?? ""
        guard mark.isOpen else {
            return Answer(code: mark.choice == choice && choice != "value" ? .noop : .overruled, isIntact: true)
        }
        let target = TruthLine.Target(entity: Model.entity(mark.register), key: mark.customer)
        let current = held(target)
        guard edit.base.value == current.version else { return Answer(code: .overruled) }
        guard let customer = customers[mark.customer], !customer.isFormer else { return Answer(code: .rejected) }
        var wanted: V1.Edit?
        switch choice {
        case "mine": wanted = heldEdit
        case "value":
            var value = edit
            value.kind = mark.register == "budget" ? "set-budget" : "set-discount"
            wanted = value
        default: wanted = nil
        }
        guard let wanted else { return Answer(code: .applied, isIntact: true, version: current.version) }
        if isAlready(wanted, current.value) { return Answer(code: .applied, isIntact: true, version: current.version) }
        if limit(wanted, customer.association, current.value, now) != nil { return Answer(code: .rejected) }
        return Answer(code: .applied, isIntact: true, effect: (target, after(wanted, current.value)))
    }

    private static func entity(_ register: String) -> Int { Entity.named(register)?.rawValue ?? -1 }

    private static func target(_ edit: V1.Edit) -> TruthLine.Target {
        let entity: Entity =
            switch edit.kind {
            case "set-budget", "adjust-budget": .budget
            case "freeze", "unfreeze": .freezes
            default: .discount
            }
        return TruthLine.Target(entity: entity.rawValue, key: edit.customer.value)
    }

    private func held(_ target: TruthLine.Target) -> Held {
        if let known = registers[target] { return known }
        switch Entity(rawValue: target.entity) {
        case .budget: return Held(value: .budget(nil), version: 0)
        case .freezes: return Held(value: .freezes([]), version: 0)
        default: return Held(value: .discount(nil), version: 0)
        }
    }

    // MARK: The written limits

    /// Cents of the largest budget, and the units of a cent.
    private static let largest: Int64 = 2_147_483_647 * 100_000_000
    private static let cent: Int64 = 1_000_000

    /// What is so already needs nothing, but an edit that is not for this kind of customer, or too late, is refused even so.
    private func breaksMore(_ edit: V1.Edit, _ association: AssociationType, _ now: Int64) -> Bool {
        if Model.isForResellers(edit) != (association == .reseller) || isTooLate(edit, now) { return true }
        switch edit.kind {
        case "set-budget": return amountIsWrong(edit.amount.flatMap { Money($0) }?.units ?? 0)
        case "freeze": return reasonIsWrong(edit.reason ?? "")
        case "unfreeze":
            return reasonIsWrong(edit.reason ?? "")
                || partner.state == .frozen && edit.freezeKind == "account-and-resources"
                || hasOtherFreezes(edit)
        case "set-discount": return discountIsWrong(edit, now)
        default: return false
        }
    }

    /// Freezes stand, none of the kind that the edit names, or none that a partner may lift.
    private func hasOtherFreezes(_ edit: V1.Edit) -> Bool {
        guard case .freezes(let members) = held(Model.target(edit)).value, !members.isEmpty else { return false }
        let ofKind = members.filter { $0.kind.rawValue == edit.freezeKind }
        return !ofKind.contains { $0.cause != .partnerState && $0.cause != .vendor }
    }

    private func limit(
        _ edit: V1.Edit, _ association: AssociationType, _ current: RowValue, _ now: Int64
    ) -> ResultCode? {
        guard Model.isForResellers(edit) == (association == .reseller) else { return .rejected }
        if isTooLate(edit, now) { return .expired }
        switch edit.kind {
        case "set-budget": return amountIsWrong(edit.amount.flatMap { Money($0) }?.units ?? 0) ? .rejected : nil
        case "adjust-budget":
            guard case .budget(let budget?) = current, let delta = edit.delta.flatMap({ Money($0) })?.units, delta != 0
            else { return .rejected }
            return amountIsWrong(budget.amount.units + delta) ? .rejected : nil
        case "freeze": return reasonIsWrong(edit.reason ?? "") ? .rejected : nil
        case "unfreeze":
            if reasonIsWrong(edit.reason ?? "")
                || partner.state == .frozen && edit.freezeKind == "account-and-resources"
            {
                return .rejected
            }
            guard case .freezes(let members) = current, !members.isEmpty else { return .rejected }
            return hasOtherFreezes(edit) ? .rejected : nil
        case "set-discount":
            if let until = edit.validUntil?.value, until <= now || until <= edit.validFrom?.value ?? 0 {
                return rangeIsWrong(edit) ? .rejected : .expired
            }
            return rangeIsWrong(edit) ? .rejected : nil
        default: return nil
        }
    }

    private static func isForResellers(_ edit: V1.Edit) -> Bool { !edit.kind.hasSuffix("discount") }

    /// Cycles are months of Beijing time, eight hours ahead of UTC.
    private func isTooLate(_ edit: V1.Edit, _ now: Int64) -> Bool {
        guard edit.kind == "set-budget" || edit.kind == "adjust-budget", let last = edit.validThrough else {
            return false
        }
        let (year, month, _) = CivilDate.date(fromDays: (now + 8 * 3600) / 86_400)
        return "\(year)-\(month < 10 ? "0" : "")\(month)" > last
    }

    private func amountIsWrong(_ units: Int64) -> Bool {
        units <= 0 || units > Model.largest || units % Model.cent != 0
    }
    private func reasonIsWrong(_ reason: String) -> Bool { reason.allSatisfy { $0 == " " } || reason.count > 256 }
    private func rangeIsWrong(_ edit: V1.Edit) -> Bool {
        guard let lowest = partner.lowest, let highest = partner.highest, let percent = edit.percentBasisPoints else {
            return true
        }
        return Int64(percent) < lowest || Int64(percent) > highest
    }
    private func discountIsWrong(_ edit: V1.Edit, _ now: Int64) -> Bool {
        rangeIsWrong(edit) || (edit.validUntil?.value ?? 0) <= max(now, edit.validFrom?.value ?? 0)
    }

    // MARK: Effects

    private func isAlready(_ edit: V1.Edit, _ current: RowValue) -> Bool {
        switch (edit.kind, current) {
        case ("set-budget", .budget(let budget)): return budget != nil && budget == Model.budget(edit)
        case ("freeze", .freezes(let members)):
            return members.contains { $0.kind.rawValue == edit.freezeKind && $0.cause == .manual }
        case ("unfreeze", .freezes(let members)):
            let seen = (edit.seen ?? []).map(\.value)
            return !members.contains { $0.kind.rawValue == edit.freezeKind && seen.contains($0.id) }
        case ("set-discount", .discount(let discount)): return discount != nil && discount == Model.discount(edit)
        case ("cancel-discount", .discount(let discount)): return discount == nil
        default: return false
        }
    }

    private func after(_ edit: V1.Edit, _ current: RowValue) -> RowValue {
        switch (edit.kind, current) {
        case ("set-budget", _): return .budget(Model.budget(edit))
        case ("adjust-budget", .budget(let budget?)):
            let units = budget.amount.units + (edit.delta.flatMap { Money($0) }?.units ?? 0)
            return .budget(Budget(amount: Money(units: units), type: budget.type, onExhaustion: budget.onExhaustion))
        case ("freeze", .freezes(let members)):
            let kind = FreezeKind(rawValue: edit.freezeKind ?? "") ?? .account
            return .freezes(
                members + [
                    Freeze(
                        id: 0, kind: kind, cause: .manual, reason: edit.reason ?? "", author: "",
                        at: Timestamp(seconds: 0))
                ])
        case ("unfreeze", .freezes(let members)):
            let seen = (edit.seen ?? []).map(\.value)
            return .freezes(
                members.filter {
                    $0.kind.rawValue != edit.freezeKind || !seen.contains($0.id) || $0.cause == .partnerState
                        || $0.cause == .vendor
                })
        case ("set-discount", _): return .discount(Model.discount(edit))
        default: return .discount(nil)
        }
    }

    private static func budget(_ edit: V1.Edit) -> Budget? {
        guard let amount = edit.amount.flatMap({ Money($0) }),
            let type = edit.type.flatMap({ BudgetType(rawValue: $0) }),
            let action = edit.onExhaustion.flatMap({ ExhaustionAction(rawValue: $0) })
        else { return nil }
        return Budget(amount: amount, type: type, onExhaustion: action)
    }

    private static func discount(_ edit: V1.Edit) -> Discount? {
        guard let percent = edit.percentBasisPoints, let from = edit.validFrom?.value,
            let until = edit.validUntil?.value
        else { return nil }
        return Discount(
            percent: BasisPoints(Int64(percent)), validFrom: Timestamp(seconds: from),
            validUntil: Timestamp(seconds: until))
    }

    // MARK: Following the truth

    /// Takes rows as they are; what the model can't know (ids of freezes, versions) it learns here.
    mutating func adopt(_ row: TruthRow) {
        let target = TruthLine.Target(entity: row.entity.rawValue, key: row.key)
        switch row.value {
        case .partner(let state, let lowest, let highest): partner = (state, lowest, highest)
        case .customer(let association, let isFormer): customers[row.key] = (association, isFormer)
        case .budget, .freezes, .discount: registers[target] = Held(value: row.value, version: row.version)
        case .conflict(let mark): conflicts[row.key] = (mark, conflicts[row.key]?.edit)
        case .other: break
        }
    }

    /// Whether a row is what the model says, ids and moments aside.
    static func agrees(_ found: RowValue, _ wanted: RowValue) -> Bool {
        guard case .freezes(let left) = found, case .freezes(let right) = wanted else { return found == wanted }
        return left.map { "\($0.kind)/\($0.cause)" }.sorted() == right.map { "\($0.kind)/\($0.cause)" }.sorted()
    }
}
