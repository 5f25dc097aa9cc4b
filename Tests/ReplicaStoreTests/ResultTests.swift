import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct ResultTests {
    static let expected: [(code: ResultCode, state: EditState)] = [
        (.applied, .resulted), (.merged, .resulted), (.noop, .settled), (.overruled, .settled), (.rejected, .dead),
        (.forbidden, .dead),
        (.unsupported, .dead), (.expired, .dead), (.held, .held), (.retry, .waiting), (.blocked, .waiting),
        (.needsStepUp, .waiting),
    ]

    @Test func `every result code leads to its state`() throws {
        #expect(Self.expected.map(\.code) == ResultCode.allCases)
        for (code, state) in Self.expected {
            let replica = try TestReplica.loaded()
            _ = try replica.add(budget(500))
            _ = try replica.push()
            let outcome = try replica.record(result(1, code, version: 11))
            #expect(try replica.state(1) == state, "\(code)")
            let lists = [outcome.final, outcome.dead, outcome.held, outcome.transient]
            let isIn: [EditState: Int] = [.resulted: 0, .settled: 0, .dead: 1, .held: 2, .waiting: 3]
            #expect(lists.firstIndex(of: [EditNumber(1)]) == isIn[state], "\(code)")
            // What needs a code is not sent again by itself.
            #expect(try replica.push().isEmpty == (state != .waiting || code == .needsStepUp), "\(code)")
        }
    }

    @Test func `an accepted edit is settled when the image reaches its result and not before`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        try replica.record(result(1, .applied, sequence: 12, version: 12))
        #expect(try replica.feed(sequence: 11).settled.isEmpty)
        #expect(try replica.state(1) == .resulted)
        #expect(try replica.feed(sequence: 12, end: .more, [.budget(1, version: 12, 500)]).settled.isEmpty)
        #expect(try replica.state(1) == .resulted)
        #expect(try replica.feed(sequence: 12).settled == [EditNumber(1)])
        #expect(try replica.state(1) == .settled)
    }

    @Test func `a result that the image has passed already settles at once`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        try replica.feed(sequence: 20, [.budget(1, version: 12, 500)])
        try replica.record(result(1, .applied, sequence: 12, version: 12))
        #expect(try replica.state(1) == .settled)
    }

    @Test func `a result of a newer epoch is settled by that epoch's image alone`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        try replica.record(result(1, .applied, sequence: 5, version: 5, epoch: "e2"), epoch: "e2")
        #expect(try replica.state(1) == .resulted)
        try replica.feed(sequence: 900)
        #expect(try replica.state(1) == .resulted)
        #expect(try replica.meet("e2") == .epochChanged)
        try replica.store.forgetImage()
        try replica.load("e2", sequence: 6, TestReplica.standardRows + [.budget(1, version: 5, 500)])
        #expect(try replica.state(1) == .settled)
    }

    @Test func `results for other edits than were sent are refused as a whole`() throws {
        let replica = try TestReplica.loaded()
        for intent in [budget(500), adjust(1)] { _ = try replica.add(intent) }
        let sent = try replica.push()
        let wrong = [
            [result(1, .applied)], [result(1, .applied), result(3, .applied)],
            [result(1, .applied), result(1, .applied)],
            [result(1, .rejected), result(2, .rejected), result(2, .rejected)],
        ]
        for results in wrong {
            #expect(
                code { _ = try replica.store.record(V1.Results(epoch: "e1", results: results), sent: sent) } == .badPage
            )
            #expect(try replica.state(1) == .sent && replica.state(2) == .sent)
        }
    }

    @Test func `the server is told of ends only, without a gap`() throws {
        let replica = try TestReplica.loaded()
        for intent in [budget(500), adjust(1), budget(502)] { _ = try replica.add(intent) }
        #expect(try replica.store.ackable() == nil)
        _ = try replica.push()
        try replica.record(result(1, .noop), result(2, .retry, sequence: 0), result(3, .rejected))
        #expect(try replica.store.ackable() == EditNumber(1))
        try replica.store.markAcked(EditNumber(1))
        #expect(try replica.store.ackable() == nil)
        _ = try replica.push()
        try replica.record(result(2, .noop))
        #expect(try replica.store.ackable() == EditNumber(3))
        try replica.store.markAcked(EditNumber(3))
        try replica.reopen()
        #expect(try replica.store.ackable() == nil)
    }
}
