import TestKit
import Testing

/// `doctor` and `bugreport` before a real server and a real daemon.
@Suite(.serialized) struct DoctorEndTests {
    @Test func `a machine where all is well passes, and one whose token was revoked does not`() {
        let world = World()
        world.seed(customers: 5, bills: 100)
        world.startServer()
        let ana = world.member("ana", role: ["--role", "administrator"])
        ana.startDaemon()
        #expect(ana.sync())
        let well = ana.run(["doctor", "--deep"])
        #expect(well.code == 0 && !well.output.contains("failed"), "\(well.output)")
        for name in ["daemon", "outbox", "image", "server", "login", "clock", "permissions", "token"] {
            #expect(well.output.contains("ok       \(name) "), "\(name)\n\(well.output)")
        }
        world.expectServer(["member", "disable", "ana"])
        let refused = ana.run(["doctor", "--json"])
        #expect(refused.code == 1 && refused.output.contains("\"name\": \"login\""), "\(refused.output)")
        world.stopServer()
        let away = ana.run(["doctor"])
        #expect(away.code == 1 && away.output.contains("failed   server"), "\(away.output)")
    }

    @Test func `the report of a synced replica names none of its customers and none of its people`() throws {
        let world = World()
        world.seed(customers: 12, bills: 400)
        world.startServer()
        let mona = world.member("quixotella", role: ["--role", "administrator"])
        mona.startDaemon()
        #expect(mona.sync())
        let names = try mona.resellers()
        #expect(mona.run(["freeze", names[0], "--reason", "zebrafish"]).code == 0)
        #expect(mona.run(["budget", "set", names[1], "87654.32"]).code == 0)
        #expect(mona.sync())
        let file = world.folder.file("report.tar")
        #expect(mona.run(["bugreport", file]).code == 0)
        let text = String(decoding: readFile(file), as: UTF8.self)
        let known =
            try mona.query("SELECT name FROM customers") + mona.query("SELECT account_name FROM customers")
            + mona.query("SELECT customer_id FROM customers") + mona.query("SELECT email FROM contact")
            + mona.query("SELECT phone FROM contact") + mona.query("SELECT bill_id FROM bill_record")
            + mona.query("SELECT payment FROM bill_records WHERE abs(payment_units) > 100000000")
        #expect(known.count > 400)
        let secrets = known + ["quixotella", "zebrafish", "87654", "Test Partner", "\(world.port)", world.folder.path]
        #expect(secrets.filter { $0.utf8.count > 3 && text.contains($0) } == [])
        #expect(text.contains("\"phase\": \"in-sync\"") && text.contains("\"bill_record\": 400"))
    }
}
