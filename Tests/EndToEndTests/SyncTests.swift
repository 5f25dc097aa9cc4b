import HTTPKit
import TestKit
import Testing

@Suite(.serialized) struct SyncTests {
    @Test func `offline work of two people comes together and a conflict is decided`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        let ben = world.member("ben")
        for person in [ana, ben] {
            person.startDaemon()
            #expect(person.sync())
        }
        let names = try ana.resellers()
        world.stopServer()
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        #expect(ana.run(["budget", "adjust", names[0], "+50"]).code == 0)
        #expect(ben.run(["budget", "set", names[0], "300"]).code == 0)
        #expect(ben.run(["freeze", names[1], "--reason", "late"]).code == 0)
        let shown = ben.run(["customers", "show", names[1]])
        #expect(shown.output.contains("pending: account (manual: late)"))
        world.startServer()
        #expect(ana.sync())
        #expect(ben.sync())
        #expect(try ana.edits().map(\.state) == ["settled", "settled"])
        #expect(try ben.edits().map(\.state) == ["held", "settled"])
        let conflict = try #require(try ben.query("SELECT key FROM conflict WHERE status = 'open'").first)
        #expect(ana.sync())
        #expect(ana.run(["customers", "list"]).errors.contains("needs you"))
        #expect(ana.run(["conflicts", "decide", conflict, "value", "--amount", "400"]).code == 0)
        #expect(ana.sync())
        #expect(ben.sync())
        #expect(try ben.edits().map(\.state) == ["settled", "settled"])
        #expect(try ben.edits()[0].result == "merged")
        #expect(try ben.query("SELECT budget FROM customers WHERE account_name = '\(names[0])'") == ["400.00000000"])
        for person in [ana, ben] { #expect(world.difference(person) == nil) }
    }

    @Test func `a reply cut off after the server committed changes nothing the second time`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        let ana = world.member("ana", through: proxy.port)
        ana.startDaemon()
        #expect(ana.sync())
        let names = try ana.resellers()
        proxy.spoil("/sync/v1/push", .cutReply(after: 10))
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        #expect(eventually { (try? ana.edits().first?.state) == "settled" })
        #expect(proxy.count("/sync/v1/push") >= 2)
        #expect(try ana.edits().map(\.result) == ["applied"])
        #expect(world.difference(ana) == nil)
        #expect(try world.historyActions().filter { $0 == "applied" }.count == 1)
    }

    @Test func `an edit made while its predecessor is in flight arrives after it, and both count`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        let ana = world.member("ana", through: proxy.port)
        ana.startDaemon()
        #expect(ana.sync())
        let names = try ana.resellers()
        proxy.spoil("/sync/v1/push", .hold)
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        #expect(eventually { proxy.count("/sync/v1/push") == 1 })
        #expect(ana.run(["budget", "adjust", names[0], "+25"]).code == 0)
        #expect(ana.run(["budget", "set", names[0], "530"]).code == 0)
        proxy.release()
        #expect(ana.sync())
        #expect(try ana.edits().map(\.result) == ["applied", "applied", "applied"])
        #expect(try ana.query("SELECT budget FROM customers WHERE account_name = '\(names[0])'") == ["530.00000000"])
        #expect(world.difference(ana) == nil)
    }

    @Test func `a first load cut again and again resumes where it stood`() throws {
        let world = World()
        world.seed(bills: 12_000)
        world.startServer()
        let proxy = try FaultProxy(target: world.port)
        defer { proxy.stop() }
        let ana = world.member("ana", through: proxy.port)
        for length in [40_000, 90_000, 300_000] { proxy.spoil("/sync/v1/snapshot/rows", .cutReply(after: length)) }
        ana.startDaemon()
        #expect(ana.sync())
        #expect(world.difference(ana) == nil)
    }

    @Test func `another process reads the replica in plain SQL while the daemon writes`() throws {
        let world = World()
        world.seed(bills: 8000)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(eventually { (try? ana.query("SELECT count(*) FROM customers").first) == "30" })
        for _ in 0..<20 {
            _ = try ana.query("SELECT count(*) || ' ' || coalesce(sum(payment_units), 0) FROM bill_records")
        }
        #expect(ana.sync())
        #expect(try ana.query("SELECT count(*) FROM bill_records") == ["8000"])
        #expect(try ana.query("SELECT count(*) FROM coupons") == ["20"])
        #expect(try ana.query("SELECT status FROM bill_records WHERE cycle = '2026-11' LIMIT 1") == ["estimate"])
    }

    @Test func `a manager's replica holds their customers and nothing else`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let mona = world.member("mona", role: ["--role", "manager", "--customers", "acct-7-0,acct-7-1"])
        mona.startDaemon()
        #expect(mona.sync())
        // The seed has assigned some to her already.
        #expect(try mona.query("SELECT count(*) FROM customers WHERE manager IS NOT 'mona'") == ["0"])
        #expect(
            try mona.query("SELECT account_name FROM customers WHERE account_name LIKE 'acct-7-_' ORDER BY key").prefix(
                2)
                == ["acct-7-0", "acct-7-1"])
        #expect(try mona.query("SELECT count(*) FROM coupon") == ["0"])
        #expect(
            try mona.query("SELECT count(*) FROM bill_record WHERE customer NOT IN (SELECT key FROM customer)") == ["0"]
        )
        #expect(world.difference(mona) == nil)
        #expect(mona.run(["coupons", "list"]).errors.contains("your role does not see coupons"))
    }
}
