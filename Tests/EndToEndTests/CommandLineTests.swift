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
}
