import Diagnostics

/// What a manual page has beside the commands.
package struct ManualNotes: Sendable {
    /// A section of terms and what they are.
    package struct Section: Sendable {
        let title: String
        let entries: [(term: String, text: String)]
        package init(_ title: String, _ entries: [(term: String, text: String)]) {
            self.title = title
            self.entries = entries
        }
    }

    /// Paragraphs.
    let description: [String]
    let sections: [Section]
    /// As `fieldbookd(1)`.
    let related: [String]

    package init(description: [String] = [], sections: [Section] = [], related: [String] = []) {
        self.description = description
        self.sections = sections
        self.related = related
    }
}

/// The manual page, in the macros of man(7).
extension CommandTable {
    /// Columns of an example on a terminal of 80: without the margins and what it stands in.
    private static let exampleColumns = 64

    func manualPage() -> String {
        var page = """
            .TH \(Roff.word(program.uppercased())) 1 "" \(Roff.word("Fieldbook \(SoftwareVersion.text)")) Fieldbook
            .nr HY 0
            .nh
            .ad l
            .SH NAME
            \(Roff.text(program)) \\- \(Roff.text(summary))
            .SH SYNOPSIS
            .B \(Roff.text(program))
            \(home == nil ? ".I COMMAND" : ".RI [ COMMAND ]")
            [arguments] [options]

            """
        if !manual.description.isEmpty {
            page += ".SH DESCRIPTION\n" + manual.description.map { "\(Roff.line($0))\n" }.joined(separator: ".PP\n")
        }
        page += ".SH COMMANDS\n"
        for group in groups + [CommandGroup("about the program", ownCommands)] where !group.commands.isEmpty {
            page += ".SS \(Roff.word(group.title))\n" + group.commands.map(entry).joined()
        }
        page +=
            ".SH OPTIONS\nThese stand with every command.\n" + globals.map { Roff.term($0.synopsis, $0.help) }.joined()
        page += ".SH \"EXIT STATUS\"\n"
        page += ExitCode.allCases.map { Roff.term("\($0.rawValue)", $0.meaning) }.joined()
        for section in manual.sections {
            page += ".SH \(Roff.word(section.title))\n"
            page += section.entries.map { Roff.term($0.term, $0.text) }.joined()
        }
        if !manual.related.isEmpty {
            page +=
                ".SH \"SEE ALSO\"\n"
                + manual.related.map { name in
                    let parts = name.split(separator: "(", maxSplits: 1)
                    return ".BR \(Roff.text(String(parts[0]))) (\(parts.count > 1 ? parts[1] : "1)")"
                }.joined(separator: " ,\n") + "\n"
        }
        return page
    }

    private func entry(_ command: CommandSpec) -> String {
        let arguments = command.arguments.map { " \\fI\(Roff.text($0))\\fP" }.joined()
        let options = command.options.map { " \(Roff.unbroken($0.usage))" }.joined()
        var text =
            ".TP\n\\fB\(Roff.text(command.name))\\fP\(arguments)\(options)\n\(Roff.line(command.summary))\n"
        if !command.options.isEmpty {
            text += ".RS\n" + command.options.map { Roff.term($0.synopsis, $0.help) }.joined() + ".RE\n"
        }
        let examples = command.examples.flatMap {
            CommandTable.exampleLines($0, columns: CommandTable.exampleColumns)
        }.map { "\(Roff.line($0))\n" }.joined()
        return text + ".RS\n.PP\n.EX\n\(examples).EE\n.RE\n"
    }
}

/// Text in the form that troff takes (groff_char(7)): nothing in it is a request or an escape.
enum Roff {
    static func text(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\(rs"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "\"": escaped += "\\(dq"
            case _ where VisibleText.isUnsafe(scalar): escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A line of text, which a point at its begin does not make a request.
    static func line(_ text: String) -> String { "\\&" + self.text(text) }

    /// Text that stays on one line.
    static func unbroken(_ text: String) -> String {
        self.text(text).split(separator: " ", omittingEmptySubsequences: false).joined(separator: "\\ ")
    }

    /// An argument of a request.
    static func word(_ text: String) -> String { "\"\(self.text(text))\"" }

    static func term(_ term: String, _ text: String) -> String { ".TP\n.B \(self.text(term))\n\(line(text))\n" }
}
