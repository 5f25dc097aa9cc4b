/// What a setting may be, and the check of a value from a file or a variable.
package enum SettingKind: Sendable, Hashable {
    case text
    case flag
    /// Seconds, given with a unit: `30s`, `5m`, `1h`, `7d`.
    case duration(ClosedRange<Int64>)
    /// Bytes, given as a number or with `k`, `M` or `G`, which count in steps of 1024.
    case size(ClosedRange<Int64>)
    case integer(ClosedRange<Int64>)
    case choice([String])
    /// A file, by an absolute path or one that begins with `~/`.
    case path
    /// An address `SCHEME://HOST:PORT` of one of these schemes.
    case url([String])
    /// An address of a proxy, or `none`.
    case proxy

    /// Why a value is none of this kind, and what to write instead; nil when it is one.
    package func complaint(_ text: String) -> (why: String, next: String)? {
        switch self {
        case .text: text.isEmpty ? ("the value is missing", "write it right of '='") : nil
        case .flag:
            SettingKind.flag(text) == nil
                ? ("'\(SettingKind.shown(text))' is neither yes nor no", "write yes or no") : nil
        case .duration(let range):
            complaint(
                SettingKind.seconds(text), range, text, unit: "a time",
                next:
                    "write a number and s, m, h or d, from \(SettingKind.span(range))"
            )
        case .size(let range):
            complaint(
                SettingKind.bytes(text), range, text, unit: "a size",
                next:
                    "write a number of bytes, or one with k, M or G, from \(range.lowerBound) to \(range.upperBound)"
            )
        case .integer(let range):
            complaint(
                Int64(text), range, text, unit: "a number",
                next: "write a number from \(range.lowerBound) to \(range.upperBound)")
        case .choice(let words):
            words.contains(text)
                ? nil
                : (
                    "'\(SettingKind.shown(text))' is none of its values",
                    NearestName.of(text, among: words).map { "did you mean '\($0)'?" }
                        ?? "write one of: \(words.joined(separator: ", "))"
                )
        case .path:
            text.hasPrefix("/") || text.hasPrefix("~/")
                ? nil
                : (
                    text.isEmpty ? "the value is missing" : "'\(SettingKind.shown(text))' is no whole path",
                    "begin the path with '/' or '~/'"
                )
        case .url(let schemes): urlComplaint(text, schemes)
        case .proxy: text == "none" ? nil : urlComplaint(text, ["http"])
        }
    }

    private func complaint(
        _ value: Int64?, _ range: ClosedRange<Int64>, _ text: String, unit: String, next: String
    ) -> (why: String, next: String)? {
        guard let value else { return ("'\(SettingKind.shown(text))' is not \(unit)", next) }
        return range.contains(value) ? nil : ("\(SettingKind.shown(text)) is out of range", next)
    }

    private func urlComplaint(_ text: String, _ schemes: [String]) -> (why: String, next: String)? {
        let next = "write it as \(schemes.map { "\($0)://HOST[:PORT]" }.joined(separator: " or "))"
        guard let scheme = schemes.first(where: { text.hasPrefix("\($0)://") }) else {
            return (
                text.isEmpty
                    ? "the value is missing"
                    : "it does not begin with \(schemes.map { "\($0)://" }.joined(separator: " or "))", next
            )
        }
        let rest = text.dropFirst(scheme.count + 3)
        guard !rest.isEmpty, rest != "/" else { return ("the host is missing", next) }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return ("it holds a character that an address cannot hold", next)
        }
        let place = rest.hasSuffix("/") ? rest.dropLast() : rest
        guard !place.contains(where: { "/?#".contains($0) }) else { return ("it has more than host and port", next) }
        guard self == .proxy || !place.contains("@") else { return ("it holds the name of a person", next) }
        return SettingKind.isHost(place) ? nil : ("host and port cannot be read", next)
    }

    /// `HOST`, `HOST:PORT`, the same with `[ADDRESS]`; after `NAME:PASSWORD@`, if any.
    private static func isHost(_ text: Substring) -> Bool {
        let place = text.lastIndex(of: "@").map { text[text.index(after: $0)...] } ?? text
        let end =
            place.hasPrefix("[") ? place.firstIndex(of: "]").map { place.index(after: $0) } : place.firstIndex(of: ":")
        let host = place[..<(end ?? place.endIndex)]
        let tail = end.map { place[$0...] } ?? ""
        guard !host.isEmpty, place.hasPrefix("[") == host.hasSuffix("]") else { return false }
        return tail.isEmpty || tail.hasPrefix(":") && (UInt16(tail.dropFirst()) ?? 0) > 0
    }

    /// Whether a value may hold the name and password of a person.
    var isAddress: Bool {
        switch self {
        case .url, .proxy: true
        default: false
        }
    }

    /// How the documentation names the values.
    package var words: String {
        switch self {
        case .text: "text"
        case .flag: "yes or no"
        case .duration(let range):
            "a time from \(SettingKind.span(range))"
        case .size(let range): "bytes from \(range.lowerBound) to \(range.upperBound)"
        case .integer(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): words.joined(separator: ", ")
        case .path: "a file"
        case .proxy: "an address, http://, or none"
        case .url(let schemes): "an address, \(schemes.map { "\($0)://" }.joined(separator: " or "))"
        }
    }

    static func flag(_ text: String) -> Bool? {
        switch text {
        case "yes", "true", "on": true
        case "no", "false", "off": false
        default: nil
        }
    }

    static func seconds(_ text: String) -> Int64? {
        scaled(text, ["s": 1, "m": 60, "h": 3600, "d": 86_400], needsUnit: true)
    }

    static func bytes(_ text: String) -> Int64? {
        scaled(text, ["k": 1 << 10, "M": 1 << 20, "G": 1 << 30], needsUnit: false)
    }

    private static func scaled(_ text: String, _ units: [Character: Int64], needsUnit: Bool) -> Int64? {
        var digits = text[...]
        var scale: Int64 = 1
        if let last = text.last, let unit = units[last] {
            digits.removeLast()
            scale = unit
        } else if needsUnit, text != "0" {
            return nil
        }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(digits) else {
            return nil
        }
        let (value, isTooLarge) = number.multipliedReportingOverflow(by: scale)
        return isTooLarge ? nil : value
    }

    /// Seconds in the largest unit that fits: `5m`.
    static func time(_ seconds: Int64) -> String {
        for (unit, letter) in [(86_400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)]
        where seconds > 0 && seconds % unit == 0 { return "\(seconds / unit)\(letter)" }
        return "\(seconds)s"
    }

    private static func span(_ range: ClosedRange<Int64>) -> String {
        "\(time(range.lowerBound)) to \(time(range.upperBound))"
    }

    /// As much of a value as a message shows.
    private static func shown(_ text: String) -> String {
        let part = VisibleText.prefix(text, bytesMax: 40)
        return VisibleText.escape(String(part)) + (part.endIndex < text.endIndex ? "…" : "")
    }
}
