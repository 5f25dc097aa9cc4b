package import Diagnostics

/// Which commands are run on which events: `hooks.conflict = /path/to/command argument …`, `hooks.all` for events
/// without a command of their own, `hooks.timeout`.
package struct HookSettings: Sendable, Hashable {
    /// A setting that can't be used; the others are.
    package struct Flaw: Error, Sendable, Hashable {
        package let key: String
        package let why: String
    }

    private let own: [HookKind: [String]]
    private let rest: [String]?
    /// How long a command may take.
    package let timeout: Duration
    /// In the order of the kinds.
    package let flaws: [Flaw]

    /// What the settings in force say.
    package init(_ settings: Settings) {
        self.init(timeout: settings.duration(.hookTimeout)) { name in
            SettingsRegistry.spec("hooks.\(name)").flatMap { settings.text($0) }
        }
    }

    /// Reads the command of each kind of event, and of `all`.
    package init(timeout: Duration = .seconds(10), _ value: (String) -> String? = { _ in nil }) {
        var flaws: [Flaw] = []
        func command(_ name: String) -> [String]? {
            guard let text = value(name), !text.isEmpty else { return nil }
            do throws(CommandWords.Flaw) { return try CommandWords.split(text) } catch {
                flaws.append(Flaw(key: "hooks.\(name)", why: error.why))
                return nil
            }
        }
        var own: [HookKind: [String]] = [:]
        for kind in HookKind.allCases { own[kind] = command(kind.rawValue) }
        self.own = own
        rest = command("all")
        self.timeout = timeout
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
