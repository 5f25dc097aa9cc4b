import LedgerStore
import PartnerModel
import SyncProtocol
import Testing

@testable import SyncServer

@Suite struct UsageTests {
    @Test func `usage is set as of now, and the same figure later is only fresher`() throws {
        let truth = try Truth()
        try truth.change(.usage(truth.customers[0], Truth.money(40)))
        #expect(try truth.usage()?.amount == Truth.money(40))
        #expect(try truth.history().isEmpty)
        #expect(try truth.isIdle(.usage(truth.customers[0], Truth.money(40))))
        truth.now += 600
        #expect(try truth.change(.usage(truth.customers[0], Truth.money(40))).isChange)
        #expect(try truth.usage()?.asOf.seconds == truth.now)
        #expect(try truth.history().isEmpty)
    }

    @Test func `a figure leaves a record when it reaches 75, 90 or 100 % of the budget, or falls, and else none`()
        throws
    {
        let truth = try Truth()
        try truth.change(.budget(truth.customers[0], Truth.budget(200, .monthly, .manual)), by: "li")
        let figures: [(Int64, String?)] = [
            (20, nil), (149, nil), (150, "149.00 -> 150.00, 75 % of 200.00 reached"), (179, nil),
            (185, "179.00 -> 185.00, 90 % of 200.00 reached"), (199, nil), (180, "199.00 -> 180.00"), (181, nil),
            (170, "181.00 -> 170.00"), (500, "170.00 -> 500.00, 100 % of 200.00 reached"), (501, nil),
            (0, "501.00 -> 0.00"), (190, "0.00 -> 190.00, 90 % of 200.00 reached"),
        ]
        var expected = ["li budget ->"]
        for (figure, words) in figures {
            truth.now += 600
            let outcome = try truth.change(.usage(truth.customers[0], Truth.money(figure)))
            #expect(try outcome.isChange && truth.usage()?.amount == Truth.money(figure))
            if let words { expected.append("system budget usage \(words)") }
            #expect(try truth.history() == expected, "\(figure)")
        }
    }

    @Test func `without a budget only a figure that falls leaves a record, and the largest amounts are compared`()
        throws
    {
        let truth = try Truth()
        let customer = truth.customers[0]
        for figure in [10, 1_000_000, 5] { try truth.change(.usage(customer, Truth.money(Int64(figure)))) }
        #expect(try truth.history() == ["system budget usage 1000000.00 -> 5.00"])
        try truth.change(.usage(customer, Money(units: .max)))
        try truth.change(.budget(customer, Truth.budget(1, .monthly, .manual)))
        try truth.change(.usage(customer, Money(units: .max - 1)))
        #expect(try truth.history().count == 3)
    }

    @Test func `usage that reaches a budget with action freeze freezes once`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        try truth.change(.budget(customer, Truth.budget(100)), by: "li")
        try truth.change(.usage(customer, Money(units: Truth.money(100).units - 1)))
        #expect(try truth.freezes().isEmpty)
        try truth.change(.usage(customer, Truth.money(100)))
        let freeze = try #require(try truth.freezes().first)
        #expect(freeze.kind == .account && freeze.cause == .budget && freeze.author == "system")
        #expect(freeze.reason == "budget exhausted: 100.00 used of 100.00")
        try truth.change(.usage(customer, Truth.money(130)))
        #expect(try truth.freezes() == [freeze])
        #expect(
            try truth.history() == [
                "li budget ->", "system budget usage unknown -> 99.99999999, 90 % of 100.00 reached",
                "system budget usage 99.99999999 -> 100.00, 100 % of 100.00 reached", "system freezes ->",
            ])
    }

    @Test func `a budget with action manual freezes nothing, and none at all neither`() throws {
        let truth = try Truth()
        try truth.change(.budget(truth.customers[0], Truth.budget(10, .monthly, .manual)))
        for customer in 0...1 { try truth.change(.usage(truth.customers[customer], Truth.money(500))) }
        #expect(try truth.freezes(0).isEmpty && truth.freezes(1).isEmpty)
    }

    @Test func `a usage record is never taken for a change of the budget`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        try truth.change(.budget(customer, Truth.budget(100)), by: "li")
        try truth.change(.usage(customer, Truth.money(5)))
        #expect(try truth.ledger.read { try $0.lastChange(of: .budget, customer: customer)?.author } == "li")
    }

    @Test func `usage below 0, of a referral, former or unknown customer is refused`() throws {
        let truth = try Truth()
        #expect(try truth.refusal(.usage(truth.customers[0], Money(units: -1))) == "it is below 0")
        #expect(try truth.refusal(.usage(truth.customers[2], Truth.money(1)))?.contains("referral") == true)
        #expect(try truth.refusal(.usage(CustomerKey(999), Truth.money(1))) == "there is no such customer")
        try truth.change(.disassociate(truth.customers[0]))
        #expect(try truth.refusal(.usage(truth.customers[0], Truth.money(1)))?.contains("former") == true)
    }

    @Test func `a new month sets monthly usage to 0, keeps one-time usage and the budget's freeze`() throws {
        let truth = try Truth()
        try truth.change(.budget(truth.customers[0], Truth.budget(100)))
        try truth.change(.budget(truth.customers[1], Truth.budget(100, .oneTime)))
        for customer in 0...1 { try truth.change(.usage(truth.customers[customer], Truth.money(100))) }
        truth.now += 31 * 86_400
        let cycle = BillingCycle(containing: truth.now)
        let outcome = try truth.change(.resetMonth)
        #expect(outcome.changes.contains("cycle \(cycle) is open, an estimate"))
        #expect(try truth.usage(0)?.amount == .zero && truth.usage(0)?.asOf.seconds == truth.now)
        #expect(try truth.usage(1)?.amount == Truth.money(100))
        #expect(try truth.freezes(0).map(\.cause) == [.budget] && truth.freezes(1).map(\.cause) == [.budget])
        #expect(try truth.history(0).last == "system budget month \(cycle) begins: usage 100.00 -> 0.00")
        let key = Int64(cycle.year * 100 + cycle.month)
        #expect(try truth.ledger.read { try $0.cycleStatus(key: key) } == .estimate)
        #expect(try truth.isIdle(.resetMonth))
    }

    @Test func `a month that begins leaves the cycle's row as it stands`() throws {
        let truth = try Truth()
        try truth.change(.resetMonth)
        try truth.change(.budget(truth.customers[0], Truth.budget(100)))
        try truth.change(.usage(truth.customers[0], Truth.money(3)))
        #expect(try truth.change(.resetMonth).changes.count == 1)
    }
}
