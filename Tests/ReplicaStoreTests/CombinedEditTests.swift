import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What becomes of edits that go into the next one before they were sent.
@Suite struct CombinedEditTests {
    private func shownBudget(_ replica: TestReplica) throws -> RegisterState {
        try replica.reader().customer(CustomerKey(1)).summary.budget.visible
    }

    @Test func `three settings of one budget leave as one, and the numbers lead to it`() throws {
        let replica = try TestReplica.loaded()
        let first = try replica.add(budget(200))
        _ = try replica.add(budget(300))
        let third = try replica.add(budget(400))
        #expect(try (1...3).map { try replica.state($0) } == [.combined, .combined, .saved])
        #expect(third.wire.base == first.wire.base && third.wire.before == first.wire.before)
        #expect(third.wire.predecessor == nil && third.wire.madeUpon == first.wire.madeUpon)
        let reader = try replica.reader()
        #expect(try reader.edit(EditNumber(1)).combinedInto == EditNumber(2))
        #expect(try [1, 2, 3].map { try reader.end(of: EditNumber($0)) } == [3, 3, 3].map { EditNumber($0) })
        #expect(try reader.combined(into: EditNumber(3)) == [EditNumber(1), EditNumber(2)])
        let counts = try reader.outboxCounts()
        #expect(counts.saved == 1 && counts.unsettled == 1 && counts.dead == 0)
        #expect(try shownBudget(replica) == .budget(TestReplica.monthly(400)))
        #expect(try reader.history(of: CustomerKey(1), limit: 9).untold.map(\.number.value) == [3])
        #expect(try replica.push().map(\.value) == [3])
        try replica.record(result(3, .noop))
        #expect(try replica.store.ackable() == EditNumber(3))
    }

    @Test func `adjustments become their sum, shown once`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(adjust(10))
        let preview = try replica.store.check(EditDraft(customer: CustomerKey(1), intent: adjust(20)))
        #expect(preview.combines == EditNumber(1) && preview.intent == adjust(30))
        #expect(
            preview.before == .budget(TestReplica.monthly(100)) && preview.after == .budget(TestReplica.monthly(130)))
        #expect(try replica.state(1) == .saved)
        let sum = try replica.add(adjust(20))
        #expect(sum.intent == adjust(30) && sum.wire.before == V1.State(.budget(TestReplica.monthly(100))))
        #expect(try shownBudget(replica) == .budget(TestReplica.monthly(130)))
        #expect(
            try replica.texts(replica.imageFile, "SELECT edits || ':' || budget_amount FROM pending") == [
                "1:13000000000"
            ])
    }

    @Test func `what comes to nothing stays stacked`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(adjust(10))
        #expect(try replica.add(adjust(-10)).wire.predecessor?.value == 1)
        #expect(try replica.state(1) == .saved && replica.state(2) == .saved)
    }

    @Test func `what breaks a limit only together stays stacked`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(adjust(-30))
        try replica.feed(sequence: 12, [PageRow(.usage, 1, version: 12, [.integer(90 * Money.unitsPerMajor), 1])])
        // A raise may be made however much is used; together they are a cut below that.
        #expect(try replica.add(adjust(10)).wire.predecessor?.value == 1)
        #expect(try replica.state(1) == .saved && replica.state(2) == .saved)
        #expect(try replica.add(adjust(25)).wire.predecessor?.value == 1)
        #expect(try replica.state(2) == .combined)
    }

    @Test func `what was pushed and may have left is never taken in`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(200))
        #expect(try replica.push() == [EditNumber(1)])
        #expect(try replica.add(budget(300)).wire.predecessor?.value == 1)
        #expect(try replica.state(1) == .sent)
        // Of a push whose connection was never made no byte left.
        try replica.store.neverLeft([EditNumber(1)])
        let third = try replica.add(budget(400))
        #expect(third.wire.predecessor?.value == 1)
        #expect(try (1...3).map { try replica.state($0) } == [.saved, .combined, .saved])
        #expect(try replica.push().map(\.value) == [1, 3])
    }

    @Test func `a change by others since it was begun stays visible to the server`() throws {
        let replica = try TestReplica.loaded()
        let first = try replica.add(budget(200))
        try replica.feed(sequence: 12, [.budget(1, version: 12, 150)])
        let preview = try replica.store.check(EditDraft(customer: CustomerKey(1), intent: budget(300)))
        #expect(preview.before == .budget(TestReplica.monthly(150)) && preview.expected?.code == .held)
        let second = try replica.add(budget(300))
        #expect(second.wire.base.value == 7 && second.wire.before == V1.State(.budget(TestReplica.monthly(100))))
        #expect(second.wire.madeUpon == first.wire.madeUpon && second.prediction?.code == .held)
        _ = try replica.push()
        #expect(try replica.reader().edit(EditNumber(2)).prediction?.code == .held)
    }

    @Test func `edits of one request do not go into each other, but into one that waits`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(200))
        let drafts = [budget(300), budget(400)].map { EditDraft(customer: CustomerKey(1), intent: $0) }
        let edits = try replica.store.add(drafts, link: .none)
        #expect(edits.map { $0.wire.predecessor?.value } == [nil, 2])
        #expect(try (1...3).map { try replica.state($0) } == [.combined, .saved, .saved])
        let others = drafts.map { EditDraft(customer: CustomerKey(2), intent: $0.intent) }
        _ = try replica.add(budget(200), 2)
        #expect(try replica.store.add(others, link: .group).first?.wire.predecessor?.value == 4)
        #expect(try replica.state(4) == .saved)
    }

    @Test func `an edit of the same request that came between keeps an older one apart`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(200))
        let drafts = [.freeze(.account, reason: "late"), budget(300)].map {
            EditDraft(customer: CustomerKey(1), intent: $0)
        }
        #expect(try replica.store.add(drafts, link: .none).map { $0.wire.predecessor?.value } == [nil, 1])
        #expect(try replica.state(1) == .saved)
    }

    @Test func `nothing can be done with an edit that is part of another, and that one is named`() throws {
        let replica = try TestReplica.loaded()
        for amount in [200, 300, 400] { _ = try replica.add(budget(Int64(amount))) }
        let attempts: [() throws -> Void] = [
            { try replica.store.discard(EditNumber(1)) }, { _ = try replica.store.resend(EditNumber(1)) },
            { _ = try replica.store.undo(EditNumber(1)) },
        ]
        for attempt in attempts {
            let error = try #require(throws: StoreError.self) { try attempt() }
            #expect(error.code == .badState && error.why.contains("combined into edit 3"))
        }
        #expect(try (1...3).map { try replica.state($0) } == [.combined, .combined, .saved])
        try replica.store.discard(EditNumber(3))
        #expect(try (1...3).map { try replica.state($0) } == [.combined, .combined, .discarded])
        #expect(try shownBudget(replica) == .budget(TestReplica.monthly(100)))
        #expect(try replica.add(budget(500)).wire.predecessor == nil)
    }

    @Test func `a commit that fails leaves the older edit as it was`() throws {
        let replica = try TestReplica.loaded()
        let disk = FaultDisk(folder: replica.path)
        defer { disk.unmount() }
        try replica.reopen()
        for write in 1...6 {
            let first = try replica.add(budget(Int64(write)))
            disk.fail(atWrite: write)
            let isTaken = (try? replica.add(budget(500))) != nil
            disk.heal()
            #expect(try replica.state(first.number.value) == (isTaken ? .combined : .saved), "write \(write)")
            #expect(try replica.store.openEdits().count == 1)
            try replica.store.discard(try #require(try replica.store.openEdits().last).number)
        }
        replica.store.close()
    }

    @Test func `what went into an edit is found by its index`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(200))
        _ = try replica.add(budget(300))
        _ = try replica.store.rows.combined(into: EditNumber(2))
        let texts = replica.store.outbox.cachedTexts.filter { $0.contains("RECURSIVE") && !$0.contains("EXPLAIN") }
        let plan = try replica.store.outbox.prepare("EXPLAIN QUERY PLAN " + (try #require(texts.first)))
            .rows { $0.text(3) }.joined(separator: "; ")
        #expect(plan.contains("edit_combined") && !plan.contains("SCAN edit"))
    }
}
