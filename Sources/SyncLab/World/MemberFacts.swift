package import PartnerModel

/// Who a member is and what it may see and do when the run begins.
package struct MemberFacts: Sendable, Hashable {
    package let name: String
    package let account: String
    package var rights: RightsFacts

    package init(name: String, account: String, roles: Scenario.Roles) {
        self.name = name
        self.account = account
        rights = RightsFacts(roles, of: account)
    }
}

/// What roles give, worked out from the written rules alone: no code of the product's rights is used here.
package struct RightsFacts: Sendable, Hashable {
    /// The role that rules ask for.
    package let role: MemberRole
    /// Accounts of the managers whose customers are seen; nil = every customer of the partner.
    package let follows: [String]?
    package let items: Set<PermissionItem>

    /// A manager follows themself, a director the managers below. An administrator sees every customer, and so does an
    /// operator who was given customers; whoever has a second role, sees by the wider one.
    package init(_ roles: Scenario.Roles, of account: String) {
        let order: [MemberRole] = [.administrator, .director, .operator, .manager]
        role = order.first { roles.list.contains($0) } ?? .manager
        var items: Set<PermissionItem> = []
        if roles.list.contains(.administrator) { items.formUnion(PermissionItem.allCases) }
        if roles.list.contains(.operator) { items.formUnion(roles.items ?? PermissionItem.allCases) }
        if roles.list.contains(.manager) || roles.list.contains(.director) {
            items.formUnion([.customers, .budgets, .freezes, .discounts])
        }
        self.items = items
        let isWide = roles.list.contains(.administrator) || roles.list.contains(.operator)
        follows =
            isWide && items.contains(.customers)
            ? nil : roles.list.contains(.director) ? roles.managers : roles.list.contains(.manager) ? [account] : []
    }

    /// Whether who had other rights may have seen what these do not show.
    func mayShowLess(than old: RightsFacts) -> Bool {
        let shown: Set<PermissionItem> = [.coupons, .bills, .quota]
        return follows != nil || !old.items.intersection(shown).isSubset(of: items)
    }

    /// Whether rows of a subject are to be seen: a customer's key, 0 = everyone, -1 = coupons, -2 = the partner's bills, -3 =
    /// its quota; given whether a customer
    /// that is no former one is managed by one of some accounts.
    func sees(_ subject: Int64, isManagedBy: ([String]) -> Bool) -> Bool {
        switch subject {
        case 0: true
        case -1: items.contains(.coupons)
        case -2: items.contains(.bills)
        case -3: items.contains(.quota)
        default: follows.map(isManagedBy) ?? true
        }
    }
}

/// An administrator gave an account other roles. What a replica loaded before stays as it was until it has loaded anew,
/// so an image at `before` or earlier may be of the old rights, one at `after` or later of the new.
package struct RightsChange: Sendable, Hashable {
    package let account: String
    package let rights: RightsFacts
    /// The server's sequences around the change.
    package let before: Int64
    package let after: Int64
}

/// The rights of every account over time.
struct RightsLine {
    private struct Span {
        let rights: RightsFacts
        let from: Int64
        var until: Int64
    }

    private var spans: [String: [Span]] = [:]

    init(_ members: [MemberFacts]) {
        for member in members { spans[member.account] = [Span(rights: member.rights, from: 0, until: .max)] }
    }

    mutating func take(_ change: RightsChange) {
        guard let last = spans[change.account]?.indices.last else { return }
        spans[change.account]?[last].until = change.before
        spans[change.account]?.append(Span(rights: change.rights, from: change.after, until: .max))
    }

    /// The rights that an image of the member's at a sequence may be of, oldest first.
    func possible(_ member: MemberFacts, at sequence: Int64) -> [RightsFacts] {
        (spans[member.account] ?? []).filter { $0.from <= sequence && sequence <= $0.until }.map(\.rights)
    }

    /// All that the member ever had.
    func ever(_ member: MemberFacts) -> [RightsFacts] { (spans[member.account] ?? []).map(\.rights) }

    func now(_ member: MemberFacts) -> RightsFacts { now(of: member.account) ?? member.rights }

    func now(of account: String) -> RightsFacts? { spans[account]?.last?.rights }
}
