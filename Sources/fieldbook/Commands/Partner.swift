import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

extension Context {
    /// `partner`.
    func showPartner() throws(UserError) -> Answer {
        let reader = try reader()
        let (found, identity) = try ask { () throws(StoreError) in (try reader.partner(), try reader.identity()) }
        var answer = Answer()
        guard let partner = found else {
            answer.notes.append("the partner's row has not come yet")
            answer.json["partner"] = .null
            try addAge(to: &answer, reader)
            return answer
        }
        let lacking = [PermissionItem.quota, .bills].filter { identity?.lacks($0) ?? false }
        var lines = [
            ("name", partner.name), ("state", Wording.partnerState(partner.state)),
            ("discounts", Wording.range(partner.discountRange)),
        ]
        if let row = partner.quota {
            lines.append(("quota", "\(Wording.text(row)), as of \(age(row.asOf))"))
            if let warning = Wording.warning(row.quota) { answer.notes.append(warning) }
        }
        answer.text = Facts(lines).render(for: terminal, labelWidth: 15)
        if !partner.bills.isEmpty { answer.text += "\n" + billTable(partner.bills) }
        let others = partner.bills.reduce(0) { $0 + $1.otherRecords }
        if others > 0 { answer.notes.append("\(others) bill records in other currencies are in no sum") }
        answer.notes += lacking.map { Wording.lacking($0) }
        if partner.quota == nil, !lacking.contains(.quota) { answer.notes.append("no consumption quota is known") }
        if partner.bills.isEmpty, !lacking.contains(.bills) { answer.notes.append("no partner bills") }
        answer.json = Context.json(partner)
        answer.json["missingItems"] = .array(lacking.map { .text($0.rawValue) })
        try addAge(to: &answer, reader)
        return answer
    }

    private func billTable(_ bills: [PartnerBill]) -> String {
        var table = Table([
            .init("CYCLE", yielding: .never), .init("STATUS", yielding: .never),
            .init("RECORDS", .right, yielding: .leftOut(1)), .init("LIST PRICE", .right), .init("PAYABLE", .right),
            .init("OWED", .right), .init("", label: "currency", yielding: .never),
            .init("AS OF", yielding: .leftOutWhole(2)),
        ])
        for bill in bills {
            table.add([
                bill.cycle, bill.status, "\(bill.records)", bill.amounts["official"] ?? "-",
                bill.amounts["payment"] ?? "-", bill.amounts["debt"] ?? "-", bill.currency,
                bill.asOf.map { DeskTime.moment($0) } ?? "-",
            ])
        }
        return table.render(for: terminal)
    }

    private static func json(_ partner: PartnerDetail) -> [String: JSONOutput] {
        let quota: JSONOutput =
            partner.quota.map { row in
                .object([
                    "amount": .text(row.quota.amount.exactText), "used": .text(row.quota.used.exactText),
                    "currency": .text(row.currency), "asOf": Wording.time(row.asOf),
                    "usedPercent": .optional(row.quota.usedShare?.percentText),
                    "nearEnd": .bool(row.quota.isNearEnd), "exceeded": .bool(row.quota.isExceeded),
                ])
            } ?? .null
        let bills = partner.bills.map { bill in
            JSONOutput.object([
                "cycle": .text(bill.cycle), "status": .text(bill.status), "asOf": Wording.time(bill.asOf),
                "currency": .text(bill.currency), "records": .integer(bill.records),
                "otherRecords": .integer(bill.otherRecords), "amounts": .object(bill.amounts.mapValues { .text($0) }),
            ])
        }
        return [
            "name": .text(partner.name), "state": .text(partner.state), "currency": .text(partner.currency),
            "discountLowPercent": .optional(partner.discountRange?.lowerBound.percentText),
            "discountHighPercent": .optional(partner.discountRange?.upperBound.percentText),
            "quota": quota, "bills": .array(bills),
        ]
    }
}
