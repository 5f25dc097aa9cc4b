/// Which commands are run on which events: `hook-conflict = /path/to/command argument …`, `hook-all` for events
/// without a command of their own, `hook-timeout` in seconds.
package struct HookSettings: Sendable, Hashable {
    /// A setting that can't be used; the others are.
    package struct Flaw: Error, Sendable, Hashable {
        package let key: String
        package let why: String
    }

    package static let keys = HookKind.allCases.map { "hook-\($0.rawValue)" } + ["hook-all", "hook-timeout"]
    package static let timeoutSeconds: ClosedRange<Int64> = 1...300

    private let own: [HookKind: [String]]
    private let rest: [String]?
    /// How long a command may take.
    package let timeout: Duration
    /// In the order of `keys`.
    package let flaws: [Flaw]

    /// No commands.
    package init() { self.init { _ in nil } }

    /// Reads settings by their keys.
    package init(_ value: (String) -> String?) {
        var flaws: [Flaw] = []
        func command(_ name: String) -> [String]? {
            let key = "hook-\(name)"
            guard let text = value(key), !text.isEmpty else { return nil }
            do throws(CommandWords.Flaw) { return try CommandWords.split(text) } catch {
                flaws.append(Flaw(key: key, why: error.why))
                return nil
            }
        }
        var own: [HookKind: [String]] = [:]
        for kind in HookKind.allCases { own[kind] = command(kind.rawValue) }
        self.own = own
        rest = command("all")
        var seconds: Int64 = 10
        if let text = value("hook-timeout") {
            if let number = Int64(text), HookSettings.timeoutSeconds.contains(number) {
                seconds = number
            } else {
                flaws.append(Flaw(key: "hook-timeout", why: "it is not a number of seconds from 1 to 300"))
            }
        }
        timeout = .seconds(seconds)
        self.flaws = flaws
    }

    /// Program and arguments for an event; nil when there is none.
    package func command(for kind: HookKind) -> [String]? { own[kind] ?? rest }

    package var isEmpty: Bool { own.isEmpty && rest == nil }
}

/// Splits a command line into program and arguments, without a shell: blanks part words, `'…'` keeps everything,
/// `"…"` keeps all but `\"` and `\\`, a backslash elsewhere keeps the next character. Nothing is replaced: no
/// variables, patterns, pipes.
package enum CommandWords {
    package struct Flaw: Error, Sendable, Hashable {
        package let why: String
    }

    package static func split(_ text: String) throws(Flaw) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                // Within double quotes a backslash escapes only what it must.
                if quote == "\"", character != "\"", character != "\\" { word = (word ?? "") + "\\" }
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character == " " || character == "\t" {
                if let ended = word { words.append(ended) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw Flaw(why: "a quotation mark is not closed") }
        guard !isEscaped else { throw Flaw(why: "it ends with a backslash") }
        if let ended = word { words.append(ended) }
        guard let program = words.first, !program.isEmpty else { throw Flaw(why: "it names no command") }
        return words
    }
}
