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
