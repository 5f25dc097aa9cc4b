import Diagnostics
import Digests
import LedgerStore
import PartnerModel
import SyncProtocol

/// Turns the lines of a FOCUS file into rows of a ledger, touching only what differs.
final class FocusRows {
    enum Outcome { case added, changed, unchanged }

    private let writer: LedgerWriter
    private let options: FocusImport.Options
    private(set) var customersAdded = 0
    /// Cycles whose records changed, by key.
    private(set) var changedCycles: Set<Int64> = []
    private var customers: [String: CustomerKey] = [:]
    private var products: [String: Int64] = [:]
    private var regions: [String: Int64] = [:]
    private var resources: [String: Int64] = [:]
    private var writtenCycles: Set<Int> = []
    private var ordinals: [String: Int] = [:]
    private var ids: Set<String> = []

    init(writer: LedgerWriter, options: FocusImport.Options) throws {
        self.writer = writer
        self.options = options
        products = try writer.productKeys()
        regions = try writer.regionKeys()
    }

    /// Writes one charge. Whatever refuses the line is found before anything of it is written.
    func put(_ line: FocusLine, raw: [String]) throws -> Outcome {
        let payment = line.billed.money
        guard let discount = line.list.money.subtracting(payment) else {
            throw FocusColumns.LineRefusal("ListCost less BilledCost is out of range")
        }
        if let id = line.id, !ids.insert(id).inserted {
            throw FocusColumns.LineRefusal("its Id stands in the file twice")
        }
        let billID = "focus:" + sourceKey(line, raw: raw)
        let known = try writer.bill(id: billID)
        if let known, try writer.customer(sourceID: line.subAccountID).map({ .integer($0.value) }) != known.values[0] {
            throw FocusColumns.LineRefusal("its Id belongs to a charge of another sub-account")
        }
        let customer = try customerKey(line)
        let values: [LedgerValue] = [
            .integer(customer.value), .integer(Int64(line.cycle.year * 100 + line.cycle.month)), .text(billID), .null,
            .integer(FocusRows.billType(line.category)), .integer(line.category == "Purchase" ? 1 : 3),
            .integer(try productKey(line)),
            .optional(try regionKey(line)), .optional(try resourceKey(line, customer)), .null,
            .integer(line.consumedAt),
            .text(line.category), .optional(line.usageAmount), .optional(line.usageUnit), .text(line.currency),
            .money(line.list.money), .money(discount), .money(payment), .integer(0), .integer(0), .integer(0),
            .integer(0), .integer(0),
            // How a charge was paid a FOCUS file does not say: all of it is owed.
            .money(payment), .integer(0), .null, .null,
        ]
        try putCycle(line.cycle, hasChanges: known?.values != values)
        if known?.values != values {
            for case .integer(let cycle)? in [values[1], known?.values[1]] { changedCycles.insert(cycle) }
        }
        guard let known else {
            try writer.put(.billRecord, key: writer.newKey(), subject: customer.value, values)
            return .added
        }
        if known.values == values { return .unchanged }
        try writer.put(.billRecord, key: known.key, subject: customer.value, values)
        return .changed
    }

    /// The key of a charge: its Id, else a hash of the line and its ordinal among equal lines.
    private func sourceKey(_ line: FocusLine, raw: [String]) -> String {
        if let id = line.id { return id }
        // Lengths before texts keep two different lines from having one form.
        let form = raw.map { "\($0.utf8.count):\($0)" }.joined()
        let hash = SHA256.hex(of: form)
        let ordinal = ordinals[hash, default: 0]
        ordinals[hash] = ordinal + 1
        return "\(hash.prefix(40))-\(ordinal)"
    }

    private static func billType(_ category: String) -> Int64 {
        switch category {
        case "Purchase": 1
        case "Tax": 15
        case "Credit": 9
        case "Adjustment": 16
        default: 5
        }
    }

    // MARK: Customers

    private func customerKey(_ line: FocusLine) throws -> CustomerKey {
        if let known = customers[line.subAccountID] { return known }
        if let known = try writer.customer(sourceID: line.subAccountID) {
            customers[line.subAccountID] = known
            return known
        }
        let hash = SHA256.hex(of: "focus:" + line.subAccountID)
        let key = CustomerKey(writer.newKey())
        try writer.put(
            .customer, key: key.value, subject: key.value,
            [
                .text(String(hash.prefix(32))), .text(line.subAccountID), .text(try accountName(line, hash)),
                .text(line.subAccountName ?? line.subAccountID), .text(options.association.rawValue),
                .integer(options.now), .integer(1),
                .text("-1"), .null, .integer(0), .null,
            ])
        customers[line.subAccountID] = key
        customersAdded += 1
        return key
    }

    /// A login name in the vendor's form (5 to 32 of letters, digits, `-`, `_`, not all digits), made of the name and
    /// a piece of the id's hash, so that it is the same in every import.
    private func accountName(_ line: FocusLine, _ hash: String) throws -> String {
        var stem = ""
        for scalar in (line.subAccountName ?? "account").lowercased().unicodeScalars.prefix(40) {
            switch scalar {
            case "a"..."z", "0"..."9": stem.unicodeScalars.append(scalar)
            default: if stem.last != "-", !stem.isEmpty { stem += "-" }
            }
        }
        let usable = stem.first.map { $0.isLetter } == true ? stem.prefix(22) : "acct-\(stem.prefix(16))"[...]
        for length in [6, 9] {
            let name = "\(usable.last == "-" ? usable.dropLast() : usable)-\(hash.prefix(length))"
            if try writer.customer(id: name) == nil { return name }
        }
        return "acct-\(hash.prefix(26))"
    }

    // MARK: Dictionaries

    /// A cycle's figures are as of the import that last changed one of its records or closed it.
    private func putCycle(_ cycle: BillingCycle, hasChanges: Bool) throws {
        let key = cycle.year * 100 + cycle.month
        guard !writtenCycles.contains(key) else { return }
        let status = cycle < options.openCycle ? CycleStatus.final : .estimate
        if !hasChanges, try writer.cycleStatus(key: Int64(key)) == status { return }
        writtenCycles.insert(key)
        try writer.put(
            .cycle, key: Int64(key), subject: Subject.everyone,
            [.text(cycle.description), .text(status.rawValue), .integer(options.now)])
    }

    private func productKey(_ line: FocusLine) throws -> Int64 {
        let id = line.priceID.isEmpty ? (line.skuID.isEmpty ? "focus:\(line.serviceName)" : line.skuID) : line.priceID
        let identity = "\(id)\u{1F}\(line.serviceName)"
        if let known = products[identity] { return known }
        let key = writer.newKey()
        try writer.put(
            .product, key: key, subject: Subject.everyone,
            [
                .text(id), .text(line.chargeDescription ?? line.serviceName), .text(line.serviceCategory),
                .text(line.serviceName),
                .text(line.resourceType ?? ""), .optional(line.resourceType), .null,
            ])
        products[identity] = key
        return key
    }

    private func regionKey(_ line: FocusLine) throws -> Int64? {
        guard let code = line.regionID else { return nil }
        if let known = regions[code] { return known }
        let key = writer.newKey()
        try writer.put(.region, key: key, subject: Subject.everyone, [.text(code), .text(line.regionName ?? code)])
        regions[code] = key
        return key
    }

    private func resourceKey(_ line: FocusLine, _ customer: CustomerKey) throws -> Int64? {
        guard let id = line.resourceID else { return nil }
        let identity = "\(customer.value)\u{1F}\(id)"
        if let known = resources[identity] { return known }
        if let known = try writer.resourceKey(id: id, customer: customer) {
            resources[identity] = known
            return known
        }
        let key = writer.newKey()
        try writer.put(
            .resource, key: key, subject: customer.value,
            [.integer(customer.value), .text(id), .optional(line.resourceName)])
        resources[identity] = key
        return key
    }
}
