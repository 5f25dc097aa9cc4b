import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// Making a dead letter anew, as it was or with other arguments.
extension Context {
    /// The options that change an edit, in the order of the help.
    private static let changing = [
        "amount", "type", "on-exhaustion", "change", "percent", "until", "from", "reason", "kind", "label", "manager",
        "through",
    ]

    /// `edits resend EDIT`.
    func resendEdit() throws(UserError) -> Answer {
        let reader = try reader()
        let number = EditNumber(try number(command.arguments[0], "EDIT"))
        let edit = try ask { () throws(StoreError) in try reader.edit(number) }
        let changed = try changedIntent(edit)
        let isDryRun = command.flag("dry-run")
        let reply = try daemon.resend(number, as: changed, dryRun: isDryRun)
        let done = reply.number.map { "edit \(number.value) made anew as edit \($0.value): " }
        let head = done ?? "edit \(number.value) would be made anew: "
        var answer = Answer(json: ["edit": .integer(number.value), "resentAs": .optional(reply.number?.value)])
        answer.json["dryRun"] = .bool(isDryRun)
        answer.json["asked"] = .text(Wording.text(changed ?? edit.intent))
        answer.json["before"] = Context.json(reply.before)
        answer.json["after"] = Context.json(reply.after)
        answer.text = terminal.sentence("\(head)\(Wording.text(changed ?? edit.intent)) for \(edit.customerName)")
        if edit.wire.group != nil { answer.notes.append("it goes alone, without the group it was of") }
        return answer
    }

    /// The edit's intent with the options given; nil when none is. An option of another kind is told as such.
    func changedIntent(_ edit: OutboxEdit) throws(UserError) -> EditIntent? {
        let given = Context.changing.filter { command.flag($0) }
        guard !given.isEmpty else { return nil }
        let fitting = Context.fitting(edit.intent)
        if let wrong = given.first(where: { !fitting.contains($0) }) {
            let takes = fitting.isEmpty ? "nothing else" : fitting.map { "--\($0)" }.joined(separator: ", ")
            let kind = edit.intent.kind.rawValue
            throw usage("--\(wrong) does not fit edit \(edit.number.value) (\(kind)), which takes \(takes)")
        }
        return try changed(edit.intent)
    }

    /// The options that fit an intent.
    static func fitting(_ intent: EditIntent) -> [String] {
        switch intent {
        case .setBudget: ["amount", "type", "on-exhaustion", "through"]
        case .adjustBudget: ["change", "through"]
        case .freeze, .unfreeze: ["reason", "kind"]
        case .setDiscount: ["percent", "until", "from"]
        case .assignManager: ["manager"]
        case .setLabel: ["label"]
        case .decideConflict(_, .budget): ["amount"]
        case .decideConflict(_, .discount): ["percent"]
        case .decideConflict(_, .freeze): ["kind"]
        case .cancelDiscount, .withdrawManager, .decideRequest, .decideConflict: []
        }
    }

    private func changed(_ intent: EditIntent) throws(UserError) -> EditIntent {
        switch intent {
        case .setBudget(let budget, let through):
            let changed = Budget(
                amount: try money("amount") ?? budget.amount, type: try choice("type", BudgetType.self) ?? budget.type,
                onExhaustion: try choice("on-exhaustion", ExhaustionAction.self) ?? budget.onExhaustion)
            return .setBudget(changed, validThrough: try cycle("through") ?? through)
        case .adjustBudget(let delta, let through):
            return .adjustBudget(delta: try money("change") ?? delta, validThrough: try cycle("through") ?? through)
        case .freeze(let kind, let reason):
            let kind = try choice("kind", FreezeKind.self) ?? kind
            return .freeze(kind, reason: command.option("reason") ?? reason)
        case .unfreeze(let kind, let reason, let seen):
            let wanted = try choice("kind", FreezeKind.self) ?? kind
            return .unfreeze(wanted, reason: command.option("reason") ?? reason, seen: wanted == kind ? seen : [])
        case .setDiscount(let discount): return .setDiscount(try changed(discount))
        case .assignManager(let account): return .assignManager(command.option("manager") ?? account)
        case .setLabel(let label): return .setLabel(command.option("label") ?? label)
        case .decideConflict(let key, .budget(let budget)):
            let amount = try money("amount") ?? budget.amount
            let changed = Budget(amount: amount, type: budget.type, onExhaustion: budget.onExhaustion)
            return .decideConflict(key, .budget(changed))
        case .decideConflict(let key, .discount(let discount)):
            return .decideConflict(key, .discount(try changed(discount)))
        case .decideConflict(let key, .freeze(let kind)):
            return .decideConflict(key, .freeze(try choice("kind", FreezeKind.self) ?? kind))
        case .cancelDiscount, .withdrawManager, .decideRequest, .decideConflict: return intent
        }
    }

    private func changed(_ discount: Discount) throws(UserError) -> Discount {
        var percent = discount.percent
        if let text = command.option("percent") { percent = try self.percent(text) }
        return Discount(
            percent: percent, validFrom: try from() ?? discount.validFrom,
            validUntil: try until() ?? discount.validUntil)
    }

    private func money(_ option: String) throws(UserError) -> Money? {
        guard let text = command.option(option) else { return nil }
        guard let money = Money(text) else {
            throw refused(
                "--\(option) is not a plain number with at most eight decimals", "give it like 500 or 500.50")
        }
        return money
    }
}
