import Diagnostics
package import LedgerStore
import PartnerModel
import PropertyKit
import SyncProtocol

/// Writes a plan's rows into a ledger.
package final class Seeder {
    private static let rowsBetweenProgress = 1_000

    private let plan: SeedPlan
    private let writer: LedgerWriter
    private var chance: SeededGenerator
    private var customers: [CustomerKey] = []
    private var products: [Int64] = []
    private var regions: [Int64] = []
    private let currency: String
    private let cycles: [BillingCycle]

    /// Seconds since 1970 at noon Beijing time on the 20th of the open cycle: the "now" of generated rows.
    private let now: Int64

    package init(plan: SeedPlan, writer: LedgerWriter) throws {
        self.plan = plan
        self.writer = writer
        chance = SeededGenerator(seed: plan.seed)
        currency = try writer.partner().currency
        var cycles = [plan.openCycle]
        for _ in 0..<5 { cycles.append(cycles[cycles.count - 1].previous) }
        self.cycles = cycles.reversed()
        now = Seeder.start(of: plan.openCycle) + 19 * 86_400 + 12 * 3600
    }

    /// Writes all rows, and tells `progress` how many of all are done. A seed that this ledger has seen is refused before anything is written.
    package func run(progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }) throws {
        let all = plan.customers + plan.bills + plan.coupons + plan.largest
        var done = 0
        func step() {
            done += 1
            if done % Seeder.rowsBetweenProgress == 0 || done == all { progress(done, all) }
        }
        guard try writer.customer(id: "acct-\(plan.seed)-0") == nil else {
            throw UserError(
                .refused, what: "cannot seed", why: "this data folder holds the rows of seed \(plan.seed) already",
                next: "give another --seed")
        }
        try putCycles()
        try putDictionaries()
        for index in 0..<plan.customers {
            try putCustomer(index)
            step()
        }
        for index in 0..<plan.bills {
            try putBill(index)
            step()
        }
        for index in 0..<plan.coupons {
            try putCoupon(index)
            step()
        }
        for index in 0..<plan.largest {
            try putBill(plan.bills + index, of: customers.first)
            step()
        }
        try writer.sumPartnerBills(ofCycles: cycles.map { Int64($0.year * 100 + $0.month) })
    }

    // MARK: Chance

    private func pick(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &chance) }
    private func pick<Value>(_ values: [Value]) -> Value { values[Int(pick(0...Int64(values.count - 1)))] }
    private func hex(_ digits: Int) -> String {
        var text = ""
        while text.count < digits {
            let word = String(chance.next(), radix: 16)
            text += String(repeating: "0", count: 16 - word.count) + word
        }
        return String(text.prefix(digits))
    }

    /// Midnight Beijing time at the start of a cycle, seconds since 1970.
    private static func start(of cycle: BillingCycle) -> Int64 {
        CivilDate.days(year: cycle.year, month: cycle.month, day: 1) * 86_400 - 8 * 3600
    }

    // MARK: Rows

    private func putCycles() throws {
        for cycle in cycles {
            // What an earlier import said of a cycle stands.
            guard try writer.cycleStatus(key: Int64(cycle.year * 100 + cycle.month)) == nil else { continue }
            let isOpen = cycle == plan.openCycle
            let closedAt = Seeder.start(of: cycle.next) + 4 * 86_400 + 12 * 3600
            try writer.put(
                .cycle, key: Int64(cycle.year * 100 + cycle.month), subject: Subject.everyone,
                [.text(cycle.description), .text(isOpen ? "estimate" : "final"), .integer(isOpen ? now : closedAt)])
        }
    }

    private func putDictionaries() throws {
        for (index, service) in SeedWords.services.enumerated() {
            for variant in 0..<3 {
                let key = writer.newKey()
                products.append(key)
                try writer.put(
                    .product, key: key, subject: Subject.everyone,
                    [
                        .text("00301-\(28_000 + index * 100 + variant)-0--0"),
                        .text("\(service.resourceName) \(variant + 1)"),
                        .text(service.code), .text(service.name), .text(service.resource), .text(service.resourceName),
                        .text(service.spec),
                    ])
            }
        }
        let known = try writer.regionKeys()
        for (code, name) in SeedWords.regions {
            if let key = known[code] {
                regions.append(key)
                continue
            }
            let key = writer.newKey()
            regions.append(key)
            try writer.put(.region, key: key, subject: Subject.everyone, [.text(code), .text(name)])
        }
    }

    private func putCustomer(_ index: Int) throws {
        let key = CustomerKey(writer.newKey())
        customers.append(key)
        // The first two of every three are reseller customers: those can have budgets and freezes.
        let isReseller = index % 3 != 2
        let base = SeedWords.names[index % SeedWords.names.count]
        let name = index < SeedWords.names.count ? base : "\(base) \(index / SeedWords.names.count + 1)"
        let associated = now - pick(40...900) * 86_400
        func put(_ entity: Entity, _ values: [LedgerValue]) throws {
            try writer.put(entity, key: key.value, subject: key.value, values)
        }
        try put(
            .customer,
            [
                .text(hex(32)), .null, .text("acct-\(plan.seed)-\(index)"), .text(name),
                .text(isReseller ? "reseller" : "referral"),
                .integer(associated), .integer(pick(0...1)), .text(pick(["-1", "2", "2", "2"])),
                .text("V\(pick(0...5))"), .integer(0), .null,
            ])
        try put(
            .contact,
            [
                .text("1\(pick(3_000_000_000...8_999_999_999))"), .text("0086"),
                .text("billing@customer-\(index).example"),
            ])
        try put(.manager, [pick(0...3) == 0 ? .null : .text(pick(SeedWords.managers))])
        try put(.label, [pick(0...2) == 0 ? .text(pick(["gold", "trial", "public sector", "重点客户"])) : .null])
        if isReseller {
            try putResellerRegisters(key, index, associated)
        } else if index % 6 == 2 {
            try putDiscount(key)
        }
    }

    private func putResellerRegisters(_ key: CustomerKey, _ index: Int, _ associated: Int64) throws {
        let amount = Money(units: pick(5...900) * 100 * Money.unitsPerMajor)
        // Some budgets are near their end, some past it.
        let used = Money(units: amount.units / 100 * pick(2...110) + pick(0...99_999_999))
        try writer.put(.usage, key: key.value, subject: key.value, [.money(used), .integer(now - pick(60...900))])
        if index % 9 != 4 {
            let budget = Budget(
                amount: amount, type: index % 7 == 0 ? .oneTime : .monthly,
                onExhaustion: index % 2 == 0 ? .freeze : .manual)
            _ = try writer.set(
                .budget(budget), of: key, author: pick(["mona", "admin"]),
                at: Timestamp(seconds: now - pick(1...60) * 86_400))
        }
        guard index % 7 == 3 else { return }
        let causes = FreezeCause.allCases
        let cause = causes[(index / 7) % causes.count]
        let kind: FreezeKind =
            cause == .manual && index % 2 == 1 || cause == .partnerState ? .accountAndResources : .account
        let freeze = Freeze(
            id: writer.newKey(), kind: kind, cause: cause,
            reason: cause == .manual ? pick(SeedWords.freezeReasons) : cause.rawValue,
            author: cause == .manual ? "mona" : "system",
            at: Timestamp(seconds: max(associated, now - pick(1...12) * 86_400)))
        _ = try writer.set(.freezes([freeze]), of: key, author: freeze.author, at: freeze.at)
    }

    private func putDiscount(_ key: CustomerKey) throws {
        let discount = Discount(
            percent: BasisPoints(pick(2...30) * 50), validFrom: Timestamp(seconds: now - pick(1...30) * 86_400),
            validUntil: Timestamp(seconds: now + pick(10...300) * 86_400))
        _ = try writer.set(.discount(discount), of: key, author: "mona", at: discount.validFrom)
    }

    private func putBill(_ index: Int, of owner: CustomerKey? = nil) throws {
        let customer = owner ?? pick(customers)
        let cycle = cycles[index % cycles.count]
        let isOpen = cycle == plan.openCycle
        let start = Seeder.start(of: cycle)
        let consumed = start + pick(0...(isOpen ? 18 : 27)) * 86_400 + pick(0...86_399)
        let bill = SeedBill(kind: SeedBill.kind(pick(0...99), isOpen: isOpen), chance: &chance, isOpen: isOpen)
        try writer.put(
            .billRecord, key: writer.newKey(), subject: customer.value,
            [
                .integer(customer.value), .integer(Int64(cycle.year * 100 + cycle.month)),
                .text("\(plan.seed)-\(index)-\(hex(16))"),
                .text(bill.hasOrder ? "CS\(pick(100_000_000_000...999_999_999_999))NO\(pick(1...9))" : hex(24)),
                .integer(bill.type),
                .integer(bill.chargingMode), .integer(pick(products)), .integer(pick(regions)), .null,
                .integer(consumed + 3600),
                .integer(consumed), .text(bill.usageType), .text("\(pick(1...5000)).\(pick(10_000_000...99_999_999))"),
                .text(bill.usageUnit),
                .text(currency), .integer(bill.official), .integer(bill.discount), .integer(bill.payment),
                .integer(bill.cash),
                .integer(bill.credit), .integer(bill.coupon), .integer(0), .integer(0), .integer(bill.debt),
                .integer(0),
                .integer(bill.hasOrder ? 20 : 25), .integer(1),
            ])
    }

    private func putCoupon(_ index: Int) throws {
        let isTest = index % 4 == 1
        let isBound = index % 3 != 0
        let face = pick(1...200) * 5 * Money.unitsPerMajor
        let status: Int64 = [2, 2, 2, 1, 3, 4, 5][index % 7]
        let from = now - pick(1...120) * 86_400
        let balance = status == 3 ? 0 : status == 2 ? pick(0...face) : face
        try writer.put(
            .coupon, key: writer.newKey(), subject: Subject.coupons,
            [
                .text("CP\(plan.seed)-\(index)-\(hex(12))"), .text(hex(16).uppercased()), .integer(status),
                isBound && !customers.isEmpty ? .integer(pick(customers).value) : .null, .integer(1), .integer(face),
                index % 5 == 0 ? .null : .integer(balance), .text(currency), .integer(from),
                .integer(status == 4 ? now - 86_400 : now + pick(3...200) * 86_400), .integer(index % 5 == 0 ? 1 : 2),
                .text(isTest ? "Proof of concept" : "Partner support"), isTest ? .text("test") : .null,
                .integer(index % 17 == 0 ? 1 : 0), .null,
            ])
    }
}
