/// The words of one line of a scenario with their columns. Words stand apart by spaces; quotes hold texts; `#` begins a
/// remark.
struct LineWords {
    private struct Word {
        let text: String
        let column: Int
        let isQuoted: Bool
    }

    private let line: Int
    private let words: [Word]
    private let endColumn: Int
    private var next = 0

    init(_ text: String, line: Int) throws(ScenarioError) {
        self.line = line
        var words: [Word] = []
        var current = ""
        var start = 0
        var isQuoted = false
        var column = 0
        func flush() {
            if !current.isEmpty { words.append(Word(text: current, column: start, isQuoted: false)) }
            current = ""
        }
        reading: for character in text {
            column += 1
            let isSpace = !isQuoted && (character == "\t" || character == "\r")
            guard isSpace || !character.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else {
                throw ScenarioError(
                    line: line, column: column, why: "a control character stands here", next: "remove it")
            }
            if isQuoted {
                if character == "\"" {
                    words.append(Word(text: current, column: start, isQuoted: true))
                    current = ""
                    isQuoted = false
                } else {
                    current.append(character)
                }
                continue
            }
            switch character {
            case "\"":
                guard current.isEmpty else {
                    throw ScenarioError(
                        line: line, column: column, why: "a quote stands inside a word", next: "put a space before it")
                }
                isQuoted = true
                start = column
            case "#": break reading
            case " ", "\t", "\r": flush()
            default:
                if current.isEmpty { start = column }
                current.append(character)
            }
        }
        guard !isQuoted else {
            throw ScenarioError(line: line, column: start, why: "the quote is not closed", next: "end the text with \"")
        }
        flush()
        self.words = words
        endColumn = column + 1
    }

    var isAtEnd: Bool { next >= words.count }
    /// The next word, if it is one.
    var peek: String? { isAtEnd || words[next].isQuoted ? nil : words[next].text }
    mutating func skip() { next += 1 }
    /// The word taken last.
    var lastWord: String { next > 0 && next <= words.count ? words[next - 1].text : "" }

    // MARK: Failures

    func failure(_ why: String, _ hint: String) -> ScenarioError {
        ScenarioError(line: line, column: isAtEnd ? endColumn : words[next].column, why: why, next: hint)
    }

    /// A failure about the word taken last.
    func lastFailure(_ why: String, _ hint: String) -> ScenarioError {
        guard next > 0, next <= words.count else { return failure(why, hint) }
        let word = words[next - 1]
        return ScenarioError(line: line, column: word.column, why: "'\(word.text.prefix(40))' \(why)", next: hint)
    }

    func end() throws(ScenarioError) {
        guard isAtEnd else {
            throw failure(
                "'\(words[next].text.prefix(40))' stands after the end of the step",
                "remove it, or put it on a line of its own")
        }
    }

    // MARK: Kinds of word

    mutating func word(_ what: String) throws(ScenarioError) -> String {
        guard !isAtEnd, !words[next].isQuoted else { throw failure("\(what) is missing", "add \(what)") }
        defer { next += 1 }
        return words[next].text
    }

    mutating func text(_ what: String) throws(ScenarioError) -> String {
        guard !isAtEnd, words[next].isQuoted else { throw failure("\(what) is missing", "add \(what)") }
        defer { next += 1 }
        let text = words[next].text
        guard !text.isEmpty, text.count <= 300 else {
            throw failure("a text has 1 to 300 characters", "give a shorter one that says something")
        }
        return text
    }

    mutating func expect(_ wanted: String) throws(ScenarioError) {
        guard try word("'\(wanted)'") == wanted else {
            throw lastFailure("stands where '\(wanted)' is expected", "write \(wanted)")
        }
    }

    mutating func name(_ what: String, of known: [String]) throws(ScenarioError) -> String {
        let found = try word(what)
        guard known.contains(found) else {
            throw lastFailure(
                "is not \(what)",
                known.isEmpty ? "nobody of that sort is declared above" : "known here: \(known.joined(separator: ", "))"
            )
        }
        return found
    }

    private static let reserved = [
        "scenario", "incident", "hazard", "focus", "customer", "member", "wait", "heal", "settle", "reconnect",
        "server", "system", "later", "expect", "in", "and", "admin",
    ]

    mutating func newName(_ what: String, known: [String]) throws(ScenarioError) -> String {
        let found = try word("the name of \(what)")
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        guard found.utf8.count <= 32, let first = found.utf8.first, (97...122).contains(first),
            found.utf8.allSatisfy(letters.contains)
        else {
            throw lastFailure("is no name", "use 1 to 32 small letters, digits and hyphens, a letter first")
        }
        guard !LineWords.reserved.contains(found) else {
            throw lastFailure("has a meaning of its own", "choose another name")
        }
        guard !known.contains(found) else { throw lastFailure("is taken", "choose another name") }
        return found
    }

    mutating func one<Value: RawRepresentable & CaseIterable>(
        of: Value.Type, _ what: String
    ) throws(ScenarioError) -> Value
    where Value.RawValue == String {
        let found = try word(what)
        guard let value = Value(rawValue: found) else {
            throw lastFailure(
                "is not known", "\(what) is one of: \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    /// A word of parts with commas between them, each read as a word; none stands twice.
    mutating func list<Value: Equatable>(
        _ what: String, _ read: (inout LineWords) throws(ScenarioError) -> Value
    ) throws(ScenarioError) -> [Value] {
        let found = try word(what)
        var column = words[next - 1].column
        var values: [Value] = []
        for part in found.split(separator: ",", omittingEmptySubsequences: false) {
            var rest = LineWords(line: line, words: [Word(text: String(part), column: column, isQuoted: false)])
            guard !part.isEmpty else { throw rest.failure("\(what) is missing", "add \(what)") }
            let value = try read(&rest)
            guard !values.contains(value) else { throw rest.lastFailure("stands twice", "name each once") }
            values.append(value)
            column += part.count + 1
        }
        return values
    }

    mutating func integer(_ what: String, in range: ClosedRange<Int>) throws(ScenarioError) -> Int {
        let found = try word(what)
        guard found.utf8.count <= 9, found.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(found),
            range.contains(value)
        else {
            throw lastFailure("is not \(what)", "give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// More would not fit the product's money, which counts in hundred-millionths.
    private static let wholeDigitsMax = 10

    /// An amount in hundredths: `500`, `12.5`, `-3`, `+10`.
    mutating func cents() throws(ScenarioError) -> Int64 {
        let found = try word("an amount")
        let digits = found.first == "-" || found.first == "+" ? found.dropFirst() : Substring(found)
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDigits = { (text: Substring) in text.utf8.allSatisfy { (48...57).contains($0) } }
        guard let whole = parts.first, (1...LineWords.wholeDigitsMax).contains(whole.count), isDigits(whole),
            let major = Int64(whole),
            parts.count == 1 || ((1...2).contains(parts[1].count) && isDigits(parts[1]))
        else {
            throw lastFailure(
                "is no amount", "give at most \(LineWords.wholeDigitsMax) digits and two decimals, such as 500 or 12.50"
            )
        }
        var minor: Int64 = 0
        if parts.count == 2 { minor = (Int64(parts[1]) ?? 0) * (parts[1].count == 1 ? 10 : 1) }
        return (found.first == "-" ? -1 : 1) * (major * 100 + minor)
    }

    /// A text in quotes, or `none`.
    mutating func textOrNone(_ what: String) throws(ScenarioError) -> String? {
        if peek == "none" {
            skip()
            return nil
        }
        return try text(what)
    }

    /// An account name, or `none`.
    mutating func accountOrNone() throws(ScenarioError) -> String? {
        let found = try word("an account name or none")
        guard found.utf8.count <= 64 else { throw lastFailure("is too long", "use at most 64 characters") }
        return found == "none" ? nil : found
    }

    mutating func centsOrNone() throws(ScenarioError) -> Int64? {
        if peek == "none" {
            skip()
            return nil
        }
        return try cents()
    }

    /// A share, or `none`.
    mutating func percentOrNone() throws(ScenarioError) -> Int64? {
        if peek == "none" {
            skip()
            return nil
        }
        return try percent()
    }

    /// A share in hundredths of a percent: `10`, `12.5`.
    mutating func percent() throws(ScenarioError) -> Int64 {
        let value = try cents()
        guard (0...1_000_000).contains(value) else {
            throw lastFailure("is no percentage", "give a number such as 10 or 12.5")
        }
        return value
    }

    mutating func duration(max: Int = ScenarioParser.secondsMax) throws(ScenarioError) -> Int {
        let found = try word("a time")
        let sizes: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = found.last, let size = sizes[unit], (1...8).contains(found.utf8.count - 1),
            found.utf8.dropLast().allSatisfy({ (48...57).contains($0) }), let count = Int(found.dropLast()),
            count * size <= max
        else {
            throw lastFailure(
                "is no time of up to \(max / 86_400) days", "give a number with s, m, h or d, such as 30s or 2h")
        }
        return count * size
    }

    mutating func signedDuration() throws(ScenarioError) -> Int {
        guard let found = peek, let sign = found.first, sign == "+" || sign == "-" else {
            throw failure("a time with + or - is missing", "say +1h or -1d")
        }
        var rest = LineWords(
            line: line, words: [Word(text: String(found.dropFirst()), column: words[next].column + 1, isQuoted: false)])
        let seconds = try rest.duration(max: 40_000 * 86_400)
        skip()
        return sign == "-" ? -seconds : seconds
    }

    private init(line: Int, words: [Word]) {
        self.line = line
        self.words = words
        endColumn = 1
    }

    mutating func atWrite() throws(ScenarioError) -> Int? {
        guard peek == "at-write" else { return nil }
        skip()
        return try integer("the number of a write", in: 1...1_000_000)
    }
}
