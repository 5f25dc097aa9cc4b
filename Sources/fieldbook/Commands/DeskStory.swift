import ConflictRules
import PartnerModel
import ReplicaStore
import SyncProtocol

/// A conflict told to the person who decides it.
struct DeskStory {
    let conflict: ConflictDetail
    /// The account of the person who reads.
    let member: String?
    let time: DeskTime
    /// The rules that this replica knows; they may be newer than the ones that held the edit.
    let rules: RuleSet
    /// Own edit that decides it and has no end yet.
    let decision: EditNumber?

    var name: String { DeskFields.name(conflict.register) }
    private var isMine: Bool { conflict.mineBy == member }

    /// The account as the reader knows it.
    func who(_ account: String?) -> String {
        guard let account else { return "someone" }
        return account == member ? "you" : account
    }

    // MARK: show

    func show(_ text: inout DeskText) {
        head(&text)
        text.blank()
        columns(&text)
        text.blank()
        sides(&text)
        rule(&text)
        text.blank()
        ending(&text)
    }

    func head(_ text: inout DeskText) {
        let state = conflict.isOpen ? "open" : "decided"
        let customer =
            conflict.customerName.isEmpty
            ? Wording.gone : "\(conflict.customerName) (\(conflict.accountName))"
        text.line("conflict \(conflict.key.value) on the \(name) of \(customer), \(state)", hanging: 2)
    }

    private func columns(_ text: inout DeskText) {
        let fields = DeskFields.of(conflict)
        if text.isPlain {
            let mine = isMine ? "mine" : "\(conflict.mineBy)'s"
            for field in fields {
                let differs = field.differs ? ", the sides differ" : ""
                text.line("\(field.name)\(differs): base \(field.base); \(mine) \(field.mine); theirs \(field.theirs)")
            }
            return
        }
        // A mark, the name and three columns, with two blanks between them.
        let label = fields.map(\.name.count).max() ?? 0
        let each = (text.width - 1 - label - 4 * 2) / 3
        let widths = [1, label, each, each, each]
        text.row(["", "", "BASE", isMine ? "MINE (yours)" : "MINE (\(conflict.mineBy))", "THEIRS"], widths)
        for field in fields {
            text.row([field.differs ? "*" : "", field.name, field.base, field.mine, field.theirs], widths)
        }
        if fields.contains(where: \.differs) { text.line("* here the sides differ") }
    }

    private func sides(_ text: inout DeskText) {
        text.entry("mine", mineWords)
        text.entry("theirs", theirsWords)
        if let moved = conflict.movedTo {
            text.entry(
                "now",
                "the \(name) was changed once more: \(DeskFields.text(moved)). A decision on the values above would be "
                    + "turned down, and the conflict would show the new ones"
            )
        }
    }

    /// Who asked for what, when, and upon how old a view.
    var mineWords: String {
        var words = "\(who(conflict.mineBy)) asked: \(DeskFields.text(conflict.mine))"
        if let edit = conflict.ownEdit { words += " (your edit \(edit.value))" }
        words += "; made \(time.at(conflict.mineMadeAt)) by the device's clock"
        if let facts = conflict.facts {
            if let madeAt = facts.madeAt?.value {
                let age = DeskTime(now: conflict.heldAt).since(madeAt)
                words += ", upon data of \(DeskTime.moment(madeAt)) by the server's, \(age) old when it came"
            } else {
                words += ", upon data of an age that the server does not know"
            }
        }
        return words
    }

    /// Who wrote what stands, and when.
    var theirsWords: String {
        let what = DeskFields.text(conflict.theirs)
        guard conflict.theirsBy != nil else { return "\(what); who wrote it is not recorded" }
        return "\(who(conflict.theirsBy)) wrote: \(what)" + (conflict.theirsAt.map { "; \(time.at($0))" } ?? "")
    }

    private func rule(_ text: inout DeskText) {
        var words = "held \(time.at(conflict.heldAt)) by rule \(conflict.rule) of rules \(conflict.rulesVersion)"
        if let meaning = DeskRuleWords.meaning(conflict.rule, rules, conflict.mine.kind, seen: conflict.base) {
            words += ": \(meaning)"
        }
        text.entry("rule", words)
        for (index, reading) in (conflict.facts?.guards ?? []).enumerated() {
            text.entry(index == 0 ? "asked" : "", DeskStory.words(of: reading))
        }
    }

    /// A guard with what it read: `spent passed: 500.00, against 350.00 as of …`.
    static func words(of reading: V1.Reading) -> String {
        var words = "\(reading.name) \(reading.outcome)"
        if !reading.value.isEmpty { words += ": \(reading.value)" }
        if !reading.limit.isEmpty { words += "\(reading.value.isEmpty ? ":" : ",") against \(reading.limit)" }
        if let asOf = reading.asOf { words += ", as of \(DeskTime.moment(asOf.value))" }
        return words
    }

    private func ending(_ text: inout DeskText) {
        guard conflict.isOpen else { return text.line(decidedWords, hanging: 2) }
        text.line(deadlineWords, hanging: 2)
        text.blank()
        if let decision {
            return text.line("your decision waits for the server: fieldbook edits show \(decision.value)", hanging: 2)
        }
        text.line("decide it:")
        for (command, meaning) in commands { text.command(command, meaning) }
    }

    /// What happens when nobody decides.
    var deadlineWords: String {
        guard let deadline = conflict.deadline else {
            return "if nobody decides: it waits until someone does, and the \(name) stays as it stands"
        }
        let edit = isMine ? "your edit" : "the edit of \(conflict.mineBy)"
        let when = DeskTime.moment(deadline)
        let left = deadline > time.now ? "in \(time.until(deadline))" : "which has passed"
        guard conflict.fallback == "theirs" else {
            return "if nobody decides by \(when) (\(left)), it stays open until someone does"
        }
        return "if nobody decides by \(when) (\(left)), what stands is kept and \(edit) is overruled"
    }

    /// Who decided, how, when and why.
    var decidedWords: String {
        var words = "decided by \(who(conflict.decidedBy)): \(conflict.choice ?? "-")"
        if let outcome = conflict.outcome { words += ", so the held edit is \(outcome)" }
        if let at = conflict.decidedAt { words += "; \(time.at(at))" }
        if let reason = conflict.decisionReason { words += "; reason: \(reason)" }
        return words
    }

    // MARK: What each decision would do

    /// The commands that decide this conflict, with what each does.
    var commands: [(String, String)] {
        let command = "fieldbook conflicts decide \(conflict.key.value)"
        var commands = [("\(command) mine", mineOutcome), ("\(command) theirs", theirsOutcome)]
        switch conflict.register {
        case .budget:
            commands.append(("\(command) value --amount AMOUNT", "sets another amount; type and action as in theirs"))
            commands.append(
                (
                    "\(command) split --take amount=mine,type=theirs",
                    "takes each field from one side; what is not named from theirs"
                ))
        case .discount:
            commands.append(("\(command) value --percent PERCENT", "sets another percentage; the days as in theirs"))
            commands.append(
                (
                    "\(command) split --take percent=mine,until=theirs",
                    "takes each field from one side; what is not named from theirs"
                ))
        case .freezes:
            if case .freeze = conflict.mine {
                commands.append(("\(command) value --kind account", "freezes with another kind and the same reason"))
            }
        case .manager, .label, .request, .conflict: break
        }
        return commands
    }

    private var mineOutcome: String {
        guard let after = DeskFields.applied(conflict, to: conflict.theirs) else {
            return "carries the held edit out, which cannot be done on what stands now: it would be refused"
        }
        if after == conflict.theirs || conflict.theirs.alreadyHolds(conflict.mine) {
            return "changes nothing: what the held edit asks for is so already"
        }
        return "carries the held edit out: \(name) \(DeskFields.text(after))"
    }

    private var theirsOutcome: String {
        "keeps what stands: \(name) \(DeskFields.text(conflict.theirs)); the held edit is overruled"
    }
}
