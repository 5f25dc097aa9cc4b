import Diagnostics
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct PullTests {
    private let names = "SELECT name FROM customer ORDER BY key"

    @Test func `a page and its cursor are one commit`() throws {
        let replica = try TestReplica.loaded()
        let before = try replica.position()
        // The second row has a text where a number belongs: the first must not stay alone.
        let bad = PageRow(.usage, 1, version: 11, ["not a number", 1])
        #expect(code { try replica.feed(sequence: 11, [.customer(1, version: 11, name: "Changed"), bad]) } == .badPage)
        #expect(try replica.position() == before)
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha", "Beta", "Gamma"])
        try replica.feed(sequence: 11, [.customer(1, version: 11, name: "Changed")])
        #expect(try replica.position() != before)
        #expect(try replica.texts(replica.imageFile, names) == ["Changed", "Beta", "Gamma"])
    }

    @Test func `a page that does not start at the stored cursor is refused`() throws {
        let replica = try TestReplica.loaded()
        let start = try replica.position()
        try replica.feed(sequence: 11, [PageRow(.customer, 2, version: 11)])
        // A late reply for the cursor before would bring the wiped customer back.
        #expect(
            code { try replica.feed(from: start, sequence: 12, [.customer(2, version: 12, name: "Back")]) } == .badPage)
        #expect(
            code { try replica.snapshot(from: start, end: .last, [.customer(2, version: 12, name: "Back")]) }
                == .badState)
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha", "Gamma"])
        try replica.begin("e1", rows: 1)
        #expect(code { try replica.snapshot(from: "elsewhere", end: .last, []) } == .badPage)
        #expect(code { try replica.feed(from: start, sequence: 12) } == .badPage)
    }

    @Test func `pages before a checkpoint are kept but not shown`() throws {
        let replica = try TestReplica.loaded()
        try replica.feed(sequence: 11, end: .more, [.customer(1, version: 11, name: "First")])
        try replica.feed(sequence: 12, end: .more, [.customer(2, version: 12, name: "Second")])
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha", "Beta", "Gamma"])
        let cursor = try replica.position()
        try replica.reopen()
        #expect(try replica.position() == cursor)
        let outcome = try replica.feed(
            sequence: 13, [.customer(3, version: 13, name: "Third", association: "referral")])
        #expect(outcome.reachedCheckpoint && outcome.rows == 3)
        #expect(try replica.texts(replica.imageFile, names) == ["First", "Second", "Third"])
        #expect(try replica.texts(replica.imageFile, "SELECT count(*) FROM spool") == ["0"])
    }

    @Test func `an older row never replaces a newer one, and a repeat changes nothing`() throws {
        let replica = try TestReplica.loaded()
        try replica.feed(sequence: 20, [.customer(1, version: 20, name: "New"), PageRow(.customer, 2, version: 20)])
        try replica.feed(
            sequence: 21, [.customer(1, version: 15, name: "Old"), .customer(1, version: 20, name: "Same")])
        try replica.feed(sequence: 22, [PageRow(.customer, 1, version: 19), PageRow(.customer, 1, version: 20)])
        #expect(try replica.texts(replica.imageFile, names) == ["New", "Gamma"])
        try replica.feed(sequence: 23, [PageRow(.customer, 1, version: 23)])
        #expect(try replica.texts(replica.imageFile, names) == ["Gamma"])
    }

    @Test func `customers can be read before the bill records have come`() throws {
        let replica = try TestReplica()
        _ = try replica.meet("e1")
        try replica.begin("e1", rows: 7)
        try replica.snapshot(end: .more, [.partner(), .cycle(), .customer(1, name: "Alpha")])
        #expect(try replica.reader().imageState() == nil)
        try replica.snapshot(end: .more, [.customer(2, name: "Beta"), .product(), .bill(50, customer: 1, units: 5)])
        #expect(try replica.reader().customers(matching: nil, limit: 9).map(\.customer.name) == ["Alpha", "Beta"])
        let state = try #require(try replica.reader().imageState())
        #expect(state.isLoading && state.rowsDone == 6 && state.rowsTotal == 7 && state.checkpointAt == nil)
        #expect(try replica.add(budget(5)).number == EditNumber(1))
        try replica.snapshot(end: .last, [.bill(51, customer: 1, units: 5)])
        try replica.feed(sequence: 10)
        let done = try #require(try replica.reader().imageState())
        #expect(!done.isLoading && done.rowsDone == 7 && done.checkpointAt == replica.clock.now().seconds)
    }

    @Test func `an interrupted first load goes on where it stopped`() throws {
        let replica = try TestReplica()
        _ = try replica.meet("e1")
        try replica.begin("e1", rows: 5)
        try replica.snapshot(end: .more, [.partner(), .cycle(), .customer(1, name: "Alpha")])
        let cursor = try replica.position()
        try replica.reopen()
        #expect(try replica.store.pullPosition() == .heads(cursor: cursor))
        #expect(replica.store.loadProgress().map { [$0.done, $0.total] } == [3, 5])
        #expect(try replica.meet("e1") == .same)
        try replica.snapshot(end: .more, [.product(), .bill(50, customer: 1, units: 5)])
        let later = try replica.position()
        try replica.reopen()
        #expect(replica.store.staging?.standing.position == .part(cursor: later))
        #expect(replica.store.loadProgress().map { [$0.done, $0.total] } == [5, 5])
        try replica.snapshot(end: .last, [])
        try replica.feed(sequence: 10)
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha"])
        #expect(try replica.reader().bills(customer: nil, cycle: nil, limit: 9).count == 1)
    }

    @Test func `a page cut on the way is kept up to its last cursor line`() throws {
        let replica = try TestReplica.loaded()
        let start = try replica.position()
        let rows = (100..<200).map { PageRow.customer($0, version: 11, name: "C\($0)") }
        let whole = try pageBytes("feed/1", epoch: "e1", from: start, to: "end", sequence: 11, .checkpoint, rows)
        var page = try ReceivedPage(Array(whole.dropLast(200)), kind: "feed/1", expectedCursor: start, isWhole: false)
        let outcome = try replica.store.applyFeedPage(&page)
        #expect(outcome.rows == ProtocolLimits.rowsPerCursorLine && !outcome.reachedCheckpoint)
        #expect(try replica.position() == "end-64")
        #expect(try replica.reader().customerCount() == 3)
        try replica.feed(sequence: 11, Array(rows.dropFirst(64)))
        #expect(try replica.reader().customerCount() == 103)
    }
}
