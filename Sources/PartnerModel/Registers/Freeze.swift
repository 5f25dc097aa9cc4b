/// What a freeze stops.
package enum FreezeKind: String, Sendable, CaseIterable, Comparable {
    /// No purchase, renewal or change; running resources keep costing.
    case account
    /// Also the resources; data is deleted if this stands about 15 days.
    case accountAndResources = "account-and-resources"

    private var strictness: Int { self == .account ? 0 : 1 }
    package static func < (left: FreezeKind, right: FreezeKind) -> Bool { left.strictness < right.strictness }
}

/// Who or what put a freeze in place.
package enum FreezeCause: String, Sendable, CaseIterable {
    case onAssociation = "on-association"
    case manual
    case budget
    case partnerState = "partner-state"
    case vendor

    /// Whether a partner may lift it. A freeze by the partner's own state or by the vendor lifts with its cause.
    package var isLiftedByPartner: Bool { self == .onAssociation || self == .manual || self == .budget }
}

/// One member of a customer's set of freezes. The customer's state is the strictest member.
package struct Freeze: Sendable, Hashable {
    /// Minted by the ledger, unique in a partner.
    package let id: Int64
    package let kind: FreezeKind
    package let cause: FreezeCause
    package let reason: String
    /// Account name of the author, or `system`.
    package let author: String
    package let at: Timestamp

    package init(id: Int64, kind: FreezeKind, cause: FreezeCause, reason: String, author: String, at: Timestamp) {
        self.id = id
        self.kind = kind
        self.cause = cause
        self.reason = reason
        self.author = author
        self.at = at
    }
}

extension [Freeze] {
    /// The strictest kind in the set; nil when nothing is frozen.
    package var strictestKind: FreezeKind? { map(\.kind).max() }
}
