import Diagnostics
import TestKit
import Testing

@Suite struct SettingsFileTests {
    @Test func `keys, values, comments and blank lines are read`() throws {
        let file = try SettingsFile(
            text: "# where\n\n server =  http://a:1/?x=1 # kept \n\tpoll-seconds=30\nempty =\n", path: "f")
        #expect(file.value("server.url") == "http://a:1/?x=1 # kept")
        #expect(file.value("poll-seconds") == "30")
        #expect(file.value("empty") == "")
        #expect(file.value("absent") == nil)
    }

    @Test func `lines may end in CR LF, and a byte order mark is skipped`() throws {
        let file = try SettingsFile(text: "\u{FEFF}a = 1\r\nb = 2\r\n", path: "f")
        #expect(file.value("a") == "1")
        #expect(file.value("b") == "2")
    }

    private let badLines = [
        ("a = 1\nnonsense\n", "f line 2", "no '='"), ("= 1", "f line 1", "not a setting"),
        ("Server = 1", "f line 1", "not a setting"),
        ("a b = 1", "f line 1", "not a setting"), ("a = 1\n#\na = 2", "f line 3", "a is set in line 1 already"),
        ("a = x\u{0}y", "f line 1", "control character"), ("a = \u{1B}[2J", "f line 1", "control character"),
        ("ü = 1", "f line 1", "not a setting"), ("a = 1\r\nb\r\n", "f line 2", "no '='"),
        ("a = 1\rb = 2", "f line 1", "control character"),
    ]

    @Test func `a bad line is named with the reason`() throws {
        for (text, place, reason) in badLines {
            let error = try #require(throws: UserError.self) { try SettingsFile(text: text, path: "f") }
            #expect(error.exitCode == .settings)
            #expect(error.what.contains(place))
            #expect(error.why.contains(reason))
            #expect(!error.next.isEmpty)
        }
    }

    @Test func `a change keeps comments, order and other keys`() throws {
        var file = try SettingsFile(text: "# mine\nb = 1\n\n# more\na = 2\n\n\n", path: "f")
        file.set("b", "3")
        file.set("c", " 4 ")
        #expect(file.text == "# mine\nb = 3\n\n# more\na = 2\nc = 4\n")
        #expect(try SettingsFile(text: file.text, path: "f") == file)
    }

    @Test func `an empty file has no settings`() throws {
        #expect(try SettingsFile(text: "", path: "f") == SettingsFile())
        #expect(SettingsFile().text == "")
    }

    @Test func `a file of the greatest size with thousands of keys is read, one byte more is refused`() throws {
        var text = (0..<5_000).map { "k\($0)=\n" }.joined()
        text += "#" + String(repeating: "x", count: SettingsFile.bytesMax - text.utf8.count - 1)
        #expect(try SettingsFile(text: text, path: "f").value("k4999") == "")
        let error = try #require(throws: UserError.self) { try SettingsFile(text: text + "x", path: "f") }
        #expect(error.why.contains("65536"))
    }

    @Test(arguments: [[0x61, 0x3D, 0xFF], [0x61, 0x3D, 0xC3], [0xED, 0xA0, 0x80]])
    func `a file that is not text is refused`(bytes: [UInt8]) throws {
        let folder = TemporaryDirectory()
        writeFile(folder.file("conf"), bytes)
        let error = try #require(throws: UserError.self) { try SettingsFile.load(folder.file("conf")) }
        #expect(error.exitCode == .settings)
        #expect(error.why == "it is not UTF-8 text")
    }

    @Test func `a file too large or absent is refused by its path`() throws {
        let folder = TemporaryDirectory()
        writeFile(folder.file("large"), [UInt8](repeating: 0x23, count: SettingsFile.bytesMax + 1))
        for name in ["large", "absent"] {
            let error = try #require(throws: UserError.self) { try SettingsFile.load(folder.file(name)) }
            #expect(error.what.contains(folder.file(name)))
        }
    }

    @Test func `a value that would be two lines is a defect of the program`() async {
        await #expect(processExitsWith: .failure) {
            var file = SettingsFile()
            file.set("a", "1\nb = 2")
        }
    }
}

/// Changes in a file with sections.
@Suite struct SettingsSectionTests {
    private func changed(_ text: String, _ change: (inout SettingsFile) -> Void) throws -> String {
        var file = try SettingsFile(text: text, path: "f")
        change(&file)
        #expect(try SettingsFile(text: file.text, path: "f") == file)
        return file.text
    }

    @Test func `a value is set where it stood, else at the end of its section, else in a new one`() throws {
        let old = "# mine\nserver = http://a\n"
        #expect(try changed(old) { $0.set("server.url", "http://b") } == "# mine\nserver = http://b\n")
        #expect(
            try changed("[server]\n# here\nurl = http://a\n\n[log]\nlevel = info\n") {
                $0.set("server.url", "http://b")
                $0.set("server.proxy", "http://p")
                $0.set("log.format", "json")
                $0.set("sync.interval", "1m")
            } == """
                [server]
                # here
                url = http://b
                proxy = http://p

                [log]
                level = info
                format = json

                [sync]
                interval = 1m

                """)
        #expect(try changed("") { $0.set("server.url", "http://b") } == "[server]\nurl = http://b\n")
        #expect(try changed("[log]\nlevel = info\n") { $0.set("a", "1") } == "a = 1\n[log]\nlevel = info\n")
    }

    @Test func `a setting that goes takes its empty section with it, and nothing of a person's`() throws {
        #expect(
            try changed("[server]\nurl = u\n\n[log]\nlevel = info\n") { $0.remove("server.url") }
                == "[log]\nlevel = info\n")
        #expect(
            try changed("[server]\n# mine\nurl = u\n") { $0.remove("server.url") } == "[server]\n# mine\n")
        #expect(try changed("server = u\n") { $0.remove("server.url") } == "")
        #expect(try changed("a = 1\n") { $0.remove("b") } == "a = 1\n")
    }

    @Test func `a file that holds nothing any more goes, one that can't be read stays`() throws {
        let folder = TemporaryDirectory()
        for (text, isLeft) in [("server = u\n", false), ("# x\nserver = u\n", true), ("server = u\njunk\n", true)] {
            writeFile(folder.file("f"), text)
            try SettingsFile.remove("server.url", from: folder.file("f"))
            #expect(SecureFile.exists(folder.file("f")) == isLeft, "\(text)")
        }
        try SettingsFile.remove("server.url", from: folder.file("absent"))
    }
}
