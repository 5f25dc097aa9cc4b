import PartnerModel
import Testing

@Suite struct MemberRightsTests {
    private static let fixed: [PermissionItem] = [.customers, .budgets, .freezes, .discounts]

    /// Every set of roles.
    private var sets: [[MemberRole]] {
        (0..<(1 << MemberRole.allCases.count)).map { bits in
            MemberRole.allCases.enumerated().filter { bits & (1 << $0.offset) != 0 }.map(\.element)
        }
    }

    @Test func `exactly the allowed sets of roles are taken, whatever their order`() {
        for roles in sets {
            let isAllowed =
                !roles.isEmpty && (roles.count == 1 || !roles.contains(.administrator))
                && !(roles.contains(.manager) && roles.contains(.director))
            #expect(((try? MemberRights(roles)) != nil) == isAllowed, "\(roles)")
            #expect((try? MemberRights(roles.reversed() + roles)) == (try? MemberRights(roles)))
        }
    }

    @Test(arguments: [
        ([MemberRole.administrator], MemberRole.administrator, true, PermissionItem.allCases),
        ([.operator], .operator, true, PermissionItem.allCases), ([.manager], .manager, false, fixed),
        ([.director], .director, false, fixed), ([.manager, .operator], .operator, true, PermissionItem.allCases),
        ([.operator, .director], .director, true, PermissionItem.allCases),
    ]) func `the highest role is the one that rules ask for, and a second one widens to all customers`(
        roles: [MemberRole], effective: MemberRole, seesAll: Bool, items: [PermissionItem]
    ) throws {
        let rights = try MemberRights(roles)
        #expect(rights.effective == effective && rights.seesAllCustomers == seesAll && rights.items == items)
    }

    @Test func `an operator has the items given, and another role adds its own`() throws {
        let alone = try MemberRights([.operator], items: [.quota, .budgets])
        #expect(alone.items == [.budgets, .quota] && !alone.seesAllCustomers)
        let both = try MemberRights([.manager, .operator], items: [.quota])
        #expect(both.items == Self.fixed + [.quota] && both.seesAllCustomers)
        #expect(try MemberRights([.operator], items: []).items.isEmpty)
        #expect(throws: MemberRights.Flaw.self) { try MemberRights([.manager], items: [.coupons]) }
        #expect(throws: MemberRights.Flaw.self) { try MemberRights([.administrator], items: []) }
    }

    @Test func `one role alone is what a list of it is`() throws {
        for role in MemberRole.allCases { #expect(try MemberRights(role) == MemberRights([role])) }
    }
}
