import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// Has the daemon accept an edit, or only check it, and says what came of it.
    func queue(_ intent: EditIntent, _ customer: Customer) throws(UserError) -> Answer {
        let isDryRun = command.flag("dry-run")
        let reply = try daemon.add(intent, customer: customer.key, dryRun: isDryRun)
        let before = (try? reply.before.state()).map { Wording.text($0) } ?? ""
        let after = (try? reply.after.state()).map { Wording.text($0) } ?? ""
        var answer = Answer()
        answer.json = Wording.json(customer)
        answer.json["edit"] = .optional(reply.number?.value)
        answer.json["dryRun"] = .bool(isDryRun)
        answer.json["before"] = (try? reply.before.state()).map { Wording.json($0) } ?? .null
        answer.json["after"] = (try? reply.after.state()).map { Wording.json($0) } ?? .null
        answer.json["base"] = .integer(reply.base.value)
        answer.json["predecessor"] = .optional(reply.predecessor?.value)
        let head = reply.number.map { "edit \($0.value) saved: " } ?? "would be saved: "
        answer.text = TextWidth.safe("\(head)\(Wording.text(intent)) for \(Wording.text(customer))") + "\n"
        if case .decideConflict = intent {} else { answer.text += TextWidth.safe("  \(before) -> \(after)") + "\n" }
        if let predecessor = reply.predecessor { answer.notes.append("it builds on your edit \(predecessor.value)") }
        if !isDryRun { answer.notes.append("pending until the server has answered: fieldbook edits list") }
        return answer
    }

    // MARK: Budget

    /// `budget show CUSTOMER`.
    func showBudget() throws(UserError) -> Answer { try showRegister("budget", .reseller) { $0.budget } }

    /// `discount show CUSTOMER`.
    func showDiscount() throws(UserError) -> Answer { try showRegister("discount", .referral) { $0.discount } }

    private func showRegister(
        _ name: String, _ association: AssociationType, _ part: (CustomerSummary) -> Layered
    ) throws(UserError) -> Answer {
        let reader = try reader()
        let detail = try ask { () throws(StoreError) in
            try reader.customer(try reader.resolveCustomer(command.arguments[0]).key)
        }
        let summary = detail.summary
        var answer = Answer()
        answer.text = TextWidth.safe(Wording.text(summary.customer)) + "\n"
        if summary.customer.association != association {
            answer.notes.append(
                "this is a \(summary.customer.association.rawValue) customer; a \(name) exists for \(association.rawValue) customers only"
            )
        }
        answer.text +=
            "\(name)  "
            + Wording.text(part(summary), short: false).split(separator: "\n").map { TextWidth.safe(String($0)) }
            .joined(separator: "\n") + "\n"
        if name == "budget", let used = summary.used {
            answer.text +=
                "used    \(used.shortText) at list price\(summary.usedAsOf.map { ", as of \(age($0))" } ?? "")\n"
        }
        answer.json = Wording.json(summary.customer)
        answer.json[name] = Wording.json(part(summary))
        if name == "budget" {
            answer.json["used"] = .optional(summary.used?.exactText)
            answer.json["usedAsOf"] = Wording.time(summary.usedAsOf)
        }
        try addAge(to: &answer, reader)
        return answer
    }

    /// `budget set CUSTOMER AMOUNT`.
    func setBudget() throws(UserError) -> Answer {
        let reader = try reader()
        let detail = try ask { () throws(StoreError) in
            try reader.customer(try reader.resolveCustomer(command.arguments[0]).key)
        }
        guard let amount = Money(command.arguments[1]) else {
            throw refused("the amount is not a plain number with at most eight decimals", "give it like 500 or 500.50")
        }
        var current: Budget?
        if case .budget(let budget) = detail.summary.budget.visible { current = budget }
        let type = try choice("type", BudgetType.self) ?? current?.type ?? .monthly
        let action = try choice("on-exhaustion", ExhaustionAction.self) ?? current?.onExhaustion ?? .manual
        let budget = Budget(amount: amount, type: type, onExhaustion: action)
        return try queue(.setBudget(budget, validThrough: try cycle("through")), detail.summary.customer)
    }

    /// `budget adjust CUSTOMER CHANGE`.
    func adjustBudget() throws(UserError) -> Answer {
        guard let delta = Money(command.arguments[1]) else {
            throw refused("the change is not a plain number", "give it like +100, or -50 after a --")
        }
        return try queue(
            .adjustBudget(delta: delta, validThrough: try cycle("through")), try customer(command.arguments[0]))
    }

    // MARK: Freezes

    /// `freeze CUSTOMER`.
    func freeze() throws(UserError) -> Answer {
        let customer = try customer(command.arguments[0])
        let kind = try choice("kind", FreezeKind.self) ?? .account
        if kind == .accountAndResources, !command.flag("yes"), !command.flag("dry-run") {
            guard terminal.isErrorTerminal else {
                throw refused(
                    "freezing resources leads to their deletion after about 15 days and needs a clear yes",
                    "add --yes if that is what you want")
            }
            let question =
                "Freeze account and resources of \(TextWidth.safe(Wording.text(customer)))? Resources not released within about 15 days are deleted."
            guard terminal.confirm(question) else { throw refused("you did not say yes", "nothing was queued") }
        }
        return try queue(.freeze(kind, reason: try reason()), customer)
    }

    /// `unfreeze CUSTOMER`. Without `--kind` the kind that stands is meant, if there is only one.
    func unfreeze() throws(UserError) -> Answer {
        let reader = try reader()
        let detail = try ask { () throws(StoreError) in
            try reader.customer(try reader.resolveCustomer(command.arguments[0]).key)
        }
        var kind = try choice("kind", FreezeKind.self)
        if kind == nil, case .freezes(let freezes) = detail.summary.freezes.visible,
            let strictest = freezes.strictestKind
        {
            guard freezes.allSatisfy({ $0.kind == strictest }) else {
                throw refused(
                    "there are freezes of both kinds", "say which: --kind account or --kind account-and-resources")
            }
            kind = strictest
        }
        return try queue(.unfreeze(kind ?? .account, reason: try reason(), seen: []), detail.summary.customer)
    }

    private func reason() throws(UserError) -> String {
        guard let reason = command.option("reason") else { throw usage("--reason is missing") }
        return reason
    }

    // MARK: Discount

    /// `discount set CUSTOMER PERCENT`.
    func setDiscount() throws(UserError) -> Answer {
        guard let percent = BasisPoints(percent: command.arguments[1]) else {
            throw refused("the percentage is not a number with at most two decimals", "give it like 12.5")
        }
        let discount = Discount(percent: percent, validFrom: try from(), validUntil: try until())
        return try queue(.setDiscount(discount), try customer(command.arguments[0]))
    }

    /// Days are counted in Beijing time, the vendor's day: from its midnight to its last second.
    private func from() throws(UserError) -> Timestamp {
        guard let text = command.option("from") else { return Timestamp(seconds: clock.now().seconds) }
        return Timestamp(seconds: try day(text) - 8 * 3600)
    }

    private func until() throws(UserError) -> Timestamp {
        guard let text = command.option("until") else { throw usage("--until is missing") }
        return Timestamp(seconds: try day(text) + 86_399 - 8 * 3600)
    }

    private func day(_ text: String) throws(UserError) -> Int64 {
        guard text.utf8.count == 10, let day = Instant(rfc3339: text) else { throw usage("a day must be YYYY-MM-DD") }
        return day.seconds
    }

    // MARK: Parts

    func choice<Value: RawRepresentable & CaseIterable>(
        _ option: String, _ type: Value.Type
    ) throws(UserError) -> Value? where Value.RawValue == String {
        guard let text = command.option(option) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw usage("--\(option) must be one of: \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    func refused(_ why: String, _ next: String) -> UserError {
        UserError(.refused, what: "cannot queue the edit", why: why, next: next)
    }
}
