import LedgerStore
import PartnerModel
import SyncProtocol

/// Carries out a person's decision on a held edit, itself an edit with its own result.
///
/// The first decision wins; a decision on values that moved since is turned down and the conflict shows the new ones.
struct ConflictDecision {
    let judge: Judge
    let edit: V1.Edit
    let asker: Judge.Asker

    private var writer: LedgerWriter { judge.writer }

    func decide(_ key: ConflictKey, _ choice: ConflictChoice) throws -> V1.Result {
        guard let conflict = try writer.conflict(key), try writer.contains(conflict.customer, in: asker.scope) else {
            return judge.forbidden(edit)
        }
        guard conflict.isOpen else { return settledAlready(conflict, choice) }
        guard let register = Register(rawValue: conflict.register) else {
            throw LedgerError.damaged("a conflict names no register")
        }
        let (current, version) = try writer.register(register, of: conflict.customer)
        guard edit.base.value == version.value else { return try showAnew(conflict, key, register, current, version) }
        guard let facts = try judge.facts(of: conflict.customer) else {
            return judge.refusal(
                edit, .rejected, "CBC.99000035", "the customer is no longer associated with this partner",
                "nothing is left to decide")
        }
        if let violation = EditLimits.violation(of: choice, register: register, facts: facts) {
            return judge.refusal(edit, .rejected, violation.code, violation.message, violation.next)
        }
        let held = try WireCoding.decode(V1.Edit.self, from: conflict.intent)
        let intent: EditIntent?
        switch choice {
        case .theirs: intent = nil
        case .mine: intent = try? held.intent()
        case .budget(let budget): intent = .setBudget(budget, validThrough: nil)
        case .discount(let discount): intent = .setDiscount(discount)
        case .freeze(let kind): intent = .freeze(kind, reason: (try? held.intent())?.reason ?? "")
        }
        if case .mine = choice, intent == nil { throw LedgerError.damaged("a held edit cannot be read") }
        if let intent, let violation = EditLimits.violation(of: intent, on: current, facts: facts),
            !current.alreadyHolds(intent)
        {
            return judge.refusal(edit, .rejected, violation.code, violation.message, violation.next)
        }
        var after = current
        var newVersion = version
        if let intent, !current.alreadyHolds(intent) {
            (after, newVersion) = try judge.apply(intent, to: current, of: conflict.customer, author: asker.account)
        }
        let outcome: ResultCode =
            switch choice {
            case .mine: .applied
            case .theirs: .overruled
            case .budget, .discount, .freeze: .merged
            }
        try close(conflict, key, choice, outcome, newVersion)
        try settleHeldEdit(conflict, held, outcome, newVersion)
        try judge.record(.init(conflict.customer, "decided", current, after, "hold"), edit, register, asker)
        return judge.success(edit, .applied, rule: "hold", version: newVersion, isIntact: true)
    }

    private func settledAlready(_ conflict: ConflictRow, _ choice: ConflictChoice) -> V1.Result {
        let by = conflict.decidedBy ?? "someone"
        if conflict.choice == word(choice), word(choice) != "value" {
            var result = judge.success(
                edit, .noop, rule: "first-writer", version: conflict.outcomeVersion.map { Version($0) }, isIntact: true)
            result.message = "\(by) decided the same before"
            return result
        }
        var result = judge.success(
            edit, .overruled, rule: "first-writer", version: conflict.outcomeVersion.map { Version($0) }, isIntact: true
        )
        result.message = "\(by) decided this conflict first: \(conflict.choice ?? "")"
        result.next = "make a new edit if the outcome is not what you want"
        return result
    }

    private func showAnew(
        _ conflict: ConflictRow, _ key: ConflictKey, _ register: Register, _ current: RegisterState, _ version: Version
    ) throws -> V1.Result {
        var moved = conflict
        moved.theirs = try WireCoding.text(V1.State(current))
        moved.theirsVersion = version.value
        moved.theirsBy = try writer.lastChange(of: register, customer: conflict.customer)?.author
        let shown = try writer.putConflict(moved, key: key)
        var result = judge.success(edit, .overruled, rule: "compare-and-set", version: shown, isIntact: false)
        result.message = "the \(register.rawValue) was changed again after you looked; the conflict is still open"
        result.next = "look at the new values and decide again: fieldbook conflicts show \(key.value)"
        return result
    }

    private func close(
        _ conflict: ConflictRow, _ key: ConflictKey, _ choice: ConflictChoice, _ outcome: ResultCode, _ version: Version
    ) throws {
        var decided = conflict
        decided.isOpen = false
        decided.choice = word(choice)
        decided.decidedBy = asker.account
        decided.decidedAt = judge.now.seconds
        decided.outcome = outcome.rawValue
        decided.outcomeVersion = version.value
        try writer.putConflict(decided, key: key)
    }

    /// The held edit's stored result becomes the final one, so that a repeat of it learns what became of it.
    private func settleHeldEdit(
        _ conflict: ConflictRow, _ held: V1.Edit, _ outcome: ResultCode, _ version: Version
    ) throws {
        guard let stored = try writer.result(replica: conflict.replica, number: conflict.edit) else { return }
        var result = V1.Result(
            number: conflict.edit, code: outcome, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: outcome == .applied)
        result.rule = conflict.rule
        result.rulesVersion = Int(conflict.rulesVersion)
        result.version = WireInteger(version.value)
        result.conflict = stored.result.conflict
        result.message = "decided by \(asker.account)"
        try writer.store(result, replica: conflict.replica, account: conflict.mineBy, payloadHash: stored.payloadHash)
    }

    private func word(_ choice: ConflictChoice) -> String {
        switch choice {
        case .mine: "mine"
        case .theirs: "theirs"
        case .budget, .discount, .freeze: "value"
        }
    }
}
