import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit
import TestKit
import Testing

@testable import fieldbook

/// Each state of an installation names the next command to type.
@Suite struct NextStepTests {
    @Test(arguments: [["status"], ["home"], ["why"], ["news"], ["customers", "list"]])
    func `what cannot be shown yet says how far the set-up is and what comes next`(words: [String]) throws {
        let installation = try Installation(isSetUp: false)
        let bare = installation.run(words)
        #expect(bare.code == 78 && bare.errors.contains("fieldbook setup --server"), "\(bare.errors)")
        try SecureFile.makeFolder(installation.paths.config)
        writeFile(installation.paths.settingsFile, "server = http://127.0.0.1:1\n")
        let nobody = installation.run(words)
        #expect(nobody.code == 78 && nobody.errors.contains("fieldbook setup --token-file"), "\(nobody.errors)")
        writeFile(installation.paths.tokenFile, "fbt_secret\n")
        let idle = installation.run(words)
        #expect(idle.code == 69 && idle.errors.contains("fieldbook daemon start"), "\(idle.errors)")
    }

    @Test func `after a log-out the start of the daemon leads to a log-in`() throws {
        let desk = try OfflineDesk()
        #expect(desk.run("logout").code == 0)
        let start = desk.run("daemon", "start")
        #expect(start.code == 78 && start.errors.contains("fieldbook login"), "\(start.errors)")
        #expect(start.errors.contains("nobody is logged in"), "\(start.errors)")
    }

    @Test(arguments: [(["XDG_RUNTIME_DIR"], []), ([], ["XDG_RUNTIME_DIR"])] as [([String], [String])])
    func `a daemon is found whichever runtime folder it was started with`(daemon: [String], asked: [String]) throws {
        let folder = TemporaryDirectory()
        func environment(_ names: [String]) -> [String: String] {
            names.reduce(into: ["HOME": folder.path]) { $0[$1] = folder.file("runtime") }
        }
        let paths = Paths { environment([])[$0] }
        try SecureFile.makeFolder(paths.config)
        try SecureFile.makeFolder(folder.file("runtime"))
        writeFile(paths.settingsFile, "server = http://127.0.0.1:1\n")
        writeFile(paths.tokenFile, "fbt_secret\n")
        let process = ChildProcess(
            ChildProcess.program("fieldbookd"), ["run"], environment: environment(daemon))
        #expect(eventually { FileFacts(paths.socketLink) != nil }, "\(process.errors)")
        let status = ChildProcess(
            ChildProcess.program("fieldbook"), ["status", "--json"], environment: environment(asked))
        #expect(status.wait() == 0 && status.output.contains(#""daemonRunning": true"#), "\(status.output)")
        process.signal(SIGTERM)
        #expect(process.wait() == 0 && FileFacts(paths.socketLink) == nil)
        // One that was killed leaves its link; the refusal says where it looked.
        symlink("/nowhere/daemon.sock", paths.socketLink)
        let sync = ChildProcess(ChildProcess.program("fieldbook"), ["sync"], environment: environment(asked))
        #expect(sync.wait() == 69 && sync.errors.contains("nothing listens on /nowhere/daemon.sock"), "\(sync.errors)")
    }

    @Test func `what only looks goes on beside a daemon of another version`() throws {
        let desk = try OfflineDesk()
        #expect(desk.run("daemon", "stop").code == 0)
        let server = HTTPServer(endpoint: .unix(path: desk.installation.paths.ownSocket)) { _ in
            var reply = HTTPResponse.json(200, Array("{}".utf8))
            reply.headers.add(Local.versionHeader, "1")
            return reply
        }
        try server.start()
        defer { server.stop() }
        let home = desk.run("home")
        #expect(home.code == 0 && home.output.contains("frozen         Alpha"), "\(home)")
        #expect(home.errors.contains("upgrade the daemon"), "\(home.errors)")
        let why = desk.run("why", "Alpha")
        #expect(why.code == 0 && why.output.contains("upgrade the daemon"), "\(why)")
        let status = desk.run("status")
        #expect(status.code == 1 && status.output.contains("upgrade the daemon"), "\(status)")
        #expect(!status.output.contains("not running") && status.output.contains("data          as of"), "\(status)")
        #expect(desk.run("sync").code == 1)
    }

    @Test func `a list does not point at itself`() throws {
        let desk = try OfflineDesk { store in
            _ = try store.add(EditDraft(customer: CustomerKey(1), intent: .setLabel("x")))
            var refused = V1.Result(number: 1, code: .rejected, epoch: "e1", sequence: 11, baseWasIntact: true)
            refused.message = "no"
            try OfflineDesk.results(store, [refused])
        }
        #expect(desk.run("customers", "list").errors.contains("needs you: 1 refused edit: fieldbook edits list --dead"))
        for words in [["edits", "list", "--dead"], ["edits", "list"]] {
            #expect(!desk.installation.run(words).errors.contains("needs you"))
        }
    }

    @Test func `a time that is left is told with its hours`() {
        func left(_ seconds: Int64) -> String { DeskTime(now: 0).until(seconds) }
        #expect(left(7 * 86_400 - 5) == "7 d" && left(7 * 86_400 - 3600) == "6 d 23 h" && left(2 * 86_400) == "2 d")
        #expect(left(30 * 86_400) == "30 d" && left(7200) == "2 h" && left(1_209_599) == "14 d")
        #expect(DeskTime(now: 7 * 86_400 - 5).since(0) == "6 d")
    }

    @Test func `an option that is needed stands without brackets`() throws {
        for (command, option) in [
            ("freeze", "--reason TEXT"), ("unfreeze", "--reason TEXT"), ("discount set", "--until DATE"),
        ] {
            let help = try CommandList.table.help(command.split(separator: " ").map(String.init))
            #expect(help.contains(" \(option)") && !help.contains("[\(option)]"), "\(help)")
        }
    }
}
