import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// `edits list`.
    func listEdits() throws(UserError) -> Answer {
        let reader = try reader()
        let edits = try ask { () throws(StoreError) in try reader.edits(all: command.flag("all")) }
        var table = Table([
            .init("EDIT", .right), .init("CUSTOMER"), .init("ACCOUNT"), .init("WHAT"), .init("STATE"), .init("WHY"),
        ])
        for edit in edits {
            let account = try ask { () throws(StoreError) in try reader.accountName(of: edit.customer) }
            table.add([
                "\(edit.number.value)", edit.customerName, account ?? "-", Wording.text(edit.intent), stateText(edit),
                edit.result?.message ?? "",
            ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(width: terminal.width))
        if table.isEmpty { answer.notes.append("no edits wait; settled ones: fieldbook edits list --all") }
        answer.json["edits"] = .array(edits.map { json($0) })
        return answer
    }

    private func stateText(_ edit: OutboxEdit) -> String {
        if edit.state == .settled, let code = edit.result?.code { return "settled: \(code.rawValue)" }
        if edit.state == .held, let conflict = edit.result?.conflict { return "held, conflict \(conflict.value)" }
        if edit.state == .discarded, let again = edit.resentAs { return "resent as \(again.value)" }
        return Wording.text(edit.state)
    }

    /// `edits show EDIT`.
    func showEdit() throws(UserError) -> Answer {
        let reader = try reader()
        let key = EditNumber(try number(command.arguments[0], "EDIT"))
        let edit = try ask { () throws(StoreError) in try reader.edit(key) }
        var lines: [(String, String)] = [
            ("edit", "\(edit.number.value)"), ("customer", "\(edit.customerName) (\(edit.customerID))"),
            ("asked", Wording.text(edit.intent)),
            ("saw", (try? edit.wire.before?.state()).map { Wording.text($0) } ?? "-"), ("made", age(edit.savedAt)),
            ("state", stateText(edit)),
        ]
        if let predecessor = edit.wire.predecessor { lines.append(("builds on", "edit \(predecessor.value)")) }
        if edit.sentCount > 0 {
            lines.append(
                (
                    "sent",
                    "\(edit.sentCount) time\(edit.sentCount == 1 ? "" : "s")\(edit.firstSentAt.map { ", first \(age($0))" } ?? "")"
                ))
        }
        if let result = edit.result {
            lines.append(
                (
                    "result",
                    result.code.rawValue
                        + (result.rule.map { " by rule \($0) of rules \(result.rulesVersion ?? 0)" } ?? "")
                ))
            if let message = result.message {
                lines.append(("why", message + (result.reason.map { " (\($0))" } ?? "")))
            }
            if let next = result.next { lines.append(("next", next)) }
        }
        if edit.state == .dead {
            lines.append(
                (
                    "you can",
                    "fieldbook edits resend \(edit.number.value), or fieldbook edits discard \(edit.number.value)"
                ))
        }
        var answer = Answer(
            text: lines.map { $0 + String(repeating: " ", count: 12 - $0.count) + TextWidth.safe($1) + "\n" }.joined())
        answer.json["edit"] = json(edit)
        return answer
    }

    private func json(_ edit: OutboxEdit) -> JSONOutput {
        .object([
            "number": .integer(edit.number.value), "customerKey": .integer(edit.customer.value),
            "customerId": .text(edit.customerID),
            "customer": .text(edit.customerName), "kind": .text(edit.intent.kind.rawValue),
            "register": .text(edit.register.rawValue),
            "asked": .text(Wording.text(edit.intent)), "state": .text(edit.state.rawValue),
            "base": .integer(edit.wire.base.value),
            "predecessor": .optional(edit.wire.predecessor?.value), "savedAt": Wording.time(edit.savedAt),
            "firstSentAt": Wording.time(edit.firstSentAt),
            "sentCount": .integer(edit.sentCount), "result": .optional(edit.result?.code.rawValue),
            "rule": .optional(edit.result?.rule),
            "conflict": .optional(edit.result?.conflict?.value), "reason": .optional(edit.result?.reason),
            "message": .optional(edit.result?.message),
            "version": .optional(edit.result?.version?.value), "resentAs": .optional(edit.resentAs?.value),
        ])
    }

    /// `edits discard EDIT`.
    func discardEdit() throws(UserError) -> Answer {
        let key = try number(command.arguments[0], "EDIT")
        try daemon.discard(EditNumber(key))
        return Answer(json: ["edit": .integer(key)], text: "edit \(key) discarded\n")
    }

    /// `edits resend EDIT`.
    func resendEdit() throws(UserError) -> Answer {
        let key = try number(command.arguments[0], "EDIT")
        let reply = try daemon.resend(EditNumber(key))
        return Answer(
            json: ["edit": .integer(key), "resentAs": .optional(reply.number?.value)],
            text: "edit \(key) made anew as edit \(reply.number?.value ?? 0)\n")
    }
}
