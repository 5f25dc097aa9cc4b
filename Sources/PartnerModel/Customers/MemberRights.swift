/// What an operator may be given one by one. Other roles have theirs fixed. The vendor's codes for them are in the
/// documents.
package enum PermissionItem: String, Sendable, CaseIterable {
    case customers, budgets, freezes, discounts, coupons, bills, quota

    /// What writing a register needs; nil where seeing the customer is enough.
    package static func needed(for register: Register) -> PermissionItem? {
        switch register {
        case .budget: .budgets
        case .freezes: .freezes
        case .discount: .discounts
        default: nil
        }
    }
}

/// The roles of a member and what they add up to.
package struct MemberRights: Sendable, Hashable {
    /// Why roles don't go together, in words.
    package struct Flaw: Error, Sendable, Hashable {
        package let why: String
    }

    package static let rolesMax = 3

    /// Without repeats, the highest first.
    package let roles: [MemberRole]
    /// What the role of an operator was given; empty without it.
    package let granted: [PermissionItem]

    /// The highest role first.
    private static let order: [MemberRole] = [.administrator, .director, .operator, .manager]

    /// Roles with the items of an operator among them; nil = all items. At most three roles; administrator excludes all
    /// others, manager and director exclude each other.
    package init(_ roles: [MemberRole], items: [PermissionItem]? = nil) throws(Flaw) {
        let known = MemberRights.order.filter { roles.contains($0) }
        guard !known.isEmpty else { throw Flaw(why: "a member needs a role") }
        guard known.count <= MemberRights.rolesMax else { throw Flaw(why: "a member has at most three roles") }
        guard known.count == 1 || !known.contains(.administrator) else {
            throw Flaw(why: "an administrator has no other role")
        }
        guard !known.contains(.manager) || !known.contains(.director) else {
            throw Flaw(why: "manager and director exclude each other")
        }
        guard items == nil || known.contains(.operator) else { throw Flaw(why: "items are given to operators only") }
        self.roles = known
        granted =
            known.contains(.operator) ? PermissionItem.allCases.filter { items?.contains($0) ?? true } : []
    }

    /// One role with all that it can have.
    package init(_ role: MemberRole) {
        roles = [role]
        granted = role == .operator ? PermissionItem.allCases : []
    }

    /// The role that rules ask for: the highest.
    package var effective: MemberRole { roles[0] }

    /// What the roles add up to.
    package var items: [PermissionItem] {
        let all = roles.flatMap { role -> [PermissionItem] in
            switch role {
            case .administrator: PermissionItem.allCases
            case .operator: granted
            case .manager, .director: [.customers, .budgets, .freezes, .discounts]
            }
        }
        return PermissionItem.allCases.filter { all.contains($0) }
    }

    /// All customers of the partner. A second role widens a manager or director to them.
    package var seesAllCustomers: Bool {
        (roles.contains(.administrator) || roles.contains(.operator)) && items.contains(.customers)
    }
}
