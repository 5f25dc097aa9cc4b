import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol
import SyncServer
import TerminalKit

extension ServerContext {
    /// `history CUSTOMER`: the newest records, oldest first.
    func history() throws {
        let limit = try number("limit", default: 50, in: 1...100_000)
        let (key, entries) = try withLedger { ledger in
            try ledger.read { reader in
                let key = try customer(reader)
                return (key, try reader.history(of: key, limit: limit))
            }
        }
        var table = Table([
            .init("TIME", yielding: .never), .init("AUTHOR"), .init("REGISTER"), .init("WHAT"),
            .init("RULE", yielding: .leftOut(1)), .init("EDIT", yielding: .leftOut(2)),
        ])
        for entry in entries {
            table.add([
                time(entry), entry.author, StateWording.name(entry.register), ServerContext.what(entry), rule(entry),
                edit(entry),
            ])
        }
        show(
            ["customer": .integer(key.value), "history": .array(entries.map(json))],
            table.isEmpty ? "" : table.render(for: terminal))
        if entries.isEmpty { terminal.writeError("nothing was decided about this customer yet\n") }
    }

    private func time(_ entry: HistoryEntry) -> String { Instant(seconds: entry.at.seconds).rfc3339 }

    private func rule(_ entry: HistoryEntry) -> String { "\(entry.rule) (\(entry.rulesVersion))" }

    private func edit(_ entry: HistoryEntry) -> String {
        guard let number = entry.edit else { return "-" }
        return "\(number) of \(entry.replica?.prefix(8) ?? "")"
    }

    /// What happened in words: action and values where a register moved or what was asked for did not come, else what
    /// else is known.
    static func what(_ entry: HistoryEntry) -> String {
        var words = entry.action == "system" ? [] : [entry.action]
        let asked = entry.asked == entry.after ? nil : entry.asked.map { "asked for \(value($0))" }
        switch (entry.before == entry.after, asked) {
        case (true, let asked?): words.append("\(asked); \(value(entry.after)) stands")
        case (true, nil): if entry.note == nil { words.append(value(entry.after)) }
        case (false, let asked):
            words.append("\(value(entry.before)) -> \(value(entry.after))\(asked.map { "; \($0)" } ?? "")")
        }
        if let note = entry.note { words.append(note) }
        return words.joined(separator: ": ")
    }

    private static func value(_ text: String) -> String {
        guard let state = try? WireCoding.decode(V1.State.self, from: text).state() else { return "?" }
        return StateWording.text(state)
    }

    private func json(_ entry: HistoryEntry) -> JSONOutput {
        .object([
            "at": .text(time(entry)), "author": .text(entry.author), "register": .text(entry.register.rawValue),
            "action": .text(entry.action), "before": .text(ServerContext.value(entry.before)),
            "after": .text(ServerContext.value(entry.after)), "rule": .text(entry.rule),
            "rulesVersion": .integer(Int64(entry.rulesVersion)), "replica": .optional(entry.replica),
            "edit": entry.edit.map { .integer($0) } ?? .null, "note": .optional(entry.note),
            "asked": .optional(entry.asked.map { ServerContext.value($0) }),
        ])
    }
}
