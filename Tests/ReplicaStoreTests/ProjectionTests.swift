import PartnerModel
import PropertyKit
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct ProjectionTests {
    private static let shown = """
        SELECT key || '|' || coalesce(budget_pending_units, '-') || '|' || coalesce(budget_pending_state, '-') || '|' ||
            coalesce(freeze_pending, '-') || '|' || coalesce(freeze_pending_state, '-') || '|' ||
            coalesce(discount_pending_basis_points, '-') || '|' || coalesce(discount_pending_state, '-') FROM customers ORDER BY key
        """

    /// The same lines from a plain replay: the image's values with the open edits laid over them by hand.
    private static func replayed(_ store: ReplicaStore) throws -> [String] {
        let image = ImageRows(connection: try #require(store.live).connection)
        let open = try store.openEdits()
        return try [Int64(1), 2, 3].map { key in
            var line = "\(key)"
            for register in [Register.budget, .freezes, .discount] {
                var (state, version) = try image.register(register, of: CustomerKey(key))
                let edits = open.filter { edit in
                    edit.customer.value == key && edit.register == register && edit.state != .dead
                        && (edit.result?.version?.value ?? .max) > version.value
                }
                for edit in edits {
                    let mint = { (kind: FreezeKind, reason: String) in
                        Freeze(
                            id: -1, kind: kind, cause: .manual, reason: reason, author: "", at: Timestamp(seconds: 0))
                    }
                    state = state.applying(edit.intent, newFreeze: mint) ?? state
                }
                line +=
                    "|" + (edits.isEmpty ? "-" : text(state)) + "|" + (edits.isEmpty ? "-" : words(edits.map(\.state)))
            }
            return line
        }
    }

    private static func text(_ state: RegisterState) -> String {
        switch state {
        case .budget(let budget): budget.map { "\($0.amount.units)" } ?? "-"
        case .freezes(let freezes): freezes.strictestKind?.rawValue ?? ""
        case .discount(let discount): "\(discount?.percent.value ?? 0)"
        case .manager(let text), .label(let text): text ?? ""
        case .request(let request): request?.status.rawValue ?? ""
        }
    }

    private static func words(_ states: [EditState]) -> String {
        let order: [(EditState, String)] = [
            (.held, "held, conflict 77"), (.saved, "saved here, not sent"), (.sent, "sent, no answer yet"),
            (.waiting, "waiting"),
            (.resulted, "accepted, not yet in the feed"),
        ]
        return order.first { states.contains($0.0) }?.1 ?? ""
    }

    private static func intent(_ choices: inout Choices, customer: Int64) -> EditIntent {
        if customer == 3 {
            let discount = Discount(
                percent: BasisPoints(choices.int64(in: 500...3000)), validFrom: Timestamp(seconds: 1),
                validUntil: Timestamp(seconds: 4_000_000_000))
            return choices.bool(percent: 30) ? .cancelDiscount : .setDiscount(discount)
        }
        switch choices.int(in: 0...3) {
        case 0: return budget(choices.int64(in: 1...1000))
        case 1: return adjust(choices.int64(in: -50...50))
        case 2: return .freeze(choices.element(of: FreezeKind.allCases), reason: "r")
        default: return .unfreeze(.account, reason: "r", seen: [])
        }
    }

    /// One thing that can happen to a replica.
    private static func act(_ replica: TestReplica, _ sequence: inout Int64, _ choices: inout Choices) throws {
        switch choices.int(in: 0...5) {
        case 0, 1:
            let customer = choices.int64(in: 1...3)
            let wanted = intent(&choices, customer: customer)
            if let failure = code({ _ = try replica.add(wanted, customer) }) { try #require(failure == .refused) }
        case 2:
            let sent = try replica.push()
            guard !sent.isEmpty else { return }
            var results: [V1.Result] = []
            for number in sent {
                sequence += 1
                var answer = result(
                    number.value, choices.element(of: ResultCode.allCases), sequence: sequence, version: sequence)
                answer.conflict = answer.code == .held ? 77 : nil
                results.append(answer)
            }
            _ = try replica.store.record(V1.Results(epoch: "e1", results: results), sent: sent)
        case 3:
            let sent = try replica.push()
            if choices.bool() { try replica.store.neverLeft(sent) }
        case 4:
            let open = try replica.store.openEdits().filter { $0.state == .saved || $0.state == .dead }
            guard !open.isEmpty else { return }
            let edit = choices.element(of: open)
            _ = code {
                if choices.bool() {
                    try replica.store.discard(edit.number)
                } else {
                    _ = try replica.store.resend(edit.number)
                }
            }
        default:
            sequence += choices.int64(in: 0...3)
            let row = PageRow.budget(
                choices.int64(in: 1...2), version: sequence,
                choices.bool(percent: 80) ? choices.int64(in: 1...900) : nil)
            try replica.feed(sequence: sequence, end: choices.bool() ? .checkpoint : .more, choices.bool() ? [row] : [])
        }
    }

    private struct Difference: Error {
        let step: Int
        let shown: [String]
        let expected: [String]
    }

    @Test func `the projection is a replay of the unsettled edits over the image, whatever happened`() throws {
        try checkProperty("projection equals replay", cases: 40) { choices in
            let replica = try TestReplica.loaded()
            var sequence: Int64 = 10
            for step in 0..<choices.int(in: 1...25) {
                try Self.act(replica, &sequence, &choices)
                let shown = try replica.texts(replica.imageFile, Self.shown)
                let expected = try Self.replayed(replica.store)
                if shown != expected { throw Difference(step: step, shown: shown, expected: expected) }
            }
        }
    }

    @Test func `a reader lays edits over the image that the projection has not seen`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        // What a crash between the two files leaves: the outbox has the edit, the projection does not.
        try replica.store.live?.connection.execute("DELETE FROM pending")
        let seen = try replica.reader().customer(CustomerKey(1)).summary.budget
        #expect(
            seen.visible
                == .budget(Budget(amount: try #require(Money(major: 500)), type: .monthly, onExhaustion: .manual)))
        #expect(seen.pendingState == "saved here, not sent" && seen.version == Version(7))
    }

    @Test(arguments: [false, true])
    func `a projection that a crash left behind is put right by the next checkpoint`(hasEdit: Bool) throws {
        let replica = try TestReplica.loaded()
        if hasEdit { _ = try replica.add(budget(500)) }
        try replica.store.live?.connection.execute(
            "DELETE FROM pending; INSERT INTO pending VALUES (2, 'budget', 'gone', 1, 5, 'monthly', NULL, NULL, NULL)")
        try replica.reopen()
        try replica.feed(sequence: 10)
        #expect(try replica.texts(replica.imageFile, "SELECT customer FROM pending") == (hasEdit ? ["1"] : []))
    }

    @Test func `an edit that the image holds already is not laid over it a second time`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(adjust(50))
        _ = try replica.push()
        try replica.record(result(1, .applied, sequence: 12, version: 12))
        // A crash after the page's commit and before the edit is settled.
        let start = try replica.position()
        let bytes = try pageBytes(
            "feed/1", epoch: "e1", from: start, to: "x", sequence: 12, .checkpoint, [.budget(1, version: 12, 150)])
        var page = try ReceivedPage(bytes, kind: "feed/1", expectedCursor: start, isWhole: true)
        _ = try replica.store.live?.applyFeed(&page, at: 1) { connection in
            try Projection(connection).rewrite(try replica.store.openEdits())
        }
        #expect(try replica.state(1) == .resulted)
        let wanted = RegisterState.budget(
            Budget(amount: try #require(Money(major: 150)), type: .monthly, onExhaustion: .manual))
        #expect(try replica.reader().customer(CustomerKey(1)).summary.budget.visible == wanted)
        #expect(
            try replica.texts(replica.imageFile, "SELECT coalesce(budget_pending, budget) FROM customers WHERE key = 1")
                == ["150.00000000"])
        #expect(try replica.store.check(EditDraft(customer: CustomerKey(1), intent: adjust(1))).before == wanted)
    }

    @Test func `one more edit writes what stands of its customer, however many others wait`() throws {
        let replica = try TestReplica.loaded()
        for customer in [Int64(1), 2] {
            for intent in [budget(500), .setLabel("gold")] { _ = try replica.add(intent, customer) }
        }
        let image = try #require(replica.store.live).connection
        func written() throws -> Int64 { try image.statement("SELECT total_changes()").first { $0.int64(0) } ?? -1 }
        let before = try written()
        _ = try replica.add(.setLabel("gold"), 3)
        #expect(try written() == before + 1)
        _ = try replica.add(.setLabel("silver"), 3)
        #expect(try written() == before + 3)
        #expect(try replica.texts(replica.imageFile, "SELECT count(*) FROM pending") == ["5"])
    }
}
