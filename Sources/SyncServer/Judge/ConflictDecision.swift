import ConflictRules
import LedgerStore
import PartnerModel
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Carries out a person's decision on a held edit, itself an edit with its own result.
///
/// The first decision wins (the rules allow no other way); a decision on values that moved since is turned down and the
/// conflict shows the new ones. Two rules' guards hold for it: those of decisions say who may decide, and those of the
/// edit that would be carried out say that what nobody may do, nobody may decide.
struct ConflictDecision {
    let judge: Judge
    let edit: V1.Edit
    let asker: Judge.Asker

    private var writer: LedgerWriter { judge.writer }

    func decide(_ key: ConflictKey, _ choice: ConflictChoice) throws -> V1.Result {
        guard let conflict = try writer.conflict(key), try writer.contains(conflict.customer, in: asker.scope) else {
            return judge.forbidden(edit)
        }
        #if FIELDBOOK_DEFECTS
        let isOpen = conflict.isOpen || Defect.planted == .secondDecisionTaken
        #else
        let isOpen = conflict.isOpen
        #endif
        guard isOpen else { return settledAlready(conflict, choice) }
        guard let register = Register(rawValue: conflict.register) else {
            throw LedgerError.damaged("a conflict names no register")
        }
        if let refusal = judge.missingItem(edit, register, asker) { return refusal }
        let (current, version) = try writer.register(register, of: conflict.customer)
        guard edit.base.value == version.value else { return try showAnew(conflict, key, register, current, version) }
        guard let facts = try judge.facts(of: conflict.customer, edit, asker) else { return judge.forbidden(edit) }
        if let violation = EditLimits.violation(of: choice, register: register, facts: facts) {
            return judge.refusal(edit, .rejected, violation.code, violation.message, violation.next)
        }
        if let reason = edit.reason, let violation = EditLimits.reasonViolation(reason) {
            return judge.refusal(edit, .rejected, violation.code, violation.message, violation.next)
        }
        if case .stopped(let result) = permitted(.decideConflict(key, choice), current, facts) { return result }
        let held = try WireCoding.decode(V1.Edit.self, from: conflict.intent)
        var after = current
        var newVersion = version
        if let intent = try wanted(choice, held) {
            switch permitted(intent, current, facts) {
            case .stopped(let result): return result
            case .carriedOut(let intent):
                if !current.alreadyHolds(intent) {
                    (after, newVersion) = try judge.apply(
                        intent, to: current, of: conflict.customer, author: asker.account)
                    try judge.follow(intent, became: after, of: conflict.customer, author: asker.account)
                }
            }
        }
        let outcome: ResultCode =
            switch choice {
            case .mine: .applied
            case .theirs: .overruled
            case .budget, .discount, .freeze: .merged
            }
        let decider = Decider(account: asker.account, choice: word(choice), reason: edit.reason)
        try judge.close(conflict, key, decider, outcome, newVersion)
        try record(conflict, register, current, after, asked: choice == .mine ? nil : judge.asked(by: held))
        var result = judge.success(edit, .applied, rule: "hold", version: newVersion, isIntact: true)
        result.was = V1.State(current)
        result.became = V1.State(after)
        return result
    }

    /// What is to be carried out; nil keeps what stands.
    private func wanted(_ choice: ConflictChoice, _ held: V1.Edit) throws -> EditIntent? {
        switch choice {
        case .theirs: return nil
        case .mine:
            guard let intent = try? held.intent() else { throw LedgerError.damaged("a held edit cannot be read") }
            return intent
        case .budget(let budget): return .setBudget(budget, validThrough: nil)
        case .discount(let discount): return .setDiscount(discount)
        case .freeze(let kind):
            return .freeze(kind, reason: (try? held.intent())?.reason ?? "decided by \(asker.account)")
        }
    }

    private enum Permission {
        case carriedOut(EditIntent)
        /// A guard does not let the decision pass; its result.
        case stopped(V1.Result)
    }

    /// What the guards say. That an edit would be held is no reason: a person has looked. Nor is it one for more than
    /// the authorised range gives: who decides has promised nothing while it was wider.
    private func permitted(_ intent: EditIntent, _ current: RegisterState, _ facts: EditFacts) -> Permission {
        var facts = facts
        facts.rangeHasMoved = false
        let question = RuleQuestion(intent: intent, before: current, current: current, isIntact: true, facts: facts)
        let judgement = judge.rules.judge(question)
        switch judgement.outcome {
        case .apply(let intent, _): return .carriedOut(intent)
        case .noop, .hold, .overruled: return .carriedOut(intent)
        case .rejected(let violation): return .stopped(judge.refusal(edit, .rejected, violation, judgement))
        case .expired(let violation): return .stopped(judge.refusal(edit, .expired, violation, judgement))
        case .forbidden(let violation): return .stopped(judge.refusal(edit, .forbidden, violation, judgement))
        case .needsStepUp(let violation): return .stopped(judge.needsStepUp(edit, violation, judgement))
        }
    }

    private func settledAlready(_ conflict: ConflictRow, _ choice: ConflictChoice) -> V1.Result {
        let by = conflict.decidedBy ?? "someone"
        let version = conflict.outcomeVersion.map { Version($0) }
        if conflict.choice == word(choice), word(choice) != "value" {
            var result = judge.success(edit, .noop, rule: "first-writer", version: version, isIntact: true)
            result.message = "\(by) decided the same before"
            return result
        }
        var result = judge.success(edit, .overruled, rule: "first-writer", version: version, isIntact: true)
        result.message = "\(by) decided this conflict first: \(conflict.choice ?? "")"
        result.otherBy = conflict.decidedBy
        result.otherAt = conflict.decidedAt.map { WireInteger($0) }
        result.next = "make a new edit if the outcome is not what you want"
        return result
    }

    private func showAnew(
        _ conflict: ConflictRow, _ key: ConflictKey, _ register: Register, _ current: RegisterState, _ version: Version
    ) throws -> V1.Result {
        var moved = conflict
        moved.theirs = try WireCoding.text(V1.State(current))
        moved.theirsVersion = version.value
        let last = try writer.lastChange(of: register, customer: conflict.customer)
        (moved.theirsBy, moved.theirsAt) = (last?.author, last?.at.seconds)
        let shown = try writer.putConflict(moved, key: key)
        var result = judge.success(edit, .overruled, rule: "compare-and-set", version: shown, isIntact: false)
        (result.otherBy, result.otherAt) = (last?.author, last.map { WireInteger($0.at.seconds) })
        result.message = "the \(register.rawValue) was changed again after you looked; the conflict is still open"
        result.next = "look at the new values and decide again: fieldbook conflicts show \(key.value)"
        return result
    }

    private func record(
        _ conflict: ConflictRow, _ register: Register, _ before: RegisterState, _ after: RegisterState,
        asked: String?
    ) throws {
        var entry = HistoryEntry(
            at: judge.now, customer: conflict.customer, register: register, author: asker.account, action: "decided",
            before: try WireCoding.text(V1.State(before)), after: try WireCoding.text(V1.State(after)), rule: "hold",
            rulesVersion: judge.rules.version, replica: asker.replica, edit: edit.number.value)
        entry.note = edit.reason
        entry.asked = asked
        try writer.record(entry)
    }

    private func word(_ choice: ConflictChoice) -> String {
        switch choice {
        case .mine: "mine"
        case .theirs: "theirs"
        case .budget, .discount, .freeze: "value"
        }
    }
}
