import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Who is sent the partner's bills and consumption quota.
@Suite struct PartnerSightTests {
    private let server: TestServer
    private let ledger: Ledger

    init() throws {
        server = try TestServer()
        ledger = try Ledger.open(path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: true)
        try write(used: 1)
    }

    /// Another figure of both, so that the feed has them.
    private func write(used: Int64) throws {
        try ledger.write { writer in
            let quota = ConsumptionQuota(amount: Truth.money(100), used: Truth.money(used))
            try writer.putQuota(quota, currency: "USD", asOf: Timestamp(seconds: 9))
            guard let key = try billKey(writer), var values = try writer.values(of: .billRecord, key: key) else {
                return
            }
            values[15] = .integer(used)
            try writer.put(.billRecord, key: key, subject: server.customers[0].value, values)
            try writer.sumPartnerBills(ofCycles: [202_611])
        }
    }

    private func billKey(_ reader: LedgerReader) throws -> Int64? {
        try reader.bill(id: "b0")?.key
    }

    private func give(_ account: String, _ roles: [MemberRole], items: [PermissionItem]? = nil) throws {
        try server.folder.setRights(
            MemberPlan(account: account, rights: try MemberRights(roles, items: items)), clock: server.clock)
    }

    /// Which of the two a member's snapshot and feed hold.
    private func sees(_ account: String) throws -> Set<String> {
        Set(try server.load(as: account).rows.filter { !$0.value.isEmpty }.keys).intersection(["partner_bill", "quota"])
    }

    /// Which of the two the feed after a cursor holds; nil when the cursor is refused.
    private func follows(_ account: String, _ cursor: String) throws -> Set<String>? {
        let response = server.send(
            "GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]), as: account)
        guard response.status == 200 else { return nil }
        var page = try ReceivedPage(server.bytes(response), kind: "feed/1", expectedCursor: cursor, isWhole: true)
        var names: Set<String> = []
        try page.forEachRow { names.insert($0.entity.name) }
        return names.intersection(["partner_bill", "quota"])
    }

    private static let cases: [([MemberRole], [PermissionItem]?, Set<String>)] = [
        ([.administrator], nil, ["partner_bill", "quota"]), ([.operator], nil, ["partner_bill", "quota"]),
        ([.operator], [.customers, .bills], ["partner_bill"]), ([.operator], [.customers, .quota], ["quota"]),
        ([.operator], [.customers, .coupons], []), ([.operator], [.bills, .quota], ["partner_bill", "quota"]),
        ([.operator], [.bills], ["partner_bill"]), ([.manager], nil, []), ([.manager, .operator], [.quota], ["quota"]),
        ([.manager, .operator], [.budgets], []),
    ]

    @Test func `snapshot and feed bring both by item only`() throws {
        for (index, (roles, items, expected)) in Self.cases.enumerated() {
            try give("ana", roles, items: items)
            #expect(try sees("ana") == expected, "\(roles) \(items ?? [])")
            let cursor = try server.load(as: "ana").cursor
            try write(used: Int64(index) + 2)
            #expect(try follows("ana", cursor) == expected, "\(roles) \(items ?? [])")
        }
        #expect(try sees("mona") == [])
    }

    @Test func `a tombstone goes to those only who saw the row`() throws {
        try give("ana", [.operator], items: [.customers])
        let cursor = try server.load(as: "ana").cursor
        let whole = try server.load(as: "admin").cursor
        try ledger.write { try $0.delete(.partnerBill, key: 202_611, subject: Subject.bills) }
        #expect(try follows("ana", cursor) == [] && follows("admin", whole) == ["partner_bill"])
    }

    @Test func `a change of role is not followed by a row before the load anew`() throws {
        for (before, after) in [
            ([PermissionItem.customers, .bills], [PermissionItem.customers]), ([.bills], [.quota]),
        ] {
            try give("ana", [.operator], items: before)
            let cursor = try server.load(as: "ana").cursor
            try give("ana", [.operator], items: after)
            try write(used: 50 + Int64(after.count))
            #expect(try follows("ana", cursor) == nil, "the old cursor opens nothing")
            #expect(try sees("ana") == (after == [.quota] ? ["quota"] : []))
        }
    }

    @Test func `those who see the same of all customers share a scope, others do not`() throws {
        func scope(_ items: [PermissionItem]) throws -> Int64 {
            try give("ana", [.operator], items: items)
            let partner = try server.folder.onlyPartner()
            return try server.folder.openDirectory().members(of: partner).first { $0.account == "ana" }?.scope ?? 0
        }
        let all = try scope([.customers, .coupons, .bills, .quota])
        let bills = try scope([.customers, .bills])
        let quota = try scope([.customers, .quota])
        #expect(all == 1 && Set([all, bills, quota]).count == 3)
        #expect(try scope([.customers, .bills, .budgets]) == bills)
    }

    @Test func `scopes from before are brought in line with the members' items, once`() throws {
        let directory = try server.folder.openDirectory()
        let partner = try server.folder.onlyPartner()
        // As it was: an operator without the item on the scope of all, and one with it on a listed scope that shows nothing.
        let few = try MemberRights([.operator], items: [.customers, .coupons])
        try directory.put(Member(partner: partner, account: "ana", rights: few, scope: 1))
        let mona = try #require(try directory.members(of: partner).first { $0.account == "mona" })
        let more = try MemberRights([.operator], items: [.bills])
        try directory.put(Member(partner: partner, account: "mona", rights: more, scope: mona.scope))
        #expect(try sees("ana").count == 2)
        try server.folder.alignScopes(clock: server.clock)
        #expect(try sees("ana") == [] && sees("mona") == ["partner_bill"] && sees("admin").count == 2)
        #expect(try server.load(as: "mona").rows["customer"]?.count == 1, "whose customers it lists did not change")
        let cursor = try server.load(as: "mona").cursor
        try server.folder.alignScopes(clock: server.clock)
        #expect(try follows("mona", cursor) == [])
    }
}
