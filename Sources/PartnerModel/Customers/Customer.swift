/// How a customer is associated with the partner; it decides which edits are legal.
package enum AssociationType: String, Sendable, CaseIterable {
    /// The customer contracts with the vendor: discounts are legal, budgets and freezes are not.
    case referral
    /// The customer contracts with the partner: budgets and freezes are legal, discounts are not.
    case reseller
}

/// State of the partner's own account.
package enum PartnerState: String, Sendable, CaseIterable {
    case active, restricted, frozen
}

/// What a member of a partner may do and see.
package enum MemberRole: String, Sendable, CaseIterable {
    /// All customers and coupons.
    case administrator
    /// The same in this version: members are administered on the server's data folder.
    case `operator`
    /// Only the customers assigned; no coupons.
    case manager

    /// Whether coupons are part of what the role sees.
    package var seesCoupons: Bool { self != .manager }
}

/// The identity of a customer, as the ledger's `customer` register holds it.
package struct Customer: Sendable, Hashable {
    package let key: CustomerKey
    /// The vendor's id, at most 64 characters.
    package let customerID: String
    package let accountName: String
    /// Real name, in any script, at most 128 characters; may be shared by several customers.
    package let name: String
    package let association: AssociationType
    /// Account name of the reseller that freezes and sets budgets for it in the partner's place; nil = the partner.
    package let managedBy: String?
    /// The association has ended.
    package let isFormer: Bool

    package init(
        key: CustomerKey, customerID: String, accountName: String, name: String, association: AssociationType,
        managedBy: String? = nil, isFormer: Bool = false
    ) {
        self.key = key
        self.customerID = customerID
        self.accountName = accountName
        self.name = name
        self.association = association
        self.managedBy = managedBy
        self.isFormer = isFormer
    }
}
