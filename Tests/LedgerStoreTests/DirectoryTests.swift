import LedgerStore
import PartnerModel
import SQLiteKit
import TestKit
import Testing

@Suite struct DirectoryTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("d.db") }

    /// A directory with the member ana of a partner p and one token `old`, made at 100.
    private func make(expiresAt: Int64? = nil) throws -> Directory {
        let directory = try Directory(path: path, create: true)
        try directory.addPartner("p", name: "P")
        try directory.put(Member(partner: "p", account: "ana", role: .operator, scope: 1))
        try directory.addToken(
            "old", partner: "p", account: "ana", at: 100, device: "laptop", expiresAt: expiresAt)
        return directory
    }

    private func access(_ directory: Directory, _ token: String, at: Int64 = 200) throws -> Access {
        try directory.access(hash: Directory.hash(of: token), at: at).access
    }

    private func opens(_ directory: Directory, _ token: String, at: Int64 = 200) throws -> Bool {
        if case .granted(let member) = try access(directory, token, at: at) { return member.account == "ana" }
        return false
    }

    @Test func `a token stands for its member until it is revoked, and is not stored`() throws {
        let directory = try make()
        try directory.addToken("fbt_secret", partner: "p", account: "ana", at: 1)
        #expect(try opens(directory, "fbt_secret"))
        #expect(try access(directory, "fbt_secreu") == .unknown)
        #expect(
            try directory.revokeTokens(
                partner: "p", account: "ana", hash: Directory.hash(of: "fbt_secret"), at: 2) == 1)
        #expect(try access(directory, "fbt_secret") == .unknown)
        #expect(try opens(directory, "old"))
        #expect(try directory.revokeTokens(partner: "p", account: "ana", at: 2) == 1)
        #expect(try access(directory, "old") == .unknown)
        for suffix in ["", "-wal"] {
            #expect(!String(decoding: readFile(path + suffix), as: UTF8.self).contains("fbt_secret"))
        }
    }

    @Test func `a token ends at the second it was given to`() throws {
        let directory = try make(expiresAt: 300)
        #expect(try opens(directory, "old", at: 299))
        #expect(try access(directory, "old", at: 300) == .expired(at: 300))
    }

    @Test func `a wipe outlives the token that it is told by, and a disabled member has no other`() throws {
        let directory = try make(expiresAt: 150)
        try directory.addToken("other", partner: "p", account: "ana", at: 1)
        #expect(try directory.revokeTokens(partner: "p", account: "ana", at: 2) == 2)
        let hash = Directory.hash(of: "old")
        #expect(try directory.wipeTokens(partner: "p", account: "ana", hash: hash, .everything) == 1)
        #expect(try directory.wipeTokens(partner: "p", account: "ana", hash: hash, .everything) == 0)
        let member = try #require(try directory.members(of: "p").first)
        #expect(try access(directory, "old") == .ended(member, .everything))
        #expect(try access(directory, "other") == .unknown)
        #expect(try directory.setDisabled(5, partner: "p", account: "ana"))
        #expect(try !directory.setDisabled(6, partner: "p", account: "ana"))
        #expect(try access(directory, "other") == .ended(member, .image))
        var policy = PartnerPolicy()
        let isSet = policy.set(.accessEnded, "everything")
        #expect(isSet)
        try directory.store(.accessEnded, of: policy, partner: "p")
        #expect(try access(directory, "other") == .ended(member, .everything))
        #expect(try directory.setDisabled(nil, partner: "p", account: "ana"))
        #expect(try access(directory, "other") == .unknown)
    }

    @Test func `a use is written down once an hour`() throws {
        let directory = try make()
        let hash = Directory.hash(of: "old")
        var written: [Int64] = []
        for at in stride(from: Int64(1000), through: 9000, by: 500)
        where try directory.access(hash: hash, at: at).isUseDue {
            try directory.noteUse(hash: hash, at: at)
            written.append(at)
        }
        #expect(written == [1000, 5000, 9000])
        #expect(try directory.tokens(of: "p").map(\.lastUsedAt) == [9000])
    }

    @Test func `a rotated token has the device and span of the old one, which ends after the overlap`() throws {
        let directory = try make(expiresAt: 1100)
        let old = Directory.hash(of: "old")
        let first = try directory.rotate(hash: old, to: "lost", at: 500, overlapSeconds: 50)
        #expect(first == .done(previousEndsAt: 550, expiresAt: 1500))
        // The reply was lost: another is asked for, with the old one.
        #expect(
            try directory.rotate(hash: old, to: "new", at: 510, overlapSeconds: 90)
                == .done(previousEndsAt: 550, expiresAt: 1510))
        #expect(try access(directory, "lost", at: 510) == .unknown)
        #expect(try opens(directory, "new", at: 1509))
        #expect(try access(directory, "old", at: 550) == .expired(at: 550))
        #expect(try directory.rotate(hash: old, to: "late", at: 550, overlapSeconds: 1) == .notInForce)
        #expect(try directory.tokens(of: "p").allSatisfy { $0.device == "laptop" })
    }

    @Test func `a member has a bounded number of tokens, and those that ended do not count`() throws {
        let directory = try make()
        for number in 1..<Directory.tokensMax {
            try directory.addToken("t\(number)", partner: "p", account: "ana", at: 1)
        }
        let old = Directory.hash(of: "old")
        #expect(try directory.rotate(hash: old, to: "new", at: 2, overlapSeconds: 5) == .tooMany)
        #expect(
            try directory.revokeTokens(partner: "p", account: "ana", hash: Directory.hash(of: "t1"), at: 2) == 1)
        #expect(try directory.rotate(hash: old, to: "new", at: 2, overlapSeconds: 5) != .tooMany)
    }

    @Test func `what a policy takes it gives back, and nothing else is taken`() throws {
        let directory = try make()
        for (key, text, isTaken) in [
            (PartnerPolicy.Key.lease, "30d lock", true), (.lease, "1d wipe", true), (.lease, "off", true),
            (.lease, "0d lock", false), (.lease, "3651d lock", false), (.lease, "30 lock", false),
            (.lease, "30d", false),
            (.lease, "-1d lock", false), (.accessEnded, "everything", true), (.accessEnded, "nothing", false),
            (.bills, "since-assignment", true), (.bills, "", false),
        ] {
            var policy = PartnerPolicy()
            let isSet = policy.set(key, text)
            #expect(isSet == isTaken, "\(key) \(text)")
            guard isTaken else { continue }
            try directory.store(key, of: policy, partner: "p")
            #expect(try directory.policy(of: "p")[key] == text)
        }
    }

    @Test func `a directory of the schema before keeps members, tokens and authenticators`() throws {
        let old = try Connection(path: path, mode: .create, durability: .full)
        try old.execute(
            """
            CREATE TABLE schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
            CREATE TABLE partner (partner TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
            CREATE TABLE member (partner TEXT NOT NULL REFERENCES partner, account TEXT NOT NULL, role TEXT NOT NULL,
                scope INTEGER NOT NULL, PRIMARY KEY (partner, account)) STRICT;
            CREATE TABLE token (hash BLOB PRIMARY KEY, partner TEXT NOT NULL, account TEXT NOT NULL,
                created_at INTEGER NOT NULL, revoked_at INTEGER,
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)) STRICT;
            CREATE TABLE step_up (partner TEXT NOT NULL, account TEXT NOT NULL, secret BLOB NOT NULL,
                last_step INTEGER NOT NULL, enrolled_at INTEGER NOT NULL, PRIMARY KEY (partner, account),
                FOREIGN KEY (partner, account) REFERENCES member (partner, account)) STRICT;
            CREATE TABLE step_up_failure (id INTEGER PRIMARY KEY, partner TEXT NOT NULL, account TEXT NOT NULL,
                at INTEGER NOT NULL, FOREIGN KEY (partner, account) REFERENCES member (partner, account)) STRICT;
            CREATE INDEX step_up_failure_account ON step_up_failure (partner, account, at);
            INSERT INTO partner VALUES ('p', 'P');
            INSERT INTO member VALUES ('p', 'ana', 'operator', 1), ('p', 'mona', 'manager', 2);
            INSERT INTO token VALUES (unhex32('old'), 'p', 'ana', 1, NULL);
            INSERT INTO step_up VALUES ('p', 'mona', x'07', 4, 1);
            INSERT INTO step_up_failure VALUES (1, 'p', 'mona', 9);
            PRAGMA user_version = 2; PRAGMA application_id = 1178747953;
            """.replacing("unhex32('old')", with: "x'\(hex(Directory.hash(of: "old")))'"))
        old.close()
        let directory = try Directory(path: path, create: false)
        #expect(
            try directory.members(of: "p").map { "\($0.account) \($0.role) \($0.scope)" } == [
                "ana operator 1", "mona manager 2",
            ])
        #expect(try opens(directory, "old"))
        #expect(try directory.setStepUp(nil, partner: "p", account: "mona", at: 10))
        let fresh = try Directory(path: folder.file("fresh.db"), create: true)
        #expect(try schema(folder.file("fresh.db")) == schema(path))
        _ = fresh
    }

    private func schema(_ path: String) throws -> [String] {
        try Connection(path: path, mode: .readWrite, durability: .reader)
            .statement("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").rows { $0.text(0) }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
