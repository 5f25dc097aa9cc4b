import TestKit
import Testing

/// What the command line tells of a replica, when all is well and when it is not.
@Suite(.serialized) struct CommandLineTests {
    private func text(_ path: String) -> String { String(decoding: readFile(path), as: UTF8.self) }

    @Test func `a set-up that is refused leaves address and token as they were`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        let server = ["setup", "--server", "http://localhost:\(world.port)", "--token-file"]
        let kept = [text("\(ana.home)/config/token"), text("\(ana.home)/config/fieldbook.conf")]
        writeFile(world.folder.file("wrong.token"), "fbt_0000\n")
        #expect(ana.run(server + [world.folder.file("wrong.token")]).code == 77)
        #expect([text("\(ana.home)/config/token"), text("\(ana.home)/config/fieldbook.conf")] == kept)
        ana.startDaemon()
        #expect(ana.sync())
        let stranger = ana.run(server + [world.folder.file("admin.token")])
        #expect(stranger.code == 77 && stranger.errors.contains("belongs to ana of Test Partner, the token to admin"))
        #expect([text("\(ana.home)/config/token"), text("\(ana.home)/config/fieldbook.conf")] == kept)
    }

    @Test func `a daemon cannot be started before a server is named`() {
        let world = World()
        let ana = Person(name: "ana", home: world.folder.file("ana"), world: world)
        let start = ana.run(["daemon", "start"])
        #expect(start.code == 78 && start.errors.contains("fieldbook setup --server"))
    }

    @Test func `an interrupted load is not shown as whole, and a wait asks for a sync at once`() throws {
        let world = World()
        world.seed(bills: 6000)
        world.startServer()
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        let ana = world.member("ana", through: proxy.port)
        let busy = FaultProxy.Fault.instead(status: 502, type: "text/plain", body: "bad gateway")
        proxy.spoil("/sync/v1/snapshot/rows", .none)
        for _ in 0..<100 { proxy.spoil("/sync/v1/snapshot/rows", busy) }
        ana.startDaemon()
        #expect(eventually { ana.phase == "offline" })
        let asked = proxy.count("/sync/v1/snapshot/rows")
        let wait = ana.run(["sync", "--wait", "--timeout", "5"])
        #expect(wait.code == 75 && !wait.errors.contains("100 %"), "\(wait.errors)")
        #expect(proxy.count("/sync/v1/snapshot/rows") > asked)
    }

    @Test func `a decision on its way is told with the conflict and is not asked for again`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        let ben = world.member("ben")
        for person in [ana, ben] {
            person.startDaemon()
            #expect(person.sync())
        }
        let name = try ana.resellers()[0]
        world.stopServer()
        #expect(ana.run(["budget", "set", name, "500"]).code == 0)
        #expect(ben.run(["budget", "set", name, "300"]).code == 0)
        world.startServer()
        #expect(ana.sync() && ben.sync())
        let conflict = try #require(try ben.query("SELECT key FROM conflict").first)
        world.stopServer()
        let check = ben.run(["conflicts", "decide", conflict, "mine", "--dry-run"])
        #expect(check.code == 0 && check.output.hasPrefix("would be saved"))
        #expect(ben.run(["conflicts", "list"]).output.contains(": theirs"))
        #expect(ben.run(["conflicts", "decide", conflict, "mine"]).code == 0)
        let listed = ben.run(["conflicts", "list"])
        #expect(listed.output.contains("edit 2 decides") && !listed.errors.contains("needs you"))
        let shown = ben.run(["conflicts", "show", conflict]).output
        #expect(shown.contains("fieldbook edits show 2") && !shown.contains("decide it:"))
    }

    @Test func `with a revoked token a wait is denied and the edits are counted`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        world.expectServer(["token", "revoke", "ana"])
        #expect(ana.run(["budget", "set", try ana.resellers()[0], "500"]).code == 0)
        #expect(eventually { ana.phase == "needs-login" })
        #expect(ana.run(["sync", "--wait", "--timeout", "60"]).code == 77)
        #expect(ana.run(["status"]).output.contains("does not take your token; 1 edit waits"))
    }

    @Test func `customers who share a name are told apart wherever they are shown`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let account = try ana.resellers()[0]
        let named = "(\(account))"
        #expect(ana.run(["budget", "set", account, "500"]).output.contains(named))
        #expect(ana.run(["budget", "show", account]).output.contains(named))
        for listing in [["edits", "list", "--all"], ["bills", "sum", "--by", "customer"], ["customers", "list"]] {
            let shown = ana.run(listing).output
            #expect(
                shown.split(separator: "\n").first?.contains("ACCOUNT") == true && shown.contains(account), "\(listing)"
            )
        }
    }

    @Test func `every figure carries its age, for people and for programs`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let account = try ana.resellers()[0]
        let commands = [
            ["customers", "list"], ["customers", "show", account], ["bills", "list"], ["bills", "sum"],
            ["coupons", "list"],
            ["budget", "show", account],
        ]
        for command in commands {
            let json = ana.run(command + ["--json"]).output
            #expect(json.contains("\"checkpointAt\": \"20") && json.contains("\"loading\": false"), "\(command)")
            #expect(ana.run(command).errors.contains("data as of 20"), "\(command)")
        }
        #expect(ana.run(["customers", "list", "--json"]).output.contains("\"usedAsOf\": \"20"))
        #expect(ana.run(["bills", "list", "--json"]).output.contains("\"asOf\": \"20"))
    }

    @Test func `a server that cannot listen names the option to change`() {
        let (world, other) = (World(), World())
        world.startServer()
        let taken = other.server(["serve", "--port", "\(world.port)"])
        #expect(taken.code == 1 && taken.errors.contains("--port"))
        let unknown = other.server(["serve", "--address", "300.1.1.1", "--port", "0"])
        #expect(unknown.code == 1 && unknown.errors.contains("--address"))
    }
}
