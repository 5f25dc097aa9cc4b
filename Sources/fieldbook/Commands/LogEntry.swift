import Diagnostics
import Foundation
import TerminalKit

/// One line of a log, of either format. What is none of ours (a message of the runtime, of a program that is too old)
/// has only its text, and counts as an error, so that no filter hides it.
struct LogEntry: Hashable {
    let text: String
    /// Name and value of each field, in order; empty for a line that is none of ours.
    let fields: [Field]
    let level: Logger.Level

    struct Field: Hashable {
        let name: String
        let value: String
    }

    init(_ line: String) {
        text = line
        let parsed = line.hasPrefix("{") ? LogEntry.jsonFields(line) : LogEntry.textFields(line)
        let level = parsed?.first { $0.name == "level" }.flatMap { Logger.Level($0.value) }
        fields = level == nil ? [] : parsed ?? []
        self.level = level ?? .error
    }

    /// The entry as one object: its fields, or its text alone.
    var json: JSONOutput {
        guard !fields.isEmpty else { return .object(["text": .text(text)]) }
        return .object(Dictionary(fields.map { ($0.name, .text($0.value)) }, uniquingKeysWith: { first, _ in first }))
    }

    private static func jsonFields(_ line: String) -> [Field]? {
        guard let object = try? JSONDecoder().decode([String: String].self, from: Data(line.utf8)) else { return nil }
        return object.sorted { $0.key < $1.key }.map { Field(name: $0.key, value: $0.value) }
    }

    /// `key=value key="value"`, as the logger writes it; nil for anything else.
    private static func textFields(_ line: String) -> [Field]? {
        var fields: [Field] = []
        var rest = line[...]
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "="), equals > rest.startIndex else { return nil }
            let name = rest[..<equals]
            guard !name.contains(" ") else { return nil }
            rest = rest[rest.index(after: equals)...]
            guard let value = rest.first == "\"" ? quoted(&rest) : plain(&rest) else { return nil }
            fields.append(Field(name: String(name), value: value))
        }
        return fields.isEmpty ? nil : fields
    }

    private static func plain(_ rest: inout Substring) -> String? {
        let value = rest.prefix { $0 != " " }
        rest = rest[value.endIndex...].dropFirst()
        return String(value)
    }

    /// A quoted value with its escapes undone, but for those of control characters, which stay visible.
    private static func quoted(_ rest: inout Substring) -> String? {
        var value = ""
        var isEscaped = false
        var index = rest.index(after: rest.startIndex)
        while index < rest.endIndex {
            let character = rest[index]
            index = rest.index(after: index)
            if isEscaped {
                value += character == "\"" || character == "\\" ? "\(character)" : "\\\(character)"
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                rest = rest[index...]
                guard rest.isEmpty || rest.first == " " else { return nil }
                rest = rest.dropFirst()
                return value
            } else {
                value.append(character)
            }
        }
        return nil
    }
}
