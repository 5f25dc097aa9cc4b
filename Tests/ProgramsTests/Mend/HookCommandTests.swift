import Diagnostics
import Glibc
import TestKit
import Testing

@testable import fieldbook

/// `hooks test`: a trial of what the daemon would run.
@Suite struct HookCommandTests {
    private let installation: Installation

    init() throws { installation = try Installation() }

    private func set(_ lines: String...) {
        let text = ["[server]", "url = http://127.0.0.1:1", "[hooks]"] + lines
        writeFile(installation.paths.settingsFile, text.joined(separator: "\n") + "\n")
    }

    @Test func `a trial shows what the command was given, said and ended with`() {
        set("freeze = /bin/sh -c 'cat; echo $FIELDBOOK_EVENT; exit 3'", "all = /bin/true")
        let outcome = installation.run(["hooks", "test", "freeze"])
        #expect(outcome.code == 1 && outcome.output.contains(": exit 3 after "), "\(outcome.errors)")
        #expect(outcome.output.contains("\"test\":true") && outcome.output.contains("  freeze\n"))
        let good = installation.run(["hooks", "test", "login", "--json"])
        #expect(good.code == 0 && good.output.contains("\"ended\": \"exit 0\""), "\(good.output)")
    }

    @Test func `what can't be run is told with what to write`() {
        set("conflict = 'open")
        for (event, code, words) in [
            ("conflict", 78, "a quotation mark is not closed"), ("weather", 64, "conflict, refused, freeze"),
        ] as [(String, Int32, String)] {
            let outcome = installation.run(["hooks", "test", event])
            #expect(outcome.code == code && outcome.errors.contains(words), "\(outcome.errors)")
        }
        let check = installation.run(["config", "check"])
        #expect(
            check.code == 78 && check.output.contains("fieldbook.conf:4: hooks.conflict: a quotation mark"),
            "\(check.output)")
        #expect(installation.run(["doctor"]).output.contains("warning  hooks        hooks.conflict is not used"))
        set()
        let none = installation.run(["hooks", "test", "quota"])
        #expect(none.code == 78 && none.errors.contains("quota = /path/to/command"), "\(none.errors)")
    }

    @Test func `a daemon reads the commands from its settings`() {
        set("all = /no/such/command", "refused = 'open")
        let daemon = installation.daemon()
        #expect(eventually { daemon.errors.contains("event=hook-setting key=hooks.refused") }, "\(daemon.errors)")
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
    }
}
