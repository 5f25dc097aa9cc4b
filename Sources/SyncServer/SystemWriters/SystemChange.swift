package import PartnerModel

/// A change of the truth by others than members: the vendor, its machinery, a customer, someone at the console.
package enum SystemChange: Sendable, Hashable {
    /// What a customer has used of its budget at list price, as of now. A budget that freezes when exhausted, freezes.
    case usage(CustomerKey, Money)
    /// A new month begins: monthly usage is 0, the new cycle is an estimate. A budget freeze stays.
    case resetMonth
    case freeze(CustomerKey, FreezeCause, FreezeKind, reason: String)
    /// Lifts the freezes of one cause, whatever their kind.
    case release(CustomerKey, FreezeCause)
    /// The partner's own state. Frozen freezes every reseller customer with its resources; any other lifts just those.
    case partner(PartnerState)
    /// The authorised range of discounts; nil = no permission.
    case range(ClosedRange<BasisPoints>?)
    /// The consumption quota and what is used of it, as of now.
    case quota(ConsumptionQuota)
    case associationType(CustomerKey, AssociationType)
    /// Hands budgets and freezes of a reseller customer to a reseller, by account; nil takes them back.
    case delegate(CustomerKey, String?)
    /// A former customer is a customer again; a reseller customer begins frozen.
    case associate(CustomerKey)
    /// The association ends: contact and budget go, freezes stay as they are.
    case disassociate(CustomerKey)
    /// A customer asks for something that the partner's administrator decides.
    case request(CustomerKey, RequestPurpose, reason: String)
    case budget(CustomerKey, Budget)
    case discount(CustomerKey, Discount?)
    case manager(CustomerKey, String?)
    case label(CustomerKey, String?)
}

/// What became of a change.
package struct SystemOutcome: Sendable, Hashable {
    /// One sentence a change; empty when nothing was written.
    package let changes: [String]
    /// Why nothing was written; empty otherwise.
    package let why: String

    static func changed(_ changes: [String]) -> SystemOutcome { SystemOutcome(changes: changes, why: "") }
    static func unchanged(_ why: String) -> SystemOutcome { SystemOutcome(changes: [], why: why) }

    package var isChange: Bool { !changes.isEmpty }
}
