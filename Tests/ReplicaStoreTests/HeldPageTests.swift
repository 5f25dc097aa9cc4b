import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Feed pages before a checkpoint that come one right after the other: they are held and not written.
@Suite struct HeldPageTests {
    private let spooled = "SELECT count(*) FROM spool"
    private let names = "SELECT name FROM customer ORDER BY key"

    /// A page before a checkpoint that renames a customer.
    private func rename(_ replica: TestReplica, _ key: Int64, at sequence: Int64) throws {
        try replica.feed(sequence: sequence, end: .more, [.customer(key, version: sequence, name: "at \(sequence)")])
    }

    private func inFile(_ replica: TestReplica) throws -> Int {
        try replica.texts(replica.imageFile, spooled).first.flatMap(Int.init) ?? -1
    }

    /// A replica whose last page came long ago.
    private func rested() throws -> TestReplica {
        let replica = try TestReplica.loaded()
        replica.clock.advance(seconds: 60)
        return replica
    }

    @Test func `the first page is written, those that follow at once are not, a slow link's all are`() throws {
        let replica = try rested()
        let steps: [(seconds: Int64, count: Int)] = [(0, 1), (0, 1), (1, 1), (5, 4), (2, 5)]
        for (place, (seconds, count)) in steps.enumerated() {
            replica.clock.advance(seconds: seconds)
            try rename(replica, 1, at: 11 + Int64(place))
            #expect(try inFile(replica) == count)
        }
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha", "Beta", "Gamma"])
        try replica.feed(sequence: 40)
        #expect(try inFile(replica) == 0)
        #expect(try replica.texts(replica.imageFile, names) == ["at 15", "Beta", "Gamma"])
    }

    @Test func `a process that ends fetches what was held again, and nothing is lost or skipped`() throws {
        let replica = try rested()
        try rename(replica, 1, at: 11)
        let written = try replica.position()
        try rename(replica, 2, at: 12)
        #expect(try replica.position() != written)
        let copy = TemporaryDirectory()
        crashCopy(replica.path, copy.path)
        let after = try ReplicaStore(directory: copy.path, clock: replica.clock, chance: replica.chance)
        defer { after.close() }
        #expect(try after.pullPosition() == .feed(cursor: written))
        let rows = [PageRow.customer(2, version: 12, name: "at 12")]
        let bytes = try pageBytes("feed/1", epoch: "e1", from: written, to: "end", sequence: 13, .checkpoint, rows)
        var page = try ReceivedPage(bytes, kind: "feed/1", expectedCursor: written, isWhole: true)
        _ = try after.applyFeedPage(&page)
        let customers = try ReplicaReader(directory: copy.path).customers(matching: nil, limit: 9)
        #expect(customers.map(\.customer.name) == ["Gamma", "at 11", "at 12"])
    }

    @Test func `a store that is closed keeps what it holds`() throws {
        let replica = try rested()
        for sequence in Int64(11)...13 { try rename(replica, sequence - 10, at: sequence) }
        let cursor = try replica.position()
        try replica.reopen()
        #expect(try replica.position() == cursor && inFile(replica) == 3)
        try replica.feed(sequence: 14)
        #expect(try replica.texts(replica.imageFile, names) == ["at 11", "at 12", "at 13"])
    }

    @Test func `memory is bounded: past its bound they are written together`() throws {
        let replica = try rested()
        try rename(replica, 1, at: 11)
        let text = String(repeating: "x", count: 250 * 1024)
        var largest = 0
        for sequence in Int64(12)...29 {
            let rows = (1...4).map { PageRow(.label, $0, version: sequence, [.text("\($0) \(sequence)" + text)]) }
            try replica.feed(sequence: sequence, end: .more, rows)
            largest = max(largest, Int(sequence) - 10 - (try inFile(replica)))
        }
        // Twelve pages of a mebibyte.
        #expect((11...12).contains(largest))
        try replica.feed(sequence: 30)
        #expect(
            try replica.texts(replica.imageFile, "SELECT version FROM label ORDER BY key") == ["29", "29", "29", "29"])
    }

    @Test func `a checkpoint that cannot be written is tried again with all that was held`() throws {
        let replica = try rested()
        let disk = FaultDisk(folder: replica.path)
        defer { disk.unmount() }
        try replica.reopen()
        try rename(replica, 1, at: 11)
        try rename(replica, 2, at: 12)
        let cursor = try replica.position()
        disk.fail(atWrite: 1)
        #expect(throws: StoreError.self) { try replica.feed(sequence: 13) }
        #expect(disk.failures == 1)
        #expect(try replica.position() == cursor)
        try replica.feed(sequence: 13)
        #expect(try replica.texts(replica.imageFile, names) == ["at 11", "at 12", "Gamma"])
        replica.close()
    }

    @Test func `pages are forgotten with the image`() throws {
        let replica = try rested()
        try rename(replica, 1, at: 11)
        try rename(replica, 2, at: 12)
        try replica.store.forgetImage()
        #expect(try replica.store.pullPosition() == .nothing)
        try replica.load("e1", sequence: 20, TestReplica.standardRows)
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha", "Beta", "Gamma"])
    }

    @Test(arguments: [0, 1]) func `a kept page that cannot be read is given up with the rest, and fetched again`(
        pagesAfter: Int
    ) throws {
        let replica = try rested()
        let checkpoint = try replica.position()
        try replica.feed(sequence: 11, end: .more, [.customer(1, version: 11, name: "at 11")])
        // The digest is right and the row is none: a text where a number belongs.
        if pagesAfter == 0 { replica.clock.advance(seconds: 60) }
        try replica.feed(sequence: 12, end: .more, [PageRow(.usage, 1, version: 12, ["not a number", 1])])
        for page in 0..<pagesAfter { try rename(replica, 2, at: 13 + Int64(page)) }
        #expect(code { try replica.feed(sequence: 20) } == .badPage)
        #expect(try replica.texts(replica.imageFile, names) == ["Alpha", "Beta", "Gamma"])
        #expect(try replica.position() == checkpoint && inFile(replica) == 0)
        try replica.feed(sequence: 21, [.customer(1, version: 21, name: "at 21")])
        #expect(try replica.texts(replica.imageFile, names) == ["at 21", "Beta", "Gamma"])
    }
}
