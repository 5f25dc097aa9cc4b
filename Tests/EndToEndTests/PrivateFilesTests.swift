import Diagnostics
import Glibc
import TestKit
import Testing

/// Nothing that a member's machine keeps, or that a server keeps of loads, can be read by another user of it.
@Suite(.serialized) struct PrivateFilesTests {
    /// What others may enter or read below a folder, with its mode; links are what they lead to.
    private func open(_ path: String) -> [String] {
        var info = stat()
        guard lstat(path, &info) == 0, info.st_mode & S_IFMT != S_IFLNK else { return [] }
        let isFolder = info.st_mode & S_IFMT == S_IFDIR
        var found: [String] = []
        let wanted: mode_t = isFolder ? 0o700 : 0o600
        if info.st_mode & 0o777 != wanted { found.append("\(path) \(String(info.st_mode & 0o777, radix: 8))") }
        guard isFolder else { return found }
        for name in FileFacts.names(in: path) ?? [] { found += open("\(path)/\(name)") }
        return found
    }

    private func expectPrivate(_ person: Person, _ when: String) {
        // The folder that a person names is theirs; what is made in it is ours.
        for folder in ["state", "config", "run"] {
            #expect(open("\(person.home)/\(folder)").isEmpty, "\(when)")
        }
    }

    /// A daemon whose mask takes no permission away from what it makes.
    private func startOpen(_ person: Person) {
        let process = ChildProcess(
            "/bin/sh", ["-c", "umask 0; exec \"$0\" daemon start", ChildProcess.program("fieldbook")],
            environment: ["FIELDBOOK_HOME": person.home])
        #expect(process.wait() == 0, "\(process.errors)")
    }

    @Test func `after a load, edits, a conflict, a log-in, an export and a wipe every file is its owner's alone`()
        throws
    {
        let world = World()
        world.seed(bills: 200)
        world.startServer()
        let (ana, ben) = (world.member("ana"), world.member("ben"))
        for person in [ana, ben] {
            startOpen(person)
            #expect(person.sync())
        }
        expectPrivate(ana, "after a first load")
        // What the server keeps of a load.
        #expect(FileFacts.names(in: "\(world.data)/parts")?.isEmpty == false && open("\(world.data)/parts").isEmpty)
        let names = try ana.resellers()
        world.stopServer()
        for (person, amount) in [(ana, "500"), (ben, "600")] {
            #expect(person.run(["budget", "set", names[0], amount]).code == 0)
        }
        world.startServer()
        #expect(ana.sync() && ben.sync())
        #expect(try ben.edits().map(\.state) == ["held"])
        expectPrivate(ben, "with a conflict")
        let login = ben.run(["login", "--server", world.address, "--token-file", world.token(of: "cleo")])
        #expect(login.code == 0 && ben.sync(), "\(login.errors)")
        expectPrivate(ben, "after a log-in")
        #expect(ben.run(["switch", "ben"]).code == 0 && ben.sync())
        #expect(ben.run(["edits", "export", "\(ben.home)/state/export"]).code == 0)
        #expect(ben.run(["logout", "cleo", "--wipe"]).code == 0)
        expectPrivate(ben, "after an export and a wipe")
        let left = ben.run(["users"]).output
        #expect(left.contains("ben") && !left.contains("cleo"), "\(left)")
    }
}
