/// What an association request asks for.
package enum RequestPurpose: String, Sendable, CaseIterable {
    case associate, disassociate
}

/// Where an association request stands. It is decided once.
package enum RequestStatus: String, Sendable, CaseIterable {
    case pending, approved, rejected
}

/// A request to associate or disassociate a customer, which the partner's administrator decides.
package struct AssociationRequest: Sendable, Hashable {
    package let purpose: RequestPurpose
    package let status: RequestStatus
    /// In the words of who asked; may be empty.
    package let reason: String
    package let requestedAt: Timestamp

    package init(purpose: RequestPurpose, status: RequestStatus, reason: String, requestedAt: Timestamp) {
        self.purpose = purpose
        self.status = status
        self.reason = reason
        self.requestedAt = requestedAt
    }

    /// The same request with a decision.
    package func decided(_ status: RequestStatus) -> AssociationRequest {
        AssociationRequest(purpose: purpose, status: status, reason: reason, requestedAt: requestedAt)
    }
}
