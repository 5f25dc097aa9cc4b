import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

/// What became of the lines of a file that was applied, for people and for programs.
struct ApplyReport {
    /// Faults that are told to people; programs get all.
    private static let faultsTold = 50

    private let run: ApplyRun
    private let path: String
    private let isDryRun: Bool

    init(_ run: ApplyRun, path: String, isDryRun: Bool) {
        self.run = run
        self.path = path
        self.isDryRun = isDryRun
    }

    private var queued: Int { run.orders.filter { $0.edit != nil }.count }

    var answer: Answer {
        var answer = Answer(json: json, text: text)
        answer.notes = notes
        if !run.faults.isEmpty { answer.exitCode = .refused }
        return answer
    }

    // MARK: Words

    private var text: String {
        var lines: [(number: Int, text: String)] = []
        for order in run.orders where order.edit != nil || isDryRun {
            let head = order.edit.map { "edit \($0) saved" } ?? "would be saved"
            lines.append((order.line.number, "\(head): \(words(order.wanted))"))
        }
        for (line, applied) in run.made {
            lines.append(
                (line.number, "already made as edit \(applied.edit.value) (\(Wording.text(applied.state)))"))
        }
        return lines.sorted { $0.number < $1.number }
            .map { TextWidth.safe("line \($0.number): \($0.text)") + "\n" }.joined()
    }

    private func words(_ wanted: Wanted) -> String {
        "\(Wording.text(wanted.intent)) for \(Wording.text(wanted.customer))"
    }

    private var notes: [String] {
        var notes = run.faults.prefix(ApplyReport.faultsTold).map { fault in
            let place = "\(path):\(fault.line)" + (fault.column.map { ": \($0)" } ?? "")
            return TextWidth.safe("\(place): \(fault.why)") + "\n  " + TextWidth.safe(fault.next)
        }
        let untold = run.faults.count - notes.count
        if untold > 0 { notes.append("and \(untold) more; see them all with --json") }
        var counts = ["\(isDryRun ? run.orders.count : queued) \(isDryRun ? "would be queued" : "queued")"]
        if !run.made.isEmpty { counts.append("\(run.made.count) made already") }
        if !run.faults.isEmpty { counts.append("\(run.faults.count) wrong") }
        notes.append("lines: \(counts.joined(separator: ", "))")
        if !run.faults.isEmpty, !isDryRun, queued == 0, !run.orders.isEmpty {
            notes.append("nothing was queued; mend the lines, or queue the others with --keep-going")
        } else if queued > 0 {
            notes.append("pending until the server has answered: fieldbook edits list")
        }
        return notes
    }

    // MARK: JSON

    private var json: [String: JSONOutput] {
        var lines: [(number: Int, json: [String: JSONOutput])] = []
        for order in run.orders {
            var line = Wording.json(order.wanted.customer)
            line["asked"] = .text(Wording.text(order.wanted.intent))
            line["kind"] = .text(order.line.kind.name)
            line["edit"] = .optional(order.edit)
            line["outcome"] = .text(order.edit != nil ? "queued" : isDryRun ? "would-be-queued" : "not-queued")
            lines.append((order.line.number, line))
        }
        for (made, applied) in run.made {
            lines.append(
                (
                    made.number,
                    [
                        "kind": .text(made.kind.name), "edit": .integer(applied.edit.value),
                        "outcome": .text("made-already"), "state": .text(applied.state.rawValue),
                    ]
                ))
        }
        for fault in run.faults {
            lines.append(
                (
                    fault.line,
                    [
                        "outcome": .text("wrong"), "column": .optional(fault.column), "why": .text(fault.why),
                        "next": .text(fault.next),
                    ]
                ))
        }
        return [
            "file": .text(path), "dryRun": .bool(isDryRun), "queued": .integer(Int64(queued)),
            "madeAlready": .integer(Int64(run.made.count)), "wrong": .integer(Int64(run.faults.count)),
            "lines": .array(
                lines.sorted { $0.number < $1.number }.map { number, line in
                    .object(line.merging(["line": .integer(Int64(number))]) { _, own in own })
                }),
        ]
    }
}
