import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// The conflict desk: what waits for a person, and deciding it.
extension Context {
    /// Conflicts read at once from a long list.
    static let conflictsAtOnce = 1_000

    /// Which conflicts the options of a command mean.
    func conflictSelection(_ reader: ReplicaReader) throws(UserError) -> ConflictSelection {
        var selection = ConflictSelection()
        selection.onlyOpen = !command.flag("all")
        if let text = command.option("customer") {
            selection.customer = try ask { () throws(StoreError) in try reader.resolveCustomer(text).key }
        }
        if command.flag("mine") {
            guard let member = try ask({ () throws(StoreError) in try reader.identity()?.member }) else {
                throw UserError(
                    .notYet, what: "cannot tell which conflicts are yours", why: "this replica has not met its server",
                    next: "sync first: fieldbook sync --wait")
            }
            selection.author = member
        }
        return selection
    }

    /// `conflicts list`.
    func listConflicts() throws(UserError) -> Answer {
        let reader = try reader()
        let selection = try conflictSelection(reader)
        let decisions = try ask { () throws(StoreError) in try reader.pendingDecisions() }
        var answer = Answer()
        if command.flag("json") {
            var all: [JSONOutput] = []
            try forEachConflict(reader, selection) { export in
                if let detail = export.detail { all.append(.object(json(detail, decisions[detail.key]))) }
            }
            answer.json["conflicts"] = .array(all)
            if all.isEmpty { answer.notes.append(DeskList.nothing(selection)) }
            return answer
        }
        let terminal = terminal
        let list = DeskList(now: clock.now().seconds, decisions: decisions)
        var table = StreamedTable(DeskList.columns, on: terminal)
        var last: ConflictKey?
        repeat {
            let after = last
            let lines = try ask { () throws(StoreError) in
                try reader.conflictLines(selection, after: after, limit: Context.conflictsAtOnce)
            }
            for line in lines { table.add(list.cells(line)) }
            last = lines.count < Context.conflictsAtOnce ? nil : lines.last?.key
        } while last != nil
        table.finish()
        if table.rowCount == 0 { answer.notes.append(DeskList.nothing(selection)) }
        return answer
    }

    /// Every chosen conflict with all that is known of it, read in pieces.
    func forEachConflict(
        _ reader: ReplicaReader, _ selection: ConflictSelection, _ body: (ConflictExport) -> Void
    ) throws(UserError) {
        var last: ConflictKey?
        repeat {
            let after = last
            let records = try ask { () throws(StoreError) in
                try reader.conflictRecords(selection, after: after, limit: Context.conflictsAtOnce)
            }
            for record in records { body(record) }
            last = records.count < Context.conflictsAtOnce ? nil : records.last?.key
        } while last != nil
    }

    /// `conflicts show CONFLICT`.
    func showConflict() throws(UserError) -> Answer { try tellConflict { $0.show(&$1) } }

    /// `conflicts explain CONFLICT`.
    func explainConflict() throws(UserError) -> Answer { try tellConflict { $0.explain(&$1) } }

    private func tellConflict(_ tell: (DeskStory, inout DeskText) -> Void) throws(UserError) -> Answer {
        let reader = try reader()
        let key = ConflictKey(try number(command.arguments[0], "CONFLICT"))
        let now = clock.now().seconds
        let story = try ask { () throws(StoreError) in
            DeskStory(
                conflict: try reader.conflict(key), member: try reader.identity()?.member, time: DeskTime(now: now),
                rules: try reader.rules(), decision: try reader.pendingDecisions()[key])
        }
        var text = DeskText(for: terminal)
        tell(story, &text)
        return Answer(json: json(story.conflict, story.decision), text: text.text)
    }

    /// `conflicts decide CONFLICT CHOICE`: an edit like any other, so it needs no server.
    func decideConflict() throws(UserError) -> Answer {
        let reader = try reader()
        let key = ConflictKey(try number(command.arguments[0], "CONFLICT"))
        let conflict = try ask { () throws(StoreError) in try reader.conflict(key) }
        guard conflict.isOpen else {
            let by = conflict.decidedBy ?? "someone"
            throw UserError(
                .refused, what: "cannot decide conflict \(key.value)",
                why: "\(by) decided it already: \(conflict.choice ?? "-")",
                next: "make a new edit if the outcome is not what you want")
        }
        let customer: Customer
        do throws(StoreError) { customer = try reader.customer(conflict.customer).summary.customer } catch {
            guard error.code == .notFound else { throw error.userError }
            throw UserError(
                .refused, what: "cannot decide conflict \(key.value)",
                why: "its customer is not among yours any more", next: "somebody who has the customer decides it")
        }
        let decision = DeskChoice(conflict: conflict, command: command, now: clock.now().seconds)
        let choice = try decision.read()
        let draft = Local.Draft(
            .decideConflict(key, choice), customer: customer.key, reason: command.option("reason"))
        let reply = try daemon.add([draft], link: nil, dryRun: command.flag("dry-run"))
        return decided(conflict, choice, customer, reply)
    }

    private func decided(
        _ conflict: ConflictDetail, _ choice: ConflictChoice, _ customer: Customer, _ reply: Local.EditReply
    ) -> Answer {
        let asked = Wording.text(EditIntent.decideConflict(conflict.key, choice))
        var answer = Answer(json: Wording.json(customer))
        answer.json["conflict"] = .integer(conflict.key.value)
        answer.json["asked"] = .text(asked)
        answer.json["edit"] = .optional(reply.number?.value)
        answer.json["dryRun"] = .bool(command.flag("dry-run"))
        answer.json["before"] = (try? reply.before.state()).map { Wording.json($0) } ?? .null
        answer.json["base"] = .integer(reply.base.value)
        let head = reply.number.map { "edit \($0.value) saved" } ?? "would be saved"
        answer.text = terminal.sentence("\(head): \(asked) for \(Wording.text(customer))")
        if command.arguments.last == "split", choice == .mine || choice == .theirs {
            answer.notes.append("what you split comes to \(choice == .mine ? "mine" : "theirs") as a whole")
        }
        if reply.number != nil { answer.notes.append("pending until the server has answered: fieldbook edits list") }
        return answer
    }

    func json(_ conflict: ConflictDetail, _ decision: EditNumber?) -> [String: JSONOutput] {
        var json = DeskExport.json(conflict)
        json["ownEdit"] = .optional(conflict.ownEdit?.value)
        json["pendingDecision"] = .optional(decision?.value)
        return json
    }
}
