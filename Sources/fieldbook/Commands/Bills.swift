import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

extension Context {
    /// `bills list`.
    func listBills() throws(UserError) -> Answer {
        let reader = try reader()
        let count = try limit()
        let cycle = try cycle("cycle")
        let rows = try ask { () throws(StoreError) in
            let key = try command.option("customer").map { text throws(StoreError) in
                try reader.resolveCustomer(text).key
            }
            return try reader.bills(customer: key, cycle: cycle, limit: count)
        }
        var table = Table([
            .init("CYCLE"), .init("STATUS"), .init("CUSTOMER"), .init("SERVICE", yielding: .leftOut(2)),
            .init("PRODUCT"), .init("REGION", yielding: .leftOut(3)), .init("USAGE", .right, yielding: .leftOut(1)),
            .init("LIST PRICE", .right, yielding: .leftOut(0)), .init("PAYABLE", .right),
            .init("", label: "currency", yielding: .never), .init("AS OF", yielding: .leftOutWhole(4)),
        ])
        for row in rows {
            table.add([
                row.cycle, row.status, row.customer, row.service, row.product, row.region ?? "-", row.usage ?? "-",
                row.official.exactText,
                row.payment.exactText, row.currency, row.asOf.map { DeskTime.moment($0) } ?? "-",
            ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(for: terminal))
        if table.isEmpty { answer.notes.append("no bill records") }
        answer.json["bills"] = .array(
            rows.map { row in
                .object([
                    "billId": .text(row.billID), "customer": .text(row.customer), "cycle": .text(row.cycle),
                    "status": .text(row.status),
                    "billType": .integer(row.billType),
                    "class": .optional(BillClass(billType: Int(row.billType))?.rawValue),
                    "service": .text(row.service), "product": .text(row.product), "region": .optional(row.region),
                    "resource": .optional(row.resource), "consumeTime": Wording.time(row.consumeTime),
                    "usage": .optional(row.usage),
                    "currency": .text(row.currency), "asOf": Wording.time(row.asOf),
                    "official": .text(row.official.exactText), "payment": .text(row.payment.exactText),
                ])
            })
        try addAge(to: &answer, reader)
        return answer
    }

    /// `bills sum`.
    func sumBills() throws(UserError) -> Answer {
        guard let grouping = BillGrouping(rawValue: command.option("by") ?? "cycle") else {
            throw usage("--by must be cycle, customer or product")
        }
        let reader = try reader()
        let cycle = try cycle("cycle")
        let sums = try ask { () throws(StoreError) in
            let key = try command.option("customer").map { text throws(StoreError) in
                try reader.resolveCustomer(text).key
            }
            return try reader.billSums(by: grouping, customer: key, cycle: cycle)
        }
        let isByCustomer = grouping == .customer
        var table = Table(
            [.init(grouping.rawValue.uppercased())] + (isByCustomer ? [.init("ACCOUNT", yielding: .never)] : []) + [
                .init("STATUS", yielding: .never), .init("RECORDS", .right, yielding: .leftOut(1)),
                .init("LIST PRICE", .right), .init("PAYABLE", .right),
                .init("", label: "currency", yielding: .never), .init("AS OF", yielding: .leftOutWhole(2)),
            ])
        for sum in sums {
            table.add(
                [sum.group] + (isByCustomer ? [sum.accountName ?? "-"] : []) + [
                    sum.cycleStatus, "\(sum.records)", sum.official, sum.payment, sum.currency,
                    DeskTime.moment(sum.asOf),
                ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(for: terminal))
        if table.isEmpty { answer.notes.append("no bill records") }
        answer.json["sums"] = .array(sums.map { Context.json($0) })
        try addAge(to: &answer, reader)
        return answer
    }

    /// `coupons list`.
    func listCoupons() throws(UserError) -> Answer {
        let reader = try reader()
        let count = try limit()
        let rows = try ask { () throws(StoreError) in
            let key = try command.option("customer").map { text throws(StoreError) in
                try reader.resolveCustomer(text).key
            }
            return try reader.coupons(customer: key, limit: count)
        }
        let identity = try ask { () throws(StoreError) in try reader.identity() }
        // A server that does not say items has managers without coupons.
        let isBlind = identity?.items == nil ? identity?.role == "manager" : identity?.lacks(.coupons) == true
        var table = Table([
            .init("COUPON", yielding: .leftOut(1)), .init("STATE", yielding: .never), .init("CUSTOMER"),
            .init("FACE", .right), .init("BALANCE", .right),
            .init("", label: "currency", yielding: .never), .init("EXPIRES", yielding: .never),
            .init("USE", yielding: .leftOut(2)),
        ])
        for row in rows {
            table.add([
                row.couponID, Context.couponState(row.status), row.customer ?? "any", row.faceValue.shortText,
                row.balance?.shortText ?? "-",
                row.currency, DeskTime.day(row.expires), row.usage ?? "cash",
            ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(for: terminal))
        if table.isEmpty { answer.notes.append(isBlind ? Wording.lacking(.coupons) : "no coupons") }
        answer.json["coupons"] = .array(
            rows.map { row in
                .object([
                    "couponId": .text(row.couponID), "state": .text(Context.couponState(row.status)),
                    "customer": .optional(row.customer),
                    "faceValue": .text(row.faceValue.exactText), "balance": .optional(row.balance?.exactText),
                    "currency": .text(row.currency),
                    "validFrom": Wording.time(row.validFrom), "expires": Wording.time(row.expires),
                    "usage": .optional(row.usage), "plan": .optional(row.planName),
                ])
            })
        try addAge(to: &answer, reader)
        return answer
    }

    /// The vendor's coupon states.
    private static func couponState(_ code: Int64) -> String {
        switch code {
        case 1: "not activated"
        case 2: "usable"
        case 3: "used"
        case 4: "expired"
        case 5: "reclaimed"
        default: "state \(code)"
        }
    }
}
