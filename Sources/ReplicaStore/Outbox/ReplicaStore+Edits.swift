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
        try StoreError.wrap { try prepare(draft).preview }
    }

    /// Accepts an edit: numbered and durable against power loss on return. Its base is the register's version in the
    /// image, or the edit before it on the same register.
    package func add(_ draft: EditDraft) throws(StoreError) -> OutboxEdit {
        let edit = try StoreError.wrap { try outbox.write { _ in try insert(try prepare(draft)) } }
        isProjectionStale = true
        refreshProjection()
        return edit
    }

    /// Sets aside an edit that never left, or a dead letter. It stays listed as discarded.
    package func discard(_ number: EditNumber) throws(StoreError) {
        try StoreError.wrap {
            let edit = try existing(number)
            #if FIELDBOOK_DEFECTS
            let takesSent =
                (Defect.planted == .lateDiscard || Defect.planted == .loginDropsQueue) && edit.state == .sent
            #else
            let takesSent = false
            #endif
            guard edit.state == .saved || edit.state == .dead || takesSent else { throw ReplicaStore.notYours(edit) }
            if edit.state == .saved,
                let later = try openEdits().first(where: { $0.wire.predecessor?.value == number.value })
            {
                throw StoreError(
                    .badState, what: "cannot discard edit \(number.value)",
                    why: "edit \(later.number.value) builds on it",
                    next: "discard edit \(later.number.value) first: fieldbook edits discard \(later.number.value)")
            }
            try outbox.write { _ in try setState(number, .discarded) }
        }
        isProjectionStale = true
        refreshProjection()
    }

    /// Makes a dead letter's intent anew, under a new number and on what the register holds now.
    package func resend(_ number: EditNumber) throws(StoreError) -> OutboxEdit {
        let edit = try StoreError.wrap {
            let old = try existing(number)
            guard old.state == .dead else { throw ReplicaStore.notYours(old) }
            return try outbox.write { transaction in
                let new = try insert(try prepare(EditDraft(customer: old.customer, intent: old.intent)))
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

    /// Edits by state.
    package func outboxCounts() throws(StoreError) -> OutboxCounts {
        try StoreError.wrap { try rows.counts() }
    }

    // MARK: Preparing

    private struct Prepared {
        let draft: EditDraft
        let customer: Customer
        let intent: EditIntent
        let preview: EditPreview
        let before: RegisterState
        let base: Version
        let madeUpon: String?
    }

    private func prepare(_ draft: EditDraft) throws -> Prepared {
        guard let live, let meta = try live.meta() else {
            throw StoreError(
                .notFound, what: "cannot accept the edit", why: "nothing has been loaded yet",
                next: "wait for the first load: fieldbook status")
        }
        let image = ImageRows(connection: live.connection)
        if case .decideConflict(let key, _) = draft.intent { return try prepareDecision(draft, key, image, meta) }
        guard let customer = try image.customer(draft.customer) else {
            throw StoreError(
                .notFound, what: "cannot accept the edit", why: "the customer is not in this replica",
                next: "find customers with: fieldbook customers search TEXT")
        }
        let edits = try rows.open(of: draft.customer)
            .filter { $0.register == draft.intent.register && $0.state.isPending }
        let (confirmed, version) = try image.register(draft.intent.register, of: draft.customer)
        let layered = Overlay.lay(edits, over: confirmed, version: version)
        let intent = ReplicaStore.completed(draft.intent, confirmed: confirmed)
        if let violation = EditLimits.violation(of: intent, on: layered.visible, facts: try facts(customer, image)) {
            throw StoreError(violation)
        }
        if case .unfreeze(let kind, _, let seen) = intent, seen.isEmpty {
            throw StoreError(
                LimitViolation(
                    code: "FB.NOT_FROZEN", field: "customer",
                    message: "the \(kind.rawValue) freeze is your own and not confirmed yet",
                    next: "discard it while it is unsent, or sync first: fieldbook edits list"))
        }
        guard
            let after = Overlay.lay(edits, over: confirmed, version: version).visible.applying(
                intent,
                newFreeze: { kind, reason in
                    Freeze(
                        id: 0, kind: kind, cause: .manual, reason: reason, author: "you",
                        at: Timestamp(seconds: clock.now().seconds))
                })
        else {
            throw StoreError(
                .refused, what: "the edit is not accepted", why: "the result is out of range",
                next: "give another value")
        }
        let predecessor = edits.last
        let base = predecessor.map { Version($0.wire.base.value) } ?? version
        return Prepared(
            draft: draft, customer: customer, intent: intent,
            preview: EditPreview(before: layered.visible, after: after, base: base, predecessor: predecessor?.number),
            before: layered.visible, base: base, madeUpon: meta.appliedCursor)
    }

    private func prepareDecision(
        _ draft: EditDraft, _ key: ConflictKey, _ image: ImageRows, _ meta: Generation.Meta
    ) throws -> Prepared {
        guard let conflict = try image.conflict(key) else {
            throw StoreError(
                .notFound, what: "cannot decide conflict \(key.value)", why: "there is none of that number",
                next: "list them with: fieldbook conflicts list")
        }
        guard conflict.status == "open" else {
            throw StoreError(
                .badState, what: "cannot decide conflict \(key.value)",
                why: "\(conflict.decidedBy ?? "someone") decided it already: \(conflict.choice ?? "")",
                next: "make a new edit if the outcome is not what you want")
        }
        let decided = try openEdits().first { edit in
            if case .decideConflict(key, _) = edit.intent { return edit.state.isPending }
            return false
        }
        if let decided {
            throw StoreError(
                .badState, what: "cannot decide conflict \(key.value)",
                why: "your decision (edit \(decided.number.value)) waits to be sent",
                next: "see it with: fieldbook edits show \(decided.number.value)")
        }
        let theirs = try WireCoding.decode(V1.State.self, from: conflict.theirs).state()
        let owner = CustomerKey(conflict.customer)
        guard let customer = try image.customer(owner), let register = Register(rawValue: conflict.register) else {
            throw StoreError(
                .notFound, what: "cannot decide conflict \(key.value)", why: "its customer is not in this replica",
                next: "sync first: fieldbook sync --wait")
        }
        if case .decideConflict(_, let choice) = draft.intent,
            let violation = EditLimits.violation(of: choice, register: register, facts: try facts(customer, image))
        {
            throw StoreError(violation)
        }
        let base = Version(conflict.theirsVersion)
        return Prepared(
            draft: EditDraft(customer: owner, intent: draft.intent), customer: customer, intent: draft.intent,
            preview: EditPreview(before: theirs, after: theirs, base: base, predecessor: nil), before: theirs,
            base: base,
            madeUpon: meta.appliedCursor)
    }

    /// An unfreeze names the freezes of its kind that its author saw confirmed.
    private static func completed(_ intent: EditIntent, confirmed: RegisterState) -> EditIntent {
        guard case .unfreeze(let kind, let reason, _) = intent, case .freezes(let freezes) = confirmed else {
            return intent
        }
        let seen = freezes.filter { $0.kind == kind && $0.cause.isLiftedByPartner }.map(\.id)
        return .unfreeze(kind, reason: reason, seen: seen)
    }

    private func facts(_ customer: Customer, _ image: ImageRows) throws -> EditFacts {
        let now = clock.now().seconds
        let partner = try image.partnerState()
        return EditFacts(
            association: customer.association, partnerState: partner?.state ?? .active,
            discountRange: partner?.discountRange,
            cycle: BillingCycle(containing: now), now: Timestamp(seconds: now))
    }

    // MARK: Writing

    private func insert(_ prepared: Prepared) throws -> OutboxEdit {
        let now = clock.now().seconds
        let next =
            try outbox.statement("UPDATE identity SET last_number = last_number + 1 WHERE id = 1 RETURNING last_number")
            .first { $0.int64(0) } ?? 0
        var wire = V1.Edit(
            number: next, kind: "", customer: prepared.customer.key.value, base: prepared.base.value, deviceTime: now)
        wire.setIntent(prepared.intent)
        wire.before = V1.State(prepared.before)
        wire.predecessor = prepared.preview.predecessor.map { WireInteger($0.value) }
        wire.madeUpon = prepared.madeUpon
        wire.payloadHash = try wire.computedPayloadHash()
        let text = try WireCoding.text(wire)
        guard text.utf8.count <= ProtocolLimits.editBytesMax else {
            throw StoreError(
                .refused, what: "the edit is not accepted",
                why: "it is larger than \(ProtocolLimits.editBytesMax) bytes",
                next: "shorten the reason")
        }
        let statement = try outbox.statement(
            """
            INSERT INTO edit (number, customer, customer_id, customer_name, kind, register, edit, state, saved_at, predecessor)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'saved', ?, ?)
            """)
        try statement.bind(1, next)
        try statement.bind(2, prepared.customer.key.value)
        try statement.bind(3, prepared.customer.customerID)
        try statement.bind(4, prepared.customer.name)
        try statement.bind(5, prepared.intent.kind.rawValue)
        try statement.bind(6, prepared.intent.register.rawValue)
        try statement.bind(7, text)
        try statement.bind(8, now)
        try statement.bind(9, prepared.preview.predecessor?.value)
        try statement.run()
        return try existing(EditNumber(next))
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

    private static func notYours(_ edit: OutboxEdit) -> StoreError {
        StoreError(
            .badState, what: "cannot do that with edit \(edit.number.value)", why: "it is \(edit.state.rawValue)",
            next: "only dead letters can be resent, and only those and unsent edits discarded")
    }
}
