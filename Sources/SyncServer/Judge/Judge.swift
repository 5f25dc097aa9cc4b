package import ConflictRules
package import LedgerStore
package import PartnerModel
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Judges edits: the one way by which anything of a customer is changed on the server.
///
/// Each edit is read against register and facts, decided by the rules, carried out, recorded in the history, and its
/// result stored, all in the caller's transaction.
package struct Judge {
    /// Who asks and from where.
    package struct Asker: Sendable, Hashable {
        package let account: String
        package let replica: String
        package let scope: Scope
        /// Number of the edit that its author confirmed with a good code.
        package var confirmed: Int64?

        package init(account: String, replica: String, scope: Scope) {
            self.account = account
            self.replica = replica
            self.scope = scope
        }
    }

    let writer: LedgerWriter
    let rules: ConflictRules
    let now: Timestamp

    package init(writer: LedgerWriter, rules: ConflictRules, now: Timestamp) {
        self.writer = writer
        self.rules = rules
        self.now = now
    }

    /// The result of an edit: the stored one for a repeat, otherwise a new one. Throws `keyMismatch` when the number
    /// came before with another payload.
    package func judge(_ edit: V1.Edit, of asker: Asker) throws -> V1.Result {
        let hash = try edit.computedPayloadHash()
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .actsTwice { return try decide(edit, asker) }
        #endif
        if let stored = try writer.result(replica: asker.replica, number: edit.number.value) {
            guard stored.payloadHash == hash else { throw LedgerError.keyMismatch(number: edit.number.value) }
            return stored.result
        }
        let result = try decide(edit, asker)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .heldTwice { if result.code == .held { return result } }
        #endif
        if result.code.isTerminal || result.code == .held {
            try writer.store(result, replica: asker.replica, account: asker.account, payloadHash: hash)
        }
        return result
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
        guard try writer.contains(customer, in: asker.scope) else { return forbidden(edit) }
        guard let facts = try facts(of: customer) else {
            return refusal(
                edit, .rejected, "CBC.99000035", "the customer is no longer associated with this partner",
                "the edit is kept among the dead letters; discard it when it is not needed")
        }
        let (current, version) = try writer.register(intent.register, of: customer)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .poisonBlocksAll { if case .setDiscount = intent { throw CancellationError() } }
        #endif
        switch try baseStanding(edit, current: version, asker) {
        case .unknownPredecessor: return transient(edit, .retry, "the edit it builds on has not come yet")
        case .waits: return transient(edit, .blocked, "the edit it builds on waits for a person")
        case .refused(let number):
            return refusal(
                edit, .rejected, "FB.PREDECESSOR", "it builds on edit \(number), which did not take effect",
                "look at what stands now, then resend or discard it")
        case .intact(let isIntact):
            var facts = facts
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .deviceClockDecides {
                facts = EditFacts(
                    association: facts.association, partnerState: facts.partnerState,
                    discountRange: facts.discountRange,
                    cycle: BillingCycle(containing: edit.deviceTime.value),
                    now: Timestamp(seconds: edit.deviceTime.value))
            }
            #endif
            let question = Question(intent: intent, current: current, baseIsIntact: isIntact, facts: facts)
            return try carryOut(rules.resolve(question), edit, intent, customer, current, version, isIntact, asker)
        }
    }

    private enum BaseStanding {
        case intact(Bool)
        case unknownPredecessor, waits
        case refused(Int64)
    }

    private func baseStanding(_ edit: V1.Edit, current: Version, _ asker: Asker) throws -> BaseStanding {
        guard let predecessor = edit.predecessor?.value else { return .intact(edit.base.value == current.value) }
        guard let before = try writer.result(replica: asker.replica, number: predecessor)?.result else {
            return .unknownPredecessor
        }
        switch before.code {
        case .held, .retry, .blocked, .needsStepUp: return .waits
        case .rejected, .forbidden, .unsupported, .expired, .overruled: return .refused(predecessor)
        case .applied, .merged, .noop:
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .stackedOnTrunk { return .intact(edit.base.value == current.value) }
            #endif
            return .intact(before.version?.value == current.value && before.baseWasIntact)
        }
    }

    private func carryOut(
        _ resolution: Resolution, _ edit: V1.Edit, _ intent: EditIntent, _ customer: CustomerKey,
        _ current: RegisterState,
        _ version: Version, _ isIntact: Bool, _ asker: Asker
    ) throws -> V1.Result {
        switch resolution {
        case .apply(let rule):
            let (state, newVersion) = try apply(intent, to: current, of: customer, author: asker.account)
            try record(.init(customer, "applied", current, state, rule), edit, intent.register, asker)
            return success(edit, .applied, rule: rule, version: newVersion, isIntact: isIntact)
        case .noop(let rule):
            try record(.init(customer, "noop", current, current, rule), edit, intent.register, asker)
            return success(edit, .noop, rule: rule, version: version, isIntact: isIntact)
        case .hold(let rule):
            return try hold(edit, intent, customer, current, version, rule, asker)
        case .reject(let violation):
            return refusal(edit, .rejected, violation.code, violation.message, violation.next)
        case .expired(let violation):
            return refusal(edit, .expired, violation.code, violation.message, violation.next)
        }
    }

    private func hold(
        _ edit: V1.Edit, _ intent: EditIntent, _ customer: CustomerKey, _ current: RegisterState, _ version: Version,
        _ rule: String, _ asker: Asker
    ) throws -> V1.Result {
        let key = ConflictKey(writer.newKey())
        let theirs = try WireCoding.text(V1.State(current))
        let base = try WireCoding.text(edit.before ?? V1.State(RegisterState.empty(intent.register) ?? current))
        let row = ConflictRow(
            customer: customer, register: intent.register.rawValue, replica: asker.replica, edit: edit.number.value,
            isOpen: true,
            intent: try WireCoding.text(edit), base: base, theirs: theirs, theirsVersion: version.value,
            mineBy: asker.account,
            theirsBy: try writer.lastChange(of: intent.register, customer: customer)?.author, rule: rule,
            rulesVersion: Int64(rules.rulesVersion), heldAt: now.seconds)
        try writer.putConflict(row, key: key)
        #if FIELDBOOK_DEFECTS
        let isRecorded = Defect.planted != .recordForgotten
        #else
        let isRecorded = true
        #endif
        if isRecorded { try record(.init(customer, "held", current, current, rule), edit, intent.register, asker) }
        var result = V1.Result(
            number: edit.number.value, code: .held, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: false)
        result.rule = rule
        result.rulesVersion = rules.rulesVersion
        result.conflict = WireInteger(key.value)
        result.message = "the \(intent.register.rawValue) was changed by someone else after the base of this edit"
        result.next = "decide it with: fieldbook conflicts show \(key.value)"
        return result
    }

    // MARK: Shared with decisions

    func facts(of customer: CustomerKey) throws -> EditFacts? {
        guard let association = try writer.association(of: customer) else { return nil }
        let partner = try writer.partner()
        return EditFacts(
            association: association, partnerState: partner.state, discountRange: partner.discountRange,
            cycle: BillingCycle(containing: now.seconds), now: now)
    }

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

    /// What a decision changed.
    struct Change {
        let customer: CustomerKey
        let action: String
        let before: RegisterState
        let after: RegisterState
        let rule: String
        init(_ customer: CustomerKey, _ action: String, _ before: RegisterState, _ after: RegisterState, _ rule: String)
        {
            self.customer = customer
            self.action = action
            self.before = before
            self.after = after
            self.rule = rule
        }
    }

    func record(_ change: Change, _ edit: V1.Edit, _ register: Register, _ asker: Asker) throws {
        try writer.record(
            HistoryEntry(
                at: now, customer: change.customer, register: register, author: asker.account, action: change.action,
                before: try WireCoding.text(V1.State(change.before)),
                after: try WireCoding.text(V1.State(change.after)),
                rule: change.rule, rulesVersion: rules.rulesVersion, replica: asker.replica, edit: edit.number.value))
    }

    func success(_ edit: V1.Edit, _ code: ResultCode, rule: String, version: Version?, isIntact: Bool) -> V1.Result {
        var result = V1.Result(
            number: edit.number.value, code: code, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: isIntact)
        result.rule = rule
        result.rulesVersion = rules.rulesVersion
        result.version = version.map { WireInteger($0.value) }
        return result
    }

    func refusal(_ edit: V1.Edit, _ code: ResultCode, _ reason: String, _ message: String, _ next: String) -> V1.Result
    {
        var result = V1.Result(
            number: edit.number.value, code: code, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: false)
        result.rulesVersion = rules.rulesVersion
        result.reason = reason
        result.message = message
        result.next = next
        return result
    }

    /// The same words whether the customer does not exist or belongs to someone else.
    func forbidden(_ edit: V1.Edit) -> V1.Result {
        refusal(
            edit, .forbidden, "CBC.99000000", "the customer or conflict is not among yours",
            "ask an administrator for the customer, then resend the edit")
    }

    func transient(_ edit: V1.Edit, _ code: ResultCode, _ message: String) -> V1.Result {
        var result = V1.Result(
            number: edit.number.value, code: code, epoch: writer.state.epoch, sequence: 0, baseWasIntact: false)
        result.message = message
        return result
    }
}
