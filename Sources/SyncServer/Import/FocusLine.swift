import Diagnostics
import PartnerModel

/// One charge of a FOCUS 1.0 file, read and checked.
struct FocusLine {
    let subAccountID: String
    let subAccountName: String?
    let cycle: BillingCycle
    let billed: FocusMoney
    let list: FocusMoney
    let currency: String
    let category: String
    let consumedAt: Int64
    let usageAmount: String?
    let usageUnit: String?
    let skuID: String
    let priceID: String
    let serviceName: String
    /// `ServiceCategory`, or `x_ServiceCode` in a file that `fieldbook export` wrote.
    let serviceCategory: String
    let regionID: String?
    let regionName: String?
    let resourceID: String?
    let resourceName: String?
    let resourceType: String?
    let chargeDescription: String?
    /// `Id`, or `x_BillId` in a file that `fieldbook export` wrote.
    let id: String?
}

/// An amount of a file and what rounding did to it.
struct FocusMoney {
    let money: Money
    let wasRounded: Bool
    /// Kept minus original, in units of 10^-18.
    let residual: Int128

    /// Reads a plain decimal, rounded half to even at 10^-8. Nil when it is none or has more than 18 decimals.
    init?(_ text: String) {
        guard let decimal = DecimalText(text), let kept = decimal.units(roundingTo: Money.fractionDigits),
            decimal.fraction.utf8.count <= 18, let whole = Int128(decimal.whole)
        else { return nil }
        let padded = decimal.fraction + String(repeating: "0", count: 18 - decimal.fraction.utf8.count)
        guard let fraction = Int128(padded.isEmpty ? "0" : padded) else { return nil }
        let magnitude = whole * 1_000_000_000_000_000_000 + fraction
        money = Money(units: kept.units)
        wasRounded = kept.wasRounded
        residual = Int128(kept.units) * 10_000_000_000 - (decimal.isNegative ? -magnitude : magnitude)
    }
}

/// Where the columns of a file stand, by their FOCUS names.
struct FocusColumns {
    private let index: [String: Int]
    private let count: Int

    private static let required = [
        "SubAccountId", "BilledCost", "ListCost", "BillingPeriodStart", "BillingCurrency", "ChargeCategory",
    ]

    init(header: [String], file: String) throws(UserError) {
        var index: [String: Int] = [:]
        for (position, name) in header.enumerated() {
            let name = position == 0 && name.hasPrefix("\u{FEFF}") ? String(name.dropFirst()) : name
            guard index[name] == nil else {
                throw UserError(
                    .refused, what: "cannot import \(file)", why: "the column \(name.prefix(64)) stands twice",
                    next: "mend the header line")
            }
            index[name] = position
        }
        for name in FocusColumns.required where index[name] == nil {
            throw UserError(
                .refused, what: "cannot import \(file)", why: "the column \(name) is missing",
                next: "export the file in the FOCUS 1.0 form")
        }
        self.index = index
        count = header.count
    }

    /// Reads a record; the error says in words what is wrong with it.
    func line(_ record: [String]) throws(LineRefusal) -> FocusLine {
        guard record.count == count else { throw LineRefusal("it has \(record.count) fields, the header \(count)") }
        func optional(_ name: String) -> String? {
            guard let position = index[name] else { return nil }
            let value = record[position]
            return value.isEmpty || value == "NULL" ? nil : value
        }
        func text(_ name: String, _ limit: Int) throws(LineRefusal) -> String {
            guard let value = optional(name) else { throw LineRefusal("\(name) is absent") }
            guard value.utf8.count <= limit else { throw LineRefusal("\(name) is longer than \(limit) bytes") }
            return value
        }
        func money(_ name: String) throws(LineRefusal) -> FocusMoney {
            let value = try text(name, 64)
            guard let money = FocusMoney(value) else {
                throw LineRefusal("\(name) is not a plain decimal amount in range")
            }
            return money
        }
        func bounded(_ name: String, _ limit: Int) throws(LineRefusal) -> String? {
            guard let value = optional(name) else { return nil }
            guard value.utf8.count <= limit else { throw LineRefusal("\(name) is longer than \(limit) bytes") }
            return value
        }
        // The text of the billing period names the cycle; no time zone is applied to it.
        let period = try text("BillingPeriodStart", 64)
        guard let cycle = BillingCycle(period.prefix(7)) else {
            throw LineRefusal("BillingPeriodStart does not begin with YYYY-MM")
        }
        let currency = try text("BillingCurrency", 3)
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (65...90).contains($0) }) else {
            throw LineRefusal("BillingCurrency is not a currency code")
        }
        let start = optional("ChargePeriodStart") ?? period
        guard let consumed = Instant(rfc3339: start) else { throw LineRefusal("ChargePeriodStart is not a time") }
        let service = try bounded("ServiceName", 256) ?? "unknown"
        var id = try bounded("Id", 256)
        if id == nil { id = try bounded("x_BillId", 256) }
        var serviceCategory = try bounded("ServiceCategory", 128)
        if serviceCategory == nil { serviceCategory = try bounded("x_ServiceCode", 128) }
        return FocusLine(
            subAccountID: try text("SubAccountId", 256), subAccountName: try bounded("SubAccountName", 128),
            cycle: cycle,
            billed: try money("BilledCost"), list: try money("ListCost"), currency: currency,
            category: try text("ChargeCategory", 32),
            consumedAt: consumed.seconds, usageAmount: try bounded("ConsumedQuantity", 64),
            usageUnit: try bounded("ConsumedUnit", 64),
            skuID: try bounded("SkuId", 256) ?? "", priceID: try bounded("SkuPriceId", 256) ?? "", serviceName: service,
            serviceCategory: serviceCategory ?? "", regionID: try bounded("RegionId", 64),
            regionName: try bounded("RegionName", 128), resourceID: try bounded("ResourceId", 2048),
            resourceName: try bounded("ResourceName", 512), resourceType: try bounded("ResourceType", 256),
            chargeDescription: try bounded("ChargeDescription", 1024), id: id)
    }

    /// Why a line was refused.
    struct LineRefusal: Error {
        let why: String
        init(_ why: String) { self.why = why }
    }
}
