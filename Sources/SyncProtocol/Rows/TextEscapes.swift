/// The escapes of JSON strings (RFC 8259, section 7), resolved in place: the result is never longer than the source.
enum TextEscapes {
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
