import Diagnostics
import Glibc
import TestKit
import Testing

/// What a daemon does when it is told to read its settings again, and what it tells the service manager.
@Suite struct ReloadTests {
    private let installation: Installation
    private let server = "[server]\nurl = http://127.0.0.1:1\n"

    init() throws { installation = try Installation() }

    private func started(_ settings: String, _ environment: [String: String] = [:]) -> ChildProcess {
        writeFile(installation.paths.settingsFile, settings)
        let daemon = installation.daemon(environment)
        #expect(eventually { installation.isServed })
        return daemon
    }

    private func reload(_ daemon: ChildProcess, _ settings: String, event: String) {
        let before = daemon.errors.components(event)
        writeFile(installation.paths.settingsFile, settings)
        daemon.signal(SIGHUP)
        #expect(eventually { daemon.errors.components(event) > before }, "\(daemon.errors)")
    }

    @Test func `level, format and interval change while it runs, and nothing waits`() throws {
        let daemon = started(server)
        reload(daemon, server + "[log]\nlevel = debug\nformat = json\n[sync]\ninterval = 5s\n", event: "settings-read")
        #expect(eventually { daemon.errors.contains(#""level":"debug""#) }, "\(daemon.errors)")
        let status = installation.run(["status", "--json"])
        #expect(
            status.output.contains(#""settingsProblem": null"#) && status.output.contains(#""settingsWaiting": []"#))
        #expect(!installation.run(["status"]).output.contains("\nsettings"))
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
    }

    @Test func `what acts after a restart only is named until the restart`() throws {
        let daemon = started(server)
        reload(
            daemon, "[server]\nurl = http://127.0.0.1:2\n[sync]\nconnect-timeout = 3s\n",
            event: "restart-for=\"server.url sync.connect-timeout\"")
        let status = installation.run(["status"])
        #expect(
            status.output.contains("settings      wait for a restart of the daemon: server.url, sync.connect-timeout"))
        writeFile(installation.paths.tokenFile, "fbt_another\n")
        reload(daemon, server, event: "restart-for=token")
        writeFile(installation.paths.tokenFile, "fbt_secret\n")
        reload(daemon, server, event: "event=settings-read\n")
        #expect(!installation.run(["status"]).output.contains("wait for a restart"))
        #expect(!daemon.errors.contains("fbt_"))
    }

    @Test func `a broken file changes nothing, and log and status name the line`() throws {
        let daemon = started(server + "[log]\nlevel = info\n")
        reload(daemon, server + "[log]\nlevel = trace\nlevl = info\nx\n", event: "settings-kept")
        #expect(daemon.errors.contains("line 5 cannot be read"), "\(daemon.errors)")
        let status = installation.run(["status"])
        #expect(status.output.contains("settings      not taken: ") && status.output.contains("did you mean level"))
        // The old level holds, also for what the engine does next.
        #expect(installation.run(["sync", "--wait", "--timeout", "5"]).code == 75)
        #expect(!daemon.errors.contains("level=debug"))
        reload(daemon, server, event: "event=settings-read\n")
        #expect(!installation.run(["status"]).output.contains("not taken"))
        #expect(installation.run(["daemon", "stop"]).code == 0)
    }

    @Test func `the manager hears of a reload, how things stand, and signs of life while the engine works`() throws {
        let manager = try Manager(installation.folder.file("notify"))
        let daemon = started(server, ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "400000"])
        var seen: [String] = []
        func hears(_ wanted: String) -> Bool {
            for _ in 0..<100 {
                guard let message = manager.anyMessage() else { return false }
                seen.append(message)
                if message.hasPrefix(wanted) { return true }
            }
            return false
        }
        // The first try may have failed before the manager is told that the daemon is there.
        #expect(hears("READY=1") && (seen[0].hasPrefix("STATUS=offline; ") || hears("STATUS=offline; ")), "\(seen)")
        #expect(hears("WATCHDOG=1") && hears("WATCHDOG=1"), "\(seen)")
        daemon.signal(SIGHUP)
        #expect(hears("RELOADING=1\nMONOTONIC_USEC=") && hears("READY=1"), "\(seen)")
        daemon.signal(SIGTERM)
        #expect(hears("STOPPING=1") && daemon.wait() == 0, "\(seen)")
        #expect(!seen.contains { $0.contains("fbt_") })
    }

    @Test func `signs of life meant for another process are not given`() throws {
        let manager = try Manager(installation.folder.file("notify"))
        let daemon = started(
            server, ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "4000", "WATCHDOG_PID": "1"])
        #expect(manager.message() == "READY=1")
        #expect(installation.run(["status"]).code == 0)
        daemon.signal(SIGTERM)
        #expect(manager.message() == "STOPPING=1")
    }

    @Test func `a machine that is set up by the system's file and a credential needs no set-up`() throws {
        unlink(installation.paths.tokenFile)
        unlink(installation.paths.settingsFile)
        let system = installation.paths.systemSettingsFile
        try SecureFile.makeFolder(installation.folder.file("home/etc"))
        writeFile(system, server + "[log]\nlevel = info\n")
        try SecureFile.makeFolder(installation.folder.file("credentials"))
        writeFile(installation.folder.file("credentials/fieldbook-token"), "fbt_machine\n")
        let none = installation.daemon()
        #expect(none.wait() == 78)
        let daemon = installation.daemon(["CREDENTIALS_DIRECTORY": installation.folder.file("credentials")])
        #expect(eventually { installation.isServed }, "\(daemon.errors)")
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0 && !daemon.errors.contains("fbt_machine"))
        writeFile(system, server + "token-file = \(installation.folder.file("credentials/fieldbook-token"))\n")
        #expect(installation.run(["daemon", "start"]).code == 0)
        #expect(installation.run(["daemon", "stop"]).code == 0)
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(_ text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let start = rest.indices.first(where: { rest[$0...].hasPrefix(text) }) {
            count += 1
            rest = rest[rest.index(after: start)...]
        }
        return count
    }
}
