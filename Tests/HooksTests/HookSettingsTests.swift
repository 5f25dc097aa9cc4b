import Testing

@testable import Hooks

/// Command lines and settings of hooks.
@Suite struct HookSettingsTests {
    @Test(
        arguments: [
            ("/bin/notify", ["/bin/notify"]), ("  a\t b  ", ["a", "b"]), ("a 'b c' d", ["a", "b c", "d"]),
            ("a \"b \\\"c\\\" \\\\ \\n\"", ["a", "b \"c\" \\ \\n"]), ("a b\\ c", ["a", "b c"]), ("a ''", ["a", ""]),
            ("a'b'\"c\"d", ["abcd"]), ("a 'it\"s' \"it's\"", ["a", "it\"s", "it's"]), ("a 'x\\'", ["a", "x\\"]),
            ("a $HOME *.txt | b > c; d & ~", ["a", "$HOME", "*.txt", "|", "b", ">", "c;", "d", "&", "~"]),
            ("é 华云 'ü ü'", ["é", "华云", "ü ü"]),
        ])
    func `words part as a shell parts them, and nothing is replaced`(text: String, words: [String]) throws {
        #expect(try CommandWords.split(text) == words)
    }

    @Test(arguments: ["'open", "\"open", "ends\\", "   ", "''", "'' b"])
    func `a line that names no command, or has no end, is told`(text: String) {
        #expect(throws: CommandWords.Flaw.self) { try CommandWords.split(text) }
    }

    @Test func `an event has its own command, else the one for all, and a flaw takes no other with it`() {
        let lines = [
            "hook-conflict": "/bin/a 'x y'", "hook-freeze": "/bin/b 'open", "hook-all": "/bin/c", "hook-timeout": "3",
        ]
        let settings = HookSettings { lines[$0] }
        #expect(settings.command(for: .conflict) == ["/bin/a", "x y"] && settings.command(for: .login) == ["/bin/c"])
        #expect(settings.command(for: .freeze) == ["/bin/c"] && settings.timeout == .seconds(3) && !settings.isEmpty)
        #expect(settings.flaws.map(\.key) == ["hook-freeze"])
        #expect(HookSettings().isEmpty && HookSettings().timeout == .seconds(10) && HookSettings().flaws.isEmpty)
    }

    @Test(arguments: ["0", "301", "-1", "ten", "1.5", ""]) func `a time that is none is told, and ten seconds count`(
        text: String
    ) {
        let settings = HookSettings { $0 == "hook-timeout" ? text : nil }
        #expect(settings.timeout == .seconds(10) && settings.flaws.map(\.key) == ["hook-timeout"])
    }
}
