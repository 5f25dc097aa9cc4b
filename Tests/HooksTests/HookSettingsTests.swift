import Diagnostics
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
            "conflict": "/bin/a 'x y'", "freeze": "/bin/b 'open", "all": "/bin/c",
        ]
        let settings = HookSettings(timeout: .seconds(3)) { lines[$0] }
        #expect(settings.command(for: .conflict) == ["/bin/a", "x y"] && settings.command(for: .login) == ["/bin/c"])
        #expect(settings.command(for: .freeze) == ["/bin/c"] && settings.timeout == .seconds(3) && !settings.isEmpty)
        #expect(settings.flaws.map(\.key) == ["hooks.freeze"])
        #expect(HookSettings().isEmpty && HookSettings().timeout == .seconds(10) && HookSettings().flaws.isEmpty)
    }

    @Test func `commands and time come from the settings in force`() {
        let lines = ["FIELDBOOK_HOOKS_CONFLICT": "/bin/a b", "FIELDBOOK_HOOKS_TIMEOUT": "20s"]
        let settings = HookSettings(Settings(variables: { lines[$0] }))
        #expect(settings.command(for: .conflict) == ["/bin/a", "b"] && settings.timeout == .seconds(20))
        #expect(settings.command(for: .login) == nil && settings.flaws.isEmpty)
        #expect(HookSettings(Settings(variables: { _ in nil })) == HookSettings())
    }
}
