import Diagnostics
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct OutboxTests {
    @Test func `an edit is durable and numbered when it is acknowledged`() throws {
        let replica = try TestReplica.loaded()
        let edit = try replica.add(budget(500))
        #expect(edit.number == EditNumber(1) && edit.state == .saved)
        #expect(try replica.store.outbox.statement("PRAGMA synchronous").first { $0.int64(0) } == 2)
        let other = TemporaryDirectory()
        crashCopy(replica.path, other.file("copy"))
        let survivor = try ReplicaStore(directory: other.file("copy"), clock: replica.clock, chance: replica.chance)
        let kept = try survivor.openEdits()
        #expect(kept.map(\.number) == [EditNumber(1)] && kept.first?.wire == edit.wire)
        #expect(try survivor.add(EditDraft(customer: CustomerKey(2), intent: budget(5))).number == EditNumber(2))
    }

    @Test func `a full disk takes neither the edit nor its number`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.outbox.limitPages(replica.store.outbox.pageCount)
        var taken: Int64 = 0
        let failure = code {
            for _ in 0..<100 {
                taken = try replica.add(.freeze(.account, reason: String(repeating: "r", count: 200))).number.value
            }
        }
        #expect(failure == .diskFull)
        #expect(try replica.store.openEdits().last?.number.value ?? 0 == taken)
        #expect(try replica.texts(replica.outboxFile, "SELECT last_number FROM identity") == ["\(taken)"])
        try replica.store.outbox.limitPages(100_000)
        #expect(try replica.add(budget(5)).number.value == taken + 1)
    }

    @Test func `what the store believes of an edit is what stands in the file, also after a commit that failed`() throws
    {
        let replica = try TestReplica.loaded()
        let disk = FaultDisk(folder: replica.path)
        defer { disk.unmount() }
        try replica.reopen()
        for write in 1...8 {
            disk.fail(atWrite: write)
            _ = try? replica.add(budget(Int64(write)))
            disk.heal()
            _ = try replica.add(budget(Int64(100 + write)))
            let kept = try replica.store.openEdits()
            #expect(try kept.map(\.wire) == replica.reader().edits(all: false).map(\.wire), "write \(write)")
            #expect(kept.last?.intent == budget(Int64(100 + write)))
        }
        replica.store.close()
    }

    @Test func `edits that have their end are not kept in memory`() throws {
        let replica = try TestReplica.loaded()
        let open = try replica.add(.freeze(.account, reason: "late")).number
        for amount in 1...150 { try replica.store.discard(try replica.add(budget(Int64(amount))).number) }
        #expect(try replica.store.openEdits().map(\.number) == [open])
        let kept = try #require(replica.store.rows.decoded)
        #expect(kept.count <= 65, "\(kept.count) edits are kept")
        #expect(try replica.store.rows.edit(open)?.intent == .freeze(.account, reason: "late"))
    }

    @Test func `numbers go on after a restart, a discard and a refusal by the limits`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.discard(try replica.add(budget(5)).number)
        #expect(code { _ = try replica.add(budget(0)) } == .refused)
        let before = replica.store.identity
        try replica.reopen()
        #expect(try replica.add(budget(6)).number == EditNumber(2))
        #expect(replica.store.identity.replica == before.replica)
        #expect(replica.store.identity.incarnation == before.incarnation + 1)
    }

    @Test func `stacked edits carry their predecessor and its base`() throws {
        let replica = try TestReplica.loaded()
        let first = try replica.add(budget(500))
        let second = try replica.add(adjust(50))
        let third = try replica.add(budget(700))
        let frozen = try replica.add(.freeze(.account, reason: "late"))
        let other = try replica.add(budget(9), 2)
        #expect([first, second, third].map(\.wire.base.value) == [7, 7, 7])
        #expect([first, second, third].map { $0.wire.predecessor?.value } == [nil, 1, 2])
        #expect(frozen.wire.predecessor == nil && frozen.wire.base.value == 0)
        #expect(other.wire.predecessor == nil && other.wire.base.value == 0)
    }

    @Test func `an edit carries what its author saw and when`() throws {
        let replica = try TestReplica.loaded()
        let cursor = try replica.position()
        _ = try replica.add(budget(500))
        replica.clock.advance(seconds: 60)
        let edit = try replica.add(adjust(50))
        let seen = try edit.wire.before?.state()
        #expect(seen == .budget(Budget(amount: try #require(Money(major: 500)), type: .monthly, onExhaustion: .manual)))
        #expect(edit.wire.madeUpon == cursor)
        #expect(
            edit.wire.deviceTime.value == replica.clock.now().seconds && edit.savedAt == replica.clock.now().seconds)
        #expect(try edit.wire.payloadHash == edit.wire.computedPayloadHash())
        #expect(edit.customerName == "Alpha" && edit.customerID == "id-1")
    }

    @Test func `a dry run says what would happen and leaves nothing`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        let preview = try replica.store.check(EditDraft(customer: CustomerKey(1), intent: adjust(50)))
        #expect(
            preview.after
                == .budget(Budget(amount: try #require(Money(major: 550)), type: .monthly, onExhaustion: .manual)))
        #expect(preview.predecessor == EditNumber(1) && preview.base == Version(7))
        #expect(try replica.store.openEdits().count == 1)
        #expect(try replica.add(adjust(1)).number == EditNumber(2))
    }

    @Test func `edits that cannot be judged here are refused with the reason`() throws {
        let empty = try TestReplica()
        #expect(code { _ = try empty.add(budget(5)) } == .notFound)
        let replica = try TestReplica.loaded()
        #expect(code { _ = try replica.add(budget(5), 99) } == .notFound)
        #expect(code { _ = try replica.add(budget(5), 3) } == .refused)
        #expect(code { _ = try replica.add(adjust(-100)) } == .refused)
        #expect(code { _ = try replica.add(adjust(1), 2) } == .refused)
        #expect(code { _ = try replica.add(.decideConflict(ConflictKey(5), .mine)) } == .notFound)
        #expect(try replica.store.openEdits().isEmpty)
    }

    @Test func `an edit that could not be read back is not accepted`() throws {
        let replica = try TestReplica.loaded()
        let amount = Money(units: 5 * Money.unitsPerMajor)
        for seconds in [-3_456_000_000, -62_200_000_000, 253_500_000_000] as [Int64] {
            let cycle = BillingCycle(containing: seconds)
            _ = try? replica.add(
                .setBudget(Budget(amount: amount, type: .monthly, onExhaustion: .manual), validThrough: cycle))
            try replica.reopen()
            let kept = try replica.store.openEdits()
            #expect(try kept.allSatisfy { try $0.wire.intent() == $0.intent })
        }
    }

    @Test func `an unfreeze names the confirmed freezes and cannot lift one that is only hoped for`() throws {
        let members = """
            [{"at":"1","by":"ana","cause":"manual","id":"41","kind":"account","reason":"r"},\
            {"at":"1","by":"system","cause":"vendor","id":"42","kind":"account","reason":"r"}]
            """
        let freezes = PageRow(.freezes, 1, version: 8, [.text(members), "account"])
        let replica = try TestReplica.loaded(TestReplica.standardRows + [freezes])
        let edit = try replica.add(.unfreeze(.account, reason: "paid", seen: []))
        #expect(edit.wire.seen == [41])
        _ = try replica.add(.freeze(.account, reason: "late"), 2)
        #expect(code { _ = try replica.add(.unfreeze(.account, reason: "paid", seen: []), 2) } == .refused)
    }
}
