import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import TestKit
import Testing

@testable import SyncDaemon

/// What a daemon refuses to start with, in words that lead on.
@Suite struct SetUpTests {
    private let home = Home()

    private func write(settings: String?, token: String?) throws {
        try SecureFile.makeFolder(home.paths.config)
        if let settings { writeFile(home.paths.settingsFile, settings) }
        if let token { writeFile(home.paths.tokenFile, token) }
    }

    @Test func `settings and a token are all that it takes`() throws {
        try write(settings: "# mine\nserver = http://h:1\n", token: "  fbt_1 \n")
        let read = try SyncDaemon.Configuration.load(home.paths)
        #expect(read.server == "http://h:1" && read.token == "fbt_1")
        #expect(ConnectionSettings(read.settings) == ConnectionSettings())
    }

    @Test func `certificates and proxy are settings`() throws {
        try write(
            settings:
                "[server]\nurl = https://h\nproxy = none\n[tls]\nca-file = /c/ca.pem\nclient-certificate = /c/me.pem\n",
            token: "t")
        let read = ConnectionSettings(try SyncDaemon.Configuration.load(home.paths).settings)
        #expect(read.tls.authorityFile == "/c/ca.pem" && read.tls.certificateFile == "/c/me.pem")
        #expect(read.tls.keyFile == nil && read.proxy == "none")
    }

    @Test(
        arguments: [
            (nil, "t", "names a server"), ("", "t", "names a server"), ("[log]\nlevel = info\n", "t", "names a server"),
            ("server = http://h:1\n", nil, "No such file"),
            ("server = http://h:1\n", "", "holds no token"), ("server = http://h:1\n", " \n\t", "holds no token"),
            ("server = http://h:1\n", "t\u{7F}", "holds no token"), ("server = http://h:1\n", "ü", "holds no token"),
            ("server = http://h:1\n", String(repeating: "x", count: 2000), "larger than 1024"),
        ] as [(String?, String?, String)])
    func `what is missing or junk is named, with the way to set up`(
        settings: String?, token: String?, why: String
    )
        throws
    {
        try write(settings: settings, token: token)
        let error = try #require(throws: UserError.self) { try SyncDaemon.Configuration.load(home.paths) }
        #expect(error.exitCode == .settings && error.why.contains(why), "\(error)")
        #expect(error.next == "run: fieldbook setup --server https://HOST[:PORT]")
        if let token, token.count > 4 { #expect(!"\(error)".contains(token)) }
    }

    @Test(arguments: ["no equals sign", "other = 1", "[log]", "[lgo]\nlevel = info"])
    func `settings that can't be read are told by line, and not sent to a set-up that refuses them too`(
        line: String
    )
        throws
    {
        try write(settings: "server = http://h:1\n\(line)\nlevel = loud\n", token: "t")
        let error = try #require(throws: UserError.self) { try SyncDaemon.Configuration.load(home.paths) }
        #expect(error.exitCode == .settings && "\(error)".contains(line == "[log]" ? "line 3" : "line 2"), "\(error)")
        #expect(!error.next.isEmpty && !error.next.contains("fieldbook setup"), "\(error.next)")
    }

    @Test(arguments: [0o640, 0o604, 0o666] as [mode_t]) func `a token that others can read is refused`(
        mode: mode_t
    )
        throws
    {
        try write(settings: "server = http://h:1\n", token: "t")
        chmod(home.paths.tokenFile, mode)
        let error = try #require(throws: UserError.self) { try SyncDaemon.Configuration.load(home.paths) }
        #expect(
            error.why == "other users can read the token"
                && error.next == "close it with: chmod 600 \(home.paths.tokenFile)")
    }

    @Test(arguments: ["", "h:1", "ftp://h", "https://", "http://", "http://h:0", "http://a b", "http://h/x"])
    func `an address that is none ends the daemon with the settings code, and frees the replica`(
        address: String
    )
        throws
    {
        let failure = RunningDaemon(home, server: address, token: "t").failure()
        #expect(
            failure?.exitCode == .settings && failure?.next.contains("fieldbook setup") == true,
            "\(String(describing: failure))")
        #expect(throws: Never.self) { try FileLock(path: "\(home.paths.state)/daemon.lock") }
    }

    @Test func `a socket path too long is told with what to name instead`() {
        let long = home.folder.file(String(repeating: "x", count: 100))
        let paths = Paths { $0 == "FIELDBOOK_HOME" ? long : nil }
        let failure = RunningDaemon(home, server: "http://127.0.0.1:1", token: "t", paths: paths).failure()
        #expect(
            failure?.exitCode == .settings && failure?.next.contains("XDG_RUNTIME_DIR") == true,
            "\(String(describing: failure))")
        // Its threads have ended and given the replica back.
        #expect(throws: Never.self) { try FileLock(path: "\(paths.state)/daemon.lock") }
    }

    @Test func `folders that others could enter are closed, and the log says so`() throws {
        for path in [home.paths.state, home.paths.runtime] {
            try SecureFile.makeFolder(path)
            chmod(path, 0o777)
        }
        let daemon = RunningDaemon(home, server: "http://127.0.0.1:1", token: "t")
        #expect(eventually { (try? home.client.statusIfRunning()) != nil })
        for path in [home.paths.state, home.paths.runtime] {
            #expect(SecureFile.isPrivate(path))
            #expect(home.log.contains("event=folder-closed path=\(path)"), "\(home.log)")
        }
        #expect(daemon.end() == nil)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away"))
    func `a state folder of another user is refused before anything is written`() throws {
        try SecureFile.makeFolder(home.paths.state)
        chown(home.paths.state, 65_534, 65_534)
        let failure = RunningDaemon(home, server: "http://127.0.0.1:1", token: "t").failure()
        #expect(failure?.exitCode == .denied && failure?.why == "it belongs to another user")
        #expect(access("\(home.paths.state)/outbox.db", F_OK) != 0)
    }

    @Test func `a replica that can't be opened is told, and its lock is free again`() throws {
        try SecureFile.makeFolder(home.paths.state)
        writeFile("\(home.paths.state)/outbox.db", String(repeating: "this is no database. ", count: 100))
        let failure = RunningDaemon(home, server: "http://127.0.0.1:1", token: "t").failure()
        #expect(failure != nil && failure?.next.isEmpty == false, "\(String(describing: failure))")
        #expect(throws: Never.self) { try FileLock(path: "\(home.paths.state)/daemon.lock") }
        #expect(access(home.paths.socket, F_OK) != 0)
    }
}
