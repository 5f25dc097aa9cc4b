import ConflictRules
import LedgerStore
package import PartnerModel
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Who decided a conflict, and how.
struct Decider {
    let account: String
    let choice: String
    let reason: String?

    /// Nobody decided in time.
    static let deadline = Decider(account: "system", choice: "theirs", reason: "nobody decided before the deadline")
}

/// The end of conflicts.
extension Judge {
    /// Closes the conflicts whose deadline has come as their rule says: what stands is kept, the held edit is overruled. At
    /// most 100 at a time; gives their keys.
    @discardableResult
    package func closeOverdueConflicts() throws -> [ConflictKey] {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .deadlineIgnored { return [] }
        #endif
        let overdue = try writer.overdueConflicts(at: now)
        for key in overdue {
            guard let conflict = try writer.conflict(key), let register = Register(rawValue: conflict.register) else {
                continue
            }
            let (current, version) = try writer.register(register, of: conflict.customer)
            try close(conflict, key, .deadline, .overruled, version)
            let state = try WireCoding.text(V1.State(current))
            var entry = HistoryEntry(
                at: now, customer: conflict.customer, register: register, author: Decider.deadline.account,
                action: "decided", before: state, after: state, rule: "deadline", rulesVersion: rules.version,
                replica: conflict.replica, edit: conflict.edit)
            entry.note = Decider.deadline.reason
            entry.asked = try asked(by: WireCoding.decode(V1.Edit.self, from: conflict.intent))
            try writer.record(entry)
        }
        return overdue
    }

    /// Closes a conflict and gives its held edit its end.
    func close(
        _ conflict: ConflictRow, _ key: ConflictKey, _ decider: Decider, _ outcome: ResultCode, _ version: Version
    ) throws {
        var decided = conflict
        decided.isOpen = false
        decided.choice = decider.choice
        decided.decidedBy = decider.account
        decided.decidedAt = now.seconds
        decided.decisionReason = decider.reason
        decided.outcome = outcome.rawValue
        decided.outcomeVersion = version.value
        try writer.putConflict(decided, key: key)
        try settleHeldEdit(conflict, decider, outcome, version)
    }

    /// The held edit's stored result becomes the final one, so that a repeat of it learns what became of it.
    private func settleHeldEdit(
        _ conflict: ConflictRow, _ decider: Decider, _ outcome: ResultCode, _ version: Version
    ) throws {
        guard let stored = try writer.result(replica: conflict.replica, number: conflict.edit) else { return }
        var result = V1.Result(
            number: conflict.edit, code: outcome, epoch: writer.state.epoch, sequence: writer.sequence,
            baseWasIntact: outcome == .applied)
        result.rule = conflict.rule
        result.rulesVersion = Int(conflict.rulesVersion)
        result.version = WireInteger(version.value)
        result.conflict = stored.result.conflict
        result.was = stored.result.was
        result.otherBy = decider.account
        result.otherAt = WireInteger(now.seconds)
        result.judgedAt = WireInteger(now.seconds)
        result.message = "decided by \(decider.account)" + (decider.reason.map { ": \($0)" } ?? "")
        try writer.store(result, replica: conflict.replica, account: conflict.mineBy, payloadHash: stored.payloadHash)
    }

    /// What an edit would have made of what its author saw, for a record in which something else stands; nil when that
    /// cannot be said.
    func asked(by edit: V1.Edit) throws -> String? {
        guard let intent = try? edit.intent(),
            let seen = try? edit.before?.state() ?? RegisterState.empty(intent.register),
            let wish = seen.applying(
                intent,
                newFreeze: { Freeze(id: 0, kind: $0, cause: .manual, reason: $1, author: "", at: now) })
        else { return nil }
        return try WireCoding.text(V1.State(wish))
    }

    /// What a change of one register brings with it elsewhere: a decided association request takes effect.
    func follow(
        _ intent: EditIntent, became: RegisterState, of customer: CustomerKey, author: String
    ) throws {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .approvalWithoutEffect { return }
        #endif
        guard case .decideRequest(let approve) = intent, case .request(let request?) = became else { return }
        try SystemWriters(writer: writer, rulesVersion: rules.version, now: now).decided(
            customer, request, approve: approve, by: author)
    }
}
