import Diagnostics
import Glibc
import TestKit
import Testing

/// Several members at one machine, one after the other: nobody's edit goes out under another's token.
@Suite(.serialized) struct UsersTests {
    /// A world with ana at her machine, in sync, as it was set up before there were log-ins.
    private func atTheMachine() -> (World, Person) {
        let world = World()
        world.seed(bills: 200)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        return (world, ana)
    }

    /// Who wrote each record of the server's history that came of an edit.
    private func authors(_ world: World) throws -> [String] { try world.historyAuthors() }

    @Test func `an installation of before is taken over with a full queue, and each queue waits for its own user`()
        throws
    {
        let (world, ana) = atTheMachine()
        let names = try ana.resellers()
        world.stopServer()
        // Each on a customer of its own, so that none goes into another.
        for name in names.prefix(9) {
            #expect(ana.run(["budget", "set", name, "500"]).code == 0)
            #expect(ana.run(["label", "set", name, "gold"]).code == 0)
        }
        // A kill leaves the queue's newest edits in its log.
        ana.killDaemon()
        let before = try ana.edits()
        world.startServer()
        let login = ana.run(["login", "--server", world.address, "--token-file", world.token(of: "ben")])
        #expect(login.code == 0 && login.output.contains("you are ben"), "\(login.errors)")
        let listed = ana.run(["users"]).output
        #expect(listed.contains("ana") && listed.contains(" 18 "), "\(listed)")
        ana.startDaemon()
        #expect(ana.sync())
        #expect(try authors(world).isEmpty && ana.edits().isEmpty)
        #expect(ana.run(["budget", "set", names[9], "900"]).code == 0)
        #expect(ana.sync())
        #expect(ana.run(["switch", "ana"]).code == 0)
        #expect(try ana.edits().map(\.number) == before.map(\.number))
        #expect(ana.sync())
        #expect(try ana.edits().allSatisfy { $0.state == "settled" })
        #expect(try authors(world).prefix(2) == ["ben", "ana"])
        #expect(world.difference(ana) == nil)
    }

    @Test func `a running daemon goes over without a restart and takes no edit along`() throws {
        let (world, ana) = atTheMachine()
        let names = try ana.resellers()
        let process = try #require(world.daemonProcess(ana.home))
        let ben = world.token(of: "ben")
        let proxy = try FaultProxy(target: world.port)
        let anas = ["--token-file", world.folder.file("ana.token")]
        #expect(ana.run(["login", "--server", "http://127.0.0.1:\(proxy.port)"] + anas).code == 0)
        #expect(ana.sync())
        // Her road to the server ends, ben's does not.
        proxy.stop()
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        let login = ana.run(["login", "--server", world.address, "--token-file", ben])
        #expect(login.code == 0, "\(login.errors)")
        #expect(ana.paths.user?.hasSuffix("-ben") == true && world.daemonProcess(ana.home) == process)
        #expect(ana.sync() && ana.run(["budget", "set", names[1], "600"]).code == 0)
        #expect(ana.sync())
        #expect(try ana.edits().map(\.state) == ["settled"])
        #expect(try authors(world) == ["ben"])
        #expect(ana.run(["switch", "ana"]).code == 0)
        #expect(try ana.edits().map(\.state) != ["settled"])
        #expect(ana.run(["login", "--server", world.address] + anas).code == 0)
        #expect(world.daemonProcess(ana.home) == process)
        #expect(ana.sync())
        #expect(try ana.edits().map(\.state) == ["settled"])
        #expect(try authors(world) == ["ben", "ana"])
    }

    @Test func `a log-in that fails changes nothing, and the daemon goes on for whom it was`() throws {
        let (world, ana) = atTheMachine()
        let before = ana.paths.user
        writeFile(world.folder.file("wrong"), "fbt_wrong\n")
        let wrong = ana.run(["login", "--server", world.address, "--token-file", world.folder.file("wrong")])
        #expect(wrong.code == 77 && wrong.errors.contains("nothing was changed"), "\(wrong.errors)")
        #expect(ana.run(["switch", "nobody"]).code == 65)
        let setup = ana.run(["setup", "--server", world.address, "--token-file", world.token(of: "ben")])
        #expect(setup.code == 77 && setup.errors.contains("fieldbook login"), "\(setup.errors)")
        world.stopServer()
        let token = world.folder.file("ben.token")
        let unreached = ana.run(["login", "--server", world.address, "--token-file", token])
        #expect(unreached.code == 69, "\(unreached.errors)")
        #expect(ana.paths.user == before)
        world.startServer()
        #expect(ana.sync())
    }

    @Test func `a log-out keeps the queue, and a wipe asks before it takes edits that are nowhere else`() throws {
        let (world, ana) = atTheMachine()
        let names = try ana.resellers()
        world.stopServer()
        #expect(ana.run(["budget", "set", names[0], "500"]).code == 0)
        let refused = ana.run(["logout", "--wipe"])
        #expect(refused.code == 65 && refused.errors.contains("edits export"), "\(refused.errors)")
        #expect(world.daemonProcess(ana.home) != nil)
        #expect(ana.run(["logout"]).code == 0)
        #expect(world.daemonProcess(ana.home) == nil && !SecureFile.exists(ana.paths.tokenFile))
        #expect(try ana.edits().count == 1)
        #expect(ana.run(["daemon", "start"]).code == 78)
        world.startServer()
        let again = ana.run(["login", "--server", world.address, "--token-file", world.folder.file("ana.token")])
        #expect(again.code == 0, "\(again.errors)")
        ana.startDaemon()
        #expect(ana.sync())
        #expect(try ana.edits().map(\.result) == ["applied"])
        let folder = ana.paths.state
        #expect(ana.run(["logout", "ana", "--wipe"]).code == 0)
        #expect(!SecureFile.exists(folder) && ana.paths.user == nil)
        #expect(ana.run(["users"]).errors.contains("nobody is logged in"))
    }
}
