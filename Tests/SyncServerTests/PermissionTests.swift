import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// What permission items keep a member from doing, though they see the customer.
@Suite struct PermissionTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    private func give(_ account: String, _ rights: MemberRights) throws {
        let partner = try server.folder.onlyPartner()
        try server.folder.openDirectory().put(Member(partner: partner, account: account, rights: rights, scope: 1))
    }

    private func discount(_ server: TestServer) -> EditIntent {
        let now = server.clock.now().seconds
        return .setDiscount(
            Discount(
                percent: BasisPoints(500), validFrom: Timestamp(seconds: now),
                validUntil: Timestamp(seconds: now + 86_400)))
    }

    @Test func `an edit without its item is refused and names it, the others go on`() throws {
        for (item, other) in [
            (PermissionItem.budgets, PermissionItem.freezes), (.freezes, .discounts), (.discounts, .budgets),
        ] {
            let server = try TestServer()
            try server.folder.openDirectory().put(
                Member(
                    partner: try server.folder.onlyPartner(), account: "ana",
                    rights: try MemberRights([.operator], items: [.customers, other]), scope: 1))
            let edits = [
                try server.edit(1, TestServer.budget(5), customer: 0),
                try server.edit(2, .freeze(.account, reason: "r"), customer: 1),
                try server.edit(3, discount(server), customer: 2), try server.edit(4, .setLabel("x"), customer: 0),
            ]
            let needs: [PermissionItem?] = [.budgets, .freezes, .discounts, nil]
            for (result, needed) in zip(try server.push(edits), needs) {
                let isRefused = needed != nil && needed != other
                #expect((result.code == .forbidden) == isRefused, "\(item) \(result)")
                guard isRefused, let needed else { continue }
                #expect(result.reason == "CBC.0151" && result.message?.contains(" \(needed.rawValue) ") == true)
                #expect(result.was == nil && result.version == nil)
            }
        }
    }

    @Test func `a customer that one does not see is told before the item that is lacking`() throws {
        try give("ana", try MemberRights([.operator], items: [.customers]))
        var edit = V1.Edit(number: 1, kind: "", customer: 999_999, base: 0, deviceTime: 1)
        edit.setIntent(TestServer.budget(5))
        #expect(try server.push([edit])[0].reason == "CBC.99000000")
    }

    @Test func `a conflict is decided only by who may edit its register`() throws {
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let held = try server.push([try server.edit(1, TestServer.budget(6), customer: 0)], as: "admin")
        let key = ConflictKey(try #require(held[0].conflict?.value))
        let version = try #require(try server.load(as: "ana").rows["budget"]?.values.first)
        try give("ana", try MemberRights([.operator], items: [.customers, .freezes]))
        for (number, choice) in [(2, ConflictChoice.mine), (3, .theirs)] {
            let decision = try server.edit(Int64(number), .decideConflict(key, choice), customer: 0, base: version)
            let result = try server.push([decision])[0]
            #expect(result.code == .forbidden && result.reason == "CBC.0151")
        }
        try give("ana", MemberRights(.operator))
        let decision = try server.edit(4, .decideConflict(key, .mine), customer: 0, base: version)
        #expect(try server.push([decision])[0].code == .applied)
    }

    @Test func `the greeting tells roles and items, and rules ask for the highest role`() throws {
        try give("ana", try MemberRights([.manager, .operator], items: [.quota]))
        let hello = try WireCoding.decode(
            V1.Hello.self, from: server.bytes(server.send("GET", "/sync/v1/hello")))
        #expect(hello.role == "operator" && hello.roles == ["operator", "manager"])
        #expect(hello.items == ["customers", "budgets", "freezes", "discounts", "quota"])
        // A manager alone confirms a budget of that size with a code; with a second role it is nobody's business.
        #expect(try server.push([try server.edit(1, TestServer.budget(2_000_000), customer: 0)])[0].code == .applied)
    }
}
