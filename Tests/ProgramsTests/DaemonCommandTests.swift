import Diagnostics
import Glibc
import TestKit
import Testing

/// `fieldbook daemon start` and `stop`.
@Suite struct DaemonCommandTests {
    @Test func `a daemon is started once, stopped once, and each time it is told how it stands`() throws {
        let installation = try Installation()
        let start = installation.run(["daemon", "start"])
        #expect(start.code == 0 && start.output.contains("the daemon runs (process "), "\(start)")
        let process = try #require(installation.holder)
        #expect(start.output.contains("process \(process))"))
        let again = installation.run(["daemon", "start"])
        #expect(again.code == 0 && again.output == "the daemon runs already (process \(process))\n")
        let told = installation.run(["daemon", "start", "--json"])
        #expect(told.output.contains("\"pid\": \(process)") && told.output.contains("\"running\": true"), "\(told)")
        // A session of its own, away from the terminal; a log that nobody else reads.
        #expect(getsid(pid_t(process)) == pid_t(process))
        #expect(SecureFile.isPrivate(installation.paths.daemonLog))
        let stop = installation.run(["daemon", "stop"])
        #expect(stop.code == 0 && stop.output == "the daemon has stopped\n")
        #expect(installation.holder == nil && !installation.isServed)
        let none = installation.run(["daemon", "stop"])
        #expect(none.code == 0 && none.output == "the daemon is not running\n")
    }

    @Test func `a daemon without its socket file is stopped all the same`() throws {
        let installation = try Installation()
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        unlink(installation.paths.socket)
        let second = installation.run(["daemon", "start"])
        #expect(second.code == 1 && second.errors.contains("another one (process \(daemon.processID))"), "\(second)")
        let stop = installation.run(["daemon", "stop"])
        #expect(stop.code == 0 && stop.output == "the daemon has stopped\n", "\(stop)")
        #expect(daemon.wait() == 0)
    }

    @Test func `without settings it does not start, and set-up is named`() throws {
        let installation = try Installation(isSetUp: false)
        let start = installation.run(["daemon", "start"])
        #expect(start.code == 78 && start.errors.contains("fieldbook setup"), "\(start)")
    }

    @Test(
        arguments: [
            ("kill -KILL $$", 1, "signal 9 ended it"), ("exit 0", 1, "it wrote no log"),
            ("exit 3", 1, "it wrote no log"),
            ("echo 'fieldbookd: cannot do it: no reason'; exit 70", 70, "cannot do it: no reason"),
            ("echo 'level=error event=x'; kill -SEGV $$", 1, "level=error event=x"),
        ] as [(String, Int32, String)])
    func `a daemon that ends at once is no success, whatever its end`(script: String, code: Int32, why: String) throws {
        let installation = try Installation()
        try SecureFile.makeFolder(installation.paths.state)
        // What an earlier run left in the log is not this one's reason.
        writeFile(installation.paths.daemonLog, "fieldbookd: an old story\n")
        let program = try installation.commandLine(besideDaemon: script)
        let start = installation.run(["daemon", "start"], program: program)
        #expect(start.code == code && start.errors.contains("the daemon did not start: \(why)"), "\(start)")
        #expect(start.errors.contains(installation.paths.daemonLog))
    }

    @Test func `a daemon program that is nowhere is told`() throws {
        let installation = try Installation()
        let program = try installation.commandLine(besideDaemon: nil)
        let start = installation.run(["daemon", "start"], program: program, path: "/nowhere")
        #expect(start.code == 1 && start.errors.contains("neither beside fieldbook nor on PATH"), "\(start)")
    }

    @Test func `a lock file that a killed daemon left misleads nobody`() throws {
        let installation = try Installation()
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        daemon.signal(SIGKILL)
        #expect(daemon.wait() == 128 + SIGKILL)
        #expect(!readFile("\(installation.paths.state)/daemon.lock").isEmpty)
        let stop = installation.run(["daemon", "stop"])
        #expect(stop.code == 0 && stop.output == "the daemon is not running\n", "\(stop)")
        #expect(installation.run(["daemon", "start"]).code == 0)
        #expect(installation.run(["daemon", "stop"]).code == 0)
    }
}
