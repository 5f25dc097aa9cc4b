/// Header fields in order, looked up without regard to case (RFC 9110, section 5).
package struct HTTPHeaders: Sendable, Hashable {
    package private(set) var fields: [Field] = []

    /// A name as it was written, and its value.
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package init() {}

    /// The first value of a name.
    package subscript(_ name: String) -> String? { fields.first { HTTPHeaders.equal($0.name, name) }?.value }

    /// All values of a name.
    package func values(_ name: String) -> [String] { fields.filter { HTTPHeaders.equal($0.name, name) }.map(\.value) }

    /// Adds a field. Name and value are ours or were parsed: one that would break the framing stops the program.
    package mutating func add(_ name: String, _ value: String) {
        precondition(
            HTTPHeaders.isToken(name.utf8) && HTTPHeaders.isValue(value.utf8), "a header field would break the framing")
        fields.append(Field(name: name, value: value))
    }

    /// Takes all fields of a name out.
    mutating func remove(_ name: String) { fields.removeAll { HTTPHeaders.equal($0.name, name) } }

    /// RFC 9110, section 5.6.2.
    static func isToken(_ bytes: some Sequence<UInt8>) -> Bool {
        var isEmpty = true
        for byte in bytes {
            isEmpty = false
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                continue
            default: if !tokenMarks.contains(byte) { return false }
            }
        }
        return !isEmpty
    }

    /// Visible characters, spaces, tabs and bytes above ASCII (RFC 9110, section 5.5).
    static func isValue(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
    }

    private static let tokenMarks = Array("!#$%&'*+-.^_`|~".utf8)

    private static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }
}
