import Diagnostics
import Foundation
import TestKit
import Testing

/// `fieldbook config`.
@Suite struct ConfigCommandTests {
    private let installation: Installation
    private var paths: Paths { installation.paths }

    init() throws { installation = try Installation() }

    private func json(_ words: [String]) throws -> [String: Any] {
        let answer = installation.run(words + ["--json"])
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
    }

    @Test func `check tells every mistake by file and line, with what to write, and ends with 78`() throws {
        #expect(installation.run(["config", "check"]).code == 0)
        writeFile(
            paths.settingsFile, "server = http://h\n[log]\nlevl = info\nlevel = loud\n[tls]\nca-file = /no/such\n")
        let check = installation.run(["config", "check"])
        #expect(check.code == 78)
        #expect(
            check.output == """
                \(paths.settingsFile):3: there is no setting levl in [log]
                  did you mean level in [log]?
                \(paths.settingsFile):4: log.level: 'loud' is none of its values
                  write one of: error, notice, info, debug, trace
                \(paths.settingsFile):6: tls.ca-file names /no/such: No such file or directory
                  check the path and its permissions

                """)
        let told = try json(["config", "check"])
        #expect(
            told["ok"] as? Bool == false
                && (told["mistakes"] as? [[String: Any]])?.map { $0["line"] as? Int } == [3, 4, 6])
        // What is wrong stops the daemon, not a look at the data or at the settings.
        let start = installation.run(["daemon", "start"])
        #expect(
            start.code == 78 && start.errors.contains("line 3") && start.errors.contains("config check"), "\(start)")
        #expect(installation.run(["config", "show"]).errors.contains("config check"))
    }

    @Test func `check looks at a file that is to become the settings`() throws {
        let file = installation.folder.file("new.conf")
        writeFile(file, "[sync]\ninterval = 1m\n")
        #expect(installation.run(["config", "check", file]).code == 0)
        writeFile(file, "[sync]\ninterval = 1y\n")
        #expect(installation.run(["config", "check", file]).code == 78)
        #expect(installation.run(["config", "check", "/no/such"]).code == 65)
    }

    @Test func `show tells each value and where it comes from, and no secret`() throws {
        writeFile(paths.settingsFile, "[server]\nurl = http://h:1\nproxy = http://ana:fbt_pass@p:3128\n")
        let show = installation.run(["config", "show"])
        let line = try #require(show.output.split(separator: "\n").first { $0.hasPrefix("server.url") })
        #expect(line.contains("http://h:1") && line.hasSuffix("\(paths.settingsFile) line 2"))
        #expect(show.output.contains("there, not shown") && !show.output.contains("fbt_"))
        let told = try json(["config", "show"])
        let values = try #require(told["settings"] as? [[String: Any]])
        #expect(values.count == SettingsRegistry.all.count && told["token"] as? Bool == true)
        #expect(values.first { $0["name"] as? String == "sync.interval" }?["from"] as? String == "built in")
        #expect(!installation.run(["config", "show", "--json"]).output.contains("fbt_"))
    }

    @Test func `every setting is explained, by its whole name or a key that is one of its kind`() throws {
        let all = installation.run(["config", "explain"]).output
        for spec in SettingsRegistry.all {
            let one = installation.run(["config", "explain", spec.name])
            #expect(one.code == 0 && one.output.contains(spec.variable) && all.contains("  \(spec.key) "), "\(one)")
            for line in (all + one.output).split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        }
        #expect(installation.run(["config", "explain", "interval"]).output.contains("[sync]"))
        #expect(installation.run(["config", "explain", "log"]).output.contains("format"))
        let none = installation.run(["config", "explain", "sync.intervall"])
        #expect(none.code == 65 && none.errors.contains("sync.interval"))
        #expect(try json(["config", "explain", "tls.ca-file"])["variable"] as? String == "FIELDBOOK_TLS_CA_FILE")
    }
}
