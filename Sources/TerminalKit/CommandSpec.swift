/// One option of a command. Without `value` it is a flag.
package struct OptionSpec: Sendable, Hashable {
    package let name: String
    /// The name of its value in the help; nil for a flag.
    package let value: String?
    package let help: String
    /// The words that its value can be; empty where it is free.
    package let choices: [String]
    /// One letter that means the same after a single hyphen.
    package let short: String?
    /// Whether the command refuses to run without it; the help then shows it without brackets.
    package let isNeeded: Bool

    package init(
        _ name: String, value: String? = nil, _ help: String, choices: [String] = [], short: String? = nil,
        isNeeded: Bool = false
    ) {
        self.name = name
        self.value = value
        self.help = help
        self.choices = choices
        self.short = short
        self.isNeeded = isNeeded
    }

    /// For every program that shows tables or progress.
    package static let plain = OptionSpec(
        "plain", "no columns, bars or drawings, for screen readers; also FIELDBOOK_PLAIN=1")

    /// As it is typed: `--limit N`, `-n, --lines N`.
    var synopsis: String { (short.map { "-\($0), " } ?? "") + form }

    /// As it stands in a line of usage, in brackets where it may be left out: `[-n | --lines N]`.
    var usage: String {
        let words = (short.map { "-\($0) | " } ?? "") + form
        return isNeeded ? words : "[\(words)]"
    }

    private var form: String { "--\(name)" + (value.map { " \($0)" } ?? "") }
}

/// One command of a program.
package struct CommandSpec: Sendable, Hashable {
    package let path: [String]
    /// One sentence.
    package let summary: String
    /// Names of the arguments that must stand after the command, in order; one in brackets may be left out.
    package let arguments: [String]
    package let options: [OptionSpec]
    /// Command lines that show its use.
    package let examples: [String]
    /// The words that its first argument can be; empty where it is free.
    package let choices: [String]

    package init(
        _ path: String, _ summary: String, arguments: [String] = [], options: [OptionSpec] = [], examples: [String],
        choices: [String] = []
    ) {
        self.path = path.split(separator: " ").map(String.init)
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.choices = choices
    }

    /// The words of the command, joined by spaces.
    package var name: String { path.joined(separator: " ") }
}

/// Commands that stand together under a title in the help.
package struct CommandGroup: Sendable, Hashable {
    package let title: String
    package let commands: [CommandSpec]

    package init(_ title: String, _ commands: [CommandSpec]) {
        self.title = title
        self.commands = commands
    }
}

/// A command line understood.
package struct ParsedCommand: Sendable, Hashable {
    /// The words of the command, joined by spaces: `budget set`.
    package let name: String
    package let arguments: [String]
    package let options: [String: String]
    /// How options were typed that have a letter too: `lines` as `-n`.
    package private(set) var words: [String: String] = [:]

    /// Whether the plain form is asked for, here or by the environment.
    package var isPlain: Bool { flag("plain") || Terminal.isPlainAsked }

    /// A command understood elsewhere than on a command line; its table must know all of it.
    package init(name: String, arguments: [String], options: [String: String], words: [String: String] = [:]) {
        self.name = name
        self.arguments = arguments
        self.options = options
        self.words = words
    }

    /// An option as it was typed, for messages about it.
    package func typed(_ name: String) -> String { words[name] ?? "--\(name)" }

    /// The value given for an option; nil when it was not given.
    package func option(_ name: String) -> String? { options[name] }
    /// Whether an option was given.
    package func flag(_ name: String) -> Bool { options[name] != nil }
}
