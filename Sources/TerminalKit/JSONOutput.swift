import Diagnostics

/// A value of the `--json` form. Keys are sorted; amounts are exact text, never binary fractions.
package indirect enum JSONOutput: Sendable, Hashable {
    case object([String: JSONOutput])
    case array([JSONOutput])
    case text(String)
    case integer(Int64)
    case bool(Bool)
    case null

    /// The text, or null.
    package static func optional(_ value: String?) -> JSONOutput { value.map(JSONOutput.text) ?? .null }
    /// The number, or null.
    package static func optional(_ value: Int64?) -> JSONOutput { value.map(JSONOutput.integer) ?? .null }

    /// The text, indented by two spaces a level, with a final line feed.
    package var rendered: String { render(indent: 0) + "\n" }

    /// The text in one line, without white space.
    package var compact: String {
        switch self {
        case .object(let members):
            let parts = members.sorted { $0.key < $1.key }.map { "\(JSONOutput.quoted($0.key)):\($0.value.compact)" }
            return "{\(parts.joined(separator: ","))}"
        case .array(let values): return "[\(values.map(\.compact).joined(separator: ","))]"
        default: return render(indent: 0)
        }
    }

    private func render(indent: Int) -> String {
        let inner = String(repeating: "  ", count: indent + 1)
        let outer = String(repeating: "  ", count: indent)
        switch self {
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.sorted { $0.key < $1.key }.map {
                "\(inner)\(JSONOutput.quoted($0.key)): \($0.value.render(indent: indent + 1))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
        case .array(let values):
            if values.isEmpty { return "[]" }
            return "[\n\(values.map { inner + $0.render(indent: indent + 1) }.joined(separator: ",\n"))\n\(outer)]"
        case .text(let text): return JSONOutput.quoted(text)
        case .integer(let value): return String(value)
        case .bool(let value): return value ? "true" : "false"
        case .null: return "null"
        }
    }

    /// RFC 8259, section 7. What could drive or reorder a terminal is escaped too.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where VisibleText.isUnsafe(scalar):
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
