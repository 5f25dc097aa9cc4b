/// Text from files, peers and arguments on its way to a terminal or a log: what would drive the reader's terminal, or
/// show text in another order than it has, is spelled out instead.
package enum VisibleText {
    /// Whether a scalar is a control character (C0, DEL, C1), a line or paragraph separator, or one that reorders
    /// text (Unicode standard annex 9: embeddings, overrides, isolates).
    package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The text with unsafe scalars as `\n`, `\r`, `\t` or `\u{1b}`.
    package static func escape(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var visible = ""
        for scalar in text.unicodeScalars { append(scalar, to: &visible) }
        return visible
    }

    static func append(_ scalar: Unicode.Scalar, to visible: inout String) {
        switch scalar {
        case "\n": visible += "\\n"
        case "\r": visible += "\\r"
        case "\t": visible += "\\t"
        case _ where isUnsafe(scalar): visible += "\\u{\(String(scalar.value, radix: 16))}"
        default: visible.unicodeScalars.append(scalar)
        }
    }

    /// At most `bytesMax` bytes of a text, cut between scalars: one character may be long (a letter under a thousand
    /// accents).
    package static func prefix(_ text: String, bytesMax: Int) -> Substring {
        guard text.utf8.count > bytesMax else { return text[...] }
        var end = text.utf8.index(text.startIndex, offsetBy: bytesMax)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end]
    }
}
