import Diagnostics
import PartnerModel
import SyncProtocol

/// What an edit must come to, worked out from the written rules alone: no code of the judge, of the rules or of the
/// limits is used here. One edit is judged in this order: what was answered before; kind and arguments; scope; what it
/// builds on; its form; equality; the guards of its rule; how the rule combines it with what it meets.
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

    struct Customer {
        var association = AssociationType.reseller
        var isFormer = false
        var managedBy: String?
    }

    var partner: (state: PartnerState, lowest: Int64?, highest: Int64?) = (.active, nil, nil)
    var partnerVersion: Int64 = 0
    var customers: [Int64: Customer] = [:]
    /// What is used of budgets, in units.
    var used: [Int64: Int64] = [:]
    var registers: [TruthLine.Target: Held] = [:]
    var conflicts: [Int64: (mark: ConflictMark, edit: V1.Edit?)] = [:]
    /// Registers that an approved request may have moved, with the version before it.
    private var suspended: [(target: TruthLine.Target, version: Int64)] = []
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
        if ![.retry, .blocked, .needsStepUp].contains(answer.code) { answers[key] = answer }
        return answer
    }

    private mutating func decide(_ edit: V1.Edit, replica: String, member: MemberFacts, now: Int64) -> Answer {
        guard Model.kinds.contains(edit.kind), edit.schema == 1 else { return Answer(code: .unsupported) }
        if edit.kind == "decide-conflict" { return decideConflict(edit, member, now) }
        guard customers[edit.customer.value] != nil, sees(member, edit.customer.value) else {
            return Answer(code: .forbidden)
        }
        let target = Model.target(edit)
        guard may(member, target.entity) else { return Answer(code: .forbidden) }
        let current = held(target)
        if let other = edit.dependsOn?.value {
            switch answers["\(replica)/\(other)"]?.code {
            case nil: return Answer(code: .retry)
            case .held: return Answer(code: .blocked)
            case .applied, .merged, .noop: break
            default: return Answer(code: .rejected)
            }
        }
        var isIntact = edit.base.value == current.version
        if let predecessor = edit.predecessor?.value {
            guard let before = answers["\(replica)/\(predecessor)"] else { return Answer(code: .retry) }
            switch before.code {
            case .held: return Answer(code: .blocked)
            case .applied, .merged, .noop: isIntact = before.version == current.version && before.isIntact
            default: return Answer(code: .rejected)
            }
        }
        let view = View(
            edit: edit, customer: edit.customer.value, current: current.value, isIntact: isIntact,
            role: member.rights.role,
            now: now)
        let fate = fate(view)
        switch fate {
        case .code(let code) where code == .noop || code == .overruled:
            return Answer(code: code, isIntact: isIntact, version: current.version)
        case .code(let code): return Answer(code: code)
        case .carriedOut(let code):
            return Answer(code: code, isIntact: isIntact, effect: (target, after(edit, current.value)))
        }
    }

    private static let kinds = [
        "set-budget", "adjust-budget", "freeze", "unfreeze", "set-discount", "cancel-discount", "assign-manager",
        "withdraw-manager", "set-label", "decide-request", "decide-conflict",
    ]

    /// One edit and what it meets.
    struct View {
        let edit: V1.Edit
        let customer: Int64
        let current: RowValue
        let isIntact: Bool
        let role: MemberRole
        let now: Int64
    }

    enum Fate {
        case code(ResultCode)
        /// It takes effect, as asked or merged.
        case carriedOut(ResultCode)
    }

    private func fate(_ view: View) -> Fate {
        if formIsWrong(view) { return .code(.rejected) }
        let isEqual = isAlready(view.edit, view.current) && !isFrozenAnew(view)
        // What is so already needs nothing to stand, no code and no person; that it may be asked at all, it needs.
        for guarded in guards(view) where !isEqual || guarded.isAskedOfEqual {
            if guarded.fails { return .code(guarded.code) }
        }
        return isEqual ? .code(.noop) : combined(view)
    }

    /// A manager sees the customers assigned to them, a director those of the managers below, while those are customers.
    private func sees(_ member: MemberFacts, _ customer: Int64) -> Bool {
        member.rights.sees(customer) { accounts in
            let target = TruthLine.Target(entity: Entity.manager.rawValue, key: customer)
            guard customers[customer]?.isFormer == false, case .manager(let account?) = held(target).value else {
                return false
            }
            return accounts.contains(account)
        }
    }

    /// Budgets, freezes and discounts are changed by those who have the item of that name.
    private func may(_ member: MemberFacts, _ entity: Int) -> Bool {
        switch Entity(rawValue: entity) {
        case .budget: member.rights.items.contains(.budgets)
        case .freezes: member.rights.items.contains(.freezes)
        case .discount: member.rights.items.contains(.discounts)
        default: true
        }
    }

    /// A decision takes effect once, on the values that its author saw.
    private mutating func decideConflict(_ edit: V1.Edit, _ member: MemberFacts, _ now: Int64) -> Answer {
        guard let key = edit.conflict?.value, let (mark, heldEdit) = conflicts[key], sees(member, mark.customer)
        else {
            return Answer(code: .forbidden)
        }
        let choice = edit.choice ?? ""
        guard mark.isOpen else {
            return Answer(code: mark.choice == choice && choice != "value" ? .noop : .overruled, isIntact: true)
        }
        let target = TruthLine.Target(entity: Model.entity(mark.register), key: mark.customer)
        // To decide is to change.
        guard may(member, target.entity) else { return Answer(code: .forbidden) }
        let current = held(target)
        guard edit.base.value == current.version else { return Answer(code: .overruled) }
        var wanted: V1.Edit?
        switch choice {
        case "mine": wanted = heldEdit
        case "value":
            var value = edit
            value.kind = edit.freezeKind != nil ? "freeze" : edit.amount != nil ? "set-budget" : "set-discount"
            value.reason = heldEdit?.reason
            guard Model.target(value).entity == target.entity else { return Answer(code: .rejected) }
            wanted = value
        default: wanted = nil
        }
        guard var wanted else { return Answer(code: .applied, isIntact: true, version: current.version) }
        // A person has looked: that the rule would hold it is no reason, and what the range excludes now is no promise of the
        // decider's own.
        wanted.madeUpon = nil
        let view = View(
            edit: wanted, customer: mark.customer, current: current.value, isIntact: true, role: member.rights.role,
            now: now)
        if case .code(let code) = fate(view),
            [.rejected, .expired, .forbidden, .needsStepUp].contains(code)
        {
            return Answer(code: code)
        }
        if isAlready(wanted, current.value) { return Answer(code: .applied, isIntact: true, version: current.version) }
        return Answer(code: .applied, isIntact: true, effect: (target, after(wanted, current.value)))
    }

    /// Conflicts whose deadline has come: what stands stays. Gives their keys.
    mutating func closeOverdue(_ now: Int64) -> [Int64] {
        let overdue = conflicts.filter { $0.value.mark.isOpen && ($0.value.mark.deadline ?? .max) <= now }.keys.sorted()
        for key in overdue {
            guard let (mark, edit) = conflicts[key] else { continue }
            conflicts[key] = (mark.closed(choice: "theirs"), edit)
            answers["\(mark.replica)/\(mark.edit)"]?.code = .overruled
        }
        return overdue
    }

    /// A decision gives its held edit an end at once, on which edits of the same push may build; the register stands at
    /// `version` then.
    mutating func close(_ conflict: Int64, _ choice: String, at version: Int64?) {
        guard let (mark, edit) = conflicts[conflict] else { return }
        conflicts[conflict] = (mark.closed(choice: choice), edit)
        let code: ResultCode = choice == "mine" ? .applied : choice == "theirs" ? .overruled : .merged
        answers["\(mark.replica)/\(mark.edit)"] = Answer(code: code, isIntact: code == .applied, version: version)
    }

    /// A conflict that was not closed by a push that the model followed gives its held edit an end as its row tells it.
    mutating func settle(_ mark: ConflictMark) {
        let key = "\(mark.replica)/\(mark.edit)"
        guard let code = mark.outcome, answers[key]?.code == .held else { return }
        let target = TruthLine.Target(entity: Model.entity(mark.register), key: mark.customer)
        answers[key] = Answer(code: code, isIntact: code == .applied, version: registers[target]?.version)
    }

    /// An approved request takes effect: the association ends, or begins again. False when it is so already.
    mutating func carryOut(_ request: RowValue, of customer: Int64) -> Bool {
        guard case .request(let purpose, _) = request else { return false }
        let ends = purpose == "disassociate"
        guard customers[customer]?.isFormer != ends else { return false }
        customers[customer]?.isFormer = ends
        // Whether budget and freezes move by it, the rows say: until then edits of the same push have no base there.
        for entity in [Entity.budget, .freezes] {
            let target = TruthLine.Target(entity: entity.rawValue, key: customer)
            if let version = registers[target]?.version { suspended.append((target, version)) }
            registers[target]?.version = -1
        }
        return true
    }

    /// What the rows of a push did not move stands where it stood.
    mutating func recallSuspended() {
        for (target, version) in suspended where registers[target]?.version == -1 {
            registers[target]?.version = version
        }
        suspended = []
    }

    private static func entity(_ register: String) -> Int { Entity.named(register)?.rawValue ?? -1 }

    private static func target(_ edit: V1.Edit) -> TruthLine.Target {
        let entity: Entity =
            switch edit.kind {
            case "set-budget", "adjust-budget": .budget
            case "freeze", "unfreeze": .freezes
            case "assign-manager", "withdraw-manager": .manager
            case "set-label": .label
            case "decide-request": .request
            default: .discount
            }
        return TruthLine.Target(entity: entity.rawValue, key: edit.customer.value)
    }

    private func held(_ target: TruthLine.Target) -> Held {
        if let known = registers[target] { return known }
        switch Entity(rawValue: target.entity) {
        case .budget: return Held(value: .budget(nil), version: 0)
        case .freezes: return Held(value: .freezes([]), version: 0)
        case .manager: return Held(value: .manager(nil), version: 0)
        case .label: return Held(value: .label(nil), version: 0)
        case .request: return Held(value: .request(purpose: nil, status: nil), version: 0)
        default: return Held(value: .discount(nil), version: 0)
        }
    }

    func freezes(of customer: Int64) -> [Freeze] {
        let target = TruthLine.Target(entity: Entity.freezes.rawValue, key: customer)
        guard case .freezes(let members) = held(target).value else { return [] }
        return members
    }

    func budget(of customer: Int64) -> Budget? {
        guard case .budget(let budget) = held(TruthLine.Target(entity: Entity.budget.rawValue, key: customer)).value
        else { return nil }
        return budget
    }

    // MARK: Effects

    func isAlready(_ edit: V1.Edit, _ current: RowValue) -> Bool {
        switch (edit.kind, current) {
        case ("set-budget", .budget(let budget)): return budget != nil && budget == Model.budget(edit)
        case ("freeze", .freezes(let members)):
            return members.contains { $0.kind.rawValue == edit.freezeKind && $0.cause == .manual }
        case ("unfreeze", .freezes(let members)):
            let seen = (edit.seen ?? []).map(\.value)
            return !members.contains { $0.kind.rawValue == edit.freezeKind && seen.contains($0.id) }
        case ("set-discount", .discount(let discount)): return discount != nil && discount == Model.discount(edit)
        case ("cancel-discount", .discount(let discount)): return discount == nil
        case ("assign-manager", .manager(let account)): return account == edit.manager
        case ("withdraw-manager", .manager(let account)): return account == nil
        case ("set-label", .label(let label)): return label == edit.label
        case ("decide-request", .request(_, let status)):
            return status == (edit.approve == true ? "approved" : "rejected")
        default: return false
        }
    }

    func after(_ edit: V1.Edit, _ current: RowValue) -> RowValue {
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
        case ("assign-manager", _): return .manager(edit.manager)
        case ("withdraw-manager", _): return .manager(nil)
        case ("set-label", _): return .label(edit.label)
        case ("decide-request", .request(let purpose, _)):
            return .request(purpose: purpose, status: edit.approve == true ? "approved" : "rejected")
        default: return .discount(nil)
        }
    }

    static func budget(_ edit: V1.Edit) -> Budget? {
        guard let amount = edit.amount.flatMap({ Money($0) }),
            let type = edit.type.flatMap({ BudgetType(rawValue: $0) }),
            let action = edit.onExhaustion.flatMap({ ExhaustionAction(rawValue: $0) })
        else { return nil }
        return Budget(amount: amount, type: type, onExhaustion: action)
    }

    static func discount(_ edit: V1.Edit) -> Discount? {
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
        case .partner(let state, let lowest, let highest):
            partner = (state, lowest, highest)
            partnerVersion = row.version
        case .customer(let association, let isFormer, let managedBy):
            customers[row.key] = Customer(association: association, isFormer: isFormer, managedBy: managedBy)
        case .usage(let units): used[row.key] = units
        case .budget, .freezes, .discount, .manager, .label, .request:
            registers[target] = Held(value: row.value, version: row.version)
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
