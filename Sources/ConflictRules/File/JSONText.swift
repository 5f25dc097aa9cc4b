/// Reads JSON (RFC 8259) and keeps the place of every key and value. Bounded in nesting; a key that comes twice in an
/// object is refused, because which of the two counts is anybody's guess.
struct JSONText {
    /// Where the text cannot be read, and why.
    struct Failure: Error {
        let offset: Int
        /// Where in the structure: `rules[3].edit`.
        let path: String
        let why: String
        let next: String
    }

    /// The deepest nesting that is read.
    static let nestingMax = 16

    private let bytes: [UInt8]
    private var position = 0
    private var path: [String] = []

    /// The value that the text holds.
    static func read(_ bytes: [UInt8]) throws(Failure) -> JSONNode {
        var text = JSONText(bytes: bytes)
        let node = try text.value(depth: 0)
        text.skipSpace()
        guard text.position == bytes.count else {
            throw text.failure("something follows the end of the text", "remove what follows the last bracket")
        }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Values

    private mutating func value(depth: Int) throws(Failure) -> JSONNode {
        skipSpace()
        let start = position
        switch peek {
        case UInt8(ascii: "{"): return JSONNode(value: try object(depth: depth), offset: start)
        case UInt8(ascii: "["): return JSONNode(value: try array(depth: depth), offset: start)
        case UInt8(ascii: "\""): return JSONNode(value: .string(try string()), offset: start)
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return JSONNode(value: .number(try number()), offset: start)
        default:
            for (word, value) in [("true", JSONNode.Value.bool(true)), ("false", .bool(false)), ("null", .null)]
            where bytes[position...].starts(with: word.utf8) {
                position += word.utf8.count
                return JSONNode(value: value, offset: start)
            }
            throw failure(
                peek == nil ? "the text ends where a value is expected" : "a value is expected here",
                "give an object, a list, a text in double quotes, a number, true, false or null")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONNode.Value {
        try enter(depth)
        var members: [JSONMember] = []
        var keys: Set<[UInt8]> = []
        skipSpace()
        if skip("}") { return .object([]) }
        repeat {
            skipSpace()
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw failure("a key is expected here", "put it in double quotes") }
            let key = try string()
            guard keys.insert(Array(key.utf8)).inserted else {
                position = start
                throw failure("the key \(FileItem.printable(key)) comes twice in this object", "keep one of the two")
            }
            skipSpace()
            guard skip(":") else { throw failure("a colon is expected after the key", "write \"key\": value") }
            path.append(path.isEmpty ? FileItem.printable(key) : ".\(FileItem.printable(key))")
            members.append(JSONMember(key: key, keyOffset: start, node: try value(depth: depth + 1)))
            path.removeLast()
            skipSpace()
        } while skip(",")
        guard skip("}") else {
            throw failure("a comma or } is expected here", "close the object or go on after a comma")
        }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONNode.Value {
        try enter(depth)
        var items: [JSONNode] = []
        skipSpace()
        if skip("]") { return .array([]) }
        repeat {
            path.append("[\(items.count)]")
            items.append(try value(depth: depth + 1))
            path.removeLast()
            skipSpace()
        } while skip(",")
        guard skip("]") else { throw failure("a comma or ] is expected here", "close the list or go on after a comma") }
        return .array(items)
    }

    private mutating func enter(_ depth: Int) throws(Failure) {
        guard depth < JSONText.nestingMax else {
            throw failure("objects and lists nest deeper than \(JSONText.nestingMax)", "write it flatter")
        }
        position += 1
    }

    private mutating func number() throws(Failure) -> String {
        let start = position
        _ = skip("-")
        let isWhole = skip("0") || digits()
        let isFraction = !skip(".") || digits()
        var isExponent = true
        if skip("e") || skip("E") {
            _ = skip("+") || skip("-")
            isExponent = digits()
        }
        guard isWhole, isFraction, isExponent else {
            throw failure("the number is not complete", "write it as 12 or 1.5")
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    // MARK: Texts

    private mutating func string() throws(Failure) -> String {
        position += 1
        var text = ""
        var plain = position
        while let byte = peek {
            guard byte >= 0x20 else { throw failure("a control character stands in a text", "write it as \\u00XX") }
            if byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                position += 1
                continue
            }
            guard let run = String(validating: bytes[plain..<position], as: UTF8.self) else {
                position = plain
                throw failure("the text is not UTF-8", "save the file as UTF-8")
            }
            text += run
            position += 1
            if byte == UInt8(ascii: "\"") { return text }
            text.unicodeScalars.append(try escaped())
            plain = position
        }
        throw failure("a text has no end", "close it with a double quote")
    }

    /// What a backslash stands for, a pair of surrogates as the one character that it means.
    private mutating func escaped() throws(Failure) -> Unicode.Scalar {
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
        ]
        if let byte = peek, let scalar = plain[Unicode.Scalar(byte)] {
            position += 1
            return scalar
        }
        guard let first = codeUnit() else {
            throw failure("a backslash begins nothing that is known", "write two of them for one")
        }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, skip("\\"), let second = codeUnit(), (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("half of a character is missing", "write both halves or the character itself") }
        return scalar
    }

    private mutating func codeUnit() -> UInt32? {
        guard position + 5 <= bytes.count, peek == UInt8(ascii: "u") else { return nil }
        let digits = bytes[position + 1..<position + 5]
        guard digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }) else { return nil }
        position += 5
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private func failure(_ why: String, _ next: String) -> Failure {
        Failure(offset: position, path: path.joined(), why: why, next: next)
    }
}
