import Diagnostics
import Glibc
import TestKit
import Testing

/// Folders of several members below those of one person.
@Suite struct UserFolderTests {
    private let folder = TemporaryDirectory()
    private var paths: Paths { Paths { [folder] in $0 == "FIELDBOOK_HOME" ? folder.path : nil } }
    private var folders: UserFolders { UserFolders(paths) }

    private static let files = [
        "outbox.db", "outbox.db-wal", "outbox.db-shm", "generation-3.db", "generation-3.db-wal",
        "looked.json",
    ]

    /// What was set up before anybody logged in.
    private func makeOldInstallation() throws {
        try SecureFile.makeFolder(paths.stateRoot)
        try SecureFile.makeFolder(paths.configRoot)
        for file in UserFolderTests.files { writeFile("\(paths.stateRoot)/\(file)", "old \(file)") }
        symlink("generation-3.db", "\(paths.stateRoot)/replica.db")
        writeFile("\(paths.stateRoot)/daemon.log", "log")
        writeFile("\(paths.configRoot)/token", "t")
        writeFile("\(paths.configRoot)/fieldbook.conf", "server = http://h:1\n")
    }

    private func expectTakenOver(_ name: String) {
        let user = paths
        #expect(user.user == name)
        for file in UserFolderTests.files {
            #expect(readFile("\(user.state)/\(file)") == Array("old \(file)".utf8), "\(file)")
            #expect(!SecureFile.exists("\(user.stateRoot)/\(file)"), "\(file)")
        }
        #expect(readFile("\(user.state)/replica.db") == Array("old generation-3.db".utf8))
        #expect(readFile(user.tokenFile) == Array("t".utf8) && SecureFile.exists(user.settingsFile))
        #expect(SecureFile.exists(user.daemonLog) && !folders.hasOldInstallation && !folders.isUnfinished)
    }

    @Test func `before the first log-in the folders are the person's own`() {
        #expect(paths.user == nil && paths.state == paths.stateRoot && paths.config == paths.configRoot)
        #expect(paths.userName == "-" && folders.names().isEmpty && !folders.hasOldInstallation)
    }

    @Test func `whoever is current has folders below users, and the daemon's log and socket stay`() throws {
        let (log, socket) = (paths.daemonLog, paths.socket)
        try folders.make("p-ana")
        try folders.setCurrent("p-ana")
        #expect(paths.state == "\(folder.path)/state/users/p-ana" && paths.daemonLog == log && paths.socket == socket)
        try folders.setCurrent("p-ben")
        #expect(paths.user == "p-ben" && folders.names() == ["p-ana"])
        try folders.setCurrent(nil)
        #expect(paths.user == nil)
    }

    @Test func `two members never share a name, and no name leaves its folder`() {
        let members = [
            ("p", "a/b"), ("p", "a%2Fb"), ("p", "a"), ("p-a", "b"), ("p", "a-b"), ("", "x"), ("..", "x"), ("p", ".."),
            ("p", "A"), ("p", "华云"),
        ]
        let names = members.map { UserFolders.name(partner: $0.0, account: $0.1) }
        #expect(Set(names).count == members.count, "\(names)")
        for name in names { #expect(UserFolders.isName(name), "\(name)") }
        for name in ["", "..", ".x", "a/b", String(repeating: "x", count: 300)] { #expect(!UserFolders.isName(name)) }
    }

    @Test(arguments: ["users/../..", "/etc", "users/", "elsewhere/x", "users/a/b"])
    func `a link that leads elsewhere names nobody`(target: String) throws {
        try SecureFile.makeFolder(paths.stateRoot)
        symlink(target, "\(paths.stateRoot)/current")
        #expect(paths.user == nil)
    }

    @Test func `an old installation is taken over whole, and its user is the current one`() throws {
        try makeOldInstallation()
        #expect(folders.hasOldInstallation)
        try folders.takeOver(as: "p-ana")
        expectTakenOver("p-ana")
    }

    @Test(arguments: 0...10) func `a taking-over that a crash stopped after any step is ended by the next program`(
        steps: Int
    ) throws {
        try makeOldInstallation()
        let stage = "\(paths.stateRoot)/adopting-p-ana"
        try SecureFile.makeFolder(stage)
        let state = (UserFolderTests.files + ["replica.db"]).sorted().map {
            ("\(paths.stateRoot)/\($0)", "\(stage)/\($0)")
        }
        let config = ["fieldbook.conf", "token"].map {
            ("\(paths.configRoot)/\($0)", "\(paths.configRoot)/users/p-ana/\($0)")
        }
        if steps > state.count { try folders.make("p-ana") }
        for (from, to) in (state + config).prefix(steps) { #expect(rename(from, to) == 0) }
        if steps > 9 { try folders.setCurrent("p-ana") }
        #expect(folders.isUnfinished)
        try folders.finish()
        expectTakenOver("p-ana")
    }

    @Test func `a taking-over is left alone while a daemon has the old files`() throws {
        try makeOldInstallation()
        try SecureFile.makeFolder("\(paths.stateRoot)/adopting-p-ana")
        let held = try FileLock(path: "\(paths.stateRoot)/daemon.lock")
        try folders.finish()
        #expect(SecureFile.exists("\(paths.stateRoot)/outbox.db") && folders.isUnfinished)
        withExtendedLifetime(held) {}
    }

    @Test func `a token of a log-in just now is not replaced by the old one`() throws {
        try makeOldInstallation()
        try folders.make("p-ana")
        writeFile(paths.of(user: "p-ana").tokenFile, "new")
        try folders.takeOver(as: "p-ana")
        #expect(readFile(paths.tokenFile) == Array("new".utf8))
        #expect(!SecureFile.exists("\(paths.configRoot)/token"))
    }

    @Test func `a server of a log-in just now stays, and what else the person set stays the person's`() throws {
        try makeOldInstallation()
        writeFile(paths.settingsFile, "# mine\nserver = http://old\n[log]\nlevel = info\n")
        try folders.make("p-ana")
        writeFile(paths.of(user: "p-ana").settingsFile, "[server]\nurl = http://new\n")
        try folders.takeOver(as: "p-ana")
        let settings = Settings(paths) { _ in nil }
        #expect(settings.text(.serverURL) == "http://new" && settings.text(.logLevel) == "info")
        #expect(readFile(paths.personSettingsFile) == Array("# mine\n[log]\nlevel = info\n".utf8))
        // Settings of their own are no set-up that waits to be taken over.
        #expect(!folders.hasOldInstallation)
    }

    @Test func `a removal takes all of one user and nothing of another`() throws {
        try makeOldInstallation()
        try folders.takeOver(as: "p-ana")
        try folders.make("p-ben")
        try folders.remove("p-ana")
        #expect(paths.user == nil && folders.names() == ["p-ben"])
        // What a crash left of a removal goes with the next command.
        try SecureFile.makeFolder("\(paths.stateRoot)/users/.gone-p-ana")
        writeFile("\(paths.stateRoot)/users/.gone-p-ana/outbox.db", "x")
        try folders.finish()
        #expect(!SecureFile.exists("\(paths.stateRoot)/users/.gone-p-ana"))
    }
}
