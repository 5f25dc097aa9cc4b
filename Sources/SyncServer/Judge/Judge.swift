package import ConflictRules
package import LedgerStore
package import PartnerModel
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Judges edits: the one way by which a member changes anything of a customer on the server.
///
/// Each edit is read against register and facts, judged by the rules, carried out, recorded in the history, and its
/// result stored, all in the caller's transaction.
package struct Judge {
    /// Who asks and from where.
    package struct Asker: Sendable, Hashable {
        package let account: String
        package let replica: String
        package let scope: Scope
        package let rights: MemberRights
        /// Number of the edit that its author confirmed with a good code.
        package var confirmed: Int64?

        /// The role that rules ask for.
        package var role: MemberRole { rights.effective }

        package init(account: String, replica: String, scope: Scope, rights: MemberRights) {
            self.account = account
            self.replica = replica
            self.scope = scope
            self.rights = rights
        }
    }

    let writer: LedgerWriter
    let rules: RuleSet
    let now: Timestamp

    package init(writer: LedgerWriter, rules: RuleSet, now: Timestamp) {
        self.writer = writer
        self.rules = rules
        self.now = now
    }

    /// The results of a push's edits, in their order. Edits of a group stand or fall together; an edit that the server
    /// can't judge is put off alone. Throws `keyMismatch` when a number came before with another payload: then nothing
    /// of the push happens.
    package func judge(_ edits: [V1.Edit], of asker: Asker) throws -> [V1.Result] {
        var results: [V1.Result] = []
        for unit in EditGroup.units(of: edits) {
            do {
                results +=
                    unit.count > 1 || unit[0].group != nil
                    ? try EditGroup(judge: self, asker: asker, edits: unit).judged()
                    : [try writer.step { try judge(unit[0], of: asker) }]
            } catch let error as LedgerError {
                // A payload that changed under its number fences the whole push; a damaged row fails its edit alone.
                guard case .damaged = error else { throw error }
                results += unit.map {
                    transient($0, .retry, "the server could not judge this edit; the others went on")
                }
            }
        }
        return results
    }

    /// The result of an edit: the stored one for a repeat, otherwise a new one.
    package func judge(_ edit: V1.Edit, of asker: Asker) throws -> V1.Result {
        let hash = try edit.computedPayloadHash()
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .actsTwice { return try decide(edit, asker) }
        #endif
        if let stored = try known(edit, hash, asker) { return stored }
        let result = try decide(edit, asker)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .heldTwice { if result.code == .held { return result } }
        #endif
        try keep(result, hash, asker)
        return result
    }

    /// The stored result of a repeat; nil for an edit that comes for the first time.
    func known(_ edit: V1.Edit, _ hash: String, _ asker: Asker) throws -> V1.Result? {
        guard let stored = try writer.result(replica: asker.replica, number: edit.number.value) else { return nil }
        guard stored.payloadHash == hash else { throw LedgerError.keyMismatch(number: edit.number.value) }
        // Who lost the customer learns what became of the own edit, and nothing of others.
        let isSeen = try writer.contains(CustomerKey(edit.customer.value), in: asker.scope)
        return isSeen ? stored.result : stored.result.withoutOthers
    }

    /// Stores a result unless it is transient.
    func keep(_ result: V1.Result, _ hash: String, _ asker: Asker) throws {
        guard result.code.isTerminal || result.code == .held else { return }
        try writer.store(result, replica: asker.replica, account: asker.account, payloadHash: hash)
    }

    // MARK: Steps

    private func decide(_ edit: V1.Edit, _ asker: Asker) throws -> V1.Result {
        let intent: EditIntent
        do throws(V1.Edit.IntentRefusal) { intent = try edit.intent() } catch .unsupported {
            return refusal(
                edit, .unsupported, "FB.UNSUPPORTED",
                "this server does not know edits of kind \(edit.kind.prefix(40)) and schema \(edit.schema)",
                "upgrade the server, then resend the edit")
        } catch .malformed(let field) {
            return refusal(
                edit, .rejected, "CBC.0100", "the argument \(field) is missing or cannot be read",
                "upgrade the program that made the edit")
        }
        if let stated = edit.payloadHash, stated != (try edit.computedPayloadHash()) {
            return refusal(edit, .rejected, "FB.PAYLOAD", "the edit does not match its own hash", "make the edit again")
        }
        if case .decideConflict(let key, let choice) = intent {
            return try ConflictDecision(judge: self, edit: edit, asker: asker).decide(key, choice)
        }
        let customer = CustomerKey(edit.customer.value)
        guard try writer.contains(customer, in: asker.scope), let facts = try facts(of: customer, edit, asker) else {
            return forbidden(edit)
        }
        if let refusal = missingItem(edit, intent.register, asker) { return refusal }
        let (current, version) = try writer.register(intent.register, of: customer)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .poisonBlocksAll { if case .setDiscount = intent { throw CancellationError() } }
        #endif
        switch try standing(edit, current: version, asker) {
        case .unknownPredecessor: return transient(edit, .retry, "the edit it builds on has no result yet")
        case .waits: return transient(edit, .blocked, "the edit it builds on waits for a person")
        case .refused(let number):
            return refusal(
                edit, .rejected, "FB.PREDECESSOR", "it builds on edit \(number), which did not take effect",
                "look at what stands now, then resend or discard it")
        case .intact(let isIntact):
            let matter = Matter(
                edit: edit, intent: intent, customer: customer, current: current, version: version, isIntact: isIntact,
                facts: facts, asker: asker)
            return try carryOut(matter)
        }
    }

    /// One edit and all that it meets.
    struct Matter {
        let edit: V1.Edit
        let intent: EditIntent
        let customer: CustomerKey
        let current: RegisterState
        let version: Version
        let isIntact: Bool
        let facts: EditFacts
        let asker: Asker
    }

    private func carryOut(_ matter: Matter) throws -> V1.Result {
        let question = RuleQuestion(
            intent: matter.intent, before: try? matter.edit.before?.state(), current: matter.current,
            isIntact: matter.isIntact, facts: matter.facts)
        let judgement = rules.judge(question)
        switch judgement.outcome {
        case .apply(let intent, let isAsAsked):
            let (state, version) = try apply(
                intent, to: matter.current, of: matter.customer, author: matter.asker.account)
            try follow(intent, became: state, of: matter.customer, author: matter.asker.account)
            let code: ResultCode = isAsAsked ? .applied : .merged
            try record(matter, code.rawValue, became: state, judgement.rule)
            return try success(matter, judgement, code, became: state, version)
        case .noop:
            try record(matter, "noop", became: matter.current, judgement.rule)
            return try success(matter, judgement, .noop, became: matter.current, matter.version)
        case .overruled:
            try record(matter, "overruled", became: matter.current, judgement.rule)
            var result = try success(matter, judgement, .overruled, became: matter.current, matter.version)
            result.message = Telling.overruled(matter.intent, by: result.otherBy, at: result.otherAt?.value)
            result.next = "look at what stands now; make a new edit if it is still wanted"
            return result
        case .hold: return try hold(matter, judgement)
        case .rejected(let violation): return refusal(matter.edit, .rejected, violation, judgement)
        case .expired(let violation): return refusal(matter.edit, .expired, violation, judgement)
        case .forbidden(let violation): return refusal(matter.edit, .forbidden, violation, judgement)
        case .needsStepUp(let violation): return needsStepUp(matter.edit, violation, judgement)
        }
    }

    private func hold(_ matter: Matter, _ judgement: Judgement) throws -> V1.Result {
        let key = ConflictKey(writer.newKey())
        let edit = matter.edit
        let register = matter.intent.register
        let base = try WireCoding.text(edit.before ?? V1.State(RegisterState.empty(register) ?? matter.current))
        let last = try writer.lastChange(of: register, customer: matter.customer)
        var row = ConflictRow(
            customer: matter.customer, register: register.rawValue, replica: matter.asker.replica,
            edit: edit.number.value, isOpen: true, intent: try WireCoding.text(edit), base: base,
            theirs: try WireCoding.text(V1.State(matter.current)), theirsVersion: matter.version.value,
            mineBy: matter.asker.account, theirsBy: last?.author, rule: judgement.rule,
            rulesVersion: Int64(rules.version), heldAt: now.seconds)
        row.theirsAt = last?.at.seconds
        row.deadline = judgement.terms?.deadlineSeconds.map { now.seconds + $0 }
        row.fallback = judgement.terms?.fallback?.rawValue
        row.facts = try WireCoding.text(
            V1.Facts(matter.facts, isIntact: matter.isIntact, guards: judgement.readings.map { V1.Reading($0) }))
        try writer.putConflict(row, key: key)
        #if FIELDBOOK_DEFECTS
        let isRecorded = Defect.planted != .recordForgotten
        #else
        let isRecorded = true
        #endif
        if isRecorded { try record(matter, "held", became: matter.current, judgement.rule) }
        var result = try success(matter, judgement, .held, became: matter.current, nil)
        result.conflict = WireInteger(key.value)
        result.baseWasIntact = false
        result.message = Telling.held(matter, judgement, by: result.otherBy)
        result.next = "decide it with: fieldbook conflicts show \(key.value)"
        return result
    }

    // MARK: Shared with decisions

    /// Carries an intent out on a register and gives the new state and version.
    func apply(
        _ intent: EditIntent, to current: RegisterState, of customer: CustomerKey, author: String
    ) throws -> (RegisterState, Version) {
        let applied = current.applying(intent) { kind, reason in
            Freeze(id: writer.newKey(), kind: kind, cause: .manual, reason: reason, author: author, at: now)
        }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .liftsUnseenFreeze, case .unfreeze(let kind, _, _) = intent,
            case .freezes(let freezes) = current
        {
            let state = RegisterState.freezes(freezes.filter { $0.kind != kind })
            return (state, try writer.set(state, of: customer, author: author, at: now))
        }
        #endif
        guard let state = applied else {
            throw LedgerError.damaged("an edit that was judged legal cannot be carried out")
        }
        return (state, try writer.set(state, of: customer, author: author, at: now))
    }

    private func record(_ matter: Matter, _ action: String, became: RegisterState, _ rule: String) throws {
        var entry = HistoryEntry(
            at: now, customer: matter.customer, register: matter.intent.register, author: matter.asker.account,
            action: action, before: try WireCoding.text(V1.State(matter.current)),
            after: try WireCoding.text(V1.State(became)), rule: rule, rulesVersion: rules.version,
            replica: matter.asker.replica, edit: matter.edit.number.value)
        entry.note = matter.intent.reason
        if action == ResultCode.overruled.rawValue || action == ResultCode.held.rawValue {
            entry.asked = try asked(by: matter.edit)
        }
        try writer.record(entry)
    }
}
