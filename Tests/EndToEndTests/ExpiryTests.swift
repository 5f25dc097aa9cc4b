import Diagnostics
import Digests
import SQLiteKit
import TestKit
import Testing

/// An access that ended by time pauses; the same member's next token goes on with the same queue.
@Suite(.serialized) struct ExpiryTests {
    @Test func `edits made before, during and after a token's end all arrive, once and in order`() throws {
        let world = World()
        world.seed(bills: 200)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let names = try ana.resellers()
        world.stopServer()
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        world.expectServer(["token", "revoke", "ana"])
        world.startServer()
        #expect(ana.run(["sync", "--wait", "--timeout", "120"]).code == 77)
        #expect(ana.phase == "needs-login")
        #expect(ana.run(["budget", "adjust", names[0], "+50"]).code == 0)
        let status = ana.run(["status"]).output
        #expect(status.contains("fieldbook login") && status.contains("2 edits wait"), "\(status)")
        ana.killDaemon()
        #expect(try ana.edits().map(\.number) == [1, 2])
        ana.startDaemon()
        try renew("ana", as: "fbt_renewed", world)
        writeFile(world.folder.file("new.token"), "fbt_renewed\n")
        let login = ana.run(["login", "--server", world.address, "--token-file", world.folder.file("new.token")])
        #expect(login.code == 0, "\(login.errors)")
        #expect(ana.run(["budget", "adjust", names[0], "+5"]).code == 0)
        #expect(ana.sync())
        #expect(try ana.edits().map(\.number) == [1, 2, 3])
        #expect(try ana.edits().map(\.result) == ["applied", "applied", "applied"])
        #expect(try ana.query("SELECT budget FROM customers WHERE account_name = '\(names[0])'") == ["555.00000000"])
        #expect(try world.historyActions().filter { $0 == "applied" }.count == 3)
        #expect(world.difference(ana) == nil)
    }

    /// Another token for a member, as an administrator would hand it out.
    private func renew(_ account: String, as token: String, _ world: World) throws {
        let directory = try Connection(path: "\(world.data)/directory.db", mode: .readWrite, durability: .full)
        defer { directory.close() }
        try directory.write { transaction in
            let statement = try transaction.statement(
                """
                INSERT INTO token (hash, partner, account, created_at)
                SELECT ?, partner, account, created_at FROM token WHERE account = ?
                """)
            try statement.bind(1, blob: SHA256.digest(Array(token.utf8)))
            try statement.bind(2, account)
            try statement.run()
        }
    }
}
