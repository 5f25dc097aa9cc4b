import Diagnostics

/// How wide text is on a terminal, after Unicode's East Asian Width (annex 11) and general categories.
package enum TextWidth {
    /// A text as lines of at most so many columns, broken between words.
    package static func wrapped(_ text: String, columns: Int) -> [String] {
        var lines: [String] = []
        var used = 0
        for word in text.split(separator: " ") {
            let width = of(String(word))
            if let last = lines.indices.last, used + 1 + width <= columns {
                lines[last] += " \(word)"
                used += 1 + width
            } else {
                lines.append(String(word))
                used = width
            }
        }
        return lines
    }

    /// Columns that a text takes.
    package static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        // Letters of Latin, Greek and Cyrillic: a column each, and none that joins another.
        var count = 0
        for scalar in text.unicodeScalars {
            guard isPlain(scalar.value) else { return ofCharacters(text) }
            count += 1
        }
        return count
    }

    private static func isPlain(_ value: UInt32) -> Bool {
        (0x20...0x7E).contains(value) || (0xA0...0x2FF).contains(value) || (0x370...0x482).contains(value)
    }

    private static func ofCharacters(_ text: String) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// Columns of one character, which may be a base with marks or a joined emoji.
    static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if isWide(first.value) { return 2 }
        // Variation selector 16 asks for the coloured, wide form.
        if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") {
            return 2
        }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return first == "\u{AD}" ? 1 : 0
        default: return 1
        }
    }

    /// Wide and fullwidth blocks; what is wide outside them is emoji by presentation.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x1100: false
        case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0x4DBF, 0x4E00...0xA4CF,
            0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
            0x16FE0...0x18CFF,
            0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// The text with an ellipsis where it is longer than `width` columns; never wider than that.
    package static func cut(_ text: String, to width: Int) -> String {
        guard width > 0 else { return "" }
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

    /// The text with everything visible, so that no name can drive the terminal: ESC becomes `\u{1b}`.
    package static func safe(_ text: String) -> String { VisibleText.escape(text) }
}
