import Glibc

/// A look at the members of a JSON object without decoding it: one pass over the bytes and no memory. For lists of many
/// rows of which each shows a word or two.
enum JSONGlance {
    /// Calls `body` with the name and the value of every member that is neither object nor array, at any depth (1 = the
    /// outermost object). Strings come without their quotes and with their escapes. False when the bytes are cut or no
    /// JSON object; what came before was handed out.
    @inline(__always)
    static func members(
        of bytes: UnsafeRawBufferPointer,
        _ body: (_ depth: Int, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        var depth = 0
        var index = 0
        var name = UnsafeRawBufferPointer(rebasing: bytes[0..<0])
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                name = UnsafeRawBufferPointer(rebasing: bytes[0..<0])
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                index += 1
                if depth <= 0 { return depth == 0 && index == bytes.count }
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: " "), 0x09, 0x0A, 0x0D: index += 1
            case UInt8(ascii: "\""):
                guard let end = endOfString(bytes, from: index + 1) else { return false }
                let text = UnsafeRawBufferPointer(rebasing: bytes[index + 1..<end])
                index = end + 1
                if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
                    name = text
                } else {
                    body(depth, name, text)
                }
            default:
                let start = index
                while index < bytes.count, !isEnd(bytes[index]) { index += 1 }
                body(depth, name, UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            }
        }
        return false
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte <= 0x20
    }

    /// The place of the quote that ends a string; nil when there is none.
    private static func endOfString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\"") { return index }
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are this text.
    @inline(__always)
    func isText(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let start = baseAddress else { return false }
        return memcmp(start, text.utf8Start, count) == 0
    }
}
