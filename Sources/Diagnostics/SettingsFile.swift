/// Settings of the form `key = value`, one a line; a line that begins with `#` is a comment.
///
/// Comments and the order of lines are kept, so that a program that sets one key leaves a person's file as it was.
package struct SettingsFile: Sendable, Hashable {
    /// Bytes of a settings file.
    package static let bytesMax = 65_536

    private struct Line: Sendable, Hashable {
        /// Nil for a comment or an empty line.
        let key: String?
        /// The value, or the line itself.
        var text: String
    }

    private var lines: [Line] = []

    package init() {}

    /// Reads a text; a bad line is an error that names file and line. Lines may end in CR LF.
    package init(text: String, path: String) throws(UserError) {
        guard text.utf8.count <= SettingsFile.bytesMax else {
            throw UserError(
                .settings, what: "cannot read \(path)", why: "it is larger than \(SettingsFile.bytesMax) bytes",
                next: "check that it is the right file")
        }
        var numbers: [String: Int] = [:]
        // Scalars, because CR LF is one character. A byte order mark is no part of the first line.
        let scalars = text.unicodeScalars.drop { $0 == "\u{FEFF}" }
        for (index, raw) in scalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = try SettingsFile.line(raw, path, index + 1)
            if let key = line.key {
                if let first = numbers[key] {
                    throw SettingsFile.failure(
                        path, index + 1, "\(key) is set in line \(first) already", next: "remove one of the lines")
                }
                numbers[key] = index + 1
            }
            lines.append(line)
        }
        while lines.last?.text == "", lines.last?.key == nil { lines.removeLast() }
    }

    /// Reads a file.
    package static func load(_ path: String) throws(UserError) -> SettingsFile {
        let bytes = try SecureFile.read(path, limit: bytesMax)
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw UserError(
                .settings, what: "cannot read \(path)", why: "it is not UTF-8 text",
                next: "check that it is the right file")
        }
        return try SettingsFile(text: text, path: path)
    }

    /// The value of a key; nil when it is not set.
    package func value(_ key: String) -> String? { lines.first { $0.key == key }?.text }

    /// The keys that are set, in the order of their lines.
    package var keys: [String] { lines.compactMap(\.key) }

    /// Sets a key, in place where it stood, else at the end. The caller has checked that both can stand in a line.
    package mutating func set(_ key: String, _ value: String) {
        precondition(
            SettingsFile.isKey(key.unicodeScalars[...]), "a setting is named by lower-case letters, digits and '-'")
        precondition(
            !value.unicodeScalars.contains(where: VisibleText.isUnsafe), "the value of a setting is one line of text")
        let line = Line(key: key, text: SettingsFile.trimmed(value.unicodeScalars[...]))
        if let index = lines.firstIndex(where: { $0.key == key }) { lines[index] = line } else { lines.append(line) }
    }

    /// The text of the file.
    package var text: String {
        lines.map { line in line.key.map { "\($0) = \(line.text)\n" } ?? "\(line.text)\n" }.joined()
    }

    private static func line(
        _ raw: Substring.UnicodeScalarView, _ path: String, _ number: Int
    ) throws(UserError)
        -> Line
    {
        let content = trimmed(raw)
        if content.isEmpty || content.hasPrefix("#") { return Line(key: nil, text: content) }
        guard let equals = content.unicodeScalars.firstIndex(of: "=") else {
            throw failure(path, number, "it has no '='", next: "write it as: key = value")
        }
        let key = trimmed(content.unicodeScalars[..<equals])
        guard isKey(key.unicodeScalars[...]) else {
            throw failure(
                path, number, "the name left of '=' is not a setting",
                next: "use lower-case letters, digits, '-', '_' and '.'")
        }
        let value = trimmed(content.unicodeScalars[content.unicodeScalars.index(after: equals)...])
        guard !value.unicodeScalars.contains(where: VisibleText.isUnsafe) else {
            throw failure(
                path, number, "the value of \(key) holds a control character", next: "write the value as plain text")
        }
        return Line(key: key, text: value)
    }

    private static func isKey(_ key: Substring.UnicodeScalarView) -> Bool {
        !key.isEmpty && key.allSatisfy { keyScalars.contains($0) }
    }

    private static let keyScalars = Array("abcdefghijklmnopqrstuvwxyz0123456789-_.".unicodeScalars)

    private static func trimmed(_ text: Substring.UnicodeScalarView) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" || scalar == "\r" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return String(text)
    }

    private static func failure(_ path: String, _ line: Int, _ why: String, next: String) -> UserError {
        UserError(.settings, what: "\(path) line \(line) cannot be read", why: why, next: next)
    }
}
