import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
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
        var facts = Facts([("customer", Wording.text(summary.customer))])
        if summary.customer.association != association {
            answer.notes.append(
                "this is a \(summary.customer.association.rawValue) customer; a \(name) exists for \(association.rawValue) customers only"
            )
        }
        facts.add(name, Wording.text(part(summary), short: false))
        if name == "budget", let used = summary.used {
            facts.add("used", "\(used.shortText) at list price\(summary.usedAsOf.map { ", as of \(age($0))" } ?? "")")
        }
        answer.text = facts.render(for: terminal)
        answer.json = Wording.json(summary.customer)
        answer.json[name] = Wording.json(part(summary))
        if name == "budget" {
            answer.json["used"] = .optional(summary.used?.exactText)
            answer.json["usedAsOf"] = Wording.time(summary.usedAsOf)
        }
        try addAge(to: &answer, reader)
        return answer
    }

    private func detail() throws(UserError) -> CustomerSummary {
        let reader = try reader()
        return try ask { () throws(StoreError) in
            try reader.customer(try reader.resolveCustomer(command.arguments[0]).key).summary
        }
    }

    /// `budget set CUSTOMER AMOUNT`, with `--unfreeze` also the release that depends on it.
    func setBudget() throws(UserError) -> Asking {
        let summary = try detail()
        guard let amount = Money(command.arguments[1]) else {
            throw refused("the amount is not a plain number with at most eight decimals", "give it like 500 or 500.50")
        }
        var current: Budget?
        if case .budget(let budget) = visible(summary.budget, of: summary.customer) { current = budget }
        let type = try choice("type", BudgetType.self) ?? current?.type ?? .monthly
        let action = try choice("on-exhaustion", ExhaustionAction.self) ?? current?.onExhaustion ?? .manual
        let budget = EditIntent.setBudget(
            Budget(amount: amount, type: type, onExhaustion: action), validThrough: try cycle("through"))
        guard command.flag("unfreeze") else {
            for option in ["reason", "kind"] where command.flag(option) {
                throw usage("--\(option) goes with --unfreeze")
            }
            return Asking(budget, summary.customer)
        }
        var kind = try choice("kind", FreezeKind.self)
        if kind == nil { kind = try standingKind(summary) }
        let unfreeze = EditIntent.unfreeze(kind ?? .account, reason: try reason(), seen: [])
        return Asking([budget, unfreeze], summary.customer, link: .depends)
    }

    /// The strictest kind of freeze that stands confirmed and that a partner may lift.
    private func standingKind(_ summary: CustomerSummary) throws(UserError) -> FreezeKind {
        guard case .freezes(let freezes) = summary.freezes.confirmed, !freezes.isEmpty else {
            throw refused("this customer is not frozen", "set the budget alone, without --unfreeze")
        }
        guard let kind = freezes.filter(\.cause.isLiftedByPartner).strictestKind else {
            throw refused(
                "a partner cannot lift what freezes this customer", "see why with: fieldbook customers show CUSTOMER")
        }
        return kind
    }

    /// `budget adjust CUSTOMER CHANGE`.
    func adjustBudget() throws(UserError) -> Asking {
        guard let delta = Money(command.arguments[1]) else {
            throw refused("the change is not a plain number", "give it like +100, or -50 after a --")
        }
        return Asking(
            .adjustBudget(delta: delta, validThrough: try cycle("through")), try customer(command.arguments[0]))
    }

    // MARK: Freezes

    /// `freeze CUSTOMER`.
    func freeze() throws(UserError) -> Asking {
        let customer = try customer(command.arguments[0])
        let kind = try choice("kind", FreezeKind.self) ?? .account
        let reason = try reason()
        if kind == .accountAndResources {
            try confirm(
                "freezing resources leads to their deletion after about 15 days",
                "Freeze account and resources of \(Wording.text(customer))? "
                    + "Resources not released within about 15 days are deleted.")
        }
        return Asking(.freeze(kind, reason: reason), customer)
    }

    /// `unfreeze CUSTOMER`. Without `--kind` the kind that stands is meant, if there is only one.
    func unfreeze() throws(UserError) -> Asking {
        let summary = try detail()
        var kind = try choice("kind", FreezeKind.self)
        if kind == nil, case .freezes(let freezes) = visible(summary.freezes, of: summary.customer),
            let strictest = freezes.strictestKind
        {
            guard freezes.allSatisfy({ $0.kind == strictest }) else {
                throw refused(
                    "there are freezes of both kinds", "say which: --kind account or --kind account-and-resources")
            }
            kind = strictest
        }
        return Asking(.unfreeze(kind ?? .account, reason: try reason(), seen: []), summary.customer)
    }

    private func reason() throws(UserError) -> String {
        guard let reason = command.option("reason") else { throw usage("--reason is missing") }
        return reason
    }

    // MARK: Discount

    /// `discount set CUSTOMER PERCENT`.
    func setDiscount() throws(UserError) -> Asking {
        let percent = try percent(command.arguments[1])
        let from = try from() ?? Timestamp(seconds: clock.now().seconds)
        guard let until = try until() else { throw usage("--until is missing") }
        return Asking(
            .setDiscount(Discount(percent: percent, validFrom: from, validUntil: until)),
            try customer(command.arguments[0]))
    }

    func percent(_ text: String) throws(UserError) -> BasisPoints {
        guard let percent = BasisPoints(percent: text) else {
            throw refused("the percentage is not a number with at most two decimals", "give it like 12.5")
        }
        return percent
    }

    /// Days are counted in Beijing time, the vendor's day: from its midnight to its last second.
    func from() throws(UserError) -> Timestamp? {
        guard let text = command.option("from") else { return nil }
        return Timestamp(seconds: try day(text) - 8 * 3600)
    }

    func until() throws(UserError) -> Timestamp? {
        guard let text = command.option("until") else { return nil }
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
}
