import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct ReaderTests {
    private static let names: [String] = [
        "北京华为云技术有限公司", "شركة الأفق للتجارة", "ООО Ромашка", "Ångström & Söhne GmbH", "100% Cotton_Ltd", "1000 Cottons",
        "O'Brien \"Quoted\"",
        "Straße Ähre", "ΑΛΦΑ Εταιρεία", "株式会社サンプル",
    ]

    private func named() throws -> TestReplica {
        try TestReplica.loaded(
            [.partner()]
                + Self.names.enumerated().map {
                    .customer(Int64($0.offset) + 1, name: $0.element, source: "src-\($0.offset)")
                })
    }

    @Test(arguments: [
        ("华为", ["北京华为云技术有限公司"]), ("有限", ["北京华为云技术有限公司"]), ("الأفق", ["شركة الأفق للتجارة"]),
        ("للتجارة", ["شركة الأفق للتجارة"]),
        ("ромаш", ["ООО Ромашка"]), ("РОМАШКА", ["ООО Ромашка"]), ("ооо", ["ООО Ромашка"]),
        ("ångSTRÖM", ["Ångström & Söhne GmbH"]),
        ("söhne", ["Ångström & Söhne GmbH"]), ("%", ["100% Cotton_Ltd"]), ("_", ["100% Cotton_Ltd"]),
        ("0% c", ["100% Cotton_Ltd"]),
        ("n_l", ["100% Cotton_Ltd"]), ("cotton", ["100% Cotton_Ltd", "1000 Cottons"]),
        ("o'brien", ["O'Brien \"Quoted\""]), ("\"q", ["O'Brien \"Quoted\""]),
        ("ähre", ["Straße Ähre"]), ("αλφα", ["ΑΛΦΑ Εταιρεία"]), ("サンプル", ["株式会社サンプル"]), ("nobody", []), ("\\", []),
        ("account-3", ["ООО Ромашка"]),
        ("ID-4", ["Ångström & Söhne GmbH"]), ("SRC-9", ["株式会社サンプル"]),
    ])
    func `part of a name is found in any script and case, and wildcards are plain letters`(
        text: String, expected: [String]
    ) throws {
        #expect(
            try named().reader().customers(matching: text, limit: 99).map(\.customer.name).sorted() == expected.sorted()
        )
    }

    @Test func `a letter is found however its accent is written`() throws {
        let reader = try named().reader()
        #expect(try reader.customers(matching: "A\u{30A}ngstro\u{308}m", limit: 9).count == 1)
        #expect(try reader.customers(matching: nil, limit: 4).count == 4)
        #expect(try reader.customers(matching: "", limit: 99).count == Self.names.count)
    }

    @Test func `a person means one customer or is told which ones could be meant`() throws {
        let reader = try named().reader()
        #expect(try reader.resolveCustomer("id-2").key == CustomerKey(2))
        #expect(try reader.resolveCustomer("account-10").key == CustomerKey(10))
        #expect(try reader.resolveCustomer("src-0").key == CustomerKey(1))
        #expect(try reader.resolveCustomer("ромаш").key == CustomerKey(3))
        #expect(code { _ = try reader.resolveCustomer("cotton") } == .ambiguous)
        #expect(code { _ = try reader.resolveCustomer("account-1' OR 1=1") } == .notFound)
    }

    @Test func `sums beyond what an integer of ours can hold are exact`() throws {
        let largest = Int64.max
        let rows: [PageRow] = [
            .partner(), .cycle(), .cycle(202_610, "2026-10", status: "final"), .product(), .customer(1, name: "A"),
            .customer(2, name: "B"),
            .bill(50, customer: 1, units: largest), .bill(51, customer: 1, units: largest),
            .bill(52, customer: 1, units: 1),
            .bill(53, customer: 2, units: -largest), .bill(54, customer: 2, units: -largest),
            .bill(55, customer: 2, units: -3),
            .bill(56, customer: 2, units: 7, currency: "CNY"), .bill(57, customer: 1, units: 5, cycle: 202_610),
            .bill(58, customer: 1, units: -99_999_999, cycle: 202_610),
            .bill(59, customer: 1, units: 100_000_001, cycle: 202_610),
        ]
        let reader = try TestReplica.loaded(rows).reader()
        func lines(_ sums: [BillSum]) -> [String] {
            sums.map { "\($0.group) \($0.cycleStatus) \($0.currency) \($0.records) \($0.payment)" }
        }
        #expect(
            try lines(reader.billSums(by: .customer, customer: nil, cycle: BillingCycle("2026-11"))) == [
                "A estimate USD 3 184467440737.09551615", "B estimate CNY 1 0.00000007",
                "B estimate USD 3 -184467440737.09551617",
            ])
        #expect(
            try lines(reader.billSums(by: .cycle, customer: nil, cycle: nil)) == [
                "2026-10 final USD 3 0.00000007", "2026-11 estimate CNY 1 0.00000007",
                "2026-11 estimate USD 6 -0.00000002",
            ])
        #expect(
            try lines(reader.billSums(by: .product, customer: CustomerKey(1), cycle: nil)) == [
                "Elastic / Server estimate USD 3 184467440737.09551615", "Elastic / Server final USD 3 0.00000007",
            ])
        let official = try reader.billSums(by: .cycle, customer: CustomerKey(2), cycle: nil).map(\.official)
        #expect(official == ["0.00000007", "-184467440737.09551617"])
    }

    @Test func `bill records and coupons are read in pages and by customer`() throws {
        let bills = (50..<60).map { PageRow.bill($0, customer: $0 % 2 + 1, units: $0) }
        let coupons = [PageRow.coupon(80, customer: 1), .coupon(81, customer: 2)]
        let reader = try TestReplica.loaded(TestReplica.standardRows + coupons + [.product()] + bills).reader()
        let first = try reader.bills(customer: CustomerKey(1), cycle: BillingCycle("2026-11"), limit: 3)
        #expect(first.map(\.key) == [50, 52, 54] && first.map(\.customer) == ["Alpha", "Alpha", "Alpha"])
        #expect(try reader.bills(customer: CustomerKey(1), cycle: nil, afterKey: 54, limit: 9).map(\.key) == [56, 58])
        #expect(try reader.bills(customer: nil, cycle: BillingCycle("2026-10"), limit: 9).isEmpty)
        #expect(try reader.coupons(customer: CustomerKey(2), limit: 9).map(\.couponID) == ["k81"])
        #expect(try reader.coupons(customer: nil, limit: 9).map(\.faceValue.exactText) == ["5.00000000", "5.00000000"])
    }

    @Test func `another program reads the views while the store writes`() throws {
        let rows =
            TestReplica.standardRows + [.coupon(80, customer: 1), .product(), .bill(50, customer: 1, units: -1_606)]
        let replica = try TestReplica.loaded(rows)
        let plain = try replica.plain(replica.imageFile)
        let writer = try #require(replica.store.live).connection
        try writer.write { transaction in
            try transaction.execute("UPDATE customer SET name = 'Uncommitted'")
            #expect(
                try plain.statement("SELECT name || ' ' || budget || ' ' || budget_units FROM customers WHERE key = 1")
                    .rows { $0.text(0) }
                    == ["Alpha 100.00000000 10000000000"])
            #expect(
                try plain.statement(
                    "SELECT customer || ' ' || cycle || ' ' || status || ' ' || payment || ' ' || payment_units FROM bill_records"
                )
                .rows { $0.text(0) } == ["Alpha 2026-11 estimate -0.00001606 -1606"])
            #expect(
                try plain.statement("SELECT customer || ' ' || face_value FROM coupons").rows { $0.text(0) } == [
                    "Alpha 5.00000000"
                ])
        }
        _ = try replica.add(budget(500))
        #expect(
            try plain.statement("SELECT budget || ' ' || budget_pending FROM customers WHERE key = 1").rows {
                $0.text(0)
            } == ["100.00000000 500.00000000"])
        try replica.feed(sequence: 11, [PageRow(.billRecord, 50, version: 11)])
        #expect(try plain.statement("SELECT count(*) FROM bill_records").first { $0.int64(0) } == 0)
    }
}
