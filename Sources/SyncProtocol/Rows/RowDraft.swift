import Glibc

/// The bytes of one row line while it is written. Its head is written last and backwards, into room left before it.
struct RowDraft {
    private var bytes: [UInt8] = []
    /// Where the next value goes.
    private(set) var count = headMax

    /// Room for `[`, two integers and a comma.
    private static let headMax = 48
    /// Room for a comma and an integer.
    private static let integerMax = 21

    mutating func removeAll() { count = RowDraft.headMax }

    private mutating func reserve(_ more: Int) {
        if count + more > bytes.count {
            bytes += [UInt8](repeating: 0, count: max(512, bytes.count, count + more - bytes.count))
        }
    }

    /// Adds a comma and an integer.
    mutating func append(_ value: Int64) {
        reserve(RowDraft.integerMax)
        let (start, end) = (count + 1, count + RowDraft.integerMax)
        let length = bytes.withUnsafeMutableBytes { buffer in
            buffer[start - 1] = UInt8(ascii: ",")
            var place = RowDraft.digits(value.magnitude, before: end, in: buffer)
            if value < 0 {
                place -= 1
                buffer[place] = UInt8(ascii: "-")
            }
            if place > start, let base = buffer.baseAddress { memmove(base + start, base + place, end - place) }
            return end - place
        }
        count = start + length
    }

    /// Writes decimal digits that end before a place; returns where they begin.
    @inline(__always)
    private static func digits(_ value: UInt64, before end: Int, in buffer: UnsafeMutableRawBufferPointer) -> Int {
        var place = end
        var rest = value
        repeat {
            let quotient = rest / 10
            place -= 1
            buffer[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        } while rest != 0
        return place
    }

    /// Adds a comma and null.
    mutating func appendNull() {
        reserve(5)
        for byte in ",null".utf8 { append(byte: byte) }
    }

    /// Adds a comma and a text; false when it needed escapes.
    mutating func append(text: UnsafeRawBufferPointer) -> Bool {
        let isPlain = RowDraft.isPlain(text)
        // An escape is at most six bytes long.
        reserve(3 + (isPlain ? text.count : text.count * 6))
        append(byte: UInt8(ascii: ","))
        append(byte: UInt8(ascii: "\""))
        if isPlain {
            let place = count
            bytes.withUnsafeMutableBytes { buffer in
                UnsafeMutableRawBufferPointer(rebasing: buffer[place...]).copyMemory(from: text)
            }
            count += text.count
        } else {
            for byte in text { append(escaped: byte) }
        }
        append(byte: UInt8(ascii: "\""))
        return isPlain
    }

    private static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index &+ 8 <= text.count {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            if TextWord.marks(word, high: false) != 0 { return false }
            index &+= 8
        }
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
            index &+= 1
        }
        return true
    }

    @inline(__always)
    private mutating func append(byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    private mutating func append(escaped byte: UInt8) {
        let letter: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
        case 0x08: letter = UInt8(ascii: "b")
        case 0x09: letter = UInt8(ascii: "t")
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0C: letter = UInt8(ascii: "f")
        case 0x0D: letter = UInt8(ascii: "r")
        case 0x00..<0x20:
            for byte in (byte < 0x10 ? "\\u000" : "\\u001").utf8 { append(byte: byte) }
            let digit = byte & 0x0F
            return append(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        default: return append(byte: byte)
        }
        append(byte: UInt8(ascii: "\\"))
        append(byte: letter)
    }

    /// Puts `[`, the entity and the mask before the values, and the end behind them; returns where the line begins.
    mutating func close(_ entity: Int, _ mask: UInt64?) -> Int {
        reserve(2)
        append(byte: UInt8(ascii: "]"))
        append(byte: 0x0A)
        return bytes.withUnsafeMutableBytes { buffer in
            var place = RowDraft.headMax
            if let mask {
                place = RowDraft.digits(mask, before: place, in: buffer) - 1
                buffer[place] = UInt8(ascii: ",")
            }
            place = RowDraft.digits(UInt64(entity), before: place, in: buffer) - 1
            buffer[place] = UInt8(ascii: "[")
            return place
        }
    }

    /// Adds the line to a page.
    func append(from start: Int, to page: inout [UInt8]) {
        bytes.withUnsafeBytes { page.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[start..<count])) }
    }
}
