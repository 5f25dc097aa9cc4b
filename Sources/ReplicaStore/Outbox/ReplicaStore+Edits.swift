import Diagnostics
package import PartnerModel
import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

extension ReplicaStore {
    /// Checks a draft against what its author sees, and says what it would do. Changes nothing.
    package func check(_ draft: EditDraft) throws(StoreError) -> EditPreview {
        try check([draft], link: .none)[0]
    }

    /// Checks drafts as `add` would, and says what each would do. Changes nothing.
    package func check(_ drafts: [EditDraft], link: EditLink) throws(StoreError) -> [EditPreview] {
        try StoreError.wrap { try plan(drafts, link).planned.map(\.preview) }
    }

    /// Accepts an edit: numbered and durable against power loss on return. Its base is the register's version in the
    /// image, or the edit before it on the same register. One of that kind that was never sent goes into it.
    package func add(_ draft: EditDraft) throws(StoreError) -> OutboxEdit { try add([draft], link: .none)[0] }

    /// Accepts edits whole or not at all, in the order given, each on what the ones before it make. An error says by
    /// its `position` which draft it is about. Linked edits are of one customer.
    package func add(_ drafts: [EditDraft], link: EditLink) throws(StoreError) -> [OutboxEdit] {
        try accept(drafts, link: link).edits
    }

    /// The same, and says what each does, as `check` would have. `told` is called with that as soon as the edits are
    /// accepted, before what plain SQL shows of them is written.
    @discardableResult
    package func accept(
        _ drafts: [EditDraft], link: EditLink, told: ([OutboxEdit], [EditPreview]) -> Void = { _, _ in }
    ) throws(StoreError) -> (edits: [OutboxEdit], previews: [EditPreview]) {
        let before = outbox.changesInAll
        let (planner, edits) = try StoreError.wrap {
            try outbox.write { _ in
                let planner = try plan(drafts, link)
                let edits = try keep(planner.planned)
                try noteLines(drafts, edits)
                return (planner, edits)
            }
        }
        noteKept(planner.planned, since: before)
        let previews = planner.planned.map(\.preview)
        told(edits, previews)
        refreshProjection(of: planner.customers)
        return (edits, previews)
    }

    /// Makes a dead letter's intent anew, or another of its kind in its place, under a new number and on what the
    /// register holds now. It goes without the group it was of; what it depended on it depends on still, when that was
    /// made anew.
    package func resend(_ number: EditNumber, as changed: EditIntent? = nil) throws(StoreError) -> OutboxEdit {
        let edit = try StoreError.wrap {
            try outbox.write { transaction in
                let new = try keep(try planResend(number, changed))[0]
                let statement = try transaction.statement(
                    "UPDATE edit SET state = 'discarded', resent_as = ? WHERE number = ?")
                try statement.bind(1, new.number.value)
                try statement.bind(2, number.value)
                try statement.run()
                return new
            }
        }
        isProjectionStale = true
        refreshProjection()
        return edit
    }

    /// Checks a resending and says what it would do. Changes nothing.
    package func checkResend(_ number: EditNumber, as changed: EditIntent?) throws(StoreError) -> EditPreview {
        try StoreError.wrap { try planResend(number, changed)[0].preview }
    }

    /// Edits by state.
    package func outboxCounts() throws(StoreError) -> OutboxCounts {
        try StoreError.wrap {
            if let tally, tally.changes == outbox.changesInAll { return tally.value.counts }
            let value = try rows.tally()
            tally = (value, outbox.changesInAll)
            return value.counts
        }
    }

    /// Takes over in memory what a commit has kept. `before` is what had been changed before it.
    private func noteKept(_ planned: [PlannedEdit], since before: Int64) {
        for item in planned { decoded.note(item.edit, prediction: item.prediction) }
        guard var known = tally, known.changes == before, known.value.add(planned) else { return }
        known.changes = outbox.changesInAll
        tally = known
    }

    // MARK: Planning

    /// All that is looked at is of one moment of the image.
    private func plan(_ drafts: [EditDraft], _ link: EditLink) throws -> EditPlanner {
        guard let live else { return try planned(drafts, link) }
        return try live.connection.read { _ in try planned(drafts, link) }
    }

    private func planned(_ drafts: [EditDraft], _ link: EditLink) throws -> EditPlanner {
        var planner = try planner()
        let orders = try ReplicaStore.orders(drafts, link, first: planner.first)
        for (position, order) in orders.enumerated() {
            do throws(StoreError) {
                try StoreError.wrap {
                    try checkLine(order.draft)
                    try planner.plan(order)
                }
            } catch {
                var failure = error
                failure.position = position
                throw failure
            }
        }
        let bytes = planner.planned.reduce(0) { $0 + $1.text.utf8.count + 1 }
        guard link != .group || bytes <= EditLink.groupBytesMax else {
            throw ReplicaStore.unlinked("they are larger than \(EditLink.groupBytesMax) bytes", "link fewer edits")
        }
        return planner
    }

    private static func orders(_ drafts: [EditDraft], _ link: EditLink, first: EditNumber) throws -> [EditOrder] {
        guard link.counts.contains(drafts.count) else {
            throw unlinked(
                "the number of edits given is \(drafts.count)",
                "give \(link.counts.lowerBound) to \(link.counts.upperBound)")
        }
        if link != .none {
            guard drafts.allSatisfy({ $0.customer == drafts[0].customer }) else {
                throw unlinked("they are of more than one customer", "make the edits of each customer by themselves")
            }
            guard drafts.allSatisfy({ $0.intent.kind != .decideConflict }) else {
                throw unlinked("a decision stands by itself", "decide conflicts with: fieldbook conflicts decide")
            }
        }
        return drafts.enumerated().map { position, draft in
            var order = EditOrder(draft)
            order.mayCombine = link == .none
            if link == .group { order.groupSize = drafts.count }
            if link == .dependsOnFirst, position > 0 { order.dependsOn = first }
            return order
        }
    }

    private static func unlinked(_ why: String, _ next: String) -> StoreError {
        StoreError(.refused, what: "cannot take the edits at once", why: why, next: next)
    }

    private func planResend(_ number: EditNumber, _ changed: EditIntent?) throws -> [PlannedEdit] {
        let old = try existing(number)
        guard old.state == .dead else { throw try notYours(old) }
        guard changed == nil || changed?.kind == old.intent.kind else {
            throw StoreError(
                .refused, what: "cannot resend edit \(number.value)",
                why: "it is of kind \(old.intent.kind.rawValue), and is resent as that",
                next: "make a new edit and discard this one: fieldbook edits discard \(number.value)")
        }
        var order = EditOrder(EditDraft(customer: old.customer, intent: changed ?? old.intent))
        if let needed = old.wire.dependsOn {
            let newest = try latest(of: EditNumber(needed.value))
            if newest.state.isPending { order.dependsOn = newest.number }
        }
        if let undone = old.wire.undoes {
            let target = EditNumber(undone.value)
            try checkNotUndone(try existing(target), except: number)
            order.undoes = target
            // The freezes that were to be lifted are meant still, unless another kind is asked for.
            if case .unfreeze(_, _, let seen) = order.draft.intent { order.isExact = !seen.isEmpty }
        }
        var planner = try planner()
        try planner.plan(order)
        return planner.planned
    }

    /// The edit that was last made in place of one, or that it went into.
    func latest(of number: EditNumber) throws -> OutboxEdit {
        var edit = try existing(number)
        // Each has a higher number than the one it stands for, so this ends.
        while let next = edit.resentAs ?? edit.combinedInto, next > edit.number { edit = try existing(next) }
        return edit
    }

    func planner() throws -> EditPlanner {
        guard let live, let meta = try live.meta() else {
            throw StoreError(
                .notFound, what: "cannot accept the edit", why: "nothing has been loaded yet",
                next: "wait for the first load: fieldbook status")
        }
        let last = try outbox.statement("SELECT last_number FROM identity WHERE id = 1").first { $0.int64(0) } ?? 0
        return EditPlanner(
            rows: rows, predictor: predictor(live, meta), madeUpon: meta.appliedCursor, first: EditNumber(last + 1))
    }

    /// Foretells by the rules held and the live image.
    func predictor(_ live: Generation, _ meta: Generation.Meta) -> Predictor {
        Predictor(
            image: ImageRows(connection: live.connection), rules: rules, identity: identity,
            checkpointAt: meta.checkpointAt, now: clock.now().seconds)
    }

    // MARK: Writing

    /// Keeps planned edits, inside the caller's transaction.
    func keep(_ planned: [PlannedEdit]) throws -> [OutboxEdit] {
        guard let last = planned.last else { return [] }
        let counter = try outbox.statement("UPDATE identity SET last_number = ? WHERE id = 1")
        try counter.bind(1, last.edit.number.value)
        try counter.run()
        let statement = try outbox.statement(
            """
            INSERT INTO edit (number, customer, customer_id, customer_name, kind, register, edit, state, saved_at,
                predecessor, group_number, depends_on, prediction)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'saved', ?, ?, ?, ?, ?)
            """)
        for item in planned {
            try statement.bind(1, item.edit.number.value)
            try statement.bind(2, item.edit.customer.value)
            try statement.bind(3, item.edit.customerID)
            try statement.bind(4, item.edit.customerName)
            try statement.bind(5, item.edit.intent.kind.rawValue)
            try statement.bind(6, item.edit.register.rawValue)
            try statement.bind(7, item.text)
            try statement.bind(8, item.edit.savedAt)
            try statement.bind(9, item.edit.wire.predecessor?.value)
            try statement.bind(10, item.edit.wire.group?.value)
            try statement.bind(11, item.edit.wire.dependsOn?.value)
            try statement.bind(12, item.prediction)
            try statement.run()
            if let taken = item.taken { try noteCombined(taken.number, into: item.edit.number) }
            if let undone = item.edit.wire.undoes { try noteUndone(EditNumber(undone.value), by: item.edit.number) }
        }
        return planned.map(\.edit)
    }

    /// Not through what was decoded before: inside a transaction that fails, a number is given back and comes again.
    func existing(_ number: EditNumber) throws -> OutboxEdit {
        guard let edit = try OutboxRows(connection: outbox).edit(number) else {
            throw StoreError(
                .notFound, what: "cannot find edit \(number.value)", why: "there is none of that number",
                next: "list edits with: fieldbook edits list --all")
        }
        return edit
    }

    func setState(_ number: EditNumber, _ state: EditState) throws {
        let statement = try outbox.statement("UPDATE edit SET state = ? WHERE number = ?")
        try statement.bind(1, state.rawValue)
        try statement.bind(2, number.value)
        try statement.run()
    }

    private func noteCombined(_ number: EditNumber, into later: EditNumber) throws {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .combinesSent {
            try outbox.execute("UPDATE edit SET sent_count = 0, first_sent_at = NULL WHERE number = \(number.value)")
        }
        #endif
        let statement = try outbox.statement("UPDATE edit SET state = 'combined', combined_into = ? WHERE number = ?")
        try statement.bind(1, later.value)
        try statement.bind(2, number.value)
        try statement.run()
    }

    /// Why an edit cannot be set aside or made anew.
    func notYours(_ edit: OutboxEdit) throws -> StoreError {
        if let error = try partOfAnother(edit, "cannot do that with edit \(edit.number.value)") { return error }
        return StoreError(
            .badState, what: "cannot do that with edit \(edit.number.value)", why: "it is \(edit.state.rawValue)",
            next: "only dead letters can be resent, and only those and unsent edits discarded")
    }

    /// Why nothing can be done with an edit that went into another one; nil when it did not.
    func partOfAnother(_ edit: OutboxEdit, _ what: String) throws -> StoreError? {
        guard edit.state == .combined else { return nil }
        let end = try rows.end(of: edit.number).value
        return StoreError(
            .badState, what: what, why: "it was combined into edit \(end) before it was sent",
            next: "see what became of that: fieldbook edits show \(end)")
    }
}
