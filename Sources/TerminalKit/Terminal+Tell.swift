import Glibc

extension Terminal {
    /// Writes lines that are not a result: on a terminal broken between words where one is longer than it is wide, each
    /// piece as far in as its line; elsewhere as they are, so that a line that is looked for is found whole.
    package func tell(_ text: String) {
        guard let width = errorWidth else { return writeError(text) }
        writeError(Terminal.broken(text, to: width))
    }

    static func broken(_ text: String, to width: Int) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { line in
            guard TextWidth.of(String(line)) > width else { return String(line) }
            let indent = String(line.prefix { $0 == " " })
            return TextWidth.wrap(String(line), to: max(1, width - indent.count)).map { indent + $0 }
                .joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
