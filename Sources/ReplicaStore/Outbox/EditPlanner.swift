import Diagnostics
import PartnerModel
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// One edit to be made, with what binds it to others.
struct EditOrder {
    let draft: EditDraft
    /// How many edits the group has; nil without one. A group begins with the first order that is planned.
    var groupSize: Int?
    var dependsOn: EditNumber?
    var undoes: EditNumber?
    /// The state and version that the edit is to be judged against, instead of what its author sees now.
    var standing: (state: RegisterState, version: Version)?
    /// The freezes that an unfreeze names are the ones meant, not all of its kind.
    var isExact = false
    /// Made alone, so that a never-sent edit of its kind may go into it.
    var mayCombine = false

    init(_ draft: EditDraft) { self.draft = draft }
}

/// One edit checked and ready to be kept.
struct PlannedEdit {
    let edit: OutboxEdit
    let preview: EditPreview
    /// The wire form, as it is stored and sent.
    let text: String
    /// What is expected of it, as it is stored.
    let prediction: String?
    /// The never-sent edit that goes into it.
    let taken: OutboxEdit?
}

/// Plans the edits of one request in their order: each is checked on what its author sees, the earlier ones of the
/// request laid over. Reads only; the numbers are those that the edits get when they are kept in the same transaction.
struct EditPlanner {
    let image: ImageRows
    let rows: OutboxRows
    let predictor: Predictor
    let madeUpon: String?
    /// The number that the first planned edit gets.
    let first: EditNumber
    private(set) var planned: [PlannedEdit] = []
    /// Open edits by customer, with the planned ones. Only looked up, never walked.
    private var open: [CustomerKey: [OutboxEdit]] = [:]

    /// The customers of the planned edits in their order, each with its open edits as they are once those are kept.
    var customers: [(key: CustomerKey, open: [OutboxEdit])] {
        var seen: Set<CustomerKey> = []
        return planned.map(\.edit.customer).filter { seen.insert($0).inserted }.map { ($0, open[$0] ?? []) }
    }

    private var now: Int64 { predictor.now }

    init(rows: OutboxRows, predictor: Predictor, madeUpon: String?, first: EditNumber) {
        image = predictor.image
        self.rows = rows
        self.predictor = predictor
        self.madeUpon = madeUpon
        self.first = first
    }

    /// Plans one more edit, or says why it is not accepted.
    mutating func plan(_ order: EditOrder) throws {
        let draft = order.draft
        if case .decideConflict(let key, let choice) = draft.intent {
            if let violation = draft.reason.flatMap(EditLimits.reasonViolation) { throw StoreError(violation) }
            let (customer, preview) = try decision(key, choice, draft.intent)
            return try append(order, customer, preview)
        }
        guard let customer = try image.customer(draft.customer) else {
            throw StoreError(
                .notFound, what: "cannot accept the edit", why: "the customer is not in this replica",
                next: "find customers with: fieldbook customers search TEXT")
        }
        let earlier = try edits(of: draft.customer)
        let pending = earlier.filter { $0.register == draft.intent.register && $0.state.isPending }
        let (confirmed, version) = try image.register(draft.intent.register, of: draft.customer)
        let visible = Overlay.lay(pending, over: confirmed, version: version).visible
        let before = order.standing?.state ?? visible
        let intent = order.isExact ? draft.intent : EditPlanner.completed(draft.intent, confirmed: confirmed)
        let expected = try check(intent, on: before, customer, after: earlier)
        if order.mayCombine, try combine(order, intent, customer, earlier) { return }
        guard let after = before.applying(intent, newFreeze: newFreeze) else {
            throw StoreError(
                .refused, what: "the edit is not accepted", why: "the result is out of range",
                next: "give another value")
        }
        let predecessor = order.standing == nil ? pending.last : nil
        let base = order.standing?.version ?? predecessor.map { Version($0.wire.base.value) } ?? version
        try append(
            order, customer,
            EditPreview(
                intent: intent, before: before, after: after, base: base, predecessor: predecessor?.number,
                expected: expected))
    }

    /// Plans the edit with the never-sent one before it in it, if it has one and the rules take both as one. What
    /// breaks a limit together stays apart.
    private mutating func combine(
        _ order: EditOrder, _ intent: EditIntent, _ customer: Customer, _ earlier: [OutboxEdit]
    ) throws -> Bool {
        guard let combination = try Combining.find(intent, among: earlier.filter { $0.number < first }, in: earlier)
        else { return false }
        let taken = combination.taken
        let rest = earlier.filter { $0.number != taken.number }
        let (confirmed, version) = try image.register(taken.register, of: customer.key)
        let shown = Overlay.lay(rest.filter { $0.register == taken.register }, over: confirmed, version: version)
            .visible
        var footing = combination.footing
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .combinedTakesNewBase {
            footing = Footing(base: version, before: shown, predecessor: footing.predecessor, madeUpon: madeUpon)
        }
        #endif
        guard let after = shown.applying(combination.intent, newFreeze: newFreeze) else { return false }
        let madeAt = try rows.combined(into: taken.number).first?.savedAt ?? taken.savedAt
        let judgement = try predictor.judge(
            combination.intent, on: footing, madeAt: madeAt, customer, after: rest.filter(\.state.isPending))
        guard judgement.refusal == nil else { return false }
        var preview = EditPreview(
            intent: combination.intent, before: shown, after: after, base: footing.base,
            predecessor: footing.predecessor, expected: predictor.prediction(judgement))
        preview.combines = taken.number
        try append(order, customer, preview, footing, taking: taken)
        return true
    }

    // MARK: Checks

    /// What the rules make of the edit on what its author sees; throws what they refuse.
    private func check(
        _ intent: EditIntent, on state: RegisterState, _ customer: Customer, after earlier: [OutboxEdit]
    ) throws -> Prediction {
        if let violation = Standing.violation(intent, state) { throw StoreError(violation) }
        let judgement = try predictor.judge(
            intent, before: state, current: state, isIntact: true, madeAt: predictor.checkpointAt, customer,
            after: earlier)
        if let violation = judgement.refusal { throw StoreError(violation) }
        if case .unfreeze(let kind, _, let seen) = intent, seen.isEmpty {
            throw StoreError(
                LimitViolation(
                    code: "FB.NOT_FROZEN", field: "customer",
                    message: "the \(kind.rawValue) freeze is your own and not confirmed yet",
                    next: "discard it while it is unsent, or sync first: fieldbook edits list"))
        }
        return predictor.prediction(judgement)
    }

    private func newFreeze(_ kind: FreezeKind, _ reason: String) -> Freeze {
        Freeze(id: 0, kind: kind, cause: .manual, reason: reason, author: "you", at: Timestamp(seconds: now))
    }

    /// An unfreeze names the freezes of its kind that its author saw confirmed.
    private static func completed(_ intent: EditIntent, confirmed: RegisterState) -> EditIntent {
        guard case .unfreeze(let kind, let reason, _) = intent, case .freezes(let freezes) = confirmed else {
            return intent
        }
        let seen = freezes.filter { $0.kind == kind && $0.cause.isLiftedByPartner }.map(\.id)
        return .unfreeze(kind, reason: reason, seen: seen)
    }

    private mutating func decision(
        _ key: ConflictKey, _ choice: ConflictChoice, _ intent: EditIntent
    ) throws -> (Customer, EditPreview) {
        func refusal(_ code: StoreError.Code, _ why: String, _ next: String) -> StoreError {
            StoreError(code, what: "cannot decide conflict \(key.value)", why: why, next: next)
        }
        guard let conflict = try image.conflict(key) else {
            throw refusal(.notFound, "there is none of that number", "list them with: fieldbook conflicts list")
        }
        guard conflict.status == "open" else {
            throw refusal(
                .badState, "\(conflict.decidedBy ?? "someone") decided it already: \(conflict.choice ?? "")",
                "make a new edit if the outcome is not what you want")
        }
        let owner = CustomerKey(conflict.customer)
        let decided = try edits(of: owner).first { edit in
            if case .decideConflict(key, _) = edit.intent { return edit.state.isPending }
            return false
        }
        if let decided {
            throw refusal(
                .badState, "your decision (edit \(decided.number.value)) waits to be sent",
                "see it with: fieldbook edits show \(decided.number.value)")
        }
        let theirs = try WireCoding.decode(V1.State.self, from: conflict.theirs).state()
        guard let customer = try image.customer(owner), let register = Register(rawValue: conflict.register) else {
            throw refusal(.notFound, "its customer is not in this replica", "sync first: fieldbook sync --wait")
        }
        if let violation = EditLimits.violation(
            of: choice, register: register, facts: try predictor.facts(of: customer, after: []))
        {
            throw StoreError(violation)
        }
        let base = Version(conflict.theirsVersion)
        return (
            customer,
            EditPreview(
                intent: intent, before: theirs, after: theirs, base: base, predecessor: nil, expected: nil)
        )
    }

    // MARK: Making

    private mutating func edits(of customer: CustomerKey) throws -> [OutboxEdit] {
        if let known = open[customer] { return known }
        let found = try rows.open(of: customer)
        open[customer] = found
        return found
    }

    /// What an edit stands on is what its author sees, unless it is told by `footing`.
    private mutating func append(
        _ order: EditOrder, _ customer: Customer, _ preview: EditPreview, _ footing: Footing? = nil,
        taking taken: OutboxEdit? = nil
    ) throws {
        let number = EditNumber(first.value + Int64(planned.count))
        var wire = V1.Edit(
            number: number.value, kind: "", customer: customer.key.value, base: preview.base.value, deviceTime: now)
        wire.setIntent(preview.intent)
        if case .decideConflict = preview.intent { wire.reason = order.draft.reason }
        wire.before = V1.State(footing?.before ?? preview.before)
        wire.predecessor = preview.predecessor.map { WireInteger($0.value) }
        wire.dependsOn = order.dependsOn.map { WireInteger($0.value) }
        wire.group = order.groupSize.map { _ in WireInteger(first.value) }
        wire.groupSize = order.groupSize
        wire.undoes = order.undoes.map { WireInteger($0.value) }
        wire.madeUpon = footing.map(\.madeUpon) ?? madeUpon
        let text = try wire.seal()
        // What can't be read back would stop all that reads the outbox.
        guard (try? wire.intent()) == preview.intent else {
            throw StoreError(
                .refused, what: "the edit is not accepted", why: "one of its values cannot be written down",
                next: "check the values, and the clock of this machine")
        }
        guard text.utf8.count <= ProtocolLimits.editBytesMax else {
            throw StoreError(
                .refused, what: "the edit is not accepted",
                why: "it is larger than \(ProtocolLimits.editBytesMax) bytes", next: "shorten the reason")
        }
        let edit = OutboxEdit(
            number: number, customer: customer.key, customerID: customer.customerID, customerName: customer.name,
            intent: preview.intent, wire: wire, state: .saved, result: nil, savedAt: now, firstSentAt: nil,
            sentCount: 0, resentAs: nil, undoneBy: nil, prediction: preview.expected)
        open[customer.key] = try edits(of: customer.key).filter { $0.number != preview.combines } + [edit]
        planned.append(
            PlannedEdit(
                edit: edit, preview: preview, text: text,
                prediction: try preview.expected.map { try WireCoding.text($0) },
                taken: taken))
    }
}
