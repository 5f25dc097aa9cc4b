/// A table for people: columns padded by display width, nothing in a cell can drive the terminal.
package struct Table: Sendable {
    package enum Alignment: Sendable { case left, right }

    /// A column's title and side.
    package struct Column: Sendable {
        let title: String
        let alignment: Alignment
        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row of as many cells as there are columns.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row needs a cell for each column")
        rows.append(cells.map(TextWidth.safe))
    }

    /// The table as lines. With a width, the widest left-aligned column gives way until it fits; without, nothing is cut.
    package func render(width: Int?) -> String {
        let all = [columns.map(\.title)] + rows
        var widths = columns.indices.map { column in all.map { TextWidth.of($0[column]) }.max() ?? 0 }
        if let width {
            var excess = widths.reduce(0, +) + 2 * (columns.count - 1) - width
            while excess > 0 {
                let shrinkable = columns.indices.filter { columns[$0].alignment == .left && widths[$0] > 8 }
                guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
                widths[widest] -= 1
                excess -= 1
            }
        }
        return all.map { row in
            var line = ""
            for (index, column) in columns.enumerated() {
                let cell = TextWidth.cut(row[index], to: widths[index])
                let padding = String(repeating: " ", count: max(0, widths[index] - TextWidth.of(cell)))
                line += index == 0 ? "" : "  "
                line += column.alignment == .left ? cell + padding : padding + cell
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

/// How wide text is on a terminal, after Unicode's East Asian Width and general categories.
package enum TextWidth {
    /// Columns that a text takes.
    package static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

    private static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation || isWide(first.value) { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return 1
        }
    }

    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
            0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// The text with an ellipsis where it is longer than `width` columns.
    package static func cut(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        var kept = ""
        var used = 0
        for character in text {
            let columns = of(character)
            guard used + columns <= width - 1 else { break }
            kept.append(character)
            used += columns
        }
        return kept + "…"
    }

    /// The text with everything visible: control characters and bidirectional overrides are replaced.
    package static func safe(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: safe += "\u{FFFD}"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }
}
