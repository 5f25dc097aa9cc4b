/// A settings file: lines `key = value` under headings `[section]`; a line that begins with `#` is a comment.
///
/// Comments and the order of lines are kept, so that a program that sets one key leaves a person's file as it was.
/// Files of older versions have no headings; their keys are known by the whole names that they have now.
package struct SettingsFile: Sendable, Hashable {
    /// Bytes of a settings file.
    package static let bytesMax = 65_536

    struct Line: Sendable {
        /// The section it stands in; nil before the first heading.
        let section: String?
        /// Nil for a heading, a comment or an empty line.
        let key: String?
        /// The value, or the line itself.
        var text: String
        /// In the file, from 1; 0 for one that was added since.
        let number: Int

        var isHeading: Bool { key == nil && text.hasPrefix("[") }
        /// `section.key`, or the key alone where that is all there is.
        var name: String? {
            guard let key else { return nil }
            return section.map { "\($0).\(key)" } ?? SettingsRegistry.name(ofOldKey: key) ?? key
        }
    }

    private(set) var lines: [Line] = []

    package static func == (left: SettingsFile, right: SettingsFile) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    package init() {}

    /// Reads a text; a bad line is an error that names file and line. Lines may end in CR LF.
    package init(text: String, path: String) throws(UserError) {
        let parsed = SettingsParser.parse(Array(text.utf8), path: path)
        if let mistake = parsed.mistakes.first { throw mistake.error }
        self = parsed.file
    }

    init(lines: [Line]) {
        self.lines = lines
        while self.lines.last?.text == "", self.lines.last?.key == nil { self.lines.removeLast() }
    }

    /// Reads a file.
    package static func load(_ path: String) throws(UserError) -> SettingsFile {
        let parsed = SettingsParser.parse(try SecureFile.read(path, limit: bytesMax), path: path)
        if let mistake = parsed.mistakes.first { throw mistake.error }
        return parsed.file
    }

    /// The value of a setting by its whole name; nil when it is not set.
    package func value(_ name: String) -> String? {
        let name = SettingsFile.wholeName(name)
        return lines.first { $0.name == name }?.text
    }

    /// The name that a setting has now, for one that an older version gave it.
    private static func wholeName(_ name: String) -> String { SettingsRegistry.name(ofOldKey: name) ?? name }

    /// Whether there is nothing in it, not even a comment.
    package var isEmpty: Bool { lines.isEmpty }

    /// Sets a value, in place where one stood, else at the end of its section. The caller has checked that both can
    /// stand in a line.
    package mutating func set(_ name: String, _ value: String) {
        let name = SettingsFile.wholeName(name)
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        precondition(
            parts.allSatisfy { SettingsParser.isName($0.unicodeScalars[...]) },
            "a setting is named by lower-case letters, digits and '-'")
        precondition(
            !value.unicodeScalars.contains(where: VisibleText.isUnsafe), "the value of a setting is one line of text")
        let text = SettingsParser.trimmed(value.unicodeScalars[...])
        if let index = lines.firstIndex(where: { $0.name == name }) {
            lines[index].text = text
        } else if parts.count == 2 {
            add(parts[1], text, to: parts[0])
        } else {
            let line = Line(section: nil, key: name, text: text, number: 0)
            lines.insert(line, at: lines.firstIndex(where: \.isHeading) ?? lines.endIndex)
        }
    }

    private mutating func add(_ key: String, _ text: String, to section: String) {
        let line = Line(section: section, key: key, text: text, number: 0)
        if let last = lines.lastIndex(where: { $0.section == section && ($0.key != nil || $0.isHeading) }) {
            lines.insert(line, at: last + 1)
            return
        }
        if !lines.isEmpty { lines.append(Line(section: lines.last?.section, key: nil, text: "", number: 0)) }
        lines.append(Line(section: section, key: nil, text: "[\(section)]", number: 0))
        lines.append(line)
    }

    /// Removes a setting, and the heading of a section that then holds nothing.
    package mutating func remove(_ name: String) {
        guard let index = lines.firstIndex(where: { $0.name == name }) else { return }
        let section = lines.remove(at: index).section
        if section != nil, !lines.contains(where: { $0.section == section && !$0.isHeading && $0.text != "" }) {
            lines.removeAll { $0.section == section }
        }
        self = SettingsFile(lines: lines)
    }

    /// Removes a setting from the file at a path; a file that then holds nothing goes. One that can't be read stays.
    /// Durable on return.
    package static func remove(_ name: String, from path: String) throws(UserError) {
        guard var file = try? load(path), file.value(name) != nil else { return }
        file.remove(name)
        if file.isEmpty { SecureFile.remove(path) } else { try SecureFile.write(Array(file.text.utf8), to: path) }
    }

    /// The text of the file.
    package var text: String {
        lines.map { line in line.key.map { "\($0) = \(line.text)\n" } ?? "\(line.text)\n" }.joined()
    }
}
