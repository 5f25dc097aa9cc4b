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
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if isPicture(first, among: scalars) { return 2 }
        // Terminals give spacing vowel signs (Devanagari, the Thai am) a column of their own.
        return scalars.reduce(0) { $0 + columns($1) }
    }

    /// One picture however many scalars it takes: an emoji with its tone, joined ones, a flag, a key cap.
    private static func isPicture(_ first: Unicode.Scalar, among scalars: Character.UnicodeScalarView) -> Bool {
        guard first.properties.isEmoji else { return false }
        // Variation selector 16 asks for the coloured, wide form.
        return first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}")
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        // The soft hyphen, and signs that stand before a number and enclose it (Unicode 16, table 9-4).
        case 0xAD, 0x0600...0x0605, 0x06DD, 0x070F, 0x0890...0x0891, 0x08E2, 0x110BD, 0x110CD: return 1
        // Vowels and finals of Hangul, which join the consonant before them.
        case 0x1160...0x11FF, 0xD7B0...0xD7FF: return 0
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return WideRanges.contains(scalar.value) ? 2 : 1
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
