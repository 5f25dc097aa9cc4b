import Diagnostics
import Glibc
import HTTPKit
import ReplicaStore
import SQLiteKit
import SyncEngine
import TestKit
import Testing

@testable import SyncDaemon

/// What the lanes carried: by day, over restarts and over crashes.
@Suite struct LaneBookTests {
    private let directory = TemporaryDirectory()
    /// 23:59 of a day.
    private let clock = FixedClock(seconds: 20_000 * 86_400 + 86_340)
    private static let one = Traffic.Totals(requests: 1, bytesSent: 10, bytesReceived: 100)

    private func note(_ book: LaneBook, _ lane: Lane = .pull, isWhole: Bool = true) {
        book.note(lane, LaneBookTests.one, took: .milliseconds(20), isWhole: isWhole, at: clock.now())
    }

    private func store() throws -> ReplicaStore {
        try ReplicaStore(directory: directory.file("replica"), clock: clock, chance: CountingChance())
    }

    @Test func `an exchange counts to its lane, and to the day on which it ended`() {
        let book = LaneBook(at: clock.now())
        note(book)
        note(book, .push, isWhole: false)
        clock.advance(seconds: 59)
        note(book)
        #expect(book.entries(at: clock.now())[Lane.pull.rawValue].today.requests == 2)
        clock.advance(seconds: 1)
        #expect(book.entries(at: clock.now()).allSatisfy { $0.today == Traffic.Totals() })
        note(book)
        let entries = book.entries(at: clock.now())
        #expect(entries[Lane.pull.rawValue].today == LaneBookTests.one)
        #expect(entries[Lane.pull.rawValue].sinceStart.bytesReceived == 300)
        #expect(entries[Lane.pull.rawValue].durations.count == 3 && entries[Lane.pull.rawValue].failures == 0)
        #expect(entries[Lane.push.rawValue].failures == 1 && entries[Lane.push.rawValue].today.requests == 0)
    }

    @Test func `what was kept goes on on the same day and on no other`() throws {
        let store = try store()
        defer { store.close() }
        #expect(try store.keptTraffic() == nil)
        let book = LaneBook(at: clock.now())
        note(book, .fill)
        try store.keepMeasures(agreedAt: nil, traffic: book.today(at: clock.now()))
        let again = LaneBook(at: clock.now(), kept: try store.keptTraffic())
        note(again, .fill)
        let fill = again.entries(at: clock.now())[Lane.fill.rawValue]
        #expect(fill.today == LaneBookTests.one + LaneBookTests.one && fill.sinceStart == LaneBookTests.one)
        clock.advance(seconds: 60)
        let nextDay = LaneBook(at: clock.now(), kept: try store.keptTraffic())
        #expect(nextDay.entries(at: clock.now()).allSatisfy { $0 == LaneBook.Entry() })
    }

    @Test func `times before 1970 and a clock set back are days like any other`() {
        let book = LaneBook(at: Instant(seconds: -1))
        book.note(.pull, LaneBookTests.one, took: .zero, isWhole: true, at: Instant(seconds: -86_400))
        #expect(book.entries(at: Instant(seconds: -1))[0].today == LaneBookTests.one)
        #expect(book.entries(at: Instant(seconds: 0))[0].today == Traffic.Totals())
        #expect(book.today(at: Instant(seconds: -1)).day == -1)
    }

    @Test func `the first agreement is kept at once, what follows every five minutes and at the end`() throws {
        let store = try store()
        defer { store.close() }
        let book = LaneBook(at: clock.now())
        let keeper = MeasureKeeper(
            store: store, book: book, clock: clock, log: Logger(program: "test", level: .error, descriptor: -1))
        var status = EngineStatus()
        note(book)
        keeper.look(status)
        #expect(try store.keptTraffic() == nil && store.identity.agreedAt == nil)
        status.lastAgreementAt = clock.now()
        let first = clock.now().seconds
        keeper.look(status)
        #expect(try store.identity.agreedAt == first && store.keptTraffic()?.lanes.count == Lane.allCases.count)
        clock.advance(seconds: 299)
        status.lastAgreementAt = clock.now()
        keeper.look(status)
        // A crash here leaves the older agreement, which was one.
        #expect(store.identity.agreedAt == first)
        clock.advance(seconds: 1)
        keeper.look(status)
        #expect(store.identity.agreedAt == first + 299)
        status.lastAgreementAt = clock.now()
        keeper.keep(status)
        #expect(store.identity.agreedAt == first + 300)
    }

    @Test func `what cannot be kept is tried again after pauses that grow, not with every batch`() throws {
        let folder = TemporaryDirectory()
        let descriptor = open(folder.file("log"), O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let store = try ReplicaStore(directory: folder.file("state"), clock: clock, chance: CountingChance(seed: 1))
        defer { store.close() }
        let beside = try Connection(path: "\(folder.file("state"))/outbox.db", mode: .readWrite, durability: .full)
        defer { beside.close() }
        try beside.execute("ALTER TABLE traffic RENAME TO gone")
        let keeper = MeasureKeeper(
            store: store, book: LaneBook(at: clock.now()), clock: clock,
            log: Logger(program: "test", level: .info, descriptor: descriptor))
        var status = EngineStatus()
        status.lastAgreementAt = clock.now()
        func tries() -> Int { readFile(folder.file("log")).filter { $0 == UInt8(ascii: "\n") }.count }
        for _ in 0..<20 { keeper.look(status) }
        #expect(tries() == 1)
        clock.advance(seconds: 10)
        for _ in 0..<20 { keeper.look(status) }
        #expect(tries() == 2)
        clock.advance(seconds: 10)
        keeper.look(status)
        #expect(tries() == 2)
        try beside.execute("ALTER TABLE gone RENAME TO traffic")
        clock.advance(seconds: 10)
        keeper.look(status)
        #expect(tries() == 2 && store.identity.agreedAt != nil)
    }
}
