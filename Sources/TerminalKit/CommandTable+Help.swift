package import Diagnostics

extension CommandTable {
    /// Columns of the help.
    static let columns = 80

    /// The help of the program (no words), of a group of commands, or of a command with or without arguments after it.
    /// Words that name none of them are an error with the nearest command. The plain form has no columns and nothing
    /// further in.
    package func help(_ words: [String], isPlain: Bool = false) throws(UserError) -> String {
        let layout = HelpLayout(isPlain: isPlain)
        if let command = command(words) { return help(command, layout) }
        if words.isEmpty {
            return help(groups, heading: layout.wrap("\(program): \(summary)", indent: 0) + "\n", layout)
        }
        let group = allCommands.filter { $0.path.starts(with: words) }
        guard !group.isEmpty else { throw unknown(words) }
        return help([CommandGroup("commands", group)], heading: "", layout)
    }

    private func help(_ groups: [CommandGroup], heading: String, _ layout: HelpLayout) -> String {
        var text = "\(heading)usage: \(program) \(home == nil ? "COMMAND" : "[COMMAND]") [options]\n"
        for group in groups where !group.commands.isEmpty {
            text +=
                "\n\(group.title):\n"
                + layout.list(group.commands.map { (($0.path + $0.arguments).joined(separator: " "), $0.summary) })
        }
        text += everywhere(layout)
        return text + "\nmore: \(program) COMMAND --help; also: manual, completion SHELL\n"
    }

    private func help(_ command: CommandSpec, _ layout: HelpLayout) -> String {
        let synopsis =
            ["usage:", program] + command.path + command.arguments
            + command.options.map(\.usage)
        var text =
            layout.wrap(command.summary, indent: 0) + "\n"
            + layout.fill(synopsis, start: 0, indent: layout.isPlain ? 0 : 7)
        if !command.options.isEmpty {
            text += "\noptions:\n" + layout.list(command.options.map { ($0.synopsis, $0.help) })
        }
        text += everywhere(layout)
        text += "\nexamples:\n" + command.examples.map(layout.example).joined()
        return text
    }

    private func everywhere(_ layout: HelpLayout) -> String {
        globals.isEmpty ? "" : "\noptions everywhere:\n" + layout.list(globals.map { ($0.synopsis, $0.help) })
    }
}

/// The pieces of a help text.
private struct HelpLayout {
    /// Columns of a list's names; a longer name has its line to itself.
    private static let namesMax = 34

    let isPlain: Bool

    /// Names and what they are, in two columns.
    func list(_ entries: [(name: String, text: String)]) -> String {
        if isPlain { return entries.map { wrap("\($0.name): \($0.text)", indent: 0) }.joined() }
        let width = entries.map { TextWidth.of($0.name) }.filter { $0 <= HelpLayout.namesMax }.max() ?? 0
        return entries.map { name, text in
            let padding = width - TextWidth.of(name)
            let head =
                padding < 0
                ? "  \(name)\n" + String(repeating: " ", count: width + 4)
                : "  \(name)" + String(repeating: " ", count: padding + 2)
            return head + wrap(text, indent: width + 4).drop { $0 == " " }
        }.joined()
    }

    /// A text as lines that begin with `indent` blanks.
    func wrap(_ text: String, indent: Int) -> String {
        String(repeating: " ", count: indent)
            + fill(text.split(separator: " ").map(String.init), start: indent, indent: indent)
    }

    /// Pieces on lines of at most 80 columns. `start` columns of the first line are taken, `indent` of the others are blank.
    func fill(_ pieces: [String], start: Int, indent: Int) -> String {
        var text = ""
        var used = start
        for (index, piece) in pieces.enumerated() {
            let width = TextWidth.of(piece)
            if index > 0, used + 1 + width > CommandTable.columns {
                text += "\n" + String(repeating: " ", count: indent)
                used = indent
            } else if index > 0 {
                text += " "
                used += 1
            }
            text += piece
            used += width
        }
        return text + "\n"
    }

    /// An example; a long one goes on after a backslash, so that it can still be copied.
    func example(_ line: String) -> String {
        if isPlain { return "\(line)\n" }
        return CommandTable.exampleLines(line, columns: CommandTable.columns - 2).map { "  \($0)\n" }.joined()
    }
}

extension CommandTable {
    /// An example as lines of at most so many columns: all but the last end with a backslash, all but the first are two
    /// further in. An option stays with its value, and quoted words stay together.
    static func exampleLines(_ line: String, columns: Int) -> [String] {
        guard TextWidth.of(line) > columns else { return [line] }
        var pieces: [String] = []
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
            if word.hasPrefix("--") || pieces.isEmpty {
                pieces.append(String(word))
            } else {
                pieces[pieces.count - 1] += " \(word)"
            }
        }
        var lines: [String] = []
        for piece in pieces {
            if let last = lines.last, TextWidth.of(last) + 1 + TextWidth.of(piece) + 2 <= columns {
                lines[lines.count - 1] += " \(piece)"
            } else {
                lines.append(lines.isEmpty ? piece : "  \(piece)")
            }
        }
        return lines.dropLast().map { "\($0) \\" } + lines.suffix(1)
    }
}
