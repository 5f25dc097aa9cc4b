/// How the row lines of a page are written.
package enum RowForm: String, Sendable, CaseIterable {
    /// Every line holds all fields of its row.
    case plain
    /// A line holds the fields in which its row differs from the row above of the same entity, and a mask that names
    /// them. Every cursor line begins anew, so that what stands between two of them can be read alone.
    case packed

    /// The query parameter that asks for a form; who does not know it answers with plain pages.
    package static let parameter = "rows"

    /// Fields that a mask has room for.
    static let fieldsMax = 63
}

/// A field as it was scanned, in two words: the loops of loading and serving go over arrays of them.
package struct FieldSlot {
    /// The integer, or where the text begins in the page.
    package var value: Int64
    /// Bytes of the text, escapes resolved; negative for what is no text.
    package var length: Int32

    static let null = FieldSlot(value: 0, length: -1)

    @inline(__always)
    static func integer(_ value: Int64) -> FieldSlot { FieldSlot(value: value, length: -2) }

    /// Whether it holds an integer.
    @inlinable package var isInteger: Bool { length == -2 }
    /// Whether it holds a text.
    @inlinable package var isText: Bool { length >= 0 }
    /// Whether it holds nothing.
    @inlinable package var isNull: Bool { length == -1 }

    /// The same with its meaning spelled out.
    package var field: RowField {
        if isInteger { return .integer(value) }
        return isText ? .text(offset: Int(value), count: Int(length)) : .null
    }
}

/// Eight bytes of text at once.
enum TextWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of every byte that needs a look: quote, backslash, control character, and with `high` all past
    /// ASCII. Exact up to the first hit.
    @inline(__always)
    static func marks(_ word: UInt64, high: Bool) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let escape = word ^ (ones &* 0x5C)
        let low = (word &- ones &* 0x20) & ~word
        let found = ((quote &- ones) & ~quote) | ((escape &- ones) & ~escape) | low
        return (high ? found | word : found) & highs
    }
}
