import Diagnostics
import Digests

/// Takes out of texts what is not known to be harmless: a word passes only when it is one of our own, a number only
/// beside a word that says what it counts. So a name, an address or an amount does not get through by being of a form
/// that nobody foresaw.
struct Redactor {
    static let mark = "[...]"

    /// Folders by the names that stand for them, the deepest first.
    private let folders: [(path: String, name: String)]
    /// Words that are names here, whatever else they mean.
    private let names: Set<String>
    /// Made for one report and kept nowhere, so that pseudonyms of two reports can't be compared.
    private let key: [UInt8]

    init(_ paths: Paths, home: String?, names: [String], chance: any Chance) {
        var folders = [(paths.state, "STATE"), (paths.config, "CONFIG"), (paths.runtime, "RUN")]
        folders += [(paths.stateRoot, "STATE"), (paths.configRoot, "CONFIG")]
        if let home, home.count > 1 { folders.append((home, "~")) }
        self.folders = folders.sorted { $0.0.utf8.count > $1.0.utf8.count }
        self.names = Set(names.flatMap { Redactor.parts(of: $0.lowercased()) })
        key = chance.bytes(32)
    }

    /// What stands for a value within one report: `c-1f2e3d4c`.
    func pseudonym(_ kind: String, _ value: String) -> String {
        let code = HMACSHA256.authenticate(Array("\(kind):\(value)".utf8), key: key)
        return "\(kind.prefix(1))-\(Hex.encode(Array(code.prefix(4))))"
    }

    // MARK: Log

    /// Fields of a log line whose values are words and numbers of ours.
    private static let plainFields = [
        "time", "level", "program", "event", "lane", "from", "to", "count", "final", "held", "dead", "transient",
        "surprising", "signal", "removed", "wiped", "cut", "kind", "ended", "milliseconds", "bytes", "dropped",
    ]

    /// A line of the daemon's log.
    func line(_ line: some StringProtocol) -> String {
        if line.hasPrefix("{"), let fields = Redactor.jsonFields(of: line) { return shown(fields) }
        guard line.hasPrefix("time=") else { return text(line) }
        return shown(Redactor.fields(of: line))
    }

    private func shown(_ fields: [(key: String?, value: String)]) -> String {
        fields.map { key, value in
            guard let key else { return text(value) }
            return "\(key)=" + (isPlain(key, value) ? value : "\"\(text(value))\"")
        }.joined(separator: " ")
    }

    /// The fields of a line in JSON, those of every line first; nil when it is none of ours.
    private static func jsonFields(of line: some StringProtocol) -> [(key: String?, value: String)]? {
        let fields = LogEntry(String(line)).fields
        guard !fields.isEmpty else { return nil }
        let first = ["time", "level", "program", "event"]
        let head = first.compactMap { name in fields.first { $0.name == name } }
        return (head + fields.filter { !first.contains($0.name) }).map { field in
            (isKey(field.name[...]) ? field.name : nil, field.value)
        }
    }

    private func isPlain(_ key: String, _ value: String) -> Bool {
        guard Redactor.plainFields.contains(key), value.utf8.count <= 40 else { return false }
        if key == "time" { return Instant(rfc3339: value) != nil }
        // Counts of ours are small; a longer number may be anything.
        return (value.utf8.count <= 5 && value.utf8.allSatisfy { (48...57).contains($0) }) || isOurs(value)
    }

    /// Splits `key=value key="quoted value"`; what has no key has nil.
    private static func fields(of line: some StringProtocol) -> [(key: String?, value: String)] {
        var fields: [(String?, String)] = []
        var (field, isQuoted, isEscaped) = ("", false, false)
        func end() {
            guard !field.isEmpty else { return }
            if let equals = field.firstIndex(of: "="), isKey(field[..<equals]) {
                var value = field[field.index(after: equals)...]
                if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
                    value = value.dropFirst().dropLast()
                }
                fields.append((String(field[..<equals]), String(value)))
            } else {
                fields.append((nil, field))
            }
            field = ""
        }
        for character in line {
            if character == " ", !isQuoted {
                end()
                continue
            }
            if character == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = character == "\\" && !isEscaped
            field.append(character)
        }
        end()
        return fields
    }

    private static func isKey(_ text: Substring) -> Bool {
        (1...24).contains(text.utf8.count) && text.utf8.allSatisfy { (97...122).contains($0) || $0 == 95 || $0 == 45 }
            && parts(of: String(text)).allSatisfy { PlainWords.all.contains($0) || plainFields.contains($0) }
    }

    // MARK: Text

    /// Words that count something when they stand before or after a number.
    private static let before = [
        "status", "schema", "protocol", "process", "edit", "edits", "version", "interface", "knows", "code", "signal",
        "line", "mode", "is", "within", "exit",
    ]
    private static let after = ["MiB", "s", "min", "h", "days", "bytes", "rows", "failed", "more"]
    /// Words of ours that are not written small.
    private static let others = [
        "MiB", "TLS", "HTTP", "HTTPS", "SQLite", "SQL", "JSON", "UTF-8", "WAL", "NFS", "SMB", "PORT", "HOST", "URL",
        "FILE",
        "Fieldbook", "FIELDBOOK_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "--server", "--wait", "--deep", "0600",
        "0700", "600", "700", "chmod", "systemctl", "--user", "s", "h", "-", "REDACTED", "ls", "-l", "-ld", "--now",
        "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "TERM", "KILL", "A", "I",
    ]

    /// A sentence with what is not ours replaced.
    func text(_ text: some StringProtocol) -> String {
        let words = text.split(whereSeparator: { $0 == " " }).map { String($0) }
        var kept: [String] = []
        var isQuotation = false
        for (index, word) in words.enumerated() {
            // What stands between quotation marks was given by somebody.
            let begins = word.drop { "(\\\"".contains($0) }.hasPrefix("'")
            let ends = word.dropFirst().trimmed(of: ".,:;)\\\"").hasSuffix("'")
            let isHidden = isQuotation || begins
            if begins { isQuotation = true }
            if ends { isQuotation = false }
            let shown =
                isHidden
                ? Redactor.mark
                : self.word(
                    word, after: index > 0 ? words[index - 1] : "",
                    before: index + 1 < words.count ? words[index + 1] : "")
            if shown != Redactor.mark || kept.last != Redactor.mark { kept.append(shown) }
        }
        return kept.joined(separator: " ")
    }

    private func word(_ word: String, after last: String, before next: String) -> String {
        let marks = ".,:;()\"\\[]…"
        let core = String(word.trimmed(of: marks))
        guard !core.isEmpty else { return word.allSatisfy { marks.contains($0) } ? word : Redactor.mark }
        let shown: String
        if core.hasPrefix("/") || core.hasPrefix("~/") {
            shown = path(core)
        } else if isNumber(core) {
            let isNamed =
                Redactor.before.contains(String(last.trimmed(of: marks)))
                || Redactor.after.contains(String(next.trimmed(of: marks)))
            shown = isNamed ? core : Redactor.mark
        } else if Redactor.others.contains(core) || isOurs(core) || isVersion(core) || isTime(core) {
            shown = core
        } else {
            shown = Redactor.mark
        }
        // Marks around a hidden word go with it.
        guard shown != Redactor.mark, let place = word.range(of: core) else { return shown }
        return word[..<place.lowerBound] + shown + word[place.upperBound...]
    }

    private func isNumber(_ text: String) -> Bool {
        text.utf8.count <= 9 && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    private func isTime(_ text: String) -> Bool { text.utf8.count == 20 && Instant(rfc3339: text) != nil }

    private func isVersion(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 && parts.allSatisfy { (1...3).contains($0.utf8.count) && Int($0) != nil }
    }

    /// Whether every part of a word is of our own vocabulary and none of it a name.
    func isOurs(_ text: String) -> Bool {
        let parts = Redactor.parts(of: text)
        return !parts.isEmpty
            && parts.allSatisfy { part in
                let small = part.lowercased()
                let isWritten = part == small || part.dropFirst() == small.dropFirst()
                return isWritten && PlainWords.all.contains(small) && !names.contains(small)
            }
    }

    private static func parts(of text: String) -> [String] {
        text.split(whereSeparator: { "-_./: @".contains($0) }).map(String.init)
    }

    // MARK: Paths

    /// Parts of paths that are the same on every machine.
    private static let places: Set<String> = [
        "STATE", "CONFIG", "RUN", "~", ".local", ".config", "usr", "lib", "local", "etc", "var", "run", "systemd",
        "user",
        "users", "current", "state", "config", "fieldbook", "fieldbook.conf", "token", "daemon.log", "daemon.sock",
        "daemon.lock", "fieldbook.service", "outbox.db", "replica.db", "wiped.json", "bin", "dev", "null", "tty",
    ]

    private func path(_ path: String) -> String {
        var rest = path
        for (folder, name) in folders where rest == folder || rest.hasPrefix("\(folder)/") {
            rest = name + rest.dropFirst(folder.count)
            break
        }
        return rest.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.isEmpty || Redactor.places.contains(String(part)) || Redactor.isReplicaFile(part)
                ? String(part) : Redactor.mark
        }.joined(separator: "/")
    }

    private static func isReplicaFile(_ name: Substring) -> Bool {
        var core = name
        for suffix in ["-wal", "-shm", "-journal"] where core.hasSuffix(suffix) { core = core.dropLast(suffix.count) }
        if core == "outbox.db" || core == "replica.db" { return true }
        guard core.hasPrefix("generation-"), core.hasSuffix(".db") else { return false }
        return Int(core.dropFirst("generation-".count).dropLast(3)) != nil
    }
}

extension StringProtocol {
    /// Without these characters at both ends.
    fileprivate func trimmed(of marks: String) -> SubSequence {
        var text = drop { marks.contains($0) }
        while let last = text.last, marks.contains(last) { text.removeLast() }
        return text
    }

    /// Where a part stands first.
    fileprivate func range(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
