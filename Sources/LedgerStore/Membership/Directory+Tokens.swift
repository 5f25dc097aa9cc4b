import Digests
import SQLiteKit

/// Tokens: what they open, how they end and are replaced. The directory holds their hashes, so the time that a look-up
/// takes tells nothing of a token.
extension Directory {
    /// Tokens of a member that may be in force at once.
    package static let tokensMax: Int64 = 20
    /// Seconds within which a further use of a token is not written down.
    package static let useSeconds: Int64 = 3600

    /// The key of a token in the directory.
    package static func hash(of token: String) -> [UInt8] { SHA256.digest(Array(token.utf8)) }

    /// Lets a token stand for a member from now on. Durable on return.
    package func addToken(
        _ token: String, partner: String, account: String, at: Int64, device: String? = nil, expiresAt: Int64? = nil
    ) throws {
        try connection.write { transaction in
            try Directory.insert(
                token, partner: partner, account: account, at: at, device: device, expiresAt: expiresAt, replaces: nil,
                transaction)
        }
    }

    /// What a token opens at a time of the machine's clock, and whether its use is to be written down. A wipe outlives
    /// the token: a machine whose token ended before is told it all the same.
    package func access(hash: [UInt8], at: Int64) throws -> (access: Access, isUseDue: Bool) {
        let statement = try connection.statement(
            """
            SELECT m.partner, m.account, m.roles, m.items, m.scope, m.disabled_at, t.revoked_at, t.expires_at, t.wipe,
                t.last_used_at, (SELECT value FROM policy p WHERE p.partner = m.partner AND p.key = 'access-ended')
            FROM token t JOIN member m USING (partner, account) WHERE t.hash = ?
            """)
        try statement.bind(1, blob: hash)
        let row = try statement.first { row in
            (
                member: Directory.member(row), isDisabled: row.optionalInt64(5) != nil,
                isRevoked: row.optionalInt64(6) != nil, expiresAt: row.optionalInt64(7),
                wipe: row.optionalText(8).flatMap(Wipe.init(rawValue:)), lastUsedAt: row.optionalInt64(9),
                whenEnded: row.optionalText(10).flatMap(Wipe.init(rawValue:)) ?? .image
            )
        }
        guard let row, let member = row.member else { return (.unknown, false) }
        if let wipe = row.wipe { return (.ended(member, wipe), false) }
        if row.isDisabled { return (.ended(member, row.whenEnded), false) }
        if row.isRevoked { return (.unknown, false) }
        if let end = row.expiresAt, end <= at { return (.expired(at: end), false) }
        let isUseDue = row.lastUsedAt.map { at - $0 >= Directory.useSeconds || at < $0 } ?? true
        return (.granted(member), isUseDue)
    }

    /// Writes down that a token was used. Durable on return.
    package func noteUse(hash: [UInt8], at: Int64) throws {
        try connection.write { transaction in
            let statement = try transaction.statement("UPDATE token SET last_used_at = ? WHERE hash = ?")
            try statement.bind(1, at)
            try statement.bind(2, blob: hash)
            try statement.run()
        }
    }

    /// A partner's tokens, or those of one account, by account and age.
    package func tokens(of partner: String, account: String? = nil) throws -> [Token] {
        let statement = try connection.statement(
            """
            SELECT hash, account, device, created_at, expires_at, last_used_at, revoked_at, wipe, wiped_at FROM token
            WHERE partner = ?1 AND (?2 IS NULL OR account = ?2) ORDER BY account, created_at, hash
            """)
        try statement.bind(1, partner)
        try statement.bind(2, account)
        return try statement.rows { row in
            Token(
                hash: row.blob(0), account: row.text(1), device: row.optionalText(2), createdAt: row.int64(3),
                expiresAt: row.optionalInt64(4), lastUsedAt: row.optionalInt64(5), revokedAt: row.optionalInt64(6),
                wipe: row.optionalText(7).flatMap(Wipe.init(rawValue:)), wipedAt: row.optionalInt64(8))
        }
    }

    /// Revokes all tokens of a member, or the one of a hash, and returns how many were not revoked before.
    package func revokeTokens(partner: String, account: String, hash: [UInt8]? = nil, at: Int64) throws -> Int {
        try mark("revoked_at = ?4", where: "revoked_at IS NULL", partner, account, hash) { try $0.bind(4, at) }
    }

    /// Has every machine that comes with a member's tokens, or with the one of a hash, wipe itself, be the token in
    /// force or not. Returns how many were not marked so before.
    package func wipeTokens(partner: String, account: String, hash: [UInt8]? = nil, _ wipe: Wipe) throws -> Int {
        try mark("wipe = ?4, wiped_at = NULL", where: "wipe IS NOT ?4", partner, account, hash) {
            try $0.bind(4, wipe.rawValue)
        }
    }

    /// Notes that the machine of a token has wiped itself; the first time counts.
    package func noteWiped(hash: [UInt8], at: Int64) throws {
        try connection.write { transaction in
            let statement = try transaction.statement(
                "UPDATE token SET wiped_at = ? WHERE hash = ? AND wiped_at IS NULL")
            try statement.bind(1, at)
            try statement.bind(2, blob: hash)
            try statement.run()
        }
    }

    private func mark(
        _ sets: String, where condition: String, _ partner: String, _ account: String, _ hash: [UInt8]?,
        bind: (Statement) throws -> Void
    ) throws -> Int {
        try connection.write { transaction in
            let statement = try transaction.statement(
                """
                UPDATE token SET \(sets)
                WHERE partner = ?1 AND account = ?2 AND (?3 IS NULL OR hash = ?3) AND \(condition)
                """)
            try statement.bind(1, partner)
            try statement.bind(2, account)
            if let hash { try statement.bind(3, blob: hash) } else { try statement.bindNull(3) }
            try bind(statement)
            try statement.run()
            return transaction.changes
        }
    }

    static func insert(
        _ token: String, partner: String, account: String, at: Int64, device: String?, expiresAt: Int64?,
        replaces: [UInt8]?, _ transaction: borrowing Transaction
    ) throws {
        let statement = try transaction.statement(
            """
            INSERT INTO token (hash, partner, account, device, created_at, expires_at, lifetime, replaces)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6 - ?5, ?7)
            """)
        try statement.bind(1, blob: hash(of: token))
        try statement.bind(2, partner)
        try statement.bind(3, account)
        try statement.bind(4, device)
        try statement.bind(5, at)
        try statement.bind(6, expiresAt)
        if let replaces { try statement.bind(7, blob: replaces) } else { try statement.bindNull(7) }
        try statement.run()
    }
}
