import Diagnostics
package import PartnerModel
import SQLiteKit
import SyncProtocol

/// Taking back what an own edit did: a new edit of the opposite, judged like any other.
extension ReplicaStore {
    /// Makes the edit that takes back what one of this replica did. Its base is what that edit made of the register, so
    /// that a change by someone else since then is noticed. Which edit undoes which is noted in the same transaction.
    package func undo(_ number: EditNumber) throws(StoreError) -> OutboxEdit {
        let edit = try StoreError.wrap { try outbox.write { _ in try keep(try planUndo(number))[0] } }
        isProjectionStale = true
        refreshProjection()
        return edit
    }

    /// Checks an undoing and says what it would do. Changes nothing.
    package func checkUndo(_ number: EditNumber) throws(StoreError) -> EditPreview {
        try StoreError.wrap { try planUndo(number)[0].preview }
    }

    private func planUndo(_ number: EditNumber) throws -> [PlannedEdit] {
        let edit = try existing(number)
        if let error = try partOfAnother(edit, "cannot undo edit \(number.value)") { throw error }
        let undoing = try Undoing(edit, now: Timestamp(seconds: clock.now().seconds))
        try checkNotUndone(edit, except: nil)
        let newer = try rows.open(of: edit.customer).last { other in
            other.register == edit.register && other.state.isPending && other.number > number
        }
        if let newer {
            throw StoreError(
                .badState, what: "cannot undo edit \(number.value)",
                why: "your edit \(newer.number.value) on the same \(edit.register.rawValue) has no end yet",
                next: newer.state == .saved
                    ? "discard it first: fieldbook edits discard \(newer.number.value)"
                    : "wait for its end: fieldbook sync --wait")
        }
        var order = EditOrder(EditDraft(customer: edit.customer, intent: undoing.intent))
        order.undoes = number
        order.standing = (undoing.became, undoing.version)
        order.isExact = true
        var planner = try planner()
        try planner.plan(order)
        return planner.planned
    }

    /// Throws when an edit is undone by one that stands: neither refused, nor discarded, nor overruled. `resent` is the
    /// one that is about to be made anew.
    func checkNotUndone(_ edit: OutboxEdit, except resent: EditNumber?) throws {
        guard let first = edit.undoneBy, first != resent else { return }
        let last = try latest(of: first)
        guard last.number != resent, last.state != .dead, last.state != .discarded, last.result?.code != .overruled
        else { return }
        throw StoreError(
            .badState, what: "cannot undo edit \(edit.number.value)",
            why: "edit \(last.number.value) \(last.state.isPending ? "is on its way to undo it" : "undid it already")",
            next: "see it with: fieldbook edits show \(last.number.value)")
    }

    func noteUndone(_ number: EditNumber, by undoing: EditNumber) throws {
        let statement = try outbox.statement("UPDATE edit SET undone_by = ? WHERE number = ?")
        try statement.bind(1, undoing.value)
        try statement.bind(2, number.value)
        try statement.run()
    }
}
