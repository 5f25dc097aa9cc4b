import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol
import SyncServer

/// Changes the truth as others than agents do, each in one transaction: registers, customers and the partner through
/// the server's own writers, bills and cycles as an import would.
struct SystemWriter {
    let ledger: Ledger
    let now: Int64

    /// Makes the customers of a scenario with the rows that a partner has of each.
    func make(_ customers: [Scenario.Customer]) throws {
        try ledger.write { writer in
            try putCycle(writer)
            try putEntries(writer)
            for _ in 0..<SystemWriter.firstCustomerKey { _ = writer.newKey() }
            for customer in customers { try make(customer, writer) }
            try writer.put(
                .coupon, key: writer.newKey(), subject: Subject.coupons,
                [
                    .text("CP-1"), .text("CODE1"), .integer(2), .null, .integer(1), .integer(Money.unitsPerMajor),
                    .null, .text("USD"),
                    .integer(now), .integer(now + 864_000), .integer(1), .text("Support"), .null, .integer(0), .null,
                ])
        }
    }

    private func putCycle(_ writer: LedgerWriter) throws {
        try writer.put(
            .cycle, key: cycleKey, subject: Subject.everyone,
            [.text(BillingCycle(containing: now).description), .text("estimate"), .integer(now)])
    }

    private func putEntries(_ writer: LedgerWriter) throws {
        for key in SystemWriter.products {
            try writer.put(
                .product, key: key, subject: Subject.everyone,
                [
                    .text("p-\(key)"), .text("vm"), .text("svc"), .text("Elastic Server"), .text("vm"), .text("VM"),
                    .text("s6"),
                ])
        }
        try writer.put(.region, key: SystemWriter.region, subject: Subject.everyone, [.text("r-1"), .text("North")])
    }

    /// The customer's resource, which has the customer's key: it comes with the first record and changes now and then.
    private func putResource(_ writer: LedgerWriter, _ customer: CustomerKey, for record: Int64) throws {
        let isThere = try writer.resourceKey(id: "r", customer: customer) != nil
        guard !isThere || record.isMultiple(of: 4) else { return }
        try writer.put(
            .resource, key: customer.value, subject: customer.value,
            [.integer(customer.value), .text("r"), .text("as of \(record)")])
    }

    private static let products: ClosedRange<Int64> = 1...2
    private static let region: Int64 = 3
    private static let firstCustomerKey = 10

    private func make(_ customer: Scenario.Customer, _ writer: LedgerWriter) throws {
        let key = CustomerKey(writer.newKey())
        func put(_ entity: Entity, _ values: [LedgerValue]) throws {
            try writer.put(entity, key: key.value, subject: key.value, values)
        }
        try put(
            .customer,
            [
                .text(customer.name), .null, .text(customer.name), .text(customer.name),
                .text(customer.association.rawValue),
                .integer(now - 864_000), .integer(1), .text("2"), .text("V1"), .integer(0), .null,
            ])
        try put(.contact, [.text("13000000000"), .text("0086"), .text("billing@\(customer.name).example")])
        if customer.association == .reseller { try put(.usage, [.integer(0), .integer(now)]) }
        if let cents = customer.budgetCents {
            _ = try writer.set(
                .budget(SystemWriter.budget(cents)), of: key, author: "admin", at: Timestamp(seconds: now))
        }
        if let share = customer.discountBasisPoints {
            _ = try writer.set(.discount(discount(share)), of: key, author: "admin", at: Timestamp(seconds: now))
        }
        for _ in 0..<customer.bills { try putBill(writer, key, cents: 100) }
    }

    static func budget(_ cents: Int64) -> Budget {
        Budget(amount: money(cents), type: .monthly, onExhaustion: .manual)
    }

    static func money(_ cents: Int64) -> Money { Money(units: cents * (Money.unitsPerMajor / 100)) }

    private func discount(_ share: Int64) -> Discount {
        Discount(
            percent: BasisPoints(share), validFrom: Timestamp(seconds: now),
            validUntil: Timestamp(seconds: now + 30 * 86_400))
    }

    private var cycleKey: Int64 {
        let cycle = BillingCycle(containing: now)
        return Int64(cycle.year * 100 + cycle.month)
    }

    /// Carries out one change. What the server's own writers refuse changes nothing: a customer that is not there, a
    /// budget of a referral customer.
    func run(_ write: SystemWrite) throws {
        do {
            try ledger.write { writer in
                for change in try changes(write, writer) {
                    try SystemWriters(writer: writer, rulesVersion: 1, now: Timestamp(seconds: now)).carryOut(
                        change, by: "system")
                }
                try changeRows(write, writer)
            }
        } catch let error as UserError where error.exitCode == .refused {}
    }

    /// The changes that the server's writers carry out.
    private func changes(_ write: SystemWrite, _ writer: LedgerWriter) throws -> [SystemChange] {
        func change(_ name: String, _ changes: (CustomerKey) -> [SystemChange]) throws -> [SystemChange] {
            try writer.customer(id: name).map(changes) ?? []
        }
        switch write {
        case .partner(let state): return [.partner(state)]
        case .usage(let name, let cents): return try change(name) { [.usage($0, SystemWriter.money(cents))] }
        case .freeze(let name, let cause, let kind):
            return try change(name) { [.freeze($0, cause, kind, reason: cause.rawValue)] }
        case .unfreeze(let name): return try change(name) { [.release($0, .partnerState), .release($0, .vendor)] }
        case .budget(let name, let cents): return try change(name) { [.budget($0, SystemWriter.budget(cents))] }
        case .discount(let name, let share): return try change(name) { [.discount($0, discount(share))] }
        case .leave(let name): return try change(name) { [.disassociate($0)] }
        case .join(let name): return try change(name) { [.associate($0)] }
        case .association(let name, let type): return try change(name) { [.associationType($0, type)] }
        case .delegate(let name, let reseller): return try change(name) { [.delegate($0, reseller)] }
        case .range(let range):
            return [.range(range.map { BasisPoints($0.lowerBound)...BasisPoints($0.upperBound) })]
        case .request(let name, let purpose): return try change(name) { [.request($0, purpose, reason: "")] }
        case .manager(let name, let account): return try change(name) { [.manager($0, account)] }
        case .label(let name, let label): return try change(name) { [.label($0, label)] }
        case .resetMonth: return [.resetMonth]
        case .release(let name, let cause): return try change(name) { [.release($0, cause)] }
        case .touchAll, .closeCycle, .bills, .bill, .correctBill, .removeBill, .rename, .role, .disable, .enable:
            return []
        }
    }

    private func with(_ name: String, _ writer: LedgerWriter, _ body: (CustomerKey) throws -> Void) throws {
        if let key = try writer.customer(id: name) { try body(key) }
    }

    /// The registers are left alone: writing one anew is a change that holds edits.
    private func touchAll(_ writer: LedgerWriter) throws {
        for entity in [Entity.customer, .contact, .usage, .product, .region, .resource, .billRecord] {
            var rows: [(key: Int64, values: [LedgerValue])] = []
            try writer.forEachRow(of: entity) { rows.append(try SystemWriter.values(of: $0)) }
            for row in rows {
                let subject =
                    switch entity {
                    case .product, .region: Subject.everyone
                    case .resource, .billRecord: SystemWriter.integer(row.values.first)
                    default: row.key
                    }
                try writer.put(entity, key: row.key, subject: subject, row.values)
            }
        }
    }

    /// Rows that only an import changes: bills, cycles, names.
    private func changeRows(_ write: SystemWrite, _ writer: LedgerWriter) throws {
        switch write {
        case .touchAll: try touchAll(writer)
        case .closeCycle:
            let cycle = BillingCycle(containing: now)
            try writer.put(
                .cycle, key: cycleKey, subject: Subject.everyone,
                [.text(cycle.description), .text("final"), .integer(now)])
        case .bills(let name, let count):
            try with(name, writer) { key in for _ in 0..<count { try putBill(writer, key, cents: 100) } }
        case .bill(let name, let cents): try with(name, writer) { try putBill(writer, $0, cents: cents) }
        case .correctBill(let name):
            try withNewestBill(name, writer) { key, customer, values in
                var corrected = values
                // `official_amount` and `payment_amount` of the record's columns.
                for (index, column) in Entity.billRecord.columns.enumerated()
                where column.name == "official_amount" || column.name == "payment_amount" {
                    if case .integer(let units) = corrected[index] { corrected[index] = .integer(units - 1) }
                }
                try writer.put(.billRecord, key: key, subject: customer.value, corrected)
            }
        case .removeBill(let name):
            try withNewestBill(name, writer) { key, customer, _ in
                try writer.delete(.billRecord, key: key, subject: customer.value)
            }
        case .rename(let name, let text):
            try with(name, writer) { key in
                guard var row = try writer.customerRow(key) else { return }
                row.name = text
                try writer.putCustomer(row)
            }
        case .partner, .usage, .freeze, .unfreeze, .budget, .discount, .leave, .join, .association,
            .delegate, .range, .request, .manager, .label, .resetMonth, .release, .role, .disable, .enable:
            break
        }
    }

    private func withNewestBill(
        _ name: String, _ writer: LedgerWriter, _ body: (Int64, CustomerKey, [LedgerValue]) throws -> Void
    ) throws {
        try with(name, writer) { customer in
            var newest: (key: Int64, values: [LedgerValue])?
            try writer.forEachRow(of: .billRecord) { bytes in
                let row = try SystemWriter.values(of: bytes)
                if row.values.first == .integer(customer.value) { newest = row }
            }
            if let newest { try body(newest.key, customer, newest.values) }
        }
    }

    private static func integer(_ value: LedgerValue?) -> Int64 {
        if case .integer(let value)? = value { value } else { 0 }
    }

    /// Key and columns of a row in its wire form.
    private static func values(of bytes: UnsafeRawBufferPointer) throws -> (key: Int64, values: [LedgerValue]) {
        var copy = Array(bytes)
        var scanner = RowScanner()
        try copy.withUnsafeMutableBytes { try scanner.scan($0, line: 0..<$0.count) }
        var values: [LedgerValue] = []
        for field in scanner.fields.dropFirst(3) {
            switch field {
            case .integer(let value): values.append(.integer(value))
            case .text(let offset, let count):
                values.append(.text(String(decoding: copy[offset..<offset + count], as: UTF8.self)))
            case .null: values.append(.null)
            }
        }
        guard scanner.fields.count > 3, case .integer(let key) = scanner.fields[1] else { return (0, []) }
        return (key, values)
    }

    private func putBill(_ writer: LedgerWriter, _ key: CustomerKey, cents: Int64) throws {
        if try writer.cycleStatus(key: cycleKey) == nil { try putCycle(writer) }
        let record = writer.newKey()
        let units = SystemWriter.money(cents).units + record
        try putResource(writer, key, for: record)
        try writer.put(
            .billRecord, key: record, subject: key.value,
            [
                .integer(key.value), .integer(cycleKey), .text("\(ReplicaEye.billMark)\(record)"), .null, .integer(5),
                .integer(3),
                .integer(SystemWriter.products.lowerBound + record % 2),
                record.isMultiple(of: 3) ? .null : .integer(SystemWriter.region),
                record.isMultiple(of: 5) ? .null : .integer(key.value), .integer(now), .integer(now), .text("Duration"),
                .text("1.5"), .text("hour"),
                .text("USD"), .integer(units), .integer(0), .integer(units), .integer(units), .integer(0), .integer(0),
                .integer(0),
                .integer(0), .integer(0), .integer(0), .null, .null,
            ])
    }
}
