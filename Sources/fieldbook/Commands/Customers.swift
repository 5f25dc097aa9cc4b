import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

extension Context {
    /// `customers list` and `customers search TEXT`.
    func listCustomers(_ text: String?) throws(UserError) -> Answer {
        let reader = try reader()
        let count = try limit()
        let found = try ask { () throws(StoreError) in try reader.customers(matching: text, limit: count + 1) }
        var answer = Answer()
        var table = Table([
            .init("NAME"), .init("ACCOUNT", yielding: .never), .init("TYPE", yielding: .leftOut(2)),
            .init("BUDGET", .right), .init("USED (LIST)", .right), .init("AS OF", yielding: .leftOutWhole(3)),
            .init("FROZEN"), .init("DISCOUNT", .right, yielding: .leftOut(1)),
        ])
        for entry in found.prefix(count) {
            table.add([
                entry.customer.name, entry.customer.accountName, entry.customer.association.rawValue,
                Wording.text(entry.budget, short: true),
                entry.used?.exactText ?? "-", entry.usedAsOf.map { ago($0) } ?? "-",
                Wording.text(entry.freezes, short: true), Wording.text(entry.discount, short: true),
            ])
        }
        answer.text = table.isEmpty ? "" : table.render(for: terminal)
        if table.isEmpty { answer.notes.append(text == nil ? "no customers" : "no customer matches") }
        if found.count > count { answer.notes.append("more than \(count); see further with --limit") }
        try addAge(to: &answer, reader)
        answer.json["customers"] = .array(found.prefix(count).map { .object(json($0)) })
        return answer
    }

    private func json(_ entry: CustomerSummary) -> [String: JSONOutput] {
        var json = Wording.json(entry.customer)
        json["budget"] = Wording.json(entry.budget)
        json["freezes"] = Wording.json(entry.freezes)
        json["discount"] = Wording.json(entry.discount)
        json["used"] = .optional(entry.used?.exactText)
        json["usedAsOf"] = Wording.time(entry.usedAsOf)
        return json
    }

    /// `customers show CUSTOMER`.
    func showCustomer() throws(UserError) -> Answer {
        let reader = try reader()
        let (detail, sums) = try ask { () throws(StoreError) in
            let key = try reader.resolveCustomer(command.arguments[0]).key
            return (try reader.customer(key), try reader.billSums(by: .cycle, customer: key, cycle: nil))
        }
        let summary = detail.summary
        var lines: [(String, String)] = [
            ("name", summary.customer.name), ("id", summary.customer.customerID),
            ("account", summary.customer.accountName),
            ("type", summary.customer.association.rawValue + (detail.isFormer ? ", former" : "")),
        ]
        if let source = detail.sourceID { lines.append(("source id", source)) }
        let isWhole = command.flag("show-personal") || settings().flag(.showPersonal)
        let contact = isWhole ? detail.contact : detail.contact?.masked
        if let phone = contact?.dialled { lines.append(("phone", phone)) }
        if let email = contact?.email { lines.append(("email", email)) }
        for (name, register) in [
            ("manager", summary.manager), ("label", summary.label), ("request", summary.request),
        ] where register.visible != RegisterState.empty(register.visible.register) || register.pending != nil {
            lines.append((name, Wording.text(register, short: false)))
        }
        if let reseller = summary.customer.managedBy {
            lines.append(("managed by", "\(reseller), which sets budgets and freezes"))
        }
        if summary.customer.association == .reseller {
            lines.append(("budget", Wording.text(summary.budget, short: false)))
            if let used = summary.used {
                lines.append(
                    ("used", "\(used.shortText) at list price\(summary.usedAsOf.map { ", as of \(age($0))" } ?? "")"))
            }
            lines.append(("frozen", Wording.text(summary.freezes, short: false)))
        } else {
            lines.append(("discount", Wording.text(summary.discount, short: false)))
        }
        for sum in sums {
            lines.append(
                (
                    "cycle \(sum.group)",
                    "\(sum.payment) \(sum.currency) payable, \(sum.official) at list price (\(sum.cycleStatus), as of \(age(sum.asOf)))"
                ))
        }
        for key in detail.openConflicts {
            lines.append(("conflict", "\(key.value), decide it: fieldbook conflicts show \(key.value)"))
        }
        var answer = Answer()
        answer.text = Facts(lines).render(for: terminal, labelWidth: 15)
        answer.json = json(summary)
        answer.json["phone"] = .optional(contact?.dialled)
        answer.json["email"] = .optional(contact?.email)
        answer.json["personalDataShown"] = .bool(isWhole)
        answer.json["manager"] = Wording.json(summary.manager)
        answer.json["label"] = Wording.json(summary.label)
        answer.json["request"] = Wording.json(summary.request)
        answer.json["managedBy"] = .optional(summary.customer.managedBy)
        answer.json["sourceId"] = .optional(detail.sourceID)
        answer.json["former"] = .bool(detail.isFormer)
        answer.json["openConflicts"] = .array(detail.openConflicts.map { .integer($0.value) })
        answer.json["cycles"] = .array(sums.map { Context.json($0) })
        try addAge(to: &answer, reader)
        return answer
    }

    static func json(_ sum: BillSum) -> JSONOutput {
        .object([
            "group": .text(sum.group), "customerId": .optional(sum.customerID),
            "accountName": .optional(sum.accountName), "status": .text(sum.cycleStatus),
            "currency": .text(sum.currency),
            "records": .integer(sum.records), "official": .text(sum.official), "payment": .text(sum.payment),
            "asOf": Wording.time(sum.asOf),
        ])
    }
}
