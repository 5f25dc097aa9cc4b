import Diagnostics
import TerminalKit

/// One thing that `doctor` looked at: what it found, why that matters, and what to do next.
struct Check: Sendable, Hashable {
    enum Verdict: String, Sendable, CaseIterable { case ok, warning, failed }

    let name: String
    let verdict: Verdict
    let what: String
    let why: String
    let next: String

    private init(_ name: String, _ verdict: Verdict, _ what: String, why: String, next: String) {
        self.name = name
        self.verdict = verdict
        self.what = what
        self.why = why
        self.next = next
    }

    static func ok(_ name: String, _ what: String) -> Check { Check(name, .ok, what, why: "", next: "") }
    static func warning(_ name: String, _ what: String, why: String, next: String) -> Check {
        Check(name, .warning, what, why: why, next: next)
    }
    static func failed(_ name: String, _ what: String, why: String, next: String) -> Check {
        Check(name, .failed, what, why: why, next: next)
    }
    static func failed(_ name: String, _ error: UserError) -> Check {
        Check(name, .failed, error.what, why: error.why, next: error.next)
    }

    /// With another text in each place, for a report that leaves the machine.
    func mapped(_ change: (String) -> String) -> Check {
        Check(name, verdict, change(what), why: change(why), next: change(next))
    }

    private static let verdictColumns = 9
    private static let nameColumns = 13

    var text: String { text(width: nil) }

    /// Lines for people, broken between words where a terminal of that width would not show them whole.
    func text(width: Int?) -> String {
        func padded(_ text: String, _ columns: Int) -> String {
            text + String(repeating: " ", count: max(1, columns - text.count))
        }
        let indent = String(repeating: " ", count: Check.verdictColumns + Check.nameColumns)
        let sentences = [what + (why.isEmpty ? "" : ": \(why)"), next].filter { !$0.isEmpty }
        let lines = sentences.flatMap { sentence in
            width.map { TextWidth.wrap(sentence, to: max(20, $0 - indent.count)) } ?? [VisibleText.escape(sentence)]
        }
        return padded(verdict.rawValue, Check.verdictColumns) + padded(name, Check.nameColumns)
            + lines.joined(separator: "\n\(indent)") + "\n"
    }

    var json: JSONOutput {
        .object([
            "name": .text(name), "verdict": .text(verdict.rawValue), "what": .text(what), "why": .text(why),
            "next": .text(next),
        ])
    }
}

extension [Check] {
    func count(_ verdict: Check.Verdict) -> Int { filter { $0.verdict == verdict }.count }

    var json: JSONOutput { .array(map(\.json)) }
}
