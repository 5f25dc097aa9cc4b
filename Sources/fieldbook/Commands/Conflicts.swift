import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// `conflicts list`.
    func listConflicts() throws(UserError) -> Answer {
        let reader = try reader()
        let (conflicts, decisions) = try ask { () throws(StoreError) in
            (try reader.conflicts(onlyOpen: !command.flag("all")), try reader.pendingDecisions())
        }
        var table = Table([
            .init("CONFLICT", .right), .init("CUSTOMER"), .init("ACCOUNT"), .init("ON"), .init("MINE"), .init("THEIRS"),
            .init("HELD"), .init("STATE"),
        ])
        for conflict in conflicts {
            table.add([
                "\(conflict.key.value)", conflict.customerName, conflict.accountName, conflict.register.rawValue,
                "\(conflict.mineBy): \(Wording.text(conflict.mine))",
                "\(conflict.theirsBy ?? "-"): \(Wording.short(conflict.theirs))",
                Instant(seconds: conflict.heldAt).rfc3339,
                conflictState(conflict, decisions[conflict.key]),
            ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(width: terminal.width))
        if table.isEmpty { answer.notes.append("no conflicts wait for a person") }
        answer.json["conflicts"] = .array(conflicts.map { .object(json($0, decisions[$0.key])) })
        return answer
    }

    private func conflictState(_ conflict: ConflictDetail, _ decision: EditNumber?) -> String {
        guard conflict.isOpen else { return "\(conflict.choice ?? "") by \(conflict.decidedBy ?? "")" }
        return decision.map { "your edit \($0.value) decides it" } ?? "open"
    }

    /// `conflicts show CONFLICT`.
    func showConflict() throws(UserError) -> Answer {
        let reader = try reader()
        let key = ConflictKey(try number(command.arguments[0], "CONFLICT"))
        let (conflict, decision) = try ask { () throws(StoreError) in
            (try reader.conflict(key), try reader.pendingDecisions()[key])
        }
        var table = Table([.init(""), .init("BASE"), .init("MINE"), .init("THEIRS")])
        table.add(["value", Wording.text(conflict.base), Wording.text(conflict.mine), Wording.text(conflict.theirs)])
        table.add(["by", "", conflict.mineBy, conflict.theirsBy ?? "-"])
        table.add([
            "when", "", Instant(seconds: conflict.mineMadeAt).rfc3339, "version \(conflict.theirsVersion.value)",
        ])
        var answer = Answer()
        answer.text =
            TextWidth.safe(
                "conflict \(conflict.key.value) on the \(conflict.register.rawValue) of \(conflict.customerName) (\(conflict.accountName))"
            ) + "\n\n"
        answer.text += table.render(width: terminal.width)
        answer.text +=
            "\nrule \(conflict.rule) (rules \(conflict.rulesVersion)): the \(conflict.register.rawValue) was changed after the edit's base; held \(age(conflict.heldAt))\n"
        if conflict.isOpen, let decision {
            answer.text += "\nyour decision waits for the server: fieldbook edits show \(decision.value)\n"
        } else if conflict.isOpen {
            answer.text += """

                decide it:
                  fieldbook conflicts decide \(conflict.key.value) mine      carry out the held edit
                  fieldbook conflicts decide \(conflict.key.value) theirs    keep what stands
                """ + "\n"
            switch conflict.register {
            case .budget: answer.text += "  fieldbook conflicts decide \(conflict.key.value) value --amount AMOUNT\n"
            case .discount:
                answer.text += "  fieldbook conflicts decide \(conflict.key.value) value --percent PERCENT\n"
            case .freezes, .manager, .label, .request, .conflict: break
            }
        } else {
            answer.text +=
                "\ndecided: \(conflict.choice ?? "") by \(conflict.decidedBy ?? "")\(conflict.decidedAt.map { ", \(age($0))" } ?? "")\n"
        }
        answer.json = json(conflict, decision)
        return answer
    }

    private func json(_ conflict: ConflictDetail, _ decision: EditNumber?) -> [String: JSONOutput] {
        [
            "conflict": .integer(conflict.key.value), "customerKey": .integer(conflict.customer.value),
            "customer": .text(conflict.customerName),
            "accountName": .text(conflict.accountName),
            "register": .text(conflict.register.rawValue), "open": .bool(conflict.isOpen),
            "base": Wording.json(conflict.base),
            "mine": .text(Wording.text(conflict.mine)), "mineBy": .text(conflict.mineBy),
            "mineMadeAt": Wording.time(conflict.mineMadeAt),
            "theirs": Wording.json(conflict.theirs), "theirsBy": .optional(conflict.theirsBy),
            "theirsVersion": .integer(conflict.theirsVersion.value),
            "heldAt": Wording.time(conflict.heldAt), "rule": .text(conflict.rule),
            "rulesVersion": .integer(conflict.rulesVersion),
            "ownEdit": .optional(conflict.ownEdit?.value), "choice": .optional(conflict.choice),
            "decidedBy": .optional(conflict.decidedBy),
            "decidedAt": Wording.time(conflict.decidedAt), "outcome": .optional(conflict.outcome),
            "pendingDecision": .optional(decision?.value),
        ]
    }

    /// `conflicts decide CONFLICT CHOICE`.
    func decideConflict() throws(UserError) -> Answer {
        let reader = try reader()
        let key = ConflictKey(try number(command.arguments[0], "CONFLICT"))
        let conflict = try ask { () throws(StoreError) in try reader.conflict(key) }
        let choice = try choice(conflict)
        let customer = try ask { () throws(StoreError) in try reader.customer(conflict.customer).summary.customer }
        return try queue(.decideConflict(key, choice), customer)
    }

    private func choice(_ conflict: ConflictDetail) throws(UserError) -> ConflictChoice {
        switch (command.arguments[1], conflict.theirs) {
        case ("mine", _): return .mine
        case ("theirs", _): return .theirs
        case ("value", .budget(let theirs)):
            guard let amount = command.option("amount").flatMap({ Money($0) }) else {
                throw usage("value needs --amount AMOUNT")
            }
            return .budget(
                Budget(amount: amount, type: theirs?.type ?? .monthly, onExhaustion: theirs?.onExhaustion ?? .manual))
        case ("value", .discount(let theirs)):
            guard let percent = command.option("percent").flatMap({ BasisPoints(percent: $0) }) else {
                throw usage("value needs --percent PERCENT")
            }
            guard let theirs else { throw usage("there is no discount to change; decide mine or theirs") }
            return .discount(Discount(percent: percent, validFrom: theirs.validFrom, validUntil: theirs.validUntil))
        case ("value", .freezes): throw usage("a conflict on freezes is decided with mine or theirs")
        default: throw usage("CHOICE must be mine, theirs or value")
        }
    }
}
