import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// One edit as a person asks for it.
struct Wanted {
    let intent: EditIntent
    let customer: Customer
}

/// What a command asks for: edits and what ties them. Never empty.
struct Asking {
    let edits: [Wanted]
    let link: Local.Link?

    init(_ intent: EditIntent, _ customer: Customer) { self.init([intent], customer, link: nil) }

    init(_ intents: [EditIntent], _ customer: Customer, link: Local.Link?) {
        self.init(intents.map { Wanted(intent: $0, customer: customer) }, link: link)
    }

    init(_ edits: [Wanted], link: Local.Link?) {
        self.edits = edits
        self.link = link
    }
}

extension Context {
    /// Has the daemon accept an edit, or only check it, and says what came of it.
    func queue(_ intent: EditIntent, _ customer: Customer) throws(UserError) -> Answer {
        try queue(Asking(intent, customer))
    }

    /// Has the daemon accept edits, or only check them, and says what came of it. `places` name the edits in a refusal.
    func queue(_ asking: Asking, places: [String] = []) throws(UserError) -> Answer {
        let isDryRun = command.flag("dry-run")
        let warnings = freezeWarnings(of: asking)
        for warning in warnings { terminal.remark("warning: \(warning)\n") }
        let drafts = asking.edits.map { Local.Draft($0.intent, customer: $0.customer.key) }
        let reply = try daemon.add(drafts, link: asking.link, dryRun: isDryRun, places: places)
        var answer = Answer()
        for (index, wanted) in asking.edits.enumerated() {
            let number = reply.edits.indices.contains(index) ? reply.edits[index].value : nil
            let step = reply.steps.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            answer.text += text(wanted, number, step)
        }
        answer.json = json(asking, reply)
        answer.json["dryRun"] = .bool(isDryRun)
        answer.json["warnings"] = .array(warnings.map { .text($0) })
        if let combined = combined(reply) { answer.notes.append(combined) }
        if let predecessor = reply.predecessor { answer.notes.append("it builds on your edit \(predecessor.value)") }
        if let tied = tied(asking, reply.edits.map(\.value)) { answer.notes.append(tied) }
        if !isDryRun { answer.notes.append("pending until the server has answered: fieldbook edits list") }
        return answer
    }

    private func text(_ wanted: Wanted, _ number: Int64?, _ step: Local.EditStep?) -> String {
        let head = number.map { "edit \($0) saved: " } ?? "would be saved: "
        let line = terminal.sentence("\(head)\(Wording.text(wanted.intent)) for \(Wording.text(wanted.customer))")
        if case .decideConflict = wanted.intent { return line }
        return line + (step.map { terminal.sentence(Context.change($0), indent: 2) } ?? "")
    }

    /// What a step makes of its register: `300.00 … -> 500.00 …`.
    static func change(_ step: Local.EditStep) -> String {
        let before = (try? step.before.state()).map { Wording.text($0) } ?? ""
        let after = (try? step.after.state()).map { Wording.text($0) } ?? ""
        return "\(before) -> \(after)"
    }

    /// That unsent edits went into those of the reply, and what an adjustment comes to by it.
    private func combined(_ reply: Local.EditReply) -> String? {
        guard let numbers = reply.combines?.map(\.value), !numbers.isEmpty else { return nil }
        let edits = "\(numbers.count == 1 ? "edit" : "edits") \(Wording.list(numbers.map { "\($0)" }))"
        let words = "\(command.flag("dry-run") ? "would be " : "")combined with your unsent \(edits)"
        guard reply.steps?.count == 1, let asked = reply.steps?.first?.asked, let intent = try? asked.intent(),
            case .adjustBudget = intent
        else { return words }
        return "\(words): \(Wording.text(intent)) in all"
    }

    private func tied(_ asking: Asking, _ numbers: [Int64]) -> String? {
        guard let link = asking.link else { return nil }
        let first = numbers.first.map { "edit \($0)" } ?? "the first"
        return switch link {
        case .group: "they take effect together or not at all"
        case .depends: "what follows \(first) acts only when \(first) took effect"
        }
    }

    private func json(_ asking: Asking, _ reply: Local.EditReply) -> [String: JSONOutput] {
        var json = Wording.json(asking.edits[0].customer)
        json["edit"] = .optional(reply.number?.value)
        json["before"] = Context.json(reply.before)
        json["after"] = Context.json(reply.after)
        json["base"] = .integer(reply.base.value)
        json["predecessor"] = .optional(reply.predecessor?.value)
        json["combines"] = .array((reply.combines ?? []).map { .integer($0.value) })
        json["link"] = .optional(asking.link?.rawValue)
        json["edits"] = .array(
            asking.edits.enumerated().map { index, wanted in
                var edit = Wording.json(wanted.customer)
                edit["edit"] = .optional(reply.edits.indices.contains(index) ? reply.edits[index].value : nil)
                edit["asked"] = .text(Wording.text(wanted.intent))
                edit["kind"] = .text(wanted.intent.kind.rawValue)
                if let steps = reply.steps, steps.indices.contains(index) {
                    edit["before"] = Context.json(steps[index].before)
                    edit["after"] = Context.json(steps[index].after)
                    edit["combines"] = .optional(steps[index].combines?.value)
                }
                return .object(edit)
            })
        return json
    }

    static func json(_ state: V1.State) -> JSONOutput { (try? state.state()).map { Wording.json($0) } ?? .null }

    /// What a person sees of a register, with what earlier lines of a batch ask for laid over.
    func visible(_ register: Layered, of customer: Customer) -> RegisterState {
        var state = register.visible
        for wanted in batch?.earlier ?? [] where wanted.customer.key == customer.key {
            let next = state.applying(wanted.intent) { kind, reason in
                Freeze(
                    id: 0, kind: kind, cause: .manual, reason: reason, author: "you",
                    at: Timestamp(seconds: clock.now().seconds))
            }
            if let next { state = next }
        }
        return state
    }

    func refused(_ why: String, _ next: String) -> UserError {
        UserError(.refused, what: "cannot queue the edit", why: why, next: next)
    }

    /// Asks on the terminal before something that can't be taken back easily; `--yes` answers it. `risk` says what
    /// happens, `question` asks.
    func confirm(_ risk: String, _ question: String) throws(UserError) {
        guard !command.flag("yes"), !command.flag("dry-run") else { return }
        guard batch == nil, terminal.isErrorTerminal else {
            throw refused("\(risk) and needs a clear yes", "add --yes if that is what you want")
        }
        guard terminal.confirm(TextWidth.safe(question)) else {
            throw refused("you did not say yes", "nothing was queued")
        }
    }
}
