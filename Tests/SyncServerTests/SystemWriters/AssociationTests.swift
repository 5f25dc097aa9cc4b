import LedgerStore
import PartnerModel
import SyncProtocol
import Testing

@testable import SyncServer

@Suite struct AssociationTests {
    @Test func `a customer that leaves loses contact and budget and keeps its freezes`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        try truth.change(.budget(customer, Truth.budget(100)))
        try truth.change(.freeze(customer, .manual, .account, reason: "late"))
        try truth.change(.disassociate(customer))
        #expect(try truth.row().isFormer)
        #expect(try truth.ledger.read { try $0.values(of: .contact, key: customer.value) } == nil)
        #expect(try truth.state(.budget) == .budget(nil))
        #expect(try truth.freezes().map(\.cause) == [.manual])
        #expect(
            try truth.history().suffix(2) == ["system request disassociated", "system budget -> DELETE"])
        #expect(try truth.isIdle(.disassociate(customer)))
    }

    @Test func `a reseller customer that comes back begins frozen, a referral one does not`() throws {
        let truth = try Truth()
        #expect(try truth.isIdle(.associate(truth.customers[0])))
        for customer in [0, 2] { try truth.change(.disassociate(truth.customers[customer])) }
        truth.now += 86_400
        for customer in [0, 2] { try truth.change(.associate(truth.customers[customer])) }
        #expect(try !truth.row(0).isFormer && truth.row(0).associatedOn.seconds == truth.now)
        #expect(try truth.freezes(0).map { [$0.kind.rawValue, $0.cause.rawValue] } == [["account", "on-association"]])
        #expect(try truth.freezes(2).isEmpty)
        try truth.change(.disassociate(truth.customers[0]))
        try truth.change(.associate(truth.customers[0]))
        #expect(try truth.freezes(0).count == 1)
    }

    @Test func `who comes back under a frozen partner is frozen by that too`() throws {
        let truth = try Truth()
        try truth.change(.disassociate(truth.customers[0]))
        try truth.change(.partner(.frozen))
        try truth.change(.associate(truth.customers[0]))
        #expect(try truth.freezes(0).map(\.cause) == [.onAssociation, .partnerState])
    }

    @Test func `type and reseller of a customer change in its own row alone`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        try truth.change(.delegate(customer, "north"))
        #expect(try truth.row().managedBy == "north")
        #expect(try truth.isIdle(.delegate(customer, "north")))
        try truth.change(.delegate(customer, nil))
        #expect(try truth.row().managedBy == nil)
        #expect(try truth.refusal(.delegate(truth.customers[2], "north"))?.contains("referral") == true)
        try truth.change(.associationType(customer, .referral))
        #expect(try truth.row().association == .referral && truth.row().accountName == "account-0")
        #expect(try truth.isIdle(.associationType(customer, .referral)))
        #expect(
            try truth.history() == [
                "admin request budgets and freezes managed by the partner -> north",
                "admin request budgets and freezes managed by north -> the partner",
                "vendor request association reseller -> referral",
            ])
    }

    @Test func `a request waits alone, and one that was decided makes room for the next`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        try truth.change(.request(customer, .disassociate, reason: "we close"))
        guard case .request(let request?) = try truth.state(.request) else { throw LedgerError.damaged("no request") }
        #expect(request.status == .pending && request.reason == "we close" && request.requestedAt.seconds == truth.now)
        #expect(try truth.history() == ["customer request ->"])
        #expect(try truth.refusal(.request(customer, .disassociate, reason: ""))?.contains("pending") == true)
        _ = try truth.ledger.write {
            try $0.set(.request(request.decided(.rejected)), of: customer, author: "admin", at: request.requestedAt)
        }
        #expect(try truth.change(.request(customer, .disassociate, reason: "")).isChange)
    }

    @Test func `a request for what is so already, or with a reason too long, is refused`() throws {
        let truth = try Truth()
        #expect(try truth.refusal(.request(truth.customers[0], .associate, reason: ""))?.contains("associated") == true)
        let long = String(repeating: "x", count: 257)
        #expect(try truth.refusal(.request(truth.customers[0], .disassociate, reason: long))?.contains("long") == true)
        try truth.change(.disassociate(truth.customers[1]))
        #expect(try truth.refusal(.request(truth.customers[1], .disassociate, reason: ""))?.contains("former") == true)
        #expect(try truth.change(.request(truth.customers[1], .associate, reason: "")).isChange)
    }

    @Test func `an approved request has its effect and a rejected one has none`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        func decide(_ purpose: RequestPurpose, _ approve: Bool) throws -> SystemOutcome {
            let request = AssociationRequest(
                purpose: purpose, status: .pending, reason: "", requestedAt: Timestamp(seconds: 1))
            return try truth.ledger.write { writer in
                try SystemWriters(writer: writer, rulesVersion: 7, now: Timestamp(seconds: truth.now)).decided(
                    customer, request, approve: approve, by: "ana")
            }
        }
        #expect(try !decide(.disassociate, false).isChange && !truth.row().isFormer)
        #expect(try decide(.disassociate, true).isChange && truth.row().isFormer)
        #expect(try truth.history() == ["ana request disassociated"])
        #expect(try !decide(.disassociate, true).isChange)
        #expect(try decide(.associate, true).isChange && !truth.row().isFormer)
        #expect(try truth.history().suffix(2) == ["ana request associated as reseller", "system freezes ->"])
    }

    @Test func `what is done at the console carries its author and obeys the limits`() throws {
        let truth = try Truth()
        let (reseller, referral) = (truth.customers[0], truth.customers[2])
        let changes: [SystemChange] = [
            .budget(reseller, Truth.budget(7)), .manager(reseller, "mona"), .label(reseller, "gold"),
            .manager(reseller, nil), .label(reseller, nil),
        ]
        for change in changes {
            #expect(try truth.change(change, by: "li").isChange)
            #expect(try truth.isIdle(change))
        }
        try truth.change(.discount(referral, truth.discount(1000)))
        #expect(try truth.change(.discount(referral, nil), by: "li").isChange)
        #expect(try truth.history(0).allSatisfy { $0.hasPrefix("li ") } && truth.history(0).count == 5)
        #expect(try truth.history(2) == ["admin discount ->", "li discount ->"])
        for change: SystemChange in [
            .budget(referral, Truth.budget(7)), .budget(reseller, Truth.budget(0)), .discount(reseller, nil),
            .discount(referral, truth.discount(4000)), .discount(referral, truth.discount(1000, days: 0)),
            .manager(reseller, ""), .label(reseller, String(repeating: "x", count: 65)), .label(CustomerKey(99), nil),
        ] { #expect(try truth.refusal(change) != nil, "\(change)") }
    }
}
