import Digests
package import PartnerModel
import SQLiteKit

/// Who a token stands for.
package struct Member: Sendable, Hashable {
    package let partner: String
    package let account: String
    package let role: MemberRole
    package let scope: Int64

    package init(partner: String, account: String, role: MemberRole, scope: Int64) {
        self.partner = partner
        self.account = account
        self.role = role
        self.scope = scope
    }
}

/// The directory of a data folder: partners, their members, and the hashes of their tokens. A token itself is never
/// stored.
package final class Directory {
    static let applicationID: Int32 = 0x4642_4431

    let connection: Connection

    /// Opens or makes the directory file.
    package init(path: String, create: Bool) throws {
        connection = try Connection(path: path, mode: create ? .create : .readWrite, durability: .full)
        try Migrator.apply(
            [Directory.initial, Directory.stepUp], to: connection, file: "directory",
            applicationID: Directory.applicationID)
    }

    /// Adds a partner. Durable on return.
    package func addPartner(_ partner: String, name: String) throws {
        try connection.write { transaction in
            let statement = try transaction.statement("INSERT INTO partner (partner, name) VALUES (?, ?)")
            try statement.bind(1, partner)
            try statement.bind(2, name)
            try statement.run()
        }
    }

    /// The partners, in order of id.
    package func partners() throws -> [String] {
        try connection.statement("SELECT partner FROM partner ORDER BY partner").rows { $0.text(0) }
    }

    /// Adds a member, or gives an existing one another role and scope.
    package func put(_ member: Member) throws {
        try connection.write { transaction in
            let statement = try transaction.statement(
                """
                INSERT INTO member (partner, account, role, scope) VALUES (?, ?, ?, ?)
                ON CONFLICT (partner, account) DO UPDATE SET role = excluded.role, scope = excluded.scope
                """)
            try statement.bind(1, member.partner)
            try statement.bind(2, member.account)
            try statement.bind(3, member.role.rawValue)
            try statement.bind(4, member.scope)
            try statement.run()
        }
    }

    /// Members of a partner, by account.
    package func members(of partner: String) throws -> [Member] {
        let statement = try connection.statement(
            "SELECT account, role, scope FROM member WHERE partner = ? ORDER BY account")
        try statement.bind(1, partner)
        return try statement.rows { row in
            Member(
                partner: partner, account: row.text(0), role: MemberRole(rawValue: row.text(1)) ?? .manager,
                scope: row.int64(2))
        }
    }

    /// Lets a token stand for a member from now on.
    package func addToken(_ token: String, partner: String, account: String, at: Int64) throws {
        try connection.write { transaction in
            let statement = try transaction.statement(
                "INSERT INTO token (hash, partner, account, created_at) VALUES (?, ?, ?, ?)")
            try statement.bind(1, blob: SHA256.digest(Array(token.utf8)))
            try statement.bind(2, partner)
            try statement.bind(3, account)
            try statement.bind(4, at)
            try statement.run()
        }
    }

    /// Revokes all tokens of a member and returns how many were in force.
    package func revokeTokens(partner: String, account: String, at: Int64) throws -> Int {
        try connection.write { transaction in
            let statement = try transaction.statement(
                "UPDATE token SET revoked_at = ? WHERE partner = ? AND account = ? AND revoked_at IS NULL")
            try statement.bind(1, at)
            try statement.bind(2, partner)
            try statement.bind(3, account)
            try statement.run()
            return transaction.changes
        }
    }

    /// The member of a token in force; nil for any other text. The look-up is by hash, so its time tells nothing of
    /// the token.
    package func member(token: String) throws -> Member? {
        let statement = try connection.statement(
            """
            SELECT m.partner, m.account, m.role, m.scope FROM token t JOIN member m USING (partner, account)
            WHERE t.hash = ? AND t.revoked_at IS NULL
            """)
        try statement.bind(1, blob: SHA256.digest(Array(token.utf8)))
        return try statement.first { row in
            MemberRole(rawValue: row.text(2)).map {
                Member(partner: row.text(0), account: row.text(1), role: $0, scope: row.int64(3))
            }
        } ?? nil
    }

    private static let initial = Migration(
        number: 1, name: "initial",
        sql: """
            CREATE TABLE partner (partner TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
            CREATE TABLE member (
                partner TEXT NOT NULL REFERENCES partner, account TEXT NOT NULL,
                role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'manager')), scope INTEGER NOT NULL,
                PRIMARY KEY (partner, account)
            ) STRICT;
            CREATE TABLE token (
                hash BLOB PRIMARY KEY, partner TEXT NOT NULL, account TEXT NOT NULL, created_at INTEGER NOT NULL,
                revoked_at INTEGER, FOREIGN KEY (partner, account) REFERENCES member (partner, account)
            ) STRICT;
            """)
}
