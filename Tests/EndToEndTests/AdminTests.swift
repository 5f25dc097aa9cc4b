import SQLiteKit
import TestKit
import Testing

@Suite(.serialized) struct AdminTests {
    private func expect(_ outcome: World.Outcome, _ code: Int32 = 0, says text: String) {
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect((outcome.output + outcome.errors).contains(text), "\(outcome.output)\(outcome.errors)")
    }

    @Test func `changes by others reach a replica while the server serves, and the history tells them`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let name = try #require(try ana.resellers().first)
        expect(
            world.server(["admin", "budget", name, "100", "--on-exhaustion", "freeze", "--by", "li.wei"]), says: "->")
        expect(world.server(["admin", "usage", name, "100.5"]), says: "budget exhausted")
        expect(world.server(["admin", "manager", name, "mona"]), says: "mona")
        expect(world.server(["admin", "label", name, "gold"]), says: "gold")
        expect(world.server(["admin", "label", name, "gold"]), says: "nothing changed")
        #expect(ana.sync())
        #expect(try ana.query("SELECT budget FROM customers WHERE account_name = '\(name)'") == ["100.00000000"])
        #expect(try ana.query("SELECT freeze FROM customers WHERE account_name = '\(name)'") == ["account"])
        #expect(world.difference(ana) == nil)
        let shown = world.server(["history", name])
        for text in ["li.wei", "usage ", "account (budget: budget exhausted: 100.50 used of 100.00)", "none -> gold"] {
            expect(shown, says: text)
        }
        let json = world.server(["history", name, "--limit", "1", "--json"])
        expect(json, says: "\"after\": \"gold\"")
        #expect(!json.output.contains("li.wei"))
    }

    @Test func `a command that finds the ledger in use waits for its turn`() throws {
        let world = World()
        world.seed()
        let ledger = try Connection(path: try world.ledgerFile(), mode: .readWrite, durability: .full)
        try ledger.execute("BEGIN IMMEDIATE")
        let command = ChildProcess(
            ChildProcess.program("fieldbook-server"), ["admin", "partner", "restricted", "--data", world.data])
        #expect(command.wait(seconds: 1) == nil)
        try ledger.execute("COMMIT")
        #expect(command.wait() == 0)
        #expect(command.output.hasPrefix("partner: active -> restricted\n"))
    }

    @Test func `an edit valid through a month that the clock has passed expires`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let names = try ana.resellers()
        world.stopServer()
        #expect(ana.run(["budget", "set", names[0], "500", "--through", "this-cycle"]).code == 0)
        #expect(ana.run(["budget", "set", names[1], "500"]).code == 0)
        expect(world.server(["clock", "advance", "32d"]), says: "32d ahead of this machine's")
        world.startServer()
        #expect(eventually { (try? ana.edits().map(\.result)) == ["expired", "applied"] })
        expect(world.server(["clock", "set", "2026-01-01"]), 65, says: "it would go back by")
        expect(world.server(["clock", "reset"]), says: "went back by 32d")
    }

    @Test func `a customer that leaves loses its contact on every replica`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let name = try #require(try ana.resellers().first)
        expect(world.server(["admin", "disassociate", name]), says: "disassociated")
        expect(world.server(["admin", "usage", name, "1"]), 65, says: "is a former customer")
        #expect(ana.sync())
        let contacts = "SELECT count(*) FROM contact JOIN customer USING (key) WHERE account_name = '\(name)'"
        #expect(try ana.query(contacts) == ["0"])
        #expect(world.difference(ana) == nil)
        expect(world.server(["admin", "associate", name]), says: "on-association")
        #expect(ana.sync())
        #expect(world.difference(ana) == nil)
    }

    @Test func `words that are not known are told with those that are`() {
        let world = World()
        world.seed()
        expect(world.server(["admin", "partner", "asleep"]), 64, says: "active, restricted, frozen")
        expect(world.server(["admin", "usage", "nobody", "5"]), 65, says: "there is none of that id or account name")
        expect(world.server(["admin", "usage", "acct-7-0", "five"]), 64, says: "is no amount")
        expect(world.server(["admin", "freeze", "acct-7-0", "--reason", "x"]), 64, says: "--cause is missing")
        expect(world.server(["admin", "range", "20", "10"]), 64, says: "LOW is above HIGH")
        expect(world.server(["clock", "advance", "soon"]), 64, says: "is no duration")
    }
}
