import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// A customer's history in words: who, when, from what to what, and why.
struct HistoryStory {
    let history: CustomerHistory
    let member: String?

    func tell(_ text: inout DeskText) {
        for line in history.lines {
            text.line("\(DeskTime.moment(line.at)), \(who(line)), \(HistoryStory.what(line))", hanging: 4)
            text.line(HistoryStory.how(line), indent: 4, hanging: 2)
        }
        for edit in history.untold {
            text.line("\(DeskTime.moment(edit.savedAt)), you, \(HistoryStory.what(edit))", hanging: 4)
            text.line(HistoryStory.how(edit), indent: 4, hanging: 2)
        }
    }

    private func who(_ line: HistoryLine) -> String { line.author == member ? "you" : line.author }

    private static func name(_ register: String) -> String {
        Register(rawValue: register).map { DeskFields.name($0) } ?? register
    }

    /// What changed: `budget 100.00 -> 500.00`, or what stayed.
    static func what(_ line: HistoryLine) -> String {
        guard let before = line.before, let after = line.after else {
            return "\(name(line.register)): in words of another version of this program"
        }
        // A system's record of something that is no register says it in its note.
        if before == after, line.action == "system", let note = line.note { return note }
        let asked = line.asked == after ? nil : line.asked.map { "asked for \(DeskFields.text($0))" }
        let change =
            switch (before == after, asked) {
            case (true, nil): DeskFields.text(after)
            case (true, let asked?): "\(asked); \(DeskFields.text(after)) stands"
            case (false, nil): "\(DeskFields.text(before)) -> \(DeskFields.text(after))"
            case (false, let asked?): "\(DeskFields.text(before)) -> \(DeskFields.text(after)); \(asked)"
            }
        return "\(name(line.register)): \(change)"
    }

    /// How it came about.
    static func how(_ line: HistoryLine) -> String {
        var words = line.action == "noop" ? "noop (it was so already)" : line.action
        // What others than members do is no edit, and no rule is asked.
        guard line.action != "system" else { return "on the server's side, not by an edit" + reason(line) }
        words += " by rule \(line.rule) of rules \(line.rulesVersion)"
        if let edit = line.edit, line.isOwn { words += ", your edit \(edit.value)" }
        return words + reason(line)
    }

    private static func reason(_ line: HistoryLine) -> String {
        guard let note = line.note, line.before != line.after || line.action != "system" else { return "" }
        return "; reason: \(note)"
    }

    static func what(_ edit: OutboxEdit) -> String {
        "\(DeskFields.name(edit.register)): \(DeskFields.text(edit.intent))"
    }

    static func how(_ edit: OutboxEdit) -> String {
        var words = "\(Wording.text(edit.state)), your edit \(edit.number.value)"
        if let message = edit.result?.message { words += "; \(message)" }
        return words
    }

    // MARK: JSON

    var json: JSONOutput {
        .array(history.lines.map { json($0) } + history.untold.map { json($0) })
    }

    private func json(_ line: HistoryLine) -> JSONOutput {
        .object(HistoryStory.json(line, isYou: line.author == member))
    }

    static func json(_ line: HistoryLine, isYou: Bool) -> [String: JSONOutput] {
        [
            "at": Wording.time(line.at), "author": .text(line.author), "isYou": .bool(isYou),
            "register": .text(line.register), "action": .text(line.action),
            "before": line.before.map { Wording.json($0) } ?? .null,
            "after": line.after.map { Wording.json($0) } ?? .null, "rule": .text(line.rule),
            "rulesVersion": .integer(line.rulesVersion), "edit": .optional(line.edit?.value),
            "isOwnEdit": .bool(line.isOwn), "reason": .optional(line.note),
            "askedFor": line.asked.map { Wording.json($0) } ?? .null,
        ]
    }

    private func json(_ edit: OutboxEdit) -> JSONOutput {
        .object([
            "at": Wording.time(edit.savedAt), "author": .optional(member), "isYou": .bool(true),
            "register": .text(edit.register.rawValue), "action": .text(edit.state.rawValue),
            "asked": .text(DeskFields.text(edit.intent)), "edit": .integer(edit.number.value), "isOwnEdit": .bool(true),
            "reason": .optional(edit.wire.reason),
        ])
    }
}

extension Context {
    /// `history CUSTOMER`.
    func showHistory() throws(UserError) -> Answer {
        let limit = try limit()
        let reader = try reader()
        let (customer, story) = try ask { () throws(StoreError) in
            let customer = try reader.resolveCustomer(command.arguments[0])
            let history = try reader.history(of: customer.key, limit: limit)
            return (customer, HistoryStory(history: history, member: try reader.identity()?.member))
        }
        var text = DeskText(for: terminal)
        story.tell(&text)
        var answer = Answer(json: Wording.json(customer), text: text.text)
        answer.json["history"] = story.json
        if text.text.isEmpty { answer.notes.append("nothing was decided about this customer yet") }
        try addAge(to: &answer, reader)
        return answer
    }
}
