import Diagnostics
import Glibc
import TestKit
import Testing

/// What the layers come to, and what is told of mistakes.
@Suite struct SettingsTests {
    private let folder = TemporaryDirectory()
    private var paths: Paths { Paths { $0 == "FIELDBOOK_HOME" ? folder.path : nil } }

    private func write(_ path: String, _ text: String) throws {
        try SecureFile.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        writeFile(path, text)
    }

    private func settings(_ variables: [String: String] = [:]) -> Settings {
        Settings(paths) { variables[$0] }
    }

    @Test func `the later layer wins, and each value knows where it comes from`() throws {
        try UserFolders(paths).make("p-ana")
        try UserFolders(paths).setCurrent("p-ana")
        #expect(settings().text(.logLevel) == "notice" && settings().value(.logLevel).origin == .builtIn)
        let (system, person, own) = (paths.systemSettingsFile, paths.personSettingsFile, paths.settingsFile)
        #expect(system == folder.file("etc/fieldbook.conf") && own.contains("/users/p-ana/"))
        try write(system, "[log]\nlevel = info\nformat = json\n[sync]\ninterval = 1m\n[server]\nurl = http://system\n")
        try write(person, "[log]\n\nlevel = debug\n[server]\nurl = http://person\n")
        try write(own, "server = http://own\n")
        let read = settings(["FIELDBOOK_SYNC_INTERVAL": "20s", "FIELDBOOK_LOG_FORMAT": ""])
        #expect(read.mistakes == [] && read.files.map(\.isThere) == [true, true, true])
        #expect(read.value(.logFormat).origin == .file(system, line: 3))
        #expect(read.value(.logLevel).origin == .file(person, line: 3))
        #expect(read.text(.serverURL) == "http://own" && read.value(.serverURL).origin == .file(own, line: 1))
        #expect(read.duration(.syncInterval) == .seconds(20))
        #expect(read.value(.syncInterval).origin == .variable("FIELDBOOK_SYNC_INTERVAL"))
    }

    /// A text, the lines of its mistakes with a part of each reason and of each hint.
    private let mistakes: [(String, [(line: Int, why: String, next: String)])] = [
        ("[sync]\nintervall = 30s\n", [(2, "no setting intervall in [sync]", "interval in [sync]")]),
        ("[snyc]\ninterval = 30s\n", [(1, "no section [snyc]", "[sync]")]),
        ("[zzzzzz]\nx = 1\n", [(1, "no section [zzzzzz]", "server, sync, network, log")]),
        ("[sync]\nlevel = info\n", [(2, "no setting level in [sync]", "level in [log]")]),
        ("log.level = info\n", [(1, "log.level before the first section", "level in [log]")]),
        ("qqqqqqqq = 1\n", [(1, "no setting qqqqqqqq", "config explain")]),
        ("[sync]\ninterval = 30\n", [(2, "'30' is not a time", "s, m, h or d")]),
        ("[sync]\ninterval = 2s\n", [(2, "2s is out of range", "from 5s to 1h")]),
        ("[sync]\ninterval = 99999999999999999999h\n", [(2, "is not a time", "5s")]),
        ("[sync]\ninterval = -5s\n", [(2, "is not a time", "5s")]),
        ("[log]\nlevel = inof\n", [(2, "'inof' is none of its values", "did you mean 'info'?")]),
        ("[log]\nlevel =\n", [(2, "none of its values", "error, notice")]),
        ("[privacy]\nshow-personal = maybe\n", [(2, "neither yes nor no", "yes or no")]),
        ("[server]\nurl = ftp://h\n", [(2, "does not begin with http:// or https://", "http://HOST[:PORT]")]),
        ("[server]\nurl = https://h/path\n", [(2, "more than host and port", "https://HOST[:PORT]")]),
        ("[server]\nurl = https://h?x\n", [(2, "more than host and port", "https://HOST[:PORT]")]),
        ("[server]\nurl = https://ana@h\n", [(2, "the name of a person", "https://HOST[:PORT]")]),
        ("[server]\nurl = https://h:0\n", [(2, "cannot be read", "https://HOST[:PORT]")]),
        ("[server]\nurl = https://h:99999\n", [(2, "cannot be read", "https://HOST[:PORT]")]),
        ("[server]\nurl = https://[::1\n", [(2, "cannot be read", "https://HOST[:PORT]")]),
        ("[server]\nurl = https://::1\n", [(2, "cannot be read", "https://HOST[:PORT]")]),
        ("[server]\nproxy = http://a:b@p:3128/x\n", [(2, "more than host and port", "http://HOST[:PORT]")]),
        ("[server]\nurl = http://\n", [(2, "host is missing", "http://")]),
        ("[server]\ntoken-file = token\n", [(2, "no whole path", "'/'")]),
        ("[server\nurl = http://h\n", [(1, "not closed", "[section]")]),
        (
            "[]\n[Log]\n[log] # here\n",
            [(1, "names no section", ""), (2, "names no section", ""), (3, "not closed", "")]
        ),
        (
            "server = http://h\n[server]\nurl = http://i\n[log]\nlevel = info\nlevel = info\n",
            [(3, "server.url is set in line 1 already", "remove"), (6, "log.level is set in line 5", "remove")]
        ),
        (
            "\u{FEFF}[log]\r\nlevel = loud\r\nnonsense\r\n[nowhere]\r\nx = \u{1B}[2J\r\n",
            [(2, "none of its values", ""), (3, "no '='", ""), (4, "no section", ""), (5, "control character", "")]
        ),
    ]

    @Test func `every mistake of a file is found, by its line and with a hint`() throws {
        for (text, expected) in mistakes {
            try write(paths.settingsFile, text)
            let found = settings().mistakes
            #expect(found.map { $0.line } == expected.map { $0.line }, "\(text): \(found)")
            for (mistake, wanted) in zip(found, expected) {
                #expect(mistake.why.contains(wanted.why) && mistake.next.contains(wanted.next), "\(text): \(mistake)")
                #expect(mistake.place == paths.settingsFile && !mistake.next.isEmpty)
            }
            let error = try #require(throws: UserError.self) { try settings().checked() }
            #expect(error.exitCode == .settings && error.why == found[0].why)
            #expect(error.next.contains("fieldbook config check") == (found.count > 1) || found[0].next == error.next)
        }
    }

    @Test func `a value that is wrong leaves the one below it`() throws {
        try write(paths.systemSettingsFile, "[log]\nlevel = info\n")
        try write(paths.settingsFile, "[log]\nlevel = loud\n")
        #expect(settings().text(.logLevel) == "info")
        #expect(
            settings(["FIELDBOOK_LOG_LEVEL": "loud"]).mistakes.map(\.place) == [
                paths.settingsFile, "FIELDBOOK_LOG_LEVEL",
            ])
        #expect(settings(["FIELDBOOK_LOG_LEVEL": "trace\n"]).mistakes.count == 2)
    }

    @Test func `bad bytes are told by their line, a folder or a giant by its path`() throws {
        try SecureFile.makeFolder(paths.config)
        writeFile(paths.settingsFile, Array("[log]\nlevel = info\n# \u{E9}\n".utf8) + [0xFF, 0x0A, 0xC3])
        #expect(settings().mistakes.map(\.line) == [4, 5] && settings().text(.logLevel) == "info")
        writeFile(paths.settingsFile, [UInt8](repeating: 0x23, count: SettingsFile.bytesMax + 1))
        #expect(settings().mistakes.map(\.line) == [nil] && settings().mistakes[0].why.contains("65536"))
        unlink(paths.settingsFile)
        try SecureFile.makeFolder(paths.settingsFile)
        #expect(settings().mistakes.map(\.why) == ["it is not a regular file"])
    }

    @Test func `a file without sections, as older versions wrote it, is understood`() throws {
        try write(
            paths.settingsFile, "# mine\nserver = http://h:1\nca-file = /ca.pem\nproxy = http://ana:pass@p:3128\n")
        let read = settings(["FIELDBOOK_LOG": "debug"])
        #expect(read.mistakes == [] && read.text(.serverURL) == "http://h:1" && read.text(.caFile) == "/ca.pem")
        #expect(read.text(.logLevel) == "debug" && read.value(.logLevel).origin == .variable("FIELDBOOK_LOG"))
        #expect(settings(["FIELDBOOK_LOG": "loud"]).mistakes == [])
        // What is shown holds no password.
        #expect(read.value(.serverProxy).shown == "http://***@p:3128")
    }

    @Test func `the system's folder follows the specification, and the person's tilde is the person's home`() throws {
        let variables = [
            "HOME": folder.file("h"), "XDG_CONFIG_DIRS": "relative:\(folder.file("a")):\(folder.file("b"))",
        ]
        var paths: Paths { Paths { variables[$0] } }
        #expect(
            paths.systemSettingsFile == "/etc/fieldbook/fieldbook.conf" || SecureFile.exists(paths.systemSettingsFile))
        try write(folder.file("b/fieldbook/fieldbook.conf"), "[server]\ntoken-file = ~/t\n")
        #expect(paths.systemSettingsFile == folder.file("b/fieldbook/fieldbook.conf"))
        #expect(Settings(paths) { _ in nil }.path(.serverTokenFile) == folder.file("h/t"))
        #expect(Settings(paths) { _ in nil }.missingFiles.map(\.line) == [2])
    }
}
