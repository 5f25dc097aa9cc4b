package import PartnerModel
package import SyncProtocol

/// Something that a person may want to be told when it comes in: a change of the image that others or the machine
/// made, or the end of an edit of one's own.
package enum Notice: Sendable, Hashable {
    /// A conflict opened that is of this replica, or that its member may decide.
    case conflict(Conflict)
    /// A customer was frozen, and not by this member.
    case frozen(NoticedCustomer, [Freeze])
    /// Usage reached another share of a customer's budget.
    case budget(NoticedCustomer, Share)
    /// Usage reached another share of the partner's consumption quota.
    case quota(Share)
    /// An edit of this replica was refused for good.
    case refused(NoticedCustomer, Refusal)

    package struct NoticedCustomer: Sendable, Hashable {
        package let key: CustomerKey
        /// Nil when it is not in this replica any more.
        package let accountName: String?
    }

    package struct Conflict: Sendable, Hashable {
        package let key: ConflictKey
        package let customer: NoticedCustomer
        package let register: String
        package let isMine: Bool
        package let mineBy: String
        package let theirsBy: String?
        /// Seconds since 1970 by the server.
        package let heldAt: Int64
        package let deadline: Int64?
    }

    package struct Share: Sendable, Hashable {
        package let percent: Int
        package let used: Money
        package let amount: Money
    }

    package struct Refusal: Sendable, Hashable {
        package let number: EditNumber
        package let kind: EditKind
        package let register: Register
        package let code: ResultCode
        package let message: String?
    }
}
