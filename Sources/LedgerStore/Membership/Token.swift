import Digests

/// What a replica loses when an administrator ends its access.
package enum Wipe: String, Sendable, CaseIterable {
    /// All that came from the server; the outbox stays, so that a person can export what was not sent.
    case image
    /// The outbox as well.
    case everything
}

/// What a request with a token may do.
package enum Access: Sendable, Hashable {
    /// No token of ours, or one that was revoked.
    case unknown
    /// The end of its time, in seconds since 1970. Told to nobody but the holder of the right token.
    case expired(at: Int64)
    /// An administrator ended the access of the token or of its member.
    case ended(Member, Wipe)
    case granted(Member)
}

/// A token as the directory knows it: by its hash.
package struct Token: Sendable, Hashable {
    /// SHA-256 of the token.
    package let hash: [UInt8]
    package let account: String
    /// What its holder calls the machine.
    package let device: String?
    package let createdAt: Int64
    package let expiresAt: Int64?
    /// To the hour.
    package let lastUsedAt: Int64?
    package let revokedAt: Int64?
    package let wipe: Wipe?
    /// When the replica said that it has wiped.
    package let wipedAt: Int64?

    /// Enough of the hash to tell a member's tokens apart; says nothing of the token.
    package var id: String { String(Hex.encode(hash).prefix(8)) }

    /// Whether the token opens anything at a time, its member being enabled.
    package func isInForce(at seconds: Int64) -> Bool {
        revokedAt == nil && wipe == nil && (expiresAt ?? .max) > seconds
    }
}
