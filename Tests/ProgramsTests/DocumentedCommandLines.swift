import Diagnostics
import TestKit
import Testing

@testable import TerminalKit
@testable import fieldbook
@testable import fieldbook_lab
@testable import fieldbook_server
@testable import fieldbookd

/// Command lines of README and manual against the tables that the programs parse by.
@Suite struct DocumentedCommandLines {
    static let tables = [CommandList.table, ServerCommands.table, LabCommands.table, FieldbookDaemon.table]

    /// The commands of a shell line, as far as they are separate programs: their words, without redirections.
    private static func commands(_ line: String) -> [[String]] {
        var parts = [""]
        var quote: Character?
        for character in line {
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
            } else if quote == nil, "|;&<>".contains(character) {
                parts.append("")
                continue
            }
            parts[parts.count - 1].append(character)
        }
        return parts.map { part in
            Array(CommandTable.words(of: part).drop { $0.contains("=") && !$0.hasPrefix("-") })
        }
    }

    /// What is wrong with a shell line; nil when it names none of our programs, or names it rightly.
    static func problem(_ line: String) -> String? {
        for words in commands(line) {
            guard let program = words.first, let table = tables.first(where: { $0.program == program }) else {
                continue
            }
            do throws(UserError) { _ = try table.parse(Array(words.dropFirst())) } catch {
                return "\(line): \(error.why)"
            }
        }
        return nil
    }

    /// What is wrong with words in a sentence, which may leave out arguments and values: a command, a group of
    /// commands, and options that it has.
    static func looseProblem(_ span: String) -> String? {
        let words = CommandTable.words(of: span)
        guard let table = tables.first(where: { $0.program == words.first }), words.count > 1 else { return nil }
        let rest = Array(words.dropFirst())
        let named = Array(rest.prefix { !$0.hasPrefix("-") && $0 != "…" && $0 != "COMMAND" })
        let command = table.command(named)
        if command == nil, !named.isEmpty, !table.commands.contains(where: { $0.path.starts(with: named) }) {
            return "\(span): there is no such command"
        }
        let known = (command?.options ?? table.commands.flatMap(\.options)) + table.globals
        for word in rest where word.hasPrefix("--") && word.count > 2 {
            let name = word.dropFirst(2).prefix { $0 != "=" }
            if !known.contains(where: { $0.name == name }) { return "\(span): there is no \(word)" }
        }
        return nil
    }

    @Test func `every command line of the manual is one that its program takes`() {
        #expect(Documents.articles.count >= 15)
        var count = 0
        for name in Documents.articles {
            for line in Documents.shellLines(Documents.article(name)) {
                count += 1
                #expect(DocumentedCommandLines.problem(line) == nil, "\(name)")
            }
        }
        #expect(count > 80)
    }

    @Test func `every command that a sentence of the manual names is there`() {
        for name in Documents.articles {
            for span in Documents.spans(Documents.article(name)) {
                #expect(DocumentedCommandLines.looseProblem(span) == nil, "\(name)")
            }
        }
    }

    @Test func `every command line of the README is one that its program takes`() {
        let readme = Documents.text("README.md")
        let lines = Documents.indentedLines(readme)
        #expect(lines.count > 30)
        for line in lines { #expect(DocumentedCommandLines.problem(line) == nil) }
        for span in Documents.spans(readme) { #expect(DocumentedCommandLines.looseProblem(span) == nil) }
    }

    @Test(arguments: [
        "fieldbook budget sett 'Atlas Freight' 5", "fieldbook budget set 'Atlas Freight'", "fieldbook sync --weit",
        "cd x; fieldbook-server compare ana --replica", "A=b fieldbook-lab run --seed",
        "fieldbook status | fieldbook x",
    ])
    func `a wrong line is found`(line: String) { #expect(DocumentedCommandLines.problem(line) != nil) }

    @Test(arguments: ["fieldbook bilss", "fieldbook sync --weit", "fieldbook-server admin bugdet", "fieldbookd walk"])
    func `wrong words are found`(span: String) { #expect(DocumentedCommandLines.looseProblem(span) != nil) }

    @Test(arguments: ["fieldbook", "fieldbook admin…", "fieldbook conflicts", "sqlite3 x", "fieldbook-server admin …"])
    func `words that leave something out are no mistake`(span: String) {
        let isGroup = span != "fieldbook admin…"
        #expect((DocumentedCommandLines.looseProblem(span) == nil) == isGroup)
    }

    @Test func `the README stays short`() {
        #expect(Documents.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 150)
    }
}
