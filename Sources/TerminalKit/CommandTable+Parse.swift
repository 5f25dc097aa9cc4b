package import Diagnostics

extension CommandTable {
    /// Arguments past which a command line is refused unread.
    private static let argumentsMax = 1_000
    /// Characters of an argument that a message quotes.
    private static let quotedMax = 40

    /// An option as it stands on the command line.
    private struct Mark {
        let name: String
        let value: String?
        /// The letter with its hyphen, when it was given by that.
        var letter: String?
        var typed: String { letter ?? "--\(name)" }
    }

    /// Understands the arguments after the program's name; errors have exit code `usage`.
    ///
    /// `--` ends options; `--name=value` and `--name value` mean the same; options may stand anywhere. A negative number
    /// is an argument.
    package func parse(_ words: [String]) throws(UserError) -> Request {
        guard words.count <= CommandTable.argumentsMax else {
            throw usage("there are more than \(CommandTable.argumentsMax) arguments")
        }
        var plain: [String] = []
        var marks: [Mark] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" {
                plain += words[index...]
                break
            }
            if CommandTable.isPlain(word) {
                plain.append(word)
            } else {
                marks.append(try mark(word, words[index...], plain, &index))
            }
        }
        return try understand(plain, marks)
    }

    /// Whether a word is no option: it does not begin with a hyphen, or is a lone one, or a negative number.
    private static func isPlain(_ word: String) -> Bool {
        let bytes = Array(word.utf8.prefix(3))
        guard bytes.first == UInt8(ascii: "-"), bytes.count > 1 else { return true }
        let digit = bytes[1] == UInt8(ascii: ".") && bytes.count > 2 ? bytes[2] : bytes[1]
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
    }

    private func mark(
        _ word: String, _ rest: ArraySlice<String>, _ plain: [String], _ index: inout Int, typed: String? = nil
    )
        throws(UserError) -> Mark
    {
        if word == "-h" { return Mark(name: "help", value: nil) }
        if let long = long(word, after: plain) {
            var mark = try mark("--\(long)", rest, plain, &index, typed: word)
            mark.letter = word
            return mark
        }
        guard word.hasPrefix("--") else {
            throw usage(
                "there is no option \(CommandTable.quoted(word)); put -- before an argument that begins with '-'",
                of: command(plain))
        }
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        if parts.count == 2 { return Mark(name: parts[0], value: parts[1]) }
        guard takesValue(parts[0], after: plain) else { return Mark(name: parts[0], value: nil) }
        // A forgotten value must not swallow the next option.
        guard let value = rest.first, !value.hasPrefix("--") else {
            throw usage(
                "\(typed ?? "--\(parts[0])") needs a value; write one that begins with '--' as --\(parts[0])=VALUE",
                of: command(plain))
        }
        index += 1
        return Mark(name: parts[0], value: value)
    }

    /// The name of the option that a letter after a single hyphen means.
    private func long(_ word: String, after plain: [String]) -> String? {
        command(plain)?.options.first { $0.short.map { "-\($0)" } == word }?.name
    }

    private func takesValue(_ name: String, after plain: [String]) -> Bool {
        let known = command(plain)?.options ?? commands.flatMap(\.options)
        return (known + globals).contains { $0.name == name && $0.value != nil }
    }

    private func understand(_ plain: [String], _ marks: [Mark]) throws(UserError) -> Request {
        if marks.contains(where: { $0.name == "version" }) { return .show("\(program) \(SoftwareVersion.text)\n") }
        let asksHelp = plain.first == "help" && command(["help"]) == nil
        let words = asksHelp ? Array(plain.dropFirst()) : plain
        if asksHelp || marks.contains(where: { $0.name == "help" }) {
            let isPlain = Terminal.isPlainAsked || marks.contains { $0.name == "plain" }
            return .show(try help(words, isPlain: isPlain))
        }
        let named = words.isEmpty ? home.map { [$0] } ?? [] : words
        guard !named.isEmpty else { throw usage("a command is missing") }
        guard let command = command(named) else { throw unknown(named) }
        let options = try options(marks, of: command)
        let arguments = Array(named.dropFirst(command.path.count))
        let required = command.arguments.prefix { !$0.hasPrefix("[") }.count
        guard (required...command.arguments.count).contains(arguments.count) else {
            let wanted = command.arguments.isEmpty ? "no argument" : command.arguments.joined(separator: " ")
            throw usage("'\(command.name)' takes \(wanted), and \(arguments.count) were given", of: command)
        }
        if let text = try answer(command, arguments) { return .show(text) }
        let typed = marks.reduce(into: [:]) { $0[$1.name] = $1.letter }
        return .run(ParsedCommand(name: command.name, arguments: arguments, options: options, words: typed))
    }

    /// The text of a command that every program has; nil for one of the table's.
    private func answer(_ command: CommandSpec, _ arguments: [String]) throws(UserError) -> String? {
        guard ownCommands.contains(command) else { return nil }
        guard let name = arguments.first else { return manualPage() }
        guard let shell = Shell(rawValue: name) else {
            throw usage(
                "there are no completions for \(CommandTable.quoted(name))",
                nearest: NearestName.of(name, among: command.choices), of: command)
        }
        return completions(for: shell)
    }

    private func options(_ marks: [Mark], of command: CommandSpec) throws(UserError) -> [String: String] {
        let known = command.options + globals
        var options: [String: String] = [:]
        for mark in marks {
            guard let spec = known.first(where: { $0.name == mark.name }) else {
                throw usage(
                    "'\(command.name)' has no option \(CommandTable.quoted("--\(mark.name)"))",
                    nearest: NearestName.of(mark.name, among: known.map(\.name)).map { "--\($0)" }, of: command)
            }
            guard (spec.value == nil) == (mark.value == nil) else {
                throw usage(
                    spec.value == nil ? "\(mark.typed) takes no value" : "\(mark.typed) needs a value", of: command)
            }
            guard options[spec.name] == nil else { throw usage("\(mark.typed) is given twice", of: command) }
            options[spec.name] = mark.value ?? ""
        }
        return options
    }

    /// Why words name no command, with the nearest that they may have meant.
    func unknown(_ words: [String]) -> UserError {
        let group = commands.filter { $0.path.count > 1 && $0.path.first == words[0] }
        let names = allCommands.map(\.name)
        // The first word may be wrong and what follows it right, or the other way round.
        let nearest = NearestName.of(words.prefix(2).joined(separator: " "), among: names)
        guard group.isEmpty else {
            let missing = words.count > 1 ? "; there is no \(CommandTable.quoted(words[1])) in it" : ""
            let choices = group.map { $0.path[1] }.joined(separator: ", ")
            return usage("'\(words[0])' needs one of: \(choices)\(missing)", nearest: words.count > 1 ? nearest : nil)
        }
        return usage(
            "there is no command \(CommandTable.quoted(words[0]))",
            nearest: nearest ?? NearestName.of(words[0], among: names + allCommands.map { $0.path[0] }))
    }

    private func usage(_ why: String, nearest: String? = nil, of command: CommandSpec? = nil) -> UserError {
        let help = ([program] + (command?.path ?? []) + ["--help"]).joined(separator: " ")
        return UserError(
            .usage, what: "cannot understand the command line", why: why,
            next: nearest.map { "did you mean '\($0)'? See: \(help)" } ?? "see: \(help)")
    }

    private static func quoted(_ word: String) -> String {
        "'\(word.prefix(quotedMax))\(word.dropFirst(quotedMax).isEmpty ? "" : "…")'"
    }
}
