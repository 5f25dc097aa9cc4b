package import Diagnostics

/// One option of a command. Without `value` it is a flag.
package struct OptionSpec: Sendable, Hashable {
    package let name: String
    /// The name of its value in the help; nil for a flag.
    package let value: String?
    package let help: String

    package init(_ name: String, value: String? = nil, _ help: String) {
        self.name = name
        self.value = value
        self.help = help
    }
}

/// One command of a program.
package struct CommandSpec: Sendable, Hashable {
    package let path: [String]
    package let summary: String
    /// Names of the arguments that must stand after the command, in order.
    package let arguments: [String]
    package let options: [OptionSpec]
    /// Command lines that show its use.
    package let examples: [String]

    package init(
        _ path: String, _ summary: String, arguments: [String] = [], options: [OptionSpec] = [], examples: [String]
    ) {
        self.path = path.split(separator: " ").map(String.init)
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.examples = examples
    }
}

/// A command line understood.
package struct ParsedCommand: Sendable, Hashable {
    /// The words of the command, joined by spaces: `budget set`.
    package let name: String
    package let arguments: [String]
    package let options: [String: String]

    package func option(_ name: String) -> String? { options[name] }
    package func flag(_ name: String) -> Bool { options[name] != nil }
}

/// The commands of a program: parsing and help come from this one table.
package struct CommandTable: Sendable {
    /// What a command line asks for.
    package enum Request: Sendable, Hashable {
        case run(ParsedCommand)
        /// Text for stdout: help or version.
        case show(String)
    }

    /// Arguments and bytes of a command line past which it is refused.
    private static let argumentsMax = 1_000

    package let program: String
    package let summary: String
    package let globals: [OptionSpec]
    package let commands: [CommandSpec]

    package init(program: String, summary: String, globals: [OptionSpec], commands: [CommandSpec]) {
        self.program = program
        self.summary = summary
        self.globals = globals
        self.commands = commands
    }

    // MARK: Parsing

    /// Understands the arguments after the program's name. `--` ends options; `--name=value` and `--name value` mean the
    /// same; options may stand anywhere.
    package func parse(_ words: [String]) throws(UserError) -> Request {
        guard words.count <= CommandTable.argumentsMax else { throw usage("there are more than \(CommandTable.argumentsMax) arguments", nil) }
        var plain: [String] = []
        var marks: [(name: String, value: String?)] = []
        var index = 0
        var optionsEnded = false
        while index < words.count {
            let word = words[index]
            index += 1
            if optionsEnded || !word.hasPrefix("--") {
                if word == "-h" && !optionsEnded { marks.append(("help", nil)) } else { plain.append(word) }
                continue
            }
            if word == "--" {
                optionsEnded = true
                continue
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2 {
                marks.append((parts[0], parts[1]))
            } else if takesValue(parts[0], after: plain) {
                guard index < words.count else { throw usage("--\(parts[0]) needs a value", nil) }
                marks.append((parts[0], words[index]))
                index += 1
            } else {
                marks.append((parts[0], nil))
            }
        }
        return try understand(plain, marks)
    }

    private func takesValue(_ name: String, after plain: [String]) -> Bool {
        let known = command(plain)?.options ?? commands.flatMap(\.options)
        return (known + globals).contains { $0.name == name && $0.value != nil }
    }

    private func command(_ plain: [String]) -> CommandSpec? {
        commands.filter { plain.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
    }

    private func understand(_ plain: [String], _ marks: [(name: String, value: String?)]) throws(UserError) -> Request {
        if marks.contains(where: { $0.name == "version" }) { return .show("\(program) \(SoftwareVersion.text)\n") }
        let asksHelp = marks.contains { $0.name == "help" } || plain.first == "help"
        let words = plain.first == "help" ? Array(plain.dropFirst()) : plain
        if asksHelp { return .show(help(words)) }
        guard !words.isEmpty else { throw usage("a command is missing", nil) }
        guard let command = command(words) else {
            let group = commands.filter { $0.path.first == words[0] }
            if !group.isEmpty { throw usage("'\(words[0])' needs one of: \(group.compactMap { $0.path.dropFirst().first }.joined(separator: ", "))", nil) }
            throw usage("there is no command '\(words[0].prefix(40))'", nearest(words[0], among: Set(commands.compactMap(\.path.first)).sorted()))
        }
        var options: [String: String] = [:]
        for mark in marks {
            guard let spec = (command.options + globals).first(where: { $0.name == mark.name }) else {
                throw usage(
                    "'\(command.path.joined(separator: " "))' has no option --\(mark.name.prefix(40))",
                    nearest(mark.name, among: (command.options + globals).map(\.name)).map { "--\($0)" }, command)
            }
            guard (spec.value == nil) == (mark.value == nil) else {
                throw usage(spec.value == nil ? "--\(spec.name) takes no value" : "--\(spec.name) needs a value", nil, command)
            }
            guard options[spec.name] == nil else { throw usage("--\(spec.name) is given twice", nil, command) }
            options[spec.name] = mark.value ?? ""
        }
        let arguments = Array(words.dropFirst(command.path.count))
        guard arguments.count == command.arguments.count else {
            let wanted = command.arguments.isEmpty ? "no argument" : command.arguments.joined(separator: " ")
            throw usage("'\(command.path.joined(separator: " "))' takes \(wanted)", nil, command)
        }
        return .run(ParsedCommand(name: command.path.joined(separator: " "), arguments: arguments, options: options))
    }

    private func usage(_ why: String, _ nearest: String?, _ command: CommandSpec? = nil) -> UserError {
        let help = ([program] + (command?.path ?? []) + ["--help"]).joined(separator: " ")
        return UserError(
            .usage, what: "cannot understand the command line", why: why,
            next: nearest.map { "did you mean '\($0)'? See: \(help)" } ?? "see: \(help)")
    }

    /// The known word at the smallest edit distance, if it is near.
    private func nearest(_ word: String, among known: [String]) -> String? {
        guard word.count <= 40 else { return nil }
        let ranked = known.map { (distance($0, word), $0) }.min { $0.0 < $1.0 }
        return ranked.flatMap { $0.0 <= 2 ? $0.1 : nil }
    }

    private func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let cost = letter == other ? diagonal : diagonal + 1
                diagonal = row[column + 1]
                row[column + 1] = min(cost, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }

    // MARK: Help

    /// The help of a command, of a group of commands, or of the program.
    package func help(_ words: [String]) -> String {
        if let command = command(words) { return help(command) }
        let group = commands.filter { words.isEmpty || $0.path.first == words[0] }
        let shown = group.isEmpty ? commands : group
        var text = "\(program): \(summary)\n\nusage: \(program) COMMAND [options]\n\ncommands:\n"
        let names = shown.map { ($0.path + $0.arguments).joined(separator: " ") }
        let width = min(34, names.map(\.count).max() ?? 0)
        for (name, command) in zip(names, shown) { text += CommandTable.entry(name, command.summary, width: width) }
        text += "\noptions everywhere:\n" + CommandTable.entries(globals)
        return text + "\nmore: \(program) COMMAND --help\n"
    }

    private func help(_ command: CommandSpec) -> String {
        let synopsis = ([program] + command.path + command.arguments).joined(separator: " ")
        var text = "\(command.summary)\n\nusage: \(synopsis)\(command.options.isEmpty ? "" : " [options]")\n"
        if !command.options.isEmpty { text += "\noptions:\n" + CommandTable.entries(command.options) }
        text += "\noptions everywhere:\n" + CommandTable.entries(globals)
        text += "\nexamples:\n" + command.examples.map { "  \($0)\n" }.joined()
        return text
    }

    private static func entries(_ options: [OptionSpec]) -> String {
        let names = options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
        let width = names.map(\.count).max() ?? 0
        return zip(names, options).map { entry($0, $1.help, width: width) }.joined()
    }

    /// One entry, its text wrapped into 80 columns.
    private static func entry(_ name: String, _ text: String, width: Int) -> String {
        let indent = width + 4
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > 79 {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        let padding = String(repeating: " ", count: indent)
        let head = name.count <= width ? "  \(name)" + String(repeating: " ", count: width - name.count + 2) : "  \(name)\n\(padding)"
        return head + lines.joined(separator: "\n\(padding)") + "\n"
    }
}
