import Glibc
import TestKit
import Testing

@Suite(.serialized) struct StepUpEndTests {
    @Test func `an authenticator is enrolled once for the eye or into a private file, and removed`() {
        let world = World()
        world.expectServer(["member", "add", "ana@p", "--role", "operator", "--token-file", world.folder.file("t")])
        let shown = world.server(["member", "step-up", "ana@p"])
        #expect(shown.code == 0 && shown.output.hasPrefix("otpauth://totp/Fieldbook:ana%40p?secret="))
        #expect(shown.output.contains("&algorithm=SHA256&digits=6&period=30"))
        let file = world.folder.file("ana.otpauth")
        let written = world.server(["member", "step-up", "ana@p", "--out", file])
        #expect(written.code == 0 && written.output.isEmpty)
        let text = String(decoding: readFile(file), as: UTF8.self)
        #expect(text.hasPrefix("otpauth://") && text != shown.output)
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(world.server(["member", "step-up", "ana@p", "--remove"]).output.contains("removed"))
        #expect(world.server(["member", "step-up", "nobody"]).code == 65)
    }

    @Test func `only an edit that waits for a code is confirmed, and only by six digits`() throws {
        let world = World()
        world.seed()
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        #expect(ana.run(["budget", "set", try ana.resellers()[0], "500"]).code == 0)
        #expect(ana.sync())
        writeFile(world.folder.file("code"), "271 828\n")
        let done = ana.run(["edits", "confirm", "1", "--code-file", world.folder.file("code")])
        #expect(done.code == 65 && done.errors.contains("does not wait for a code"))
        #expect(ana.run(["edits", "confirm", "271828x"]).code == 64)
    }
}
