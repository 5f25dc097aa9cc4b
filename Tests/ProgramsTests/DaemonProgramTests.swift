import Diagnostics
import Glibc
import LocalAPI
import TestKit
import Testing

/// `fieldbookd` as a service manager runs it.
@Suite struct DaemonProgramTests {
    @Test(arguments: [false, true]) func `the service manager hears when it serves and when it ends`(
        isAbstract: Bool
    )
        throws
    {
        let installation = try Installation()
        let manager = try Manager(isAbstract ? "@\(installation.folder.path)" : installation.folder.file("notify"))
        let daemon = installation.daemon(["NOTIFY_SOCKET": manager.name])
        #expect(manager.message() == "READY=1")
        // Ready means served: no second look is needed.
        #expect(installation.isServed)
        daemon.signal(SIGTERM)
        #expect(manager.message() == "STOPPING=1")
        #expect(daemon.wait() == 0)
        #expect(daemon.output.isEmpty)
    }

    @Test func `a daemon that can't start tells the service manager nothing`() throws {
        let installation = try Installation(isSetUp: false)
        let manager = try Manager(installation.folder.file("notify"))
        #expect(installation.daemon(["NOTIFY_SOCKET": manager.name]).wait() == 78)
        #expect(manager.message(within: 0) == nil)
    }

    @Test(arguments: ["", "relative", "/no/such/socket", "@", "vsock:1:2", "/" + String(repeating: "x", count: 300)])
    func `a service manager that can't be reached is no reason not to run`(name: String) throws {
        let installation = try Installation()
        let daemon = installation.daemon(["NOTIFY_SOCKET": name])
        #expect(eventually { installation.isServed })
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `each signal to end ends it well, and the log names it`(
        number: Int32
    ) throws {
        let installation = try Installation()
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        #expect(installation.holder == Int(daemon.processID))
        daemon.signal(number)
        #expect(daemon.wait() == 0)
        #expect(daemon.errors.contains("event=stopping signal=\(number)") && daemon.errors.contains("event=stopped"))
        #expect(!daemon.errors.contains("fbt_secret"))
        #expect(installation.holder == nil && access(installation.paths.socket, F_OK) != 0)
        // Its folders are for its owner alone.
        for path in [installation.paths.state, installation.paths.runtime] { #expect(SecureFile.isPrivate(path)) }
    }

    @Test(arguments: [("junk", false), ("", false), ("notice", false), ("debug", true)])
    func `the log is as talkative as asked, and a word that is none changes nothing`(
        level: String, isTalkative: Bool
    )
        throws
    {
        let installation = try Installation()
        let daemon = installation.daemon(["FIELDBOOK_LOG": level])
        #expect(eventually { (try? installation.client.status().phase) == "offline" })
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
        #expect(daemon.errors.contains("event=started") && daemon.errors.contains("level=debug") == isTalkative)
    }

    @Test(
        arguments: [
            (["--help"], 0, "usage"), (["--version"], 0, SoftwareVersion.text), (["run", "--help"], 0, "foreground"),
            (["walk"], 64, "walk"),
            (["run", "now"], 64, "takes no argument"), (["run", "--fast"], 64, "--fast"), (["-x"], 64, "-x"),
        ] as [([String], Int32, String)])
    func `its words are understood or refused, and nothing is started`(
        words: [String], code: Int32, told: String
    )
        throws
    {
        let installation = try Installation()
        let process = ChildProcess(
            ChildProcess.program("fieldbookd"), words, environment: ["FIELDBOOK_HOME": installation.home])
        #expect(process.wait() == code)
        #expect((process.output + process.errors).contains(told), "\(process.output)\(process.errors)")
        #expect(access(installation.paths.state, F_OK) != 0)
    }
}
