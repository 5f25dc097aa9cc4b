/// One value of a JSON text and where it begins.
struct JSONNode: Sendable {
    indirect enum Value: Sendable {
        case null
        case bool(Bool)
        /// As it is written; the grammar is checked, the size is not.
        case number(String)
        case string(String)
        case array([JSONNode])
        case object([JSONMember])
    }

    let value: Value
    /// Offset of its first byte.
    let offset: Int
}

/// One member of an object.
struct JSONMember: Sendable {
    let key: String
    /// Offset of the key's first quote.
    let keyOffset: Int
    let node: JSONNode
}

extension JSONNode {
    /// The value with keys sorted by their UTF-8, without white space, texts with the fewest escapes: the same bytes
    /// for every layout of the same content.
    var canonicalText: String {
        switch value {
        case .null: "null"
        case .bool(let isTrue): isTrue ? "true" : "false"
        case .number(let digits): digits
        case .string(let text): JSONNode.quoted(text)
        case .array(let items): "[\(items.map(\.canonicalText).joined(separator: ","))]"
        case .object(let members):
            "{"
                + members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { "\(JSONNode.quoted($0.key)):\($0.node.canonicalText)" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..<" ":
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
