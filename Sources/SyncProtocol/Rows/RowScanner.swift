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

/// Goes through the values of one row line, without allocation.
struct LineScanner {
    private let base: UnsafeMutableRawPointer
    private var index: Int
    /// Where the closing bracket stands.
    private let end: Int

    @inline(__always)
    init(_ buffer: UnsafeMutableRawBufferPointer, line: Range<Int>) throws(RowError) {
        guard line.count >= 2, line.count <= ProtocolLimits.lineBytesMax, line.upperBound <= buffer.count,
            let base = buffer.baseAddress, buffer[line.lowerBound] == UInt8(ascii: "["),
            buffer[line.upperBound - 1] == UInt8(ascii: "]")
        else { throw RowError("a row line is not a JSON array of bounded length") }
        self.base = base
        index = line.lowerBound + 1
        end = line.upperBound - 1
        guard index < end else { throw RowError("a row line is empty") }
    }

    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    /// Steps over the comma before the next value; false at the end of the line.
    @inline(__always)
    mutating func goesOn() throws(RowError) -> Bool {
        if index == end { return false }
        guard byte(index) == UInt8(ascii: ","), index + 1 < end else { throw RowError("a row line is malformed") }
        index += 1
        return true
    }

    /// The next value.
    @inline(__always)
    mutating func next() throws(RowError) -> FieldSlot {
        switch byte(index) {
        case UInt8(ascii: "\""): try text()
        case UInt8(ascii: "n"): try null()
        default: .integer(try integer())
        }
    }

    private mutating func null() throws(RowError) -> FieldSlot {
        guard index + 4 <= end, byte(index + 1) == UInt8(ascii: "u"), byte(index + 2) == UInt8(ascii: "l"),
            byte(index + 3) == UInt8(ascii: "l")
        else { throw RowError("a row line holds something other than integer, text or null") }
        index += 4
        return .null
    }

    /// The next value, which must be an integer.
    @inline(__always)
    mutating func integer() throws(RowError) -> Int64 {
        let isNegative = byte(index) == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let first = index
        var magnitude: UInt64 = 0
        while index < end {
            let digit = byte(index) &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            index += 1
        }
        let digits = index - first
        guard digits > 0 else { throw RowError("a row line holds something other than integer, text or null") }
        guard digits == 1 || byte(first) != UInt8(ascii: "0") else { throw RowError("an integer has a leading zero") }
        // Nineteen digits always fit in the magnitude.
        guard digits <= 19, magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) else {
            throw RowError("an integer does not fit in 64 bits")
        }
        return Int64(bitPattern: isNegative ? 0 &- magnitude : magnitude)
    }

    @inline(__always)
    private mutating func text() throws(RowError) -> FieldSlot {
        let start = index + 1
        var read = start
        while read + 8 <= end {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: read, as: UInt64.self))
            let marks = TextWord.marks(word, high: true)
            guard marks == 0 else {
                read += marks.trailingZeroBitCount / 8
                break
            }
            read += 8
        }
        if read < end, byte(read) == UInt8(ascii: "\"") {
            index = read + 1
            return FieldSlot(value: Int64(start), length: Int32(truncatingIfNeeded: read - start))
        }
        return try unusualText(from: start, at: read)
    }

    /// The rest of a text that holds escapes or more than ASCII, or the end of one at the end of the line.
    private mutating func unusualText(from start: Int, at place: Int) throws(RowError) -> FieldSlot {
        let buffer = UnsafeMutableRawBufferPointer(start: base, count: end)
        var read = place
        var write = place
        var hasHighBytes = false
        while read < end, buffer[read] != UInt8(ascii: "\"") {
            let byte = buffer[read]
            guard byte >= 0x20 else { throw RowError("a text holds a control character") }
            if byte == UInt8(ascii: "\\") {
                read += try TextEscapes.resolve(buffer, at: read, end: end, into: &write)
                continue
            }
            if byte >= 0x80 { hasHighBytes = true }
            buffer[write] = byte
            write += 1
            read += 1
        }
        guard read < end else { throw RowError("a text does not end") }
        if hasHighBytes, !UTF8Check.isValid(UnsafeRawBufferPointer(buffer), start..<write) {
            throw RowError("a text is not UTF-8")
        }
        index = read + 1
        return FieldSlot(value: Int64(start), length: Int32(truncatingIfNeeded: write - start))
    }
}

/// The escapes of JSON strings (RFC 8259, section 7), resolved in place: the result is never longer than the source.
private enum TextEscapes {
    /// Resolves the escape at `index`, writes its UTF-8 at `write` and returns the bytes read.
    static func resolve(
        _ buffer: UnsafeMutableRawBufferPointer, at index: Int, end: Int, into write: inout Int
    ) throws(RowError) -> Int {
        guard index + 1 < end else { throw RowError("an escape is cut") }
        let plain: UInt8
        switch buffer[index + 1] {
        case UInt8(ascii: "\""): plain = UInt8(ascii: "\"")
        case UInt8(ascii: "\\"): plain = UInt8(ascii: "\\")
        case UInt8(ascii: "/"): plain = UInt8(ascii: "/")
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"): return try resolveUnicode(buffer, at: index, end: end, into: &write)
        default: throw RowError("an escape is unknown")
        }
        buffer[write] = plain
        write += 1
        return 2
    }

    private static func resolveUnicode(
        _ buffer: UnsafeMutableRawBufferPointer, at index: Int, end: Int, into write: inout Int
    ) throws(RowError) -> Int {
        let first = try hexUnit(buffer, at: index + 2, end: end)
        var scalarValue = UInt32(first)
        var used = 6
        if (0xD800...0xDBFF).contains(first) {
            guard index + 7 < end, buffer[index + 6] == UInt8(ascii: "\\"), buffer[index + 7] == UInt8(ascii: "u")
            else {
                throw RowError("a surrogate stands alone")
            }
            let second = try hexUnit(buffer, at: index + 8, end: end)
            guard (0xDC00...0xDFFF).contains(second) else { throw RowError("a surrogate stands alone") }
            scalarValue = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
            used = 12
        }
        guard let scalar = Unicode.Scalar(scalarValue), scalarValue != 0 else {
            throw RowError("an escape names no character")
        }
        for byte in UTF8.encode(scalar) ?? UTF8.EncodedScalar() {
            buffer[write] = byte
            write += 1
        }
        return used
    }

    private static func hexUnit(
        _ buffer: UnsafeMutableRawBufferPointer, at index: Int, end: Int
    ) throws(RowError) -> UInt16 {
        guard index + 4 <= end else { throw RowError("an escape is cut") }
        var value: UInt16 = 0
        for position in index..<index + 4 {
            let byte = buffer[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw RowError("an escape is not hexadecimal")
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

/// UTF-8 well-formedness (Unicode 15, table 3-7).
enum UTF8Check {
    static func isValid(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            let first = bytes[index]
            if first < 0x80 {
                index += 1
                continue
            }
            let length: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            switch first {
            case 0xC2...0xDF: length = 2
            case 0xE0:
                length = 3
                low = 0xA0
            case 0xED:
                length = 3
                high = 0x9F
            case 0xE1...0xEF: length = 3
            case 0xF0:
                length = 4
                low = 0x90
            case 0xF4:
                length = 4
                high = 0x8F
            case 0xF1...0xF3: length = 4
            default: return false
            }
            guard index + length <= range.upperBound, (low...high).contains(bytes[index + 1]) else { return false }
            for position in index + 2..<max(index + 2, index + length) where bytes[position] & 0xC0 != 0x80 {
                return false
            }
            index += length
        }
        return true
    }
}
