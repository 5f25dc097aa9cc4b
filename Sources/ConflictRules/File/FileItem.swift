/// The file being read, so that every error can name its line.
struct RuleFileText: Sendable {
    let file: String
    let bytes: [UInt8]

    func error(at offset: Int, path: String, _ why: String, _ next: String) -> RuleFileError {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return RuleFileError(
            file: file, line: 1 + before.count { $0 == UInt8(ascii: "\n") },
            // Bytes that go on with a character are no character of their own.
            column: 1 + before[lineStart...].count { $0 & 0xC0 != 0x80 }, path: path, why: why, next: next)
    }
}

/// A value of the file with its place.
struct FileItem: Sendable {
    let text: RuleFileText
    let node: JSONNode
    /// `rules[3].combine[0]`
    let path: String

    func error(_ why: String, _ next: String) -> RuleFileError {
        text.error(at: node.offset, path: path, why, next)
    }

    // MARK: Reading values

    /// The members of an object.
    func object() throws(RuleFileError) -> FileObject {
        guard case .object(let members) = node.value else { throw error("an object is expected", "write { … }") }
        return FileObject(item: self, members: members)
    }

    /// The items of a list.
    func list() throws(RuleFileError) -> [FileItem] {
        guard case .array(let items) = node.value else { throw error("a list is expected", "write [ … ]") }
        return items.enumerated().map { FileItem(text: text, node: $0.element, path: "\(path)[\($0.offset)]") }
    }

    /// A text.
    func string() throws(RuleFileError) -> String {
        guard case .string(let value) = node.value else {
            throw error("a text is expected", "write it in double quotes")
        }
        return value
    }

    /// A whole number of the range, written with digits only.
    func integer(in range: ClosedRange<Int>) throws(RuleFileError) -> Int {
        guard case .number(let digits) = node.value, let value = Int(digits), range.contains(value) else {
            throw error(
                "a whole number is expected", "give one from \(range.lowerBound) to \(range.upperBound), without quotes"
            )
        }
        return value
    }

    /// A word of a vocabulary, or of the part of it that may stand here.
    func word<Word: RawRepresentable & CaseIterable>(
        _ noun: String, of allowed: [Word] = Array(Word.allCases)
    ) throws(RuleFileError) -> Word where Word.RawValue == String {
        let value = try string()
        if let word = allowed.first(where: { $0.rawValue == value }) { return word }
        throw unknown(value, noun, allowed.map(\.rawValue))
    }

    /// The words of a list that is not empty, none of them twice.
    func words<Word: RawRepresentable & CaseIterable & Hashable>(
        _ noun: String
    ) throws(RuleFileError) -> [Word] where Word.RawValue == String {
        let items = try list()
        guard !items.isEmpty else { throw error("the list is empty", "name at least one \(noun)") }
        var words: [Word] = []
        for item in items {
            let word: Word = try item.word(noun)
            guard !words.contains(word) else { throw item.error("\(word.rawValue) stands here twice", "name it once") }
            words.append(word)
        }
        return words
    }

    /// The error for a word that is not known, with the known one that was most likely meant.
    func unknown(_ value: String, _ noun: String, _ known: [String]) -> RuleFileError {
        let why = "\(FileItem.shown(value)) is no \(noun) that can stand here"
        if let nearest = NearestWord.of(value, among: known) { return error(why, "did you mean \(nearest)?") }
        return error(why, known.isEmpty ? "leave it out" : "use one of: \(known.joined(separator: ", "))")
    }

    /// A word of the file in quotes, as it can be shown on a terminal.
    static func shown(_ value: String) -> String { "\"\(printable(value))\"" }

    /// The beginning of a word of the file, without control characters.
    static func printable(_ value: String) -> String {
        value.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? "?" : String($0) }.joined()
    }
}

/// The members of an object of the file.
struct FileObject: Sendable {
    let item: FileItem
    let members: [JSONMember]

    /// The member of a key; nil when there is none.
    func optional(_ key: String) -> FileItem? {
        members.first { $0.key == key }.map {
            FileItem(text: item.text, node: $0.node, path: item.path.isEmpty ? key : "\(item.path).\(key)")
        }
    }

    /// The member of a key that has to be there.
    func required(_ key: String) throws(RuleFileError) -> FileItem {
        guard let member = optional(key) else {
            throw item.error("the key \(key) is missing", "add \"\(key)\": … to this object")
        }
        return member
    }

    /// Refuses a key that is not one of these.
    func allowOnly(_ keys: [String]) throws(RuleFileError) {
        for member in members where !keys.contains(member.key) {
            let key = FileItem.shown(member.key)
            let nearest = NearestWord.of(member.key, among: keys.filter { optional($0) == nil })
            throw item.text.error(
                at: member.keyOffset, path: item.path, "the key \(key) is not known here",
                nearest.map { "did you mean \($0)?" } ?? "the keys here are: \(keys.joined(separator: ", "))")
        }
    }
}
