extension Terminal {
    /// One sentence with its line feed: on a terminal in lines that it shows whole, of which all but the first begin
    /// `hanging` columns further in; elsewhere in one line.
    package func sentence(_ words: String, indent: Int = 0, hanging: Int = 2) -> String {
        let (indent, hanging) = isPlain ? (0, 0) : (indent, hanging)
        let first = String(repeating: " ", count: indent)
        guard let width else { return first + TextWidth.safe(words) + "\n" }
        let next = String(repeating: " ", count: indent + hanging)
        let lines = TextWidth.wrap(words, to: width - indent, then: width - indent - hanging)
        return first + lines.joined(separator: "\n" + next) + "\n"
    }
}

extension TextWidth {
    /// The words as lines that a terminal of that width shows whole; without a width as one line.
    static func lines(_ words: String, _ width: Int?) -> String {
        guard let width else { return safe(words) + "\n" }
        return wrap(words, to: width).joined(separator: "\n") + "\n"
    }

    /// The words in lines of at most `width` columns, those after the first of at most `rest`; a word that is wider is
    /// broken. At least one line, and nothing in it can drive the terminal.
    package static func wrap(_ words: String, to width: Int, then rest: Int? = nil) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        func room() -> Int { max(1, lines.isEmpty ? width : rest ?? width) }
        func end() {
            lines.append(line)
            line = ""
            used = 0
        }
        for word in safe(words).split(separator: " ") {
            let wide = of(String(word))
            if used > 0, used + 1 + wide <= room() {
                line += " " + word
                used += 1 + wide
                continue
            }
            if used > 0 { end() }
            if wide <= room() {
                line += word
                used = wide
                continue
            }
            for character in word {
                let columns = of(character)
                if used > 0, used + columns > room() { end() }
                line.append(character)
                used += columns
            }
        }
        if used > 0 || lines.isEmpty { end() }
        return lines
    }
}
