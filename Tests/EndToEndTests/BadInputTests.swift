import Glibc
import HTTPKit
import SQLiteKit
import TestKit
import Testing

/// Bad input gets a clear error and the right exit code, and loses nothing.
@Suite(.serialized) struct BadInputTests {
    @Test(arguments: [
        FaultProxy.Fault.instead(
            status: 200, type: "text/html", body: "<html><body>Please log in to the hotel network</body></html>"),
        .instead(status: 200, type: "application/json", body: "{\"protocol\": 1, \"software\": "),
        .instead(status: 200, type: "application/json", body: "\u{1}\u{2}junk"),
        .instead(status: 502, type: "text/plain", body: "bad gateway"),
        .cutReply(after: 20),
    ])
    func `a spoiled reply is told, nothing is lost, and the next try succeeds`(fault: FaultProxy.Fault) throws {
        let world = World()
        world.seed()
        world.startServer()
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        let ana = world.member("ana", through: proxy.port)
        for path in ["/sync/v1/hello", "/sync/v1/snapshot/rows", "/sync/v1/changes", "/sync/v1/push"] {
            proxy.spoil(path, fault)
        }
        ana.startDaemon()
        #expect(eventually { ana.run(["status", "--json"]).output.contains("\"problem\": {") })
        #expect(eventually { ana.sync(seconds: 5) })
        let names = try ana.resellers()
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        #expect(eventually { ana.sync(seconds: 5) && (try? ana.edits().first?.state) == "settled" })
        #expect(world.difference(ana) == nil)
    }

    @Test func `a wrong token is refused at set-up and pauses a daemon without losing edits`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        writeFile(world.folder.file("wrong.token"), "fbt_0000\n")
        let refused = ana.run([
            "setup", "--server", "http://127.0.0.1:\(world.port)", "--token-file", world.folder.file("wrong.token"),
        ])
        #expect(refused.code == 77)
        #expect(!refused.errors.contains("fbt_0000"))
        _ = ana.run([
            "setup", "--server", "http://127.0.0.1:\(world.port)", "--token-file", world.folder.file("ana.token"),
        ])
        ana.startDaemon()
        #expect(ana.sync())
        world.expectServer(["token", "revoke", "ana"])
        #expect(ana.run(["budget", "set", try ana.resellers()[0], "500"]).code == 0)
        #expect(eventually { ana.phase == "needs-login" })
        #expect(["saved", "sent"].contains(try ana.edits()[0].state))
        let log = String(decoding: readFile("\(ana.home)/state/daemon.log"), as: UTF8.self)
        #expect(!log.contains("fbt_"))
    }

    @Test func `an answer that cannot be written is a failure, and set-up never overwrites settings it cannot read`()
        throws
    {
        for program in ["fieldbook", "fieldbookd", "fieldbook-server"] {
            let told = ChildProcess("/bin/sh", ["-c", "exec \(ChildProcess.program(program)) --help > /dev/full"])
            #expect(told.wait() == 1, "\(program)")
            #expect(told.errors.contains("No space left"), "\(program)")
        }
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        let path = "\(ana.home)/config/fieldbook.conf"
        writeFile(path, "no equals sign here\n")
        let refused = ana.run([
            "setup", "--server", "http://127.0.0.1:\(world.port)", "--token-file", world.folder.file("ana.token"),
        ])
        #expect(refused.code == 78 && refused.errors.contains("line 1"))
        #expect(String(decoding: readFile(path), as: UTF8.self) == "no equals sign here\n")
    }

    @Test func `edits that break a limit are refused before anything is queued`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let reseller = try ana.resellers()[0]
        let referral = try #require(
            try ana.query("SELECT account_name FROM customers WHERE association = 'referral'").first)
        let cases: [(arguments: [String], code: Int32, words: String)] = [
            (["budget", "set", "no such customer", "5"], 65, "cannot find"),
            (["budget", "set", referral, "5"], 65, "CBC.99005024"),
            (["discount", "set", reseller, "5", "--until", "2099-01-01"], 65, "CBC.99005024"),
            (["discount", "set", referral, "99", "--until", "2099-01-01"], 65, "authorised range"),
            (["budget", "set", reseller, "0"], 65, "above 0"),
            (["budget", "set", reseller, "1e9"], 65, "plain number"),
            (["budget", "set", reseller, "5.001"], 65, "two decimals"),
            (["freeze", reseller, "--reason", String(repeating: "x", count: 257)], 65, "256"),
            (["freeze", reseller, "--reason", "x", "--kind", "account-and-resources"], 65, "--yes"),
            (["freeze", reseller], 64, "--reason"),
            (["unfreeze", reseller, "--reason", "x"], 65, "FB.NOT_FROZEN"),
            (["budget", "sett", reseller, "5"], 64, "needs one of"),
            (["budgets"], 64, "did you mean 'budget'"),
            (["edits", "discard", "99"], 65, "none of that number"),
            (["conflicts", "decide", "99", "mine"], 65, "none of that number"),
            (["customers", "show", "Atlas"], 65, "more than one"),
        ]
        for (arguments, code, words) in cases {
            let outcome = ana.run(arguments)
            #expect(outcome.code == code, "\(arguments): \(outcome.errors)")
            #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
        }
        #expect(try ana.edits().isEmpty)
        #expect(ana.run(["budget", "set", reseller, "5", "--dry-run"]).code == 0)
        #expect(try ana.edits().isEmpty)
    }

    @Test func `with the daemon down reads work and say so, edits say how to start it`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        #expect(ana.run(["customers", "list"]).code == 69)
        ana.startDaemon()
        #expect(ana.sync())
        #expect(ana.run(["daemon", "stop"]).code == 0)
        let list = ana.run(["customers", "list"])
        #expect(list.code == 0 && list.errors.contains("the daemon is not running"))
        let edit = ana.run(["budget", "set", try ana.resellers()[0], "5"])
        #expect(edit.code == 69 && edit.errors.contains("fieldbook daemon start"))
    }

    @Test func `a second daemon on a replica is refused with the reason`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        let second = ChildProcess(
            ChildProcess.program("fieldbookd"), ["run"], environment: ["FIELDBOOK_HOME": ana.home])
        #expect(second.wait() == 1)
        #expect(second.errors.contains("another one (process"))
    }

    @Test func `a daemon that was not set up ends with the settings code`() {
        let folder = TemporaryDirectory()
        let daemon = ChildProcess(
            ChildProcess.program("fieldbookd"), ["run"], environment: ["FIELDBOOK_HOME": folder.path])
        #expect(daemon.wait() == 78)
        #expect(daemon.errors.contains("fieldbook setup"))
    }

    @Test func `a replica of a newer version is refused and left as it is`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        #expect(ana.run(["daemon", "stop"]).code == 0)
        let outbox = try Connection(path: "\(ana.home)/state/outbox.db", mode: .readWrite, durability: .full)
        try outbox.execute("PRAGMA user_version = 99")
        outbox.close()
        let start = ana.run(["daemon", "start"])
        #expect(start.code == 78)
        #expect(start.errors.contains("schema is 99"))
        #expect(ana.run(["customers", "list"]).code == 78)
        let after = try Connection(path: "\(ana.home)/state/outbox.db", mode: .readWrite, durability: .reader)
        #expect(try after.statement("PRAGMA user_version").first { $0.int64(0) } == 99)
    }

    @Test func `a full disk refuses an edit and keeps the ones accepted`() throws {
        // A file system of 3 MiB needs root; elsewhere the store's own test covers the error.
        let folder = TemporaryDirectory()
        guard getuid() == 0, mount("tmpfs", folder.path, "tmpfs", 0, "size=3m") == 0 else {
            print("skipped: a small file system can be mounted by root only")
            return
        }
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let world = World()
        world.seed(customers: 20, bills: 100)
        world.startServer()
        world.expectServer([
            "member", "add", "ana", "--role", "operator", "--token-file", world.folder.file("ana.token"),
        ])
        let ana = Person(name: "ana", home: folder.path, world: world)
        #expect(
            ana.run([
                "setup", "--server", "http://127.0.0.1:\(world.port)", "--token-file", world.folder.file("ana.token"),
            ]).code == 0)
        ana.startDaemon()
        defer { ana.killDaemon() }
        #expect(ana.sync())
        world.stopServer()
        let customer = try ana.resellers()[0]
        writeFile("\(folder.path)/ballast", [])
        let ballast = open("\(folder.path)/ballast", O_WRONLY)
        let block = [UInt8](repeating: 1, count: 4096)
        while write(ballast, block, block.count) > 0 {}
        var accepted = 0
        var refusal: World.Outcome?
        for index in 0..<400 where refusal == nil {
            let outcome = ana.run(["budget", "set", customer, "\(100 + index)"])
            if outcome.code == 0 { accepted += 1 } else { refusal = outcome }
        }
        #expect(
            refusal?.errors.contains("full") == true || refusal?.errors.contains("disk") == true,
            "\(refusal?.errors ?? "never refused")")
        close(ballast)
        unlink("\(folder.path)/ballast")
        world.startServer()
        #expect(ana.run(["budget", "set", customer, "777"]).code == 0)
        #expect(eventually { ana.sync(seconds: 10) })
        #expect(try ana.edits().count == accepted + 1)
        #expect(try ana.query("SELECT budget FROM customers WHERE account_name = '\(customer)'") == ["777.00000000"])
        #expect(world.difference(ana) == nil)
    }
}
