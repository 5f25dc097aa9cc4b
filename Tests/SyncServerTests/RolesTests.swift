import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Roles and the customers and coupons that come by them. mona is the account manager of customer 0.
@Suite struct RolesTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    private func give(
        _ account: String, _ roles: [MemberRole], items: [PermissionItem]? = nil, managers: [String] = [],
        customers: [String] = []
    ) throws {
        let plan = MemberPlan(
            account: account, rights: try MemberRights(roles, items: items), managers: managers, customers: customers)
        try server.folder.setRights(plan, clock: server.clock)
    }

    /// How many customers and coupons a member sees.
    private func sees(_ account: String) throws -> [Int] {
        let rows = try server.load(as: account).rows
        return [rows["customer"]?.count ?? 0, rows["coupon"]?.count ?? 0]
    }

    @Test func `each set of roles sees its customers, and coupons by item`() throws {
        for (roles, items, managers, expected) in [
            ([MemberRole.manager], nil, [], [1, 0]), ([.manager, .operator], nil, [], [3, 3]),
            ([.manager, .operator], [.budgets], [], [3, 0]), ([.operator], [.customers], [], [3, 0]),
            ([.operator], [.coupons], [], [0, 3]), ([.operator], [], [], [0, 0]), ([.administrator], nil, [], [3, 3]),
            ([.manager], nil, [], [1, 0]),
        ] as [([MemberRole], [PermissionItem]?, [String], [Int])] {
            try give("mona", roles, items: items, managers: managers)
            #expect(try sees("mona") == expected, "\(roles) \(items ?? [])")
        }
        try give("ana", [.director], managers: ["mona"])
        #expect(try sees("ana") == [1, 0])
        try give("ana", [.director, .operator], items: [.quota], managers: ["mona"])
        #expect(try sees("ana") == [3, 0])
    }

    @Test func `a director sees the customers of all managers below, as they come and go`() throws {
        try server.addMember("ben", .manager, customers: ["c1"])
        try give("ana", [.director], managers: ["mona", "ben"])
        #expect(try sees("ana") == [2, 0])
        try give("ana", [.director], managers: ["ben"])
        #expect(try sees("ana") == [1, 0])
        try give("ben", [.manager], customers: ["c2"])
        #expect(try sees("ana") == [2, 0] && sees("ben") == [2, 0])
    }

    @Test func `a cursor given under roles that saw otherwise is refused`() throws {
        let cursor = try server.load(as: "mona").cursor
        try give("mona", [.manager, .operator])
        #expect(server.send("GET", "/sync/v1/changes?cursor=\(cursor)", as: "mona").status == 410)
        let whole = try server.load(as: "mona").cursor
        try give("mona", [.manager])
        #expect(server.send("GET", "/sync/v1/changes?cursor=\(whole)", as: "mona").status == 410)
        #expect(server.send("GET", "/sync/v1/changes?cursor=\(cursor)", as: "mona").status == 410)
    }

    @Test func `roles that do not fit their managers or customers are refused and change nothing`() throws {
        for (roles, managers, customers) in [
            ([MemberRole.director], [], []), ([.director], ["ana"], []), ([.director], ["nobody"], []),
            ([.manager], ["mona"], []), ([.operator], [], ["c1"]), ([.manager], [], ["c0"]), ([.manager], [], ["none"]),
        ] as [([MemberRole], [String], [String])] {
            #expect(throws: UserError.self) { try give("ana", roles, managers: managers, customers: customers) }
        }
        #expect(try sees("ana") == [3, 3] && sees("mona") == [1, 0])
    }
}
