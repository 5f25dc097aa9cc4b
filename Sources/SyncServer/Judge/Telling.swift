import ConflictRules
import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol

/// Results in words, for those who have no better ones.
enum Telling {
    static func overruled(_ intent: EditIntent, by other: String?, at: Int64?) -> String {
        let who = other ?? "someone else"
        let when = at.map { " at \(Instant(seconds: $0).rfc3339)" } ?? ""
        return switch intent {
        case .unfreeze: "\(who) froze the customer anew\(when); an unfreeze lifts only the freezes that its author saw"
        case .assignManager, .withdrawManager: "\(who) changed the account manager first\(when)"
        case .decideRequest: "\(who) decided the request first\(when)"
        default: "what \(who) set\(when) stands"
        }
    }

    static func held(_ matter: Judge.Matter, _ judgement: Judgement, by other: String?) -> String {
        let (register, rule) = (matter.intent.register.rawValue, judgement.rule)
        if matter.isIntact {
            let failed = judgement.readings.last { $0.outcome == .failed }.map { ": \($0.value), limit \($0.limit)" }
            return "nobody changed the \(register) meanwhile, but the rule \(rule) leaves this edit to a person"
                + (failed ?? "")
        }
        if case .budget(nil)? = try? matter.edit.before?.state(), case .budget(.some) = matter.current {
            let who = other.map { "\($0) set a budget" } ?? "a budget was set"
            return "\(who) while the author of this edit saw none; the rule \(rule) leaves it to a person"
        }
        guard let other else { return "the rule \(rule) leaves this edit of the \(register) to a person" }
        return "\(other) changed the \(register) after the base of this edit; the rule \(rule) leaves it to a person"
    }
}

extension V1.Reading {
    init(_ reading: GuardReading) {
        let outcome =
            switch reading.outcome {
            case .passed: "passed"
            case .warned: "warned"
            case .failed: "failed"
            }
        self.init(
            name: reading.name, outcome: outcome, value: reading.value, limit: reading.limit,
            asOf: reading.asOf?.seconds)
    }
}

/// The forms of a result.
extension Judge {
    func success(
        _ matter: Matter, _ judgement: Judgement, _ code: ResultCode, became: RegisterState, _ version: Version?
    ) throws -> V1.Result {
        var result = V1.Result(
            number: matter.edit.number.value, code: code, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: matter.isIntact)
        result.rule = judgement.rule
        result.rulesVersion = rules.version
        result.version = version.map { WireInteger($0.value) }
        result.was = V1.State(matter.current)
        result.became = V1.State(became)
        result.judgedAt = WireInteger(now.seconds)
        let telling = judgement.readings.filter { $0.outcome != .passed }.map { V1.Reading($0) }
        if !telling.isEmpty { result.guards = telling }
        if !matter.isIntact || code == .overruled {
            // The last change may be the one that this edit just made.
            let last = try writer.lastChange(
                of: matter.intent.register, customer: matter.customer, before: matter.edit.number.value,
                of: matter.asker.replica)
            result.otherBy = last?.author
            result.otherAt = last.map { WireInteger($0.at.seconds) }
        }
        return result
    }

    func success(_ edit: V1.Edit, _ code: ResultCode, rule: String, version: Version?, isIntact: Bool) -> V1.Result {
        var result = V1.Result(
            number: edit.number.value, code: code, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: isIntact)
        result.rule = rule
        result.rulesVersion = rules.version
        result.version = version.map { WireInteger($0.value) }
        result.judgedAt = WireInteger(now.seconds)
        return result
    }

    func refusal(
        _ edit: V1.Edit, _ code: ResultCode, _ violation: LimitViolation, _ judgement: Judgement
    ) -> V1.Result {
        var result = refusal(edit, code, violation.code, violation.message, violation.next)
        result.rule = judgement.rule
        let failed = judgement.readings.filter { $0.outcome == .failed }.map { V1.Reading($0) }
        if !failed.isEmpty { result.guards = failed }
        return result
    }

    func refusal(_ edit: V1.Edit, _ code: ResultCode, _ reason: String, _ message: String, _ next: String) -> V1.Result
    {
        var result = V1.Result(
            number: edit.number.value, code: code, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: false)
        result.rulesVersion = rules.version
        result.reason = reason
        result.message = message
        result.next = next
        result.judgedAt = WireInteger(now.seconds)
        return result
    }

    func needsStepUp(_ edit: V1.Edit, _ violation: LimitViolation, _ judgement: Judgement) -> V1.Result {
        var result = transient(edit, .needsStepUp, violation.message)
        result.reason = violation.code
        result.next = "confirm it with a code: fieldbook edits confirm \(edit.number.value)"
        result.rule = judgement.rule
        result.rulesVersion = rules.version
        return result
    }

    /// The same words whether the customer does not exist or belongs to someone else.
    func forbidden(_ edit: V1.Edit) -> V1.Result {
        refusal(
            edit, .forbidden, "CBC.99000000", "the customer or conflict is not among yours",
            "ask an administrator for the customer, then resend the edit")
    }

    /// The refusal of an edit whose author lacks the permission item of its register; nil when there is none to lack.
    func missingItem(_ edit: V1.Edit, _ register: Register, _ asker: Asker) -> V1.Result? {
        guard let item = PermissionItem.needed(for: register), !asker.rights.items.contains(item) else { return nil }
        return refusal(
            edit, .forbidden, "CBC.0151", "the permission item \(item.rawValue) is not among yours",
            "ask an administrator for it, then resend the edit; or have a member make it who has it")
    }

    func transient(_ edit: V1.Edit, _ code: ResultCode, _ message: String) -> V1.Result {
        var result = V1.Result(
            number: edit.number.value, code: code, epoch: writer.state.epoch, sequence: 0, baseWasIntact: false)
        result.message = message
        return result
    }
}
