/// What is wrong in a settings file or variable, and where.
package struct SettingsMistake: Sendable, Hashable {
    /// The path of the file, or the name of the variable.
    package let place: String
    /// From 1; nil for a variable, or a file as a whole.
    package let line: Int?
    package let why: String
    /// What to write instead.
    package let next: String

    package init(_ place: String, line: Int?, _ why: String, next: String) {
        (self.place, self.line, self.why, self.next) = (place, line, why, next)
    }

    package var error: UserError {
        UserError(
            .settings, what: line.map { "\(place) line \($0) cannot be read" } ?? "cannot read \(place)", why: why,
            next: next)
    }
}

/// The form of a settings file, whatever its settings are called. Every bad line is found, not only the first.
enum SettingsParser {
    static func parse(_ bytes: [UInt8], path: String) -> (file: SettingsFile, mistakes: [SettingsMistake]) {
        guard bytes.count <= SettingsFile.bytesMax else {
            let mistake = SettingsMistake(
                path, line: nil, "it is larger than \(SettingsFile.bytesMax) bytes",
                next: "check that it is the right file")
            return (SettingsFile(), [mistake])
        }
        var reader = Reader(path: path)
        // A byte order mark is no part of the first line.
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        for raw in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) { reader.take(raw) }
        return (SettingsFile(lines: reader.lines), reader.mistakes)
    }

    private struct Reader {
        let path: String
        var lines: [SettingsFile.Line] = []
        var mistakes: [SettingsMistake] = []
        private var number = 0
        private var section: String?
        private var numbers: [String: Int] = [:]

        init(path: String) { self.path = path }

        private mutating func refuse(_ why: String, next: String) {
            mistakes.append(SettingsMistake(path, line: number, why, next: next))
        }

        mutating func take(_ raw: ArraySlice<UInt8>) {
            number += 1
            guard let text = String(validating: raw, as: UTF8.self) else {
                return refuse("it is not UTF-8 text", next: "check that it is the right file")
            }
            let content = trimmed(text.unicodeScalars[...])
            if content.isEmpty || content.hasPrefix("#") {
                lines.append(SettingsFile.Line(section: section, key: nil, text: content, number: number))
            } else if content.hasPrefix("[") {
                takeHeading(content)
            } else {
                takeSetting(content)
            }
        }

        private mutating func takeHeading(_ content: String) {
            // What follows a heading that can't be read is no mistake of its own.
            section = SettingsParser.unreadable
            guard content.hasSuffix("]") else {
                return refuse("the heading is not closed by ']' at the end of its line", next: "write it as: [section]")
            }
            let name = trimmed(content.unicodeScalars.dropFirst().dropLast())
            guard isName(name.unicodeScalars[...]) else {
                return refuse("the heading names no section", next: "write it as: [section], in lower-case letters")
            }
            section = name
            lines.append(SettingsFile.Line(section: name, key: nil, text: "[\(name)]", number: number))
        }

        private mutating func takeSetting(_ content: String) {
            guard let equals = content.unicodeScalars.firstIndex(of: "=") else {
                return refuse("it has no '='", next: "write it as: key = value")
            }
            let key = trimmed(content.unicodeScalars[..<equals])
            guard isName(key.unicodeScalars[...]) else {
                return refuse(
                    "the name left of '=' is not a setting", next: "use lower-case letters, digits, '-', '_' and '.'")
            }
            let value = trimmed(content.unicodeScalars[content.unicodeScalars.index(after: equals)...])
            guard !value.unicodeScalars.contains(where: VisibleText.isUnsafe) else {
                return refuse("the value of \(key) holds a control character", next: "write the value as plain text")
            }
            let line = SettingsFile.Line(section: section, key: key, text: value, number: number)
            if let name = line.name {
                if let first = numbers[name] {
                    return refuse("\(name) is set in line \(first) already", next: "remove one of the lines")
                }
                numbers[name] = number
            }
            lines.append(line)
        }
    }

    /// In place of the name of a section that can't be read.
    static let unreadable = ""

    static func isName(_ name: Substring.UnicodeScalarView) -> Bool {
        !name.isEmpty && name.allSatisfy { nameScalars.contains($0) }
    }

    private static let nameScalars = Array("abcdefghijklmnopqrstuvwxyz0123456789-_.".unicodeScalars)

    static func trimmed(_ text: some BidirectionalCollection<Unicode.Scalar>) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" || scalar == "\r" }
        var text = text.drop(while: isSpace)[...]
        while let last = text.last, isSpace(last) { text = text.dropLast() }
        var trimmed = ""
        trimmed.unicodeScalars.append(contentsOf: text)
        return trimmed
    }
}
