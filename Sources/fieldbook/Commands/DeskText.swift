import Diagnostics
import TerminalKit

/// Text for a person at a terminal, in lines of a given width. Nothing in it can drive the terminal, and nothing is
/// cut: what is too long goes on in the next line.
struct DeskText {
    /// The width where there is no terminal, and the least and the most that lines are made for.
    static let widthDefault = 80
    private static let widths = 40...120

    /// The plain form elsewhere than on a terminal has a line for all that is to be said.
    private static let widthPlain = 1 << 40

    let width: Int
    /// No columns and nothing further in, for a screen reader.
    let isPlain: Bool
    private(set) var text = ""

    /// - Parameter terminalWidth: columns of the terminal; nil when there is none.
    init(terminalWidth: Int?, isPlain: Bool = false) {
        self.isPlain = isPlain
        let width = terminalWidth ?? (isPlain ? DeskText.widthPlain : DeskText.widthDefault)
        let most = isPlain ? DeskText.widthPlain : DeskText.widths.upperBound
        self.width = min(max(width, DeskText.widths.lowerBound), most)
    }

    init(for terminal: Terminal) { self.init(terminalWidth: terminal.width, isPlain: terminal.isPlain) }

    /// An empty text for lines that are to stand further in.
    func inset(by columns: Int) -> DeskText {
        DeskText(terminalWidth: isPlain ? width : width - columns, isPlain: isPlain)
    }

    mutating func blank() { text += "\n" }

    /// A paragraph; every line but the first begins `hanging` columns further in than the first.
    mutating func line(_ words: String, indent: Int = 0, hanging: Int = 0) {
        let (indent, hanging) = isPlain ? (0, 0) : (indent, hanging)
        let first = DeskText.blanks(indent)
        let next = DeskText.blanks(indent + hanging)
        for (index, piece) in TextWidth.wrap(words, to: width - indent, then: width - indent - hanging).enumerated() {
            text += (index == 0 ? first : next) + piece + "\n"
        }
    }

    /// A label and what is to be said of it, which stands in a column of its own.
    mutating func entry(_ label: String, _ words: String, labelWidth: Int = 10) {
        if isPlain {
            let label = label.drop { $0 == " " }
            return line(label.isEmpty ? words : "\(label): \(words)")
        }
        for (index, piece) in TextWidth.wrap(words, to: width - labelWidth - 2).enumerated() {
            let head = index == 0 ? DeskText.padded(TextWidth.safe(label), to: labelWidth) : DeskText.blanks(labelWidth)
            text += head + "  " + piece + "\n"
        }
    }

    /// The lines of another text, further in.
    mutating func append(_ other: DeskText, indent: Int) {
        for line in other.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            text += (line.isEmpty || isPlain ? "" : DeskText.blanks(indent)) + line + "\n"
        }
    }

    /// A command to type and what it does.
    mutating func command(_ words: String, _ meaning: String) {
        text += (isPlain ? "" : "  ") + TextWidth.safe(words) + "\n"
        line(meaning, indent: 6)
    }

    /// A row of cells in columns of the given widths, two blanks apart, each wrapped within its column.
    mutating func row(_ cells: [String], _ widths: [Int]) {
        let columns = zip(cells, widths).map { TextWidth.wrap($0, to: $1) }
        for index in 0..<(columns.map(\.count).max() ?? 0) {
            var line = ""
            for (column, width) in zip(columns, widths) {
                line += DeskText.padded(index < column.count ? column[index] : "", to: width) + "  "
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
    }

    // MARK: Parts

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

    private static func padded(_ text: String, to width: Int) -> String {
        text + blanks(width - TextWidth.of(text))
    }
}

/// Moments and lengths of time in words.
struct DeskTime {
    /// Seconds since 1970 by this device.
    let now: Int64

    /// `2026-11-21 02:46 UTC`.
    static func moment(_ seconds: Int64) -> String {
        let text = Instant(seconds: seconds).rfc3339
        guard let middle = text.firstIndex(of: "T") else { return text }
        return "\(text[..<middle]) \(text[text.index(after: middle)...].prefix(5)) UTC"
    }

    /// The day of a validity, which the vendor counts in Beijing time.
    static func day(_ seconds: Int64) -> String {
        let (moved, overflow) = seconds.addingReportingOverflow(8 * 3600)
        return String(Instant(seconds: overflow ? seconds : moved).rfc3339.prefix { $0 != "T" })
    }

    /// `45 s`, `12 min`, `3 h`, `9 d`.
    static func length(_ seconds: Int64) -> String {
        switch seconds {
        case ..<90: "\(max(0, seconds)) s"
        case ..<5400: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// A length that is still to come, days with their hours: what ends in 6 days and 23 hours is not 6 days away.
    private static func left(_ seconds: Int64) -> String {
        guard (172_800..<1_209_600).contains(seconds) else { return length(seconds) }
        let hours = (seconds + 1800) / 3600
        return "\(hours / 24) d" + (hours % 24 == 0 ? "" : " \(hours % 24) h")
    }

    /// How long ago a moment was, never less than nothing: clocks differ.
    func since(_ seconds: Int64) -> String { DeskTime.length(distance(seconds, now)) }
    /// How long it is until a moment.
    func until(_ seconds: Int64) -> String { DeskTime.left(distance(now, seconds)) }
    /// The same for a column: from two days on to the nearest day.
    func about(_ seconds: Int64) -> String {
        let left = distance(now, seconds)
        return left < 172_800 ? DeskTime.length(left) : "\(left / 86_400 + left % 86_400 / 43_200) d"
    }
    /// `2026-11-21 02:46 UTC (5 min ago)`.
    func at(_ seconds: Int64) -> String {
        "\(DeskTime.moment(seconds)) (\(seconds > now ? "ahead of this device's clock" : "\(since(seconds)) ago"))"
    }

    private func distance(_ from: Int64, _ to: Int64) -> Int64 {
        let (distance, overflow) = to.subtractingReportingOverflow(from)
        return overflow ? (to > from ? .max : 0) : distance
    }
}
