package import PartnerModel
import SQLiteKit

/// Who a token stands for.
package struct Member: Sendable, Hashable {
    package let partner: String
    package let account: String
    package let rights: MemberRights
    package let scope: Int64
    /// When an administrator ended the member's access; nil while it has any.
    package var disabledAt: Int64?

    /// The role that rules ask for.
    package var role: MemberRole { rights.effective }

    package init(partner: String, account: String, rights: MemberRights, scope: Int64) {
        self.partner = partner
        self.account = account
        self.rights = rights
        self.scope = scope
    }

    package init(partner: String, account: String, role: MemberRole, scope: Int64) {
        self.init(partner: partner, account: account, rights: MemberRights(role), scope: scope)
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
            DirectorySchema.migrations, to: connection, file: "directory", applicationID: Directory.applicationID)
    }

    /// Reads the file and takes the place of its writer for a moment, or says why it can't. Writes nothing.
    package func probe() throws { try connection.probe() }

    /// Adds a partner. Durable on return.
    package func addPartner(_ partner: String, name: String) throws {
        try connection.write { transaction in
            let statement = try transaction.statement("INSERT INTO partner (partner, name) VALUES (?, ?)")
            try statement.bind(1, partner)
            try statement.bind(2, name)
            try statement.run()
        }
    }

    /// Adds a partner with its first administrator and that one's token, all or nothing. Durable on return.
    package func addPartner(_ partner: String, name: String, administrator: Member, token: String, at: Int64) throws {
        try connection.write { transaction in
            let statement = try transaction.statement("INSERT INTO partner (partner, name) VALUES (?, ?)")
            try statement.bind(1, partner)
            try statement.bind(2, name)
            try statement.run()
            try Directory.put(administrator, transaction)
            try Directory.insert(
                token, partner: partner, account: administrator.account, at: at, device: nil, expiresAt: nil,
                replaces: nil, transaction)
        }
    }

    /// The partners, in order of id.
    package func partners() throws -> [String] { try partnerNames().map(\.partner) }

    /// The partners and their names, in order of id.
    package func partnerNames() throws -> [(partner: String, name: String)] {
        try connection.statement("SELECT partner, name FROM partner ORDER BY partner").rows { ($0.text(0), $0.text(1)) }
    }

    /// Adds a member, or gives an existing one another role and scope.
    package func put(_ member: Member) throws {
        try connection.write { transaction in try Directory.put(member, transaction) }
    }

    private static func put(_ member: Member, _ transaction: borrowing Transaction) throws {
        let statement = try transaction.statement(
            """
            INSERT INTO member (partner, account, roles, items, scope) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (partner, account) DO UPDATE
            SET roles = excluded.roles, items = excluded.items, scope = excluded.scope
            """)
        try statement.bind(1, member.partner)
        try statement.bind(2, member.account)
        try statement.bind(3, member.rights.roles.map(\.rawValue).joined(separator: ","))
        try statement.bind(4, member.rights.granted.map(\.rawValue).joined(separator: ","))
        try statement.bind(5, member.scope)
        try statement.run()
    }

    /// Members of a partner, by account.
    package func members(of partner: String) throws -> [Member] {
        let statement = try connection.statement(
            "SELECT partner, account, roles, items, scope, disabled_at FROM member WHERE partner = ? ORDER BY account")
        try statement.bind(1, partner)
        return try statement.rows { row -> Member? in
            var member = Directory.member(row)
            member?.disabledAt = row.optionalInt64(5)
            return member
        }.compactMap { $0 }
    }

    /// Ends a member's access, or opens it again. False when there is no such member, or nothing to change. Machines
    /// that wiped themselves for it are to do so again should it end again.
    package func setDisabled(_ at: Int64?, partner: String, account: String) throws -> Bool {
        try connection.write { transaction in
            let statement = try transaction.statement(
                """
                UPDATE member SET disabled_at = ?3
                WHERE partner = ?1 AND account = ?2 AND (disabled_at IS NULL) IS NOT (?3 IS NULL)
                """)
            try statement.bind(1, partner)
            try statement.bind(2, account)
            try statement.bind(3, at)
            try statement.run()
            guard transaction.changes > 0 else { return false }
            let forget = try transaction.statement(
                "UPDATE token SET wiped_at = NULL WHERE partner = ? AND account = ? AND wipe IS NULL")
            try forget.bind(1, partner)
            try forget.bind(2, account)
            try forget.run()
            return true
        }
    }

    /// The member of a row whose first columns are partner, account, roles, items and scope.
    static func member(_ row: Statement) -> Member? {
        let words = row.text(2).split(separator: ",")
        let roles = words.compactMap { MemberRole(rawValue: String($0)) }
        let items = row.text(3).split(separator: ",").compactMap { PermissionItem(rawValue: String($0)) }
        // A role of a newer version makes nobody more than they are: the member is unknown.
        guard roles.count == words.count,
            let rights = try? MemberRights(roles, items: roles.contains(.operator) ? items : nil)
        else { return nil }
        return Member(partner: row.text(0), account: row.text(1), rights: rights, scope: row.int64(4))
    }
}
