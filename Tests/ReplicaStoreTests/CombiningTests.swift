import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Which never-sent edits go into the one made after them, and what both come to.
@Suite struct CombiningTests {
    private static let label = EditIntent.setLabel("gold")

    private func discount(_ percent: Int64) -> EditIntent {
        .setDiscount(
            Discount(
                percent: BasisPoints(percent * 100), validFrom: Timestamp(seconds: 0),
                validUntil: Timestamp(seconds: 86_400)))
    }

    @Test func `the later of two values stands, and two adjustments add up`() {
        #expect(Combining.sum(budget(1), budget(2)) == budget(2))
        #expect(Combining.sum(budget(2), budget(2)) == budget(2))
        #expect(Combining.sum(discount(5), discount(7)) == discount(7))
        #expect(Combining.sum(.setLabel("a"), .setLabel(nil)) == .setLabel(nil))
        #expect(Combining.sum(adjust(10), adjust(-3)) == adjust(7))
    }

    @Test func `kinds do not mix, and other kinds than values and adjustments never combine`() {
        let cancelled = EditIntent.cancelDiscount
        let others: [EditIntent] = [
            .freeze(.account, reason: "late"), .unfreeze(.account, reason: "paid", seen: [1]), cancelled,
            .assignManager("ana"), .withdrawManager, .decideRequest(approve: true),
            .decideConflict(ConflictKey(1), .mine),
        ]
        for intent in others { #expect(Combining.sum(intent, intent) == nil, "\(intent.kind)") }
        #expect(Combining.sum(budget(1), adjust(1)) == nil && Combining.sum(adjust(1), budget(1)) == nil)
        #expect(Combining.sum(discount(5), cancelled) == nil && Combining.sum(CombiningTests.label, budget(1)) == nil)
    }

    @Test func `adjustments that come to nothing, to no number, or expire at other times stay apart`() throws {
        #expect(Combining.sum(adjust(5), adjust(-5)) == nil)
        let most = EditIntent.adjustBudget(delta: Money(units: .max), validThrough: nil)
        let least = EditIntent.adjustBudget(delta: Money(units: .min), validThrough: nil)
        #expect(Combining.sum(most, adjust(1)) == nil && Combining.sum(least, adjust(-1)) == nil)
        let cycle = try #require(BillingCycle("2026-11"))
        let bounded = EditIntent.adjustBudget(delta: Money(units: 7), validThrough: cycle)
        #expect(Combining.sum(bounded, adjust(1)) == nil && Combining.sum(adjust(1), bounded) == nil)
        #expect(
            Combining.sum(bounded, bounded) == .adjustBudget(delta: Money(units: 14), validThrough: cycle))
    }

    // MARK: What goes into another

    private func found(
        _ new: EditIntent = budget(9), _ change: (inout V1.Edit) -> Void = { _ in }, state: EditState = .saved,
        sent: (at: Int64?, count: Int64) = (nil, 0), undoneBy: EditNumber? = nil, with others: [OutboxEdit] = []
    ) throws -> Combining? {
        let one = try edit(3, budget(5), change, state: state, sent: sent, undoneBy: undoneBy)
        let all = ([one] + others).sorted { $0.number < $1.number }
        return try Combining.find(new, among: all, in: all)
    }

    private func edit(
        _ number: Int64, _ intent: EditIntent, _ change: (inout V1.Edit) -> Void = { _ in },
        state: EditState = .saved, sent: (at: Int64?, count: Int64) = (nil, 0), undoneBy: EditNumber? = nil
    ) throws -> OutboxEdit {
        var wire = V1.Edit(number: number, kind: "", customer: 1, base: 7, deviceTime: 1)
        wire.setIntent(intent)
        wire.before = V1.State(.budget(TestReplica.monthly(100)))
        wire.madeUpon = "old"
        change(&wire)
        return OutboxEdit(
            number: EditNumber(number), customer: CustomerKey(1), customerID: "id-1", customerName: "Alpha",
            intent: intent, wire: wire, state: state, result: nil, savedAt: 1, firstSentAt: sent.at,
            sentCount: sent.count, resentAs: nil, undoneBy: undoneBy, prediction: nil)
    }

    @Test func `what was begun stands on what its author saw when it was begun`() throws {
        let both = try #require(try found(budget(9), { $0.predecessor = WireInteger(2) }))
        #expect(both.taken.number == EditNumber(3) && both.intent == budget(9))
        #expect(
            both.footing
                == Footing(
                    base: Version(7), before: .budget(TestReplica.monthly(100)), predecessor: EditNumber(2),
                    madeUpon: "old"))
    }

    @Test func `an edit that was ever sent stays as it is`() throws {
        for state in EditState.allCases where state != .saved { #expect(try found(state: state) == nil, "\(state)") }
        #expect(try found(sent: (5, 0)) == nil && found(sent: (nil, 1)) == nil)
        #expect(try found() != nil)
    }

    @Test func `an edit that is tied to others stays as it is`() throws {
        #expect(try found(budget(9), { $0.group = WireInteger(3) }) == nil)
        #expect(try found(budget(9), { $0.dependsOn = WireInteger(1) }) == nil)
        #expect(try found(budget(9), { $0.undoes = WireInteger(1) }) == nil)
        #expect(try found(undoneBy: EditNumber(9)) == nil)
        let dead = try edit(
            5, .unfreeze(.account, reason: "p", seen: []), { $0.dependsOn = WireInteger(3) }, state: .dead)
        #expect(try found(with: [dead]) == nil)
        #expect(try found(budget(9), { $0.before = nil }) == nil)
    }

    @Test func `only the newest edit of its customer goes into another, so that the order stays its author's`() throws {
        let later = try edit(4, .freeze(.account, reason: "late"))
        #expect(try found(with: [later]) == nil)
        let ended = try edit(4, .freeze(.account, reason: "late"), state: .dead)
        #expect(try found(with: [ended]) != nil)
        #expect(try found(with: [edit(2, .freeze(.account, reason: "late"))]) != nil)
    }
}
