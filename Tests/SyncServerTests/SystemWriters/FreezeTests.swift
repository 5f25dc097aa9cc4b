import LedgerStore
import PartnerModel
import Testing

@testable import SyncServer

@Suite struct SystemFreezeTests {
    @Test func `each cause has its author, and a freeze of one kind and cause stands once`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        for cause in FreezeCause.allCases {
            let change = SystemChange.freeze(customer, cause, .account, reason: "why")
            #expect(try truth.change(change).isChange)
            #expect(try truth.isIdle(change))
        }
        let authors = try truth.freezes().map { "\($0.cause.rawValue) \($0.author)" }
        #expect(
            authors == [
                "on-association system", "manual admin", "budget system", "partner-state vendor", "vendor vendor",
            ])
        #expect(try truth.change(.freeze(customer, .manual, .accountAndResources, reason: "why"), by: "li").isChange)
        #expect(try truth.freezes().last?.author == "li")
        #expect(Set(try truth.freezes().map(\.id)).count == 6)
    }

    @Test func `a release lifts the freezes of its cause, of any kind, and no others`() throws {
        let truth = try Truth()
        let customer = truth.customers[0]
        for kind in FreezeKind.allCases { try truth.change(.freeze(customer, .vendor, kind, reason: "r")) }
        try truth.change(.freeze(customer, .manual, .account, reason: "r"))
        try truth.change(.release(customer, .vendor))
        #expect(try truth.freezes().map(\.cause) == [.manual])
        #expect(try truth.isIdle(.release(customer, .vendor)))
        #expect(try truth.history().last == "vendor freezes ->")
    }

    @Test func `only the vendor freezes a referral customer, and a reason is required`() throws {
        let truth = try Truth()
        #expect(try truth.change(.freeze(truth.customers[2], .vendor, .account, reason: "fraud")).isChange)
        #expect(
            try truth.refusal(.freeze(truth.customers[2], .manual, .account, reason: "r"))?.contains("reseller") == true
        )
        #expect(
            try truth.refusal(.freeze(truth.customers[0], .manual, .account, reason: " ")) == "a reason is required")
    }

    @Test func `a frozen partner freezes each reseller customer and a state after it lifts exactly those`() throws {
        let truth = try Truth()
        try truth.change(.freeze(truth.customers[0], .manual, .account, reason: "late"))
        try truth.change(.disassociate(truth.customers[1]))
        try truth.change(.partner(.frozen))
        #expect(try truth.freezes(0).map(\.cause) == [.manual, .partnerState])
        #expect(try truth.freezes(0).last?.kind == .accountAndResources)
        #expect(try truth.freezes(1).isEmpty && truth.freezes(2).isEmpty)
        #expect(try truth.isIdle(.partner(.frozen)))
        try truth.change(.partner(.active))
        #expect(try truth.freezes(0).map(\.cause) == [.manual])
        #expect(try truth.history(0) == ["admin freezes ->", "vendor freezes ->", "vendor freezes ->"])
    }

    @Test func `a restricted partner freezes nobody`() throws {
        let truth = try Truth()
        #expect(try truth.change(.partner(.restricted)).changes == ["partner: active -> restricted"])
        #expect(try truth.ledger.read { try $0.partner().state } == .restricted)
        #expect(try truth.freezes(0).isEmpty && truth.freezes(1).isEmpty)
        #expect(try truth.isIdle(.partner(.restricted)))
    }

    @Test func `the range of discounts is set, taken away and kept within 0 to 100 percent`() throws {
        let truth = try Truth()
        try truth.change(.range(BasisPoints(100)...BasisPoints(1000)))
        #expect(try truth.ledger.read { try $0.partner().discountRange } == BasisPoints(100)...BasisPoints(1000))
        #expect(try truth.change(.range(nil)).changes == ["authorised range of discounts: 1 to 10 % -> none"])
        #expect(try truth.isIdle(.range(nil)))
        #expect(try truth.refusal(.range(BasisPoints(0)...BasisPoints(10_001))) == "it goes beyond 0 to 100 %")
    }
}
