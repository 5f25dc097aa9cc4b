/// The commands of a program: parsing and help come from this one table.
package struct CommandTable: Sendable {
    /// What a command line asks for.
    package enum Request: Sendable, Hashable {
        case run(ParsedCommand)
        /// Text for stdout: help or version.
        case show(String)
    }

    package let program: String
    package let summary: String
    package let globals: [OptionSpec]
    package let groups: [CommandGroup]
    /// What the manual page has beside the commands.
    package let manual: ManualNotes
    /// The command that runs when no other is named; without one, a command has to be.
    package let home: String?

    /// A table whose help lists the commands under titles.
    package init(
        program: String, summary: String, globals: [OptionSpec], groups: [CommandGroup],
        manual: ManualNotes = ManualNotes(), home: String? = nil
    ) {
        self.program = program
        self.summary = summary
        self.globals = globals
        self.groups = groups
        self.manual = manual
        self.home = home
    }

    /// A table whose help lists the commands in one piece.
    package init(
        program: String, summary: String, globals: [OptionSpec], commands: [CommandSpec],
        manual: ManualNotes = ManualNotes()
    ) {
        self.init(
            program: program, summary: summary, globals: globals, groups: [CommandGroup("commands", commands)],
            manual: manual)
    }

    package var commands: [CommandSpec] { groups.flatMap(\.commands) }

    /// Commands that every program has, and that the table answers itself.
    var ownCommands: [CommandSpec] {
        [
            CommandSpec(
                "completion", "Writes the completions of a shell; \(CommandTable.completionHint)", arguments: ["SHELL"],
                examples: ["\(program) completion bash"], choices: Shell.allCases.map(\.rawValue)),
            CommandSpec(
                "manual", "Writes the manual page, for man -l or a folder of manual pages.",
                examples: ["\(program) manual"]),
        ]
    }
    private static let completionHint = "load them with source, or from the shell's folder of completions."

    /// All of them, the table's own last.
    var allCommands: [CommandSpec] { commands + ownCommands }

    /// The longest command that `words` begin with.
    func command(_ words: [String]) -> CommandSpec? {
        allCommands.filter { words.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
    }

    /// What is wrong with the table, for a test to find none: names given twice, a command without summary or example,
    /// an example of another command or one that does not parse, help wider than 80 columns.
    package func problems() -> [String] {
        var problems: [String] = []
        var names: [String] = []
        for command in allCommands {
            if names.contains(command.name) { problems.append("'\(command.name)' stands twice") }
            names.append(command.name)
            problems += self.problems(of: command)
        }
        let helps = [[]] + allCommands.map(\.path)
        for path in helps {
            guard let text = try? help(path) else { continue }
            for line in text.split(separator: "\n") where TextWidth.of(String(line)) > CommandTable.columns {
                problems.append(
                    "the help of '\(path.joined(separator: " "))' has a line of more than 80 columns: \(line)")
            }
        }
        return problems
    }

    private func problems(of command: CommandSpec) -> [String] {
        var problems: [String] = []
        if !command.summary.hasSuffix(".") { problems.append("the summary of '\(command.name)' is not a sentence") }
        if command.examples.isEmpty { problems.append("'\(command.name)' has no example") }
        let options = (command.options + globals).map(\.name)
        for (index, option) in options.enumerated() where options[..<index].contains(option) {
            problems.append("'\(command.name)' has --\(option) twice")
        }
        for example in command.examples {
            let words = CommandTable.words(of: example)
            let start = words.firstIndex(of: program)
            let isUnderstood =
                switch start.flatMap({ try? parse(Array(words[($0 + 1)...])) }) {
                case .run(let parsed): parsed.name == command.name
                case .show: ownCommands.contains(command)
                case nil: false
                }
            guard isUnderstood else {
                problems.append("an example of '\(command.name)' does not run it: \(example)")
                continue
            }
        }
        return problems
    }

    /// The words of an example as a shell without substitutions would take them: quotes keep spaces.
    package static func words(of example: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in example {
            switch character {
            case quote: quote = nil
            case "'" where quote == nil, "\"" where quote == nil:
                quote = character
                word = word ?? ""
            case " " where quote == nil:
                if let ended = word { words.append(ended) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }
}
