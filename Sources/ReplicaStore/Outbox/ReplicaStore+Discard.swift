package import PartnerModel
import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Setting edits aside.
extension ReplicaStore {
    /// Sets aside an edit that never left, or a dead letter; it stays listed as discarded. An unsent group is set aside
    /// whole; what went into an edit goes with it. Gives the edits that were set aside, or with `dryRun` would be.
    @discardableResult
    package func discard(_ number: EditNumber, dryRun: Bool = false) throws(StoreError) -> [EditNumber] {
        let discarded = try StoreError.wrap {
            let edits = try discardable(number)
            if !dryRun { try outbox.write { _ in for edit in edits { try setState(edit.number, .discarded) } } }
            return edits.map(\.number)
        }
        guard !dryRun else { return discarded }
        isProjectionStale = true
        refreshProjection()
        return discarded
    }

    private func discardable(_ number: EditNumber) throws -> [OutboxEdit] {
        let edit = try existing(number)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .lateDiscard || Defect.planted == .loginDropsQueue, edit.state == .sent { return [edit] }
        #endif
        guard edit.state == .saved || edit.state == .dead else { throw try notYours(edit) }
        let open = try openEdits()
        // A group leaves whole, so one of which nothing was sent is set aside whole.
        var together = [edit]
        if edit.state == .saved, let group = edit.wire.group { together = open.filter { $0.wire.group == group } }
        if let sent = together.first(where: { $0.state != edit.state }) { throw try notYours(sent) }
        let numbers = together.map(\.number)
        let later = open.first { later in
            later.state.isPending && !numbers.contains(later.number)
                && later.builtOn.contains { numbers.contains(EditNumber($0)) }
        }
        if let later {
            throw StoreError(
                .badState, what: "cannot discard edit \(number.value)",
                why: "edit \(later.number.value) builds on it",
                next: later.state == .saved
                    ? "discard edit \(later.number.value) first: fieldbook edits discard \(later.number.value)"
                    : "wait for its end: fieldbook edits show \(later.number.value)")
        }
        return together
    }
}
