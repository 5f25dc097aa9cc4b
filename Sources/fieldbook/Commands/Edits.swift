import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// Edits that `edits list --all` shows unless it is told otherwise.
    private static let editsListed = 200

    /// `edits list`.
    func listEdits() throws(UserError) -> Answer {
        let (isAll, onlyDead) = (command.flag("all"), command.flag("dead"))
        guard !isAll || !onlyDead else { throw usage("--all and --dead exclude each other") }
        guard isAll || !command.flag("limit") else { throw usage("--limit goes with --all") }
        let count = try limit(default: Context.editsListed)
        let reader = try reader()
        // One more than is shown tells whether there are more; the newest are shown, the oldest of them first.
        let found = try ask { () throws(StoreError) in try reader.edits(all: isAll, limit: count + 1) }
            .filter { !onlyDead || $0.state == .dead }
        let edits = isAll ? found.suffix(count) : found[...]
        var table = Table([
            .init("EDIT", .right), .init("CUSTOMER"), .init("ACCOUNT", yielding: .leftOut(1)), .init("WHAT"),
            .init("STATE"), .init("WHY", yielding: .leftOut(2)),
        ])
        let ends = try ends(edits, reader)
        for edit in edits {
            let account = try ask { () throws(StoreError) in try reader.accountName(of: edit.customer) }
            table.add([
                "\(edit.number.value)", edit.customerName.isEmpty ? "(not yours any more)" : edit.customerName,
                account ?? "-", Wording.text(edit.intent),
                stateText(edit, ends[edit.number]), told(edit)?.sentence ?? "",
            ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(for: terminal))
        if table.isEmpty {
            answer.notes.append(
                onlyDead ? "no edit was refused" : "no edits wait; settled ones: fieldbook edits list --all")
        } else if onlyDead {
            answer.notes.append("each: fieldbook edits resend EDIT, or fieldbook edits discard EDIT")
        }
        if edits.count < found.count {
            answer.notes.append("the newest \(edits.count) of more; see further with --limit")
        }
        answer.json["edits"] = .array(edits.map { json($0, ends[$0.number]) })
        return answer
    }

    private func told(_ edit: OutboxEdit) -> ResultWording? {
        edit.result.map {
            ResultWording(
                number: edit.number, intent: edit.intent, before: try? edit.wire.before?.state(), result: $0)
        }
    }

    /// The edits that combined ones went into at last, by number. Taken from the newest on, each is found by one step.
    private func ends(
        _ edits: ArraySlice<OutboxEdit>, _ reader: ReplicaReader
    ) throws(UserError) -> [EditNumber: EditNumber] {
        var ends: [EditNumber: EditNumber] = [:]
        for edit in edits.reversed() {
            guard let next = edit.combinedInto else { continue }
            if let known = ends[next] {
                ends[edit.number] = known
            } else {
                ends[edit.number] = try ask { () throws(StoreError) in try reader.end(of: next) }
            }
        }
        return ends
    }

    private func stateText(_ edit: OutboxEdit, _ end: EditNumber?) -> String {
        if let end { return "combined into edit \(end.value)" }
        if edit.state == .settled, let code = edit.result?.code { return "settled: \(code.rawValue)" }
        if edit.state == .held, let conflict = edit.result?.conflict { return "held, conflict \(conflict.value)" }
        if edit.state == .discarded, let again = edit.resentAs { return "resent as \(again.value)" }
        return Wording.text(edit.state)
    }

    /// By name and account, as lists show it; by id where no account is kept.
    private func customerText(_ edit: OutboxEdit, _ reader: ReplicaReader) throws(UserError) -> String {
        let account = try ask { () throws(StoreError) in try reader.accountName(of: edit.customer) }
        guard let account, !edit.customerName.isEmpty else { return Wording.customer(of: edit) }
        return "\(edit.customerName) (\(account))"
    }

    /// `edits show EDIT`.
    func showEdit() throws(UserError) -> Answer {
        let reader = try reader()
        let key = EditNumber(try number(command.arguments[0], "EDIT"))
        let edit = try ask { () throws(StoreError) in try reader.edit(key) }
        let end = edit.combinedInto == nil ? nil : try ask { () throws(StoreError) in try reader.end(of: key) }
        var lines: [(String, String)] = [
            ("edit", "\(edit.number.value)"), ("customer", try customerText(edit, reader)),
            ("asked", Wording.text(edit.intent)),
            ("saw", (try? edit.wire.before?.state()).map { Wording.text($0) } ?? "-"), ("made", age(edit.savedAt)),
            ("state", stateText(edit, end)),
        ]
        let taken = try ask { () throws(StoreError) in try reader.combined(into: key) }.map { "\($0.value)" }
        if !taken.isEmpty {
            let edits = "\(taken.count == 1 ? "edit" : "edits") \(Wording.list(taken))"
            lines.append(("combines", "\(edits), made before it and never sent"))
        }
        lines += ties(edit)
        if edit.sentCount > 0 {
            let times = "\(edit.sentCount) time\(edit.sentCount == 1 ? "" : "s")"
            lines.append(("sent", times + (edit.firstSentAt.map { ", first \(age($0))" } ?? "")))
        }
        lines += told(edit)?.lines(age: age) ?? []
        if edit.state == .dead {
            let number = edit.number.value
            lines.append(("you can", "fieldbook edits resend \(number), or fieldbook edits discard \(number)"))
        }
        var answer = Answer(text: Facts(lines).render(for: terminal))
        answer.json["edit"] = json(edit, end)
        return answer
    }

    /// The edits that one is bound to.
    private func ties(_ edit: OutboxEdit) -> [(String, String)] {
        var lines: [(String, String)] = []
        if let predecessor = edit.wire.predecessor { lines.append(("builds on", "edit \(predecessor.value)")) }
        if let needed = edit.wire.dependsOn {
            lines.append(("depends on", "edit \(needed.value): it acts only when that took effect"))
        }
        if let first = edit.wire.group?.value, let count = edit.wire.groupSize {
            let last = first + Int64(count) - 1
            lines.append(("group", "edits \(first) to \(last), which take effect together or not at all"))
        }
        if let undone = edit.wire.undoes { lines.append(("undoes", "edit \(undone.value)")) }
        if let undoing = edit.undoneBy {
            lines.append(("undone by", "edit \(undoing.value): fieldbook edits show \(undoing.value)"))
        }
        return lines
    }

    private func json(_ edit: OutboxEdit, _ end: EditNumber?) -> JSONOutput {
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
            "group": .optional(edit.wire.group?.value), "dependsOn": .optional(edit.wire.dependsOn?.value),
            "undoes": .optional(edit.wire.undoes?.value), "undoneBy": .optional(edit.undoneBy?.value),
            "combinedInto": .optional(end?.value),
            "told": .optional(told(edit)?.sentence), "was": edit.result?.was.map { Context.json($0) } ?? .null,
            "became": edit.result?.became.map { Context.json($0) } ?? .null,
            "otherBy": .optional(edit.result?.otherBy), "otherAt": Wording.time(edit.result?.otherAt?.value),
            "judgedAt": Wording.time(edit.result?.judgedAt?.value),
        ])
    }

    /// `edits discard EDIT`.
    func discardEdit() throws(UserError) -> Answer {
        let key = try number(command.arguments[0], "EDIT")
        let isDryRun = command.flag("dry-run")
        let gone = try daemon.discard(EditNumber(key), dryRun: isDryRun).map(\.value)
        var answer = Answer(json: [
            "edit": .integer(key), "edits": .array(gone.map { .integer($0) }), "dryRun": .bool(isDryRun),
        ])
        let names = gone.count > 1 ? "edits \(Wording.list(gone.map { "\($0)" }))" : "edit \(key)"
        answer.text = isDryRun ? "\(names) would be discarded\n" : "\(names) discarded\n"
        if gone.count > 1 { answer.notes.append("they are a group, which is set aside whole") }
        return answer
    }

    /// `edits undo EDIT`.
    func undoEdit() throws(UserError) -> Answer {
        let reader = try reader()
        let number = EditNumber(try number(command.arguments[0], "EDIT"))
        let edit = try ask { () throws(StoreError) in try reader.edit(number) }
        let isDryRun = command.flag("dry-run")
        let reply = try daemon.undo(number, dryRun: isDryRun)
        var answer = Answer(json: ["undoes": .integer(number.value), "edit": .optional(reply.number?.value)])
        answer.json["dryRun"] = .bool(isDryRun)
        answer.json["before"] = Context.json(reply.before)
        answer.json["after"] = Context.json(reply.after)
        answer.json["base"] = .integer(reply.base.value)
        let asked = reply.steps?.first.flatMap { try? $0.asked.intent() }.map { Wording.text($0) } ?? ""
        answer.json["asked"] = .text(asked)
        let head = reply.number.map { "edit \($0.value) saved" } ?? "would be saved"
        answer.text = terminal.sentence("\(head) to undo edit \(number.value): \(asked) for \(edit.customerName)")
        if let step = reply.steps?.first { answer.text += terminal.sentence(Context.change(step), indent: 2) }
        if !isDryRun { answer.notes.append("pending until the server has answered: fieldbook edits list") }
        return answer
    }
}
