import SQLiteKit
import TestKit
import Testing

/// Phones and mails of contacts stand in the database files, and elsewhere only for who asks.
@Suite(.serialized) struct PersonalDataTests {
    /// Every phone and mail address that the server holds.
    private func secrets(_ world: World) throws -> [String] {
        let ledger = try Connection(path: try world.ledgerFile(), mode: .readWrite, durability: .reader)
        defer { ledger.close() }
        let pairs = try ledger.statement("SELECT phone, email FROM contact").rows { [$0.text(0), $0.text(1)] }
        return pairs.flatMap { $0 }
    }

    private func told(_ text: String, of secrets: [String]) -> [String] { secrets.filter { text.contains($0) } }

    @Test func `nothing of a contact stands in any log or output of a load, edits and failures`() throws {
        let world = World()
        world.seed(customers: 12, bills: 400)
        world.startServer(level: "trace")
        let known = try secrets(world)
        #expect(known.count == 24)
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        var ana = world.member("ana", role: ["--role", "administrator"], through: proxy.port)
        ana.level = "trace"
        proxy.spoil("/sync/v1/snapshot/rows", .cutReply(after: 6_000))
        proxy.spoil("/sync/v1/snapshot/rows", .damage("\"\(known[1])\"", by: "7"))
        proxy.spoil("/sync/v1/snapshot/rows", .instead(status: 500, type: "text/plain", body: known[1]))
        var outputs = ""
        func run(_ words: String...) {
            let outcome = ana.run(words)
            outputs += outcome.output + outcome.errors
        }
        run("daemon", "start")
        for _ in 0..<4 { run("sync", "--wait", "--timeout", "30") }
        #expect(ana.phase == "in-sync")
        let names = try ana.resellers()
        run("budget", "set", names[0], "500")
        run("freeze", names[0], "--reason", "late")
        run("label", "set", names[0], "gold")
        run("discount", "set", names[0], "3", "--until", "2027-01-01")
        world.expectServer(["admin", "disassociate", names[1], "--by", "vendor"])
        run("sync", "--wait")
        for json in [[], ["--json"]] {
            for words in [
                ["status"], ["customers", "list"], ["customers", "search", "acct"], ["customers", "show", names[0]],
                ["customers", "show", names[1]], ["history", names[0]], ["edits", "list", "--all"],
                ["edits", "show", "1"],
                ["conflicts", "list"], ["bills", "list"], ["coupons", "list"], ["budget", "show", names[0]],
            ] {
                let outcome = ana.run(words + json)
                outputs += outcome.output + outcome.errors
            }
        }
        run("conflicts", "export")
        run("daemon", "stop")
        let log = String(decoding: readFile("\(ana.home)/state/daemon.log"), as: UTF8.self)
        #expect(log.contains("event=exchange-failed") && log.contains("level=debug"))
        #expect(world.serverLog.contains("event=request"))
        #expect(told(log, of: known) == [])
        #expect(told(world.serverLog, of: known) == [])
        #expect(told(outputs, of: known) == [])
        #expect(try ana.query("SELECT count(*) FROM contact WHERE phone IS NOT NULL") == ["11"])
    }

    @Test func `a contact is shown masked, and whole to who asks`() throws {
        let world = World()
        world.seed(customers: 3, bills: 10)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let phone = try #require(
            try ana.query("SELECT phone FROM contact JOIN customer USING (key) WHERE account_name = 'acct-7-0'").first)
        let masked = "+86 *** **\(phone.suffix(2))"
        let show = ["customers", "show", "acct-7-0"]
        for (words, seen) in [
            (show, [masked, "b***@customer-0.example"]),
            (show + ["--show-personal"], ["+86 \(phone)", "billing@customer-0.example"]),
        ] {
            let text = ana.run(words).output
            let json = ana.run(words + ["--json"]).output
            for value in seen { #expect(text.contains(value) && json.contains("\"\(value)\"")) }
        }
        #expect(ana.run(show + ["--json"]).output.contains("\"personalDataShown\": false"))
    }

    @Test func `the server's dump masks contacts unless it is asked for them whole`() throws {
        let world = World()
        world.seed(customers: 4, bills: 10)
        let known = try secrets(world)
        let masked = world.server(["dump", "--entity", "contact"])
        #expect(masked.code == 0 && told(masked.output, of: known) == [])
        #expect(masked.output.contains("\"*** **") && masked.output.contains("\"b***@customer-0.example\"]"))
        let whole = world.server(["dump", "--entity", "contact", "--show-personal"])
        #expect(told(whole.output, of: known) == known)
        #expect(whole.output.split(separator: "\n").count == masked.output.split(separator: "\n").count)
    }
}
