/// Settings of the form `key = value`, one a line; `#` begins a comment.
package struct SettingsFile: Sendable, Hashable {
    /// Bytes of a settings file.
    package static let bytesMax = 65_536

    private var values: [(key: String, value: String)] = []

    package init() {}

    /// Reads a text; a bad line is an error that names file and line.
    package init(text: String, path: String) throws(UserError) {
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let content = line.drop(while: \.isWhitespace)
            if content.isEmpty || content.first == "#" { continue }
            guard let equals = content.firstIndex(of: "=") else {
                throw SettingsFile.failure(path, number, "it has no '='", next: "write it as: key = value")
            }
            let key = SettingsFile.trimmed(content[..<equals])
            let isKey = !key.isEmpty && key.utf8.allSatisfy { SettingsFile.keyBytes.contains($0) }
            guard isKey else {
                throw SettingsFile.failure(path, number, "the name left of '=' is not a setting", next: "use lower-case letters, digits and '-'")
            }
            guard value(key) == nil else {
                throw SettingsFile.failure(path, number, "\(key) is set twice", next: "remove one of the lines")
            }
            values.append((key, SettingsFile.trimmed(content[content.index(after: equals)...])))
        }
    }

    /// Reads a file.
    package static func load(_ path: String) throws(UserError) -> SettingsFile {
        let bytes = try SecureFile.read(path, limit: bytesMax)
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw UserError(.settings, what: "cannot read \(path)", why: "it is not UTF-8 text", next: "check that it is the right file")
        }
        return try SettingsFile(text: text, path: path)
    }

    /// The value of a key; nil when it is not set.
    package func value(_ key: String) -> String? { values.first { $0.key == key }?.value }

    /// Sets a key, in place where it stood.
    package mutating func set(_ key: String, _ value: String) {
        if let index = values.firstIndex(where: { $0.key == key }) { values[index].value = value } else { values.append((key, value)) }
    }

    /// The text of the file.
    package var text: String { values.map { "\($0.key) = \($0.value)\n" }.joined() }

    package static func == (left: SettingsFile, right: SettingsFile) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    private static let keyBytes = Array("abcdefghijklmnopqrstuvwxyz0123456789-_.".utf8)

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func failure(_ path: String, _ line: Int, _ why: String, next: String) -> UserError {
        UserError(.settings, what: "\(path) line \(line) cannot be read", why: why, next: next)
    }
}
