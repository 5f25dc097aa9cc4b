package import PartnerModel
import SyncProtocol

/// An edit as a person asks for it.
package struct EditDraft: Sendable, Hashable {
    package let customer: CustomerKey
    package let intent: EditIntent
    /// Why a conflict is decided so; other edits carry their reason in the intent.
    package let reason: String?
    /// The line of a file that asks for it.
    package let line: LineMark?
    package init(customer: CustomerKey, intent: EditIntent, reason: String? = nil, line: LineMark? = nil) {
        self.customer = customer
        self.intent = intent
        self.reason = reason
        self.line = line
    }
}

/// What tells a line of a file from all others, and what it asks for. Both are hashes, so that a file's names are not
/// kept with an outbox that forgets them.
package struct LineMark: Sendable, Hashable {
    package let key: String
    package let digest: String
    package init(key: String, digest: String) {
        self.key = key
        self.digest = digest
    }
}

/// What a line of a file has become.
package struct AppliedLine: Sendable, Hashable {
    package let digest: String
    package let edit: EditNumber
    package let state: EditState
}

/// What ties the edits that are asked for at once.
package enum EditLink: Sendable, Hashable, CaseIterable {
    /// Each stands for itself.
    case none
    /// Each but the first acts only when the first took effect.
    case dependsOnFirst
    /// They take effect whole or not at all.
    case group

    /// Edits that may be asked for at once; bounds the transaction that keeps them.
    package static let editsMax = 1_000
    /// Edits that may be linked; bounds what the server judges as one.
    package static let linkedMax = 20
    /// Bytes of a group in its wire form: a push takes it whole or it never leaves.
    static let groupBytesMax = ProtocolLimits.pushBytesMax - pushFrameBytes
    /// Bytes of a push around its edits.
    static let pushFrameBytes = 1_024

    /// Numbers of edits that may be tied this way.
    package var counts: ClosedRange<Int> { self == .none ? 1...EditLink.editsMax : 2...EditLink.linkedMax }
}

/// What an edit would do.
package struct EditPreview: Sendable, Hashable {
    /// As it would be sent: an unfreeze names the freezes it lifts.
    package let intent: EditIntent
    package let before: RegisterState
    package let after: RegisterState
    package let base: Version
    package let predecessor: EditNumber?
    /// What the rules make of it on what is known here; nil for a decision.
    package let expected: Prediction?
    /// The edit that was never sent and that goes into this one; `before` is then what stands without it, and `intent`
    /// what both come to.
    package var combines: EditNumber?
}
