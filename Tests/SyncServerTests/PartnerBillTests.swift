import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// The partner's bills against the records they are made of.
@Suite struct PartnerBillTests {
    private let truth: Truth
    private let folder = TemporaryDirectory()

    init() throws { truth = try Truth() }

    private static let header =
        "Id,SubAccountId,BilledCost,ListCost,BillingPeriodStart,BillingCurrency,ChargeCategory,ChargePeriodStart"

    /// A line of a file: id, sub-account, what is billed and the list price, cycle.
    private func line(
        _ id: Int, _ account: String, _ billed: String, _ list: String, _ cycle: String, _ currency: String = "USD"
    ) -> String {
        "\(id),\(account),\(billed),\(list),\(cycle)-01T00:00:00Z,\(currency),Usage,\(cycle)-02T00:00:00Z"
    }

    private func load(_ lines: [String], as association: AssociationType = .reseller) throws {
        let path = folder.file("costs.csv")
        writeFile(path, Array(([Self.header] + lines).joined(separator: "\n").utf8))
        let options = FocusImport.Options(
            association: association, isStrict: true, openCycle: BillingCycle("2026-11"), now: truth.now)
        _ = try FocusImport.run(file: path, into: truth.ledger, options: options)
    }

    /// The rows of the partner's bills: currency, counts and sums by cycle.
    private func bills() throws -> [Int64: [LedgerValue]] {
        try truth.ledger.read { reader in
            var bills: [Int64: [LedgerValue]] = [:]
            for key: Int64 in [202_609, 202_610, 202_611] {
                bills[key] = try reader.values(of: .partnerBill, key: key)
            }
            return bills
        }
    }

    /// The same from the records one by one, in 128 bits. All records must have the partner's currency.
    private func expected() throws -> [Int64: [LedgerValue]] {
        var totals: [Int64: [Int128]] = [:]
        var counts: [Int64: Int64] = [:]
        try truth.ledger.read { reader in
            let names = Entity.billRecord.columns.map(\.name)
            for key in try keys(reader) {
                guard let values = try reader.values(of: .billRecord, key: key),
                    case .integer(let customer) = values[0], case .integer(let cycle) = values[1],
                    try reader.customerRow(CustomerKey(customer))?.association == .reseller
                else { continue }
                let amounts = Entity.summedAmounts.map { name -> Int128 in
                    guard let index = names.firstIndex(of: name + "_amount"), case .integer(let units) = values[index]
                    else { return 0 }
                    return Int128(units)
                }
                totals[cycle] = zip(totals[cycle] ?? amounts.map { _ in 0 }, amounts).map { $0 + $1 }
                counts[cycle, default: 0] += 1
            }
        }
        return totals.reduce(into: [:]) { rows, total in
            rows[total.key] =
                [.text("USD"), .integer(counts[total.key] ?? 0), .integer(0)] + total.value.map { .text(text($0)) }
        }
    }

    private func keys(_ reader: LedgerReader) throws -> [Int64] {
        var keys: [Int64] = []
        try reader.forEachRow(of: .billRecord) { bytes in
            keys.append(Int64(String(decoding: bytes, as: UTF8.self).split(separator: ",")[1]) ?? 0)
        }
        return keys
    }

    private func text(_ units: Int128) -> String {
        let digits = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
        return (units < 0 ? "-" : "") + padded.dropLast(8) + "." + padded.suffix(8)
    }

    @Test func `sums are those of the records after imports, corrections and removals`() throws {
        let huge = "90000000000.12345678"
        let first = (1...3).map { line($0, "a", huge, huge, "2026-10") }
        let small = [
            line(4, "a", "-0.00000001", "0", "2026-11"), line(5, "b", "0.30000003", "0.40000004", "2026-11"),
            line(6, "b", "-7.5", "-9.00000001", "2026-09"),
        ]
        try load(first + small)
        #expect(try bills() == expected() && bills().count == 3)
        #expect(try bills()[202_610]?[5] == .text("270000000000.37037034"))
        // Lines 1 and 5 are corrected, the second into another cycle.
        try load([line(1, "a", "1.00000001", "2", "2026-10"), line(5, "b", "0.30000004", "0.4", "2026-10")])
        #expect(try bills() == expected())
        #expect(try bills()[202_611]?[5] == .text("-0.00000001"))
        try truth.ledger.write { writer in
            for key in try keys(writer).prefix(4) {
                guard case .integer(let customer)? = try writer.values(of: .billRecord, key: key)?[0] else { continue }
                try writer.delete(.billRecord, key: key, subject: customer)
            }
            try writer.sumPartnerBills(ofCycles: [202_610, 202_611])
        }
        #expect(try bills() == expected() && bills().count == 2, "a cycle without records has no row")
    }

    @Test func `what changes no sum writes no row, the close of a cycle included`() throws {
        let lines = [line(1, "a", "1", "2", "2026-11"), line(2, "b", "3", "4", "2026-11")]
        try load(lines)
        let head = try truth.head()
        try load(lines)
        #expect(try truth.head() == head)
        #expect(try truth.ledger.write { try $0.sumPartnerBills(ofCycles: [202_611, 202_611, 190_001]) } == 0)
        let closing = FocusImport.Options(
            association: .reseller, isStrict: true, openCycle: BillingCycle("2026-12"), now: truth.now + 60)
        _ = try FocusImport.run(file: folder.file("costs.csv"), into: truth.ledger, options: closing)
        #expect(try truth.head() == head + 1, "only the cycle changed: it says estimate or final")
    }

    @Test func `only reseller customers are summed, former ones included, and currencies are never mixed`() throws {
        try load([line(1, "a", "1", "1", "2026-11")])
        try load([line(2, "r", "100", "100", "2026-11")], as: .referral)
        #expect(try bills() == expected() && bills()[202_611]?[1] == .integer(1))
        let referral = try #require(try truth.ledger.read { try $0.customer(sourceID: "r") })
        try truth.change(.associationType(referral, .reseller))
        #expect(try bills() == expected() && bills()[202_611]?[1] == .integer(2))
        try truth.change(.disassociate(referral))
        #expect(try bills()[202_611]?[1] == .integer(2))
        try load([line(3, "a", "50", "50", "2026-11", "EUR"), line(4, "a", "5", "5", "2026-09", "EUR")])
        #expect(try bills()[202_611]?.prefix(3) == [.text("USD"), .integer(2), .integer(1)])
        #expect(try bills()[202_611]?[5] == .text("101.00000000"))
        #expect(try bills()[202_609]?.prefix(3) == [.text("EUR"), .integer(1), .integer(0)])
    }

    @Test func `a quota is written when it or its age changes`() throws {
        let quota = ConsumptionQuota(amount: Truth.money(100), used: Truth.money(81))
        let first = try truth.change(.quota(quota))
        #expect(first.changes == ["consumption quota: unknown -> 81.00 used of 100.00"])
        #expect(try truth.isIdle(.quota(quota)))
        truth.now += 60
        #expect(try truth.change(.quota(quota)).changes == ["consumption quota: 81.00 used of 100.00 still, as of now"])
        #expect(try truth.ledger.read { try $0.quota()?.asOf.seconds } == truth.now)
        let negative = ConsumptionQuota(amount: Money(units: -1), used: .zero)
        #expect(try truth.refusal(.quota(negative)) == "it is below 0")
    }

    @Test func `seeded records are summed`() throws {
        let open = try #require(BillingCycle("2026-11"))
        let plan = SeedPlan(customers: 7, bills: 90, coupons: 0, seed: 3, openCycle: open)
        try truth.ledger.write { try Seeder(plan: plan, writer: $0).run() }
        let expected = try expected()
        #expect(expected.count == 6 && expected[202_611] != nil)
        #expect(try bills() == expected.filter { $0.key >= 202_609 })
    }
}
