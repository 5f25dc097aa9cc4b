import TestKit
import Testing

/// Roles that change under a daemon that runs.
@Suite(.serialized) struct RoleTests {
    @Test func `a sync that is waited for right after a change of roles ends with what the new role sees`() throws {
        let world = World()
        world.seed(bills: 400)
        world.startServer()
        let mona = world.member("mona", role: ["--role", "manager", "--customers", "acct-7-0,acct-7-1"])
        mona.startDaemon()
        #expect(mona.sync())
        let count = "SELECT count(*) FROM customers"
        let own = try mona.query(count)
        #expect(own != ["30"])
        let name = try #require(try mona.resellers().first)
        // To and fro: each change refuses the cursor in use, and the load that follows is no failure.
        for round in 1...3 {
            world.expectServer(["member", "role", "mona", "--role", "manager,operator"])
            let wide = mona.run(["sync", "--wait"])
            #expect(wide.code == 0 && wide.output.contains("in sync"), "round \(round): \(wide.errors)")
            #expect(try mona.query(count) == ["30"])
            #expect(world.difference(mona) == nil)
            #expect(mona.run(["label", "set", name, "round-\(round)"]).code == 0)
            world.expectServer(["member", "role", "mona", "--role", "manager"])
            let narrow = mona.run(["sync", "--wait"])
            #expect(narrow.code == 0 && narrow.output.contains("in sync"), "round \(round): \(narrow.errors)")
            #expect(try mona.query(count) == own)
            #expect(world.difference(mona) == nil)
        }
        #expect(try mona.edits().map(\.result) == ["applied", "applied", "applied"])
    }
}
