/// Why a page or a line of it was not taken. Messages name positions and counts, never values.
package struct RowError: Error, Sendable, Hashable {
    package let why: String
    package init(_ why: String) { self.why = why }
}

/// One field of a scanned row line.
package enum RowField: Sendable, Hashable {
    case null
    case integer(Int64)
    /// UTF-8 text: offset from the start of the scanned buffer and length in bytes, escapes already resolved.
    case text(offset: Int, count: Int)
}

/// Scans one row line, a JSON array of integers, strings and nulls (RFC 8259), in place.
///
/// Escapes are resolved inside the buffer, so that a text field is always a plain slice of it. Fractions, exponents,
/// nested values, integers past 64 bits, invalid UTF-8 and control characters are refused.
package struct RowScanner {
    /// Fields of the last line scanned.
    package private(set) var fields: [RowField] = []

    package init() { fields.reserveCapacity(ProtocolLimits.rowFieldsMax) }

    /// Scans `line` of `buffer` (without its line feed). Text offsets count from the start of `buffer`. Cost: one pass.
    package mutating func scan(_ buffer: UnsafeMutableRawBufferPointer, line: Range<Int>) throws(RowError) {
        fields.removeAll(keepingCapacity: true)
        var scanner = try LineScanner(buffer, line: line)
        repeat {
            guard fields.count < ProtocolLimits.rowFieldsMax else { throw RowError("a row line has too many fields") }
            fields.append(try scanner.next().field)
        } while try scanner.goesOn()
    }
}
