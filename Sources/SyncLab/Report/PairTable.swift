import PartnerModel
import SyncProtocol

/// Every pair of edits that can meet on one customer, in both orders: what the second comes to, and what stands then.
///
/// Two administrators see the same state, edit offline, and come back one after the other, in a world of their own
/// for each pair. The values are fixed, so the table changes with the rules and with nothing else.
package struct PairTable: Sendable {
    /// One kind of edit, as each of the two asks for it.
    struct Move {
        let name: String
        let first: Wish
        let second: Wish
        /// The account manager that the customer must have for it; nil = none.
        var manager: String?

        init(_ name: String, _ first: Wish, _ second: Wish? = nil, manager: String? = nil) {
            self.name = name
            self.first = first
            self.second = second ?? first
            self.manager = manager
        }
    }

    package struct Row: Sendable, Hashable {
        package let association: String
        package let first: String
        package let second: String
        package let firstResult: String
        package let result: String
        package let after: String
    }

    package private(set) var rows: [Row] = []
    /// Cells without an answer, and worlds in which a promise was broken.
    package private(set) var failures: [String] = []

    private static let customer = "acme"

    /// Runs every pair.
    package init() throws {
        for association in AssociationType.allCases {
            let moves = PairTable.moves(of: association)
            for first in moves { for second in moves { try take(association, first, second) } }
        }
    }

    private static func moves(of association: AssociationType) -> [Move] {
        let common = [
            Move("set-label", .label(customer, "key account"), .label(customer, "public sector")),
            Move("assign-manager", .manager(customer, "xu"), .manager(customer, "yan")),
            Move("withdraw-manager", .manager(customer, nil), manager: "zoe"),
            Move("approve request", .request(customer, approve: true)),
            Move("reject request", .request(customer, approve: false)),
        ]
        switch association {
        case .referral:
            return [
                Move(
                    "set-discount", .discount(customer, basisPoints: 1000, days: 20),
                    .discount(customer, basisPoints: 1500, days: 40)),
                Move("cancel-discount", .cancelDiscount(customer)),
            ] + common
        case .reseller:
            return [
                Move("set-budget", budget(70_000), budget(30_000)),
                Move("set-budget one-time", budget(50_000, .oneTime)),
                Move("adjust-budget", .adjust(customer, cents: 10_000), .adjust(customer, cents: 5_000)),
                Move("freeze account", .freeze(customer, .account, reason: "late payment")),
                Move("freeze resources", .freeze(customer, .accountAndResources, reason: "fraud")),
                Move("unfreeze", .unfreeze(customer, .account)),
            ] + common
        }
    }

    private static func budget(_ cents: Int64, _ type: BudgetType = .monthly) -> Wish {
        .budget(customer, cents: cents, type: type, action: .manual, thisCycle: false)
    }

    // MARK: Running

    private mutating func take(_ association: AssociationType, _ first: Move, _ second: Move) throws {
        let run = try Lab.run(story(association, first, second), seed: 1, order: ["ann", "ben"])
        let name = "\(association.rawValue): \(first.name), then \(second.name)"
        for wrong in run.wrongs(strictly: true) { failures.append("\(name): \(wrong)") }
        let (one, two) = (Fate.of(1, by: "ann", in: run), Fate.of(1, by: "ben", in: run))
        for fate in [one, two] where fate.map({ ["retry", "blocked", "needs_step_up"].contains($0.code) }) ?? true {
            failures.append("\(name): \(fate?.text ?? "no answer")")
        }
        rows.append(
            Row(
                association: association.rawValue, first: first.name, second: second.name,
                firstResult: one?.text ?? "?",
                result: two?.text ?? "?", after: PairTable.standing(run)))
    }

    private func story(_ association: AssociationType, _ first: Move, _ second: Move) -> Scenario {
        var scenario = Scenario()
        scenario.title = "\(first.name), then \(second.name)"
        var customer = Scenario.Customer(name: PairTable.customer, association: association)
        if association == .reseller { customer.budgetCents = 50_000 } else { customer.discountBasisPoints = 500 }
        scenario.customers = [customer]
        scenario.members = ["ann", "ben"].map {
            Scenario.Member(name: $0, account: $0, roles: Scenario.Roles([.administrator]))
        }
        var actions: [Action] = [.system(.request(customer.name, .disassociate))]
        if association == .reseller { actions.append(.system(.freeze(customer.name, .onAssociation, .account))) }
        if let manager = first.manager ?? second.manager { actions.append(.system(.manager(customer.name, manager))) }
        actions += [
            .settle, .offline("ann"), .offline("ben"), .edit("ann", first.first), .edit("ben", second.second),
            .bothOrders(["ann", "ben"]), .settle,
        ]
        scenario.steps = actions.map { Scenario.Step(line: 0, action: $0) }
        return scenario
    }

    /// The registers of the customer at the end, and how many conflicts are open.
    private static func standing(_ run: LabRun) -> String {
        var values: [Entity: RowValue] = [:]
        var open: Set<Int64> = []
        for event in run.history.events {
            guard case .truth(_, let rows, _) = event.what else { continue }
            for row in rows {
                if case .conflict(let mark) = row.value {
                    if mark.isOpen { open.insert(row.key) } else { open.remove(row.key) }
                } else if row.key == run.keys[customer] {
                    values[row.entity] = row.value
                }
            }
        }
        let order: [Entity] = [.budget, .freezes, .discount, .label, .manager, .request, .customer]
        var words = order.compactMap { entity in values[entity].flatMap { PairTable.words($0) } }
        if !open.isEmpty { words.append("\(open.count) conflict") }
        return words.joined(separator: "; ")
    }

    private static func words(_ value: RowValue) -> String? {
        switch value {
        case .budget(let budget):
            "budget " + (budget.map { $0.amount.shortText + ($0.type == .oneTime ? " one-time" : "") } ?? "none")
        case .freezes(let freezes):
            freezes.isEmpty
                ? "not frozen"
                : "frozen: " + freezes.map { "\($0.kind.rawValue) \($0.cause.rawValue)" }.joined(separator: ", ")
        case .discount(let discount): "discount " + (discount.map { $0.percent.percentText } ?? "none")
        case .label(let label?): "label \(label)"
        case .manager(let account?): "manager \(account)"
        case .request(_, let status?): "request \(status)"
        case .customer(_, isFormer: true, _): "former"
        default: nil
        }
    }

    // MARK: Text

    /// The table in the form of Markdown.
    package var text: String {
        var text = ""
        for association in AssociationType.allCases.map(\.rawValue) {
            text += "| \(association): first | second | result of the second | what stands then |\n|---|---|---|---|\n"
            for row in rows where row.association == association {
                let first = row.firstResult.hasPrefix("applied") ? row.first : "\(row.first) (\(row.firstResult))"
                text += "| \(first) | \(row.second) | \(row.result) | \(row.after) |\n"
            }
            text += "\n"
        }
        return String(text.dropLast())
    }
}
