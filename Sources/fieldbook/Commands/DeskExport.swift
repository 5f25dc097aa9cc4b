import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// Conflicts for other programs: one JSON object a line, or CSV.
enum DeskExport {
    // MARK: JSON

    /// What is known of a conflict.
    static func json(_ conflict: ConflictDetail) -> [String: JSONOutput] {
        [
            "conflict": .integer(conflict.key.value), "customerKey": .integer(conflict.customer.value),
            "customer": .text(conflict.customerName), "accountName": .text(conflict.accountName),
            "register": .text(conflict.register.rawValue), "open": .bool(conflict.isOpen),
            "kind": .text(conflict.mine.kind.rawValue), "base": Wording.json(conflict.base),
            "mine": .text(DeskFields.text(conflict.mine)), "mineBy": .text(conflict.mineBy),
            "mineMadeAt": Wording.time(conflict.mineMadeAt), "theirs": Wording.json(conflict.theirs),
            "theirsBy": .optional(conflict.theirsBy), "theirsAt": Wording.time(conflict.theirsAt),
            "theirsVersion": .integer(conflict.theirsVersion.value), "heldAt": Wording.time(conflict.heldAt),
            "rule": .text(conflict.rule), "rulesVersion": .integer(conflict.rulesVersion),
            "guards": .array((conflict.facts?.guards ?? []).map(json)), "deadline": Wording.time(conflict.deadline),
            "fallback": .optional(conflict.fallback), "choice": .optional(conflict.choice),
            "decidedBy": .optional(conflict.decidedBy), "decidedAt": Wording.time(conflict.decidedAt),
            "decisionReason": .optional(conflict.decisionReason), "outcome": .optional(conflict.outcome),
            "movedTo": conflict.movedTo.map { Wording.json($0) } ?? .null,
        ]
    }

    private static func json(_ reading: V1.Reading) -> JSONOutput {
        .object([
            "guard": .text(reading.name), "outcome": .text(reading.outcome), "value": .text(reading.value),
            "limit": .text(reading.limit), "asOf": Wording.time(reading.asOf?.value),
        ])
    }

    /// A conflict with its documents as one line. One that this build cannot read has its documents only.
    static func line(_ export: ConflictExport) -> String {
        var members = export.detail.map { json($0) } ?? ["conflict": .integer(export.key.value)]
        members["schemaVersion"] = .integer(1)
        var parts = members.map { name, value in (name, value.compact) }
        parts += documents(export).map { ($0, visible($1)) }
        let text = parts.sorted { $0.0 < $1.0 }.map { "\"\($0)\":\($1)" }
        return "{\(text.joined(separator: ","))}\n"
    }

    private static func documents(_ export: ConflictExport) -> [(String, String)] {
        [
            ("intentDocument", export.intent), ("baseDocument", export.base), ("theirsDocument", export.theirs),
            ("factsDocument", export.facts ?? "null"),
        ]
    }

    /// A JSON document with what could drive a terminal escaped; it can stand in strings only, so it means the same.
    private static func visible(_ document: String) -> String {
        guard document.unicodeScalars.contains(where: VisibleText.isUnsafe) else { return document }
        return document.unicodeScalars.map { scalar in
            guard VisibleText.isUnsafe(scalar) else { return String(scalar) }
            let hex = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined()
    }

    // MARK: CSV

    /// The columns of the CSV form.
    static let header = record([
        "conflict", "status", "customer", "account", "register", "kind", "asked", "mine_by", "mine_made_at", "base",
        "mine", "theirs", "theirs_by", "theirs_at", "rule", "rules_version", "guards", "held_at", "deadline",
        "fallback",
        "choice", "outcome", "decided_by", "decided_at", "decision_reason", "intent_document", "base_document",
        "theirs_document", "facts_document",
    ])

    /// A conflict as a record of CSV.
    static func record(_ export: ConflictExport) -> String {
        let documents = documents(export).map(\.1)
        guard let conflict = export.detail else {
            return record(["\(export.key.value)"] + Array(repeating: "", count: 24) + documents)
        }
        let mine = DeskFields.mine(conflict).map { DeskFields.text($0) } ?? ""
        let guards = (conflict.facts?.guards ?? []).map { DeskStory.words(of: $0) }.joined(separator: "; ")
        return record(
            [
                "\(conflict.key.value)", conflict.isOpen ? "open" : "decided", conflict.customerName,
                conflict.accountName,
                conflict.register.rawValue, conflict.mine.kind.rawValue, DeskFields.text(conflict.mine),
                conflict.mineBy,
                time(conflict.mineMadeAt), DeskFields.text(conflict.base), mine, DeskFields.text(conflict.theirs),
                conflict.theirsBy ?? "", time(conflict.theirsAt), conflict.rule, "\(conflict.rulesVersion)", guards,
                time(conflict.heldAt), time(conflict.deadline), conflict.fallback ?? "", conflict.choice ?? "",
                conflict.outcome ?? "", conflict.decidedBy ?? "", time(conflict.decidedAt),
                conflict.decisionReason ?? "",
            ] + documents)
    }

    private static func time(_ seconds: Int64?) -> String { seconds.map { Instant(seconds: $0).rfc3339 } ?? "" }

    /// One record after RFC 4180, ended by CR LF.
    static func record(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\r\n" }

    /// A cell: quoted where it must be. A text that a spreadsheet would take for a formula begins with an apostrophe;
    /// what would drive a terminal is spelled out.
    static func cell(_ text: String) -> String {
        var text = VisibleText.escape(text)
        if let first = text.utf8.first, "=+-@".utf8.contains(first) { text = "'" + text }
        guard text.utf8.contains(where: { "\",\r\n ".utf8.contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension Context {
    /// `conflicts export`.
    func exportConflicts() throws(UserError) -> Answer {
        let format = command.option("format") ?? "json"
        guard format == "json" || format == "csv" else { throw usage("--format must be json or csv") }
        let reader = try reader()
        let selection = try conflictSelection(reader)
        let isCSV = format == "csv"
        if isCSV { terminal.writeOutput(DeskExport.header) }
        var chunk = ""
        try forEachConflict(reader, selection) { export in
            chunk += isCSV ? DeskExport.record(export) : DeskExport.line(export)
            guard chunk.utf8.count >= 1 << 16 else { return }
            terminal.writeOutput(chunk)
            chunk = ""
        }
        terminal.writeOutput(chunk)
        return Answer(isWritten: true)
    }
}
