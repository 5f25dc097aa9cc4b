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

/// A role of a member; `MemberRights` says what several add up to.
package enum MemberRole: String, Sendable, CaseIterable {
    /// Everything.
    case administrator
    /// What the permission items given say.
    case `operator`
    /// The customers assigned to this account.
    case manager
    /// The customers of the account managers below.
    case director

    /// Whether coupons are part of what the role sees when it has all that it can have.
    package var seesCoupons: Bool { self == .administrator || self == .operator }
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
