import SQLiteKit

/// The replacement of a token by another one of the same member.
extension Directory {
    /// What became of a rotation.
    package enum Rotation: Sendable, Hashable {
        /// The old token ends then; the new one, if at all, later.
        case done(previousEndsAt: Int64, expiresAt: Int64?)
        /// The old token is not in force.
        case notInForce
        /// The member has `tokensMax` tokens in force.
        case tooMany
    }

    /// Lets a new token stand beside an old one, which ends after `overlapSeconds`. It has the old one's device and,
    /// unless `lifetimeSeconds` says otherwise, its span of life. A replacement that was never used ends: the reply
    /// that carried it was lost. Durable on return.
    package func rotate(
        hash old: [UInt8], to token: String, at: Int64, overlapSeconds: Int64, lifetimeSeconds: Int64? = nil
    ) throws -> Rotation {
        try connection.write { transaction in
            let known = try transaction.statement(
                """
                SELECT partner, account, device, lifetime, expires_at FROM token
                WHERE hash = ? AND revoked_at IS NULL AND wipe IS NULL AND coalesce(expires_at, ?2 + 1) > ?2
                """)
            try known.bind(1, blob: old)
            try known.bind(2, at)
            let row = try known.first { row in
                (
                    partner: row.text(0), account: row.text(1), device: row.optionalText(2),
                    lifetime: row.optionalInt64(3),
                    expiresAt: row.optionalInt64(4)
                )
            }
            guard let row else { return .notInForce }
            let unused = try transaction.statement(
                "UPDATE token SET revoked_at = ? WHERE replaces = ? AND last_used_at IS NULL AND revoked_at IS NULL")
            try unused.bind(1, at)
            try unused.bind(2, blob: old)
            try unused.run()
            guard try Directory.inForce(row.partner, row.account, at, transaction) < Directory.tokensMax else {
                return .tooMany
            }
            // Its own end says nothing of its span any more once it was replaced before.
            let expiresAt = (lifetimeSeconds ?? row.lifetime).map { at + $0 }
            try Directory.insert(
                token, partner: row.partner, account: row.account, at: at, device: row.device, expiresAt: expiresAt,
                replaces: old, transaction)
            let end = min(row.expiresAt ?? .max, at + overlapSeconds)
            let shorten = try transaction.statement("UPDATE token SET expires_at = ? WHERE hash = ?")
            try shorten.bind(1, end)
            try shorten.bind(2, blob: old)
            try shorten.run()
            return .done(previousEndsAt: end, expiresAt: expiresAt)
        }
    }

    private static func inForce(
        _ partner: String, _ account: String, _ at: Int64, _ transaction: borrowing Transaction
    ) throws -> Int64 {
        let statement = try transaction.statement(
            """
            SELECT count(*) FROM token
            WHERE partner = ? AND account = ? AND revoked_at IS NULL AND wipe IS NULL
                AND coalesce(expires_at, ?3 + 1) > ?3
            """)
        try statement.bind(1, partner)
        try statement.bind(2, account)
        try statement.bind(3, at)
        return try statement.first { $0.int64(0) } ?? 0
    }
}
