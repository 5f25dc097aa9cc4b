import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Edits asked for at once: kept whole or not at all, tied to each other, and in the author's order.
@Suite struct LinkTests {
    private func drafts(_ wanted: [(EditIntent, Int64)]) -> [EditDraft] {
        wanted.map { EditDraft(customer: CustomerKey($0.1), intent: $0.0) }
    }

    private let frozen = TestReplica.standardRows + [PageRow.freezes(1, version: 8, ids: [41])]

    @Test func `a group names its first edit and its size, and stacks on what went before`() throws {
        let replica = try TestReplica.loaded()
        let before = try replica.add(budget(200))
        let group = try replica.store.add(
            drafts([(budget(500), 1), (.setLabel("gold"), 1), (adjust(50), 1)]), link: .group)
        #expect(group.map(\.number.value) == [2, 3, 4])
        #expect(group.map { $0.wire.group?.value } == [2, 2, 2] && group.map { $0.wire.groupSize } == [3, 3, 3])
        #expect(group.map { $0.wire.predecessor?.value } == [1, nil, 2])
        #expect(group.allSatisfy { $0.wire.dependsOn == nil } && before.wire.group == nil)
        let hashes = try group.map { try $0.wire.computedPayloadHash() }
        #expect(group.map(\.wire.payloadHash) == hashes)
        #expect(try group[2].wire.before?.state() == .budget(TestReplica.monthly(500)))
        #expect(try replica.store.openEdits() == [before] + group)
        #expect(
            try replica.texts(replica.outboxFile, "SELECT group_number || '' FROM edit WHERE number > 1")
                == ["2", "2", "2"])
    }

    @Test func `each later edit depends on the first and is checked on what the first makes`() throws {
        let replica = try TestReplica.loaded(frozen)
        let linked = try replica.store.add(
            drafts([(budget(900), 1), (.unfreeze(.account, reason: "paid", seen: []), 1)]), link: .dependsOnFirst)
        #expect(linked.map { $0.wire.dependsOn?.value } == [nil, 1] && linked[1].wire.seen == [41])
        #expect(linked.allSatisfy { $0.wire.group == nil && $0.wire.predecessor == nil })
        // Without a budget there is nothing to adjust but the one that the same request sets.
        let stacked = try replica.store.add(drafts([(budget(5), 2), (adjust(1), 2)]), link: .dependsOnFirst)
        #expect(stacked[1].wire.predecessor?.value == 3 && stacked[1].wire.dependsOn?.value == 3)
    }

    @Test func `an unfreeze is checked on the budget that the edits before it make`() throws {
        let replica = try TestReplica.loaded(exhausted)
        let unfreeze = EditIntent.unfreeze(.account, reason: "raised", seen: [])
        #expect(code { _ = try replica.add(unfreeze) } == .refused)
        for link in [EditLink.dependsOnFirst, .group] {
            func planned(_ first: EditIntent, _ second: EditIntent) throws -> [EditPreview] {
                try replica.store.check(drafts([(first, 1), (second, 1)]), link: link)
            }
            #expect(code { _ = try planned(budget(150), unfreeze) } == .refused)
            #expect(code { _ = try planned(unfreeze, budget(151)) } == .refused)
            #expect(try planned(budget(151), unfreeze)[1].expected?.code == .applied)
        }
        _ = try replica.add(budget(500))
        #expect(code { _ = try replica.store.check(EditDraft(customer: CustomerKey(1), intent: unfreeze)) } == nil)
        // A raise that waits for a person has raised nothing.
        try replica.push()
        try replica.record(result(1, .held))
        #expect(code { _ = try replica.store.check(EditDraft(customer: CustomerKey(1), intent: unfreeze)) } == .refused)
    }

    /// Customer 1 is frozen because its budget of 100 is used up: 150 are used.
    private let exhausted: [PageRow] = {
        let freeze =
            #"[{"at":"1","by":"system","cause":"budget","id":"41","kind":"account","reason":"budget exhausted"}]"#
        return TestReplica.standardRows + [
            PageRow(.freezes, 1, version: 8, [.text(freeze), "account"]),
            PageRow(.usage, 1, version: 9, [.integer(150 * Money.unitsPerMajor), 1]),
        ]
    }()

    @Test func `one edit that is not accepted takes the whole request with it and is named`() throws {
        let replica = try TestReplica.loaded()
        for link in [EditLink.none, .dependsOnFirst, .group] {
            let failure = #expect(throws: StoreError.self) {
                try replica.store.add(drafts([(budget(5), 1), (adjust(1), 1), (budget(0), 1)]), link: link)
            }
            #expect(failure?.code == .refused && failure?.position == 2)
        }
        #expect(try replica.store.openEdits().isEmpty)
        // No number was used up, and what was planned is not believed.
        let next = try replica.add(.setLabel("x"))
        #expect(next.number == EditNumber(1))
        #expect(try replica.store.openEdits() == [next])
    }

    @Test func `links have bounds and one customer`() throws {
        let replica = try TestReplica.loaded()
        func refused(_ drafts: [EditDraft], _ link: EditLink) -> Bool {
            code { _ = try replica.store.add(drafts, link: link) } == .refused
        }
        let one = drafts([(budget(5), 1)])
        let labels = (0..<21).map { EditDraft(customer: CustomerKey(1), intent: .setLabel("l\($0)")) }
        for link in [EditLink.dependsOnFirst, .group] {
            #expect(refused(one, link) && refused(labels, link) && refused([], link))
            #expect(refused(drafts([(budget(5), 1), (budget(5), 2)]), link))
            #expect(refused(drafts([(budget(5), 1), (.decideConflict(ConflictKey(1), .mine), 1)]), link))
        }
        #expect(refused([], .none))
        #expect(refused(Array(repeating: one[0], count: EditLink.editsMax + 1), .none))
        #expect(try replica.store.openEdits().isEmpty)
        #expect(try replica.store.add(Array(labels.prefix(20)), link: .group).count == 20)
        #expect(try replica.store.add(drafts([(budget(5), 1), (budget(5), 2)]), link: .none).count == 2)
    }

    @Test func `a group larger than a push is refused, for it could never leave`() throws {
        let ids = (1...100).map { Int64($0) }
        let reason = String(repeating: "r", count: 50)
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [PageRow.freezes(1, version: 8, ids: ids, reason: reason)])
        let many = (0..<20).map { _ in EditDraft(customer: CustomerKey(1), intent: .freeze(.account, reason: reason)) }
        #expect(code { _ = try replica.store.add(many, link: .group) } == .refused)
        #expect(try replica.store.openEdits().isEmpty)
        #expect(try replica.store.add(many, link: .none).count == 20)
    }

    @Test func `a dry run of linked edits says what each would do and leaves nothing`() throws {
        let replica = try TestReplica.loaded()
        let previews = try replica.store.check(drafts([(budget(500), 1), (adjust(50), 1)]), link: .group)
        #expect(previews.map(\.after) == [.budget(TestReplica.monthly(500)), .budget(TestReplica.monthly(550))])
        #expect(previews[1].before == previews[0].after && previews[1].predecessor == EditNumber(1))
        #expect(try replica.store.openEdits().isEmpty)
        #expect(try replica.add(budget(1)).number == EditNumber(1))
    }

    @Test func `an edit that finds nothing to act on is refused, also when an earlier one of the request took it`()
        throws
    {
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [PageRow(.manager, 1, version: 9, ["ben"])])
        #expect(code { _ = try replica.add(.assignManager("eve")) } == .refused)
        #expect(code { _ = try replica.add(.withdrawManager, 2) } == .refused)
        #expect(code { _ = try replica.add(.decideRequest(approve: true)) } == .refused)
        let replacing = try replica.store.add(
            drafts([(.withdrawManager, 1), (.assignManager("eve"), 1)]), link: .group)
        #expect(replacing[1].wire.predecessor?.value == 1)
        let twice = #expect(throws: StoreError.self) {
            try replica.store.add(drafts([(.setLabel("a"), 1), (.assignManager("ida"), 1)]), link: .group)
        }
        #expect(twice?.position == 1 && twice?.violation?.code == "FB.HAS_MANAGER")
    }

    @Test func `links survive a restart and are sent as they were made`() throws {
        let replica = try TestReplica.loaded(frozen)
        let made = try replica.store.add(
            drafts([(budget(900), 1), (.unfreeze(.account, reason: "paid", seen: []), 1)]), link: .dependsOnFirst)
        try replica.reopen()
        #expect(try replica.store.nextPush()?.edits == made.map(\.wire))
    }
}
