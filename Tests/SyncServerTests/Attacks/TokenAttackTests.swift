import Diagnostics
import HTTPKit
import LedgerStore
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Attempts to come in without a token in force.
@Suite struct TokenAttackTests {
    private let attacked: AttackedServer
    private var server: TestServer { attacked.server }

    init() throws { attacked = try AttackedServer() }

    private func hello(_ fields: String) -> Int {
        status(attacked.exchange("GET /sync/v1/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)\r\n"))
    }

    @Test func `a token that is wrong, cut, longer, revoked, past its end or of another server opens nothing`() throws {
        let (directory, partner) = (try server.folder.openDirectory(), try server.folder.onlyPartner())
        let foreign = try #require(try TestServer().tokens["mona"])
        let right = try #require(server.tokens["ana"])
        let now = server.clock.now().seconds
        try directory.addToken("fbt_late", partner: partner, account: "ana", at: 1, expiresAt: now)
        try directory.addToken("fbt_gone", partner: partner, account: "ana", at: 1)
        #expect(
            try directory.revokeTokens(
                partner: partner, account: "ana", hash: Directory.hash(of: "fbt_gone"), at: now) == 1)
        var words: [[UInt8]] = []
        for token in [
            "fbt_wrong", String(right.dropLast()), right + "0", right.uppercased(), "fbt_late", "fbt_gone", "", " ",
            String(repeating: "f", count: 9000), "' OR 1=1 --",
        ] {
            #expect(hello("Authorization: Bearer \(token)\r\n") == 401)
            let reply = server.send("GET", "/sync/v1/hello", token: token)
            if token != "fbt_late" { words.append(server.bytes(reply)) }
        }
        #expect(words.allSatisfy { $0 == words[0] })
        // The tests' chance repeats itself, so that the other server's tokens are ours; made anew it opens nothing.
        #expect(foreign == server.tokens["mona"])
        #expect(hello("Authorization: Bearer \(DataFolder.makeToken(CountingChance(seed: 77)))\r\n") == 401)
        #expect(hello(attacked.authorization("ana")) == 200)
        #expect(attacked.logHolds(noneOf: ["fbt_wrong", "fbt_late", "fbt_gone", "OR 1=1"]) && attacked.servesOthers())
    }

    @Test func `a token anywhere but in its field is not looked at, and does not come into the log`() throws {
        let token = try #require(server.tokens["ana"])
        for target in ["?token=\(token)", "?access_token=\(token)", "?Authorization=Bearer%20\(token)", "/\(token)"] {
            let reply = attacked.exchange(
                "GET /sync/v1/hello\(target) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect([401, 404].contains(status(reply)))
        }
        for fields in [
            "Cookie: token=\(token)\r\n", "X-Auth-Token: \(token)\r\n", "Authorization: Basic \(token)\r\n",
            "Authorization: \(token)\r\n", "Proxy-Authorization: Bearer \(token)\r\n",
            "Authorization: Bearer \(token)\r\nAuthorization: Bearer fbt_other\r\n",
            "Authorization: Bearer fbt_other\r\nauthorization: Bearer \(token)\r\n",
        ] { #expect(hello(fields) == 401, "\(fields.prefix(30))") }
        #expect(attacked.log.contains("status=401") && attacked.log.contains("path=other"))
        #expect(attacked.logHolds(noneOf: [token]) && attacked.servesOthers())
    }

    @Test func `a fresh token is in its reply and nowhere else`() throws {
        let reply = server.send("POST", "/sync/v1/token")
        let fresh = try WireCoding.decode(V1.NewToken.self, from: server.bytes(reply)).token
        #expect(reply.headers["Cache-Control"] == "no-store" && hello("Authorization: Bearer \(fresh)\r\n") == 200)
        #expect(attacked.logHolds(noneOf: [fresh]))
        for suffix in ["", "-wal"] {
            let file = String(decoding: readFile(server.folder.directoryFile + suffix), as: UTF8.self)
            #expect(!file.contains(fresh) && !file.contains(fresh.dropFirst(4)))
        }
    }
}
