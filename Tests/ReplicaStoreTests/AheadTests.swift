import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Feed pages that are applied while the next one is on its way: a head start that nobody sees.
@Suite struct AheadTests {
    private let names = "SELECT name FROM customer ORDER BY key"
    private let replica: TestReplica

    init() throws {
        replica = try TestReplica.loaded()
        replica.clock.advance(seconds: 60)
    }

    private var ahead: Int? { replica.store.live?.ahead?.pages }

    /// Pages that rename customers.
    private func rename(_ customers: ClosedRange<Int64>, from sequence: Int64 = 11) throws {
        for customer in customers {
            let at = sequence + customer - 1
            try replica.feed(sequence: at, end: .more, [.customer(customer, version: at, name: "at \(at)")])
        }
    }

    private func shown() throws -> [String] { try replica.texts(replica.imageFile, names) }

    @Test func `what is applied ahead is seen by nobody before its checkpoint, and then all of it`() throws {
        try rename(1...3)
        // The first page is in the file; it comes with the first that is held.
        #expect(ahead == 2)
        #expect(try shown() == ["Alpha", "Beta", "Gamma"])
        let inside = try replica.store.live?.connection.statement(names).rows { $0.text(0) }
        #expect(inside == ["Alpha", "Beta", "Gamma"])
        let outcome = try replica.feed(sequence: 14, [.customer(2, version: 14, name: "at 14")])
        #expect(outcome.rows == 4 && ahead == nil)
        #expect(try shown() == ["at 11", "at 14", "at 13"])
        #expect(try replica.texts(replica.imageFile, "SELECT count(*) FROM spool") == ["0"])
        try rename(1...2, from: 21)
        #expect(ahead == 2, "it begins anew after a checkpoint")
    }

    @Test func `an edit takes it back, is shown at once, and the checkpoint brings everything`() throws {
        try rename(1...3)
        let edit = try replica.add(budget(500))
        #expect(ahead == nil)
        let pending = "SELECT budget_amount FROM pending WHERE customer = 1"
        #expect(try replica.texts(replica.imageFile, pending) == ["\(500 * Money.unitsPerMajor)"])
        replica.store.applyAhead()
        #expect(ahead == nil, "it would be taken back by the next edit")
        try replica.feed(sequence: 14)
        #expect(try shown() == ["at 11", "at 12", "at 13"])
        #expect(try replica.texts(replica.imageFile, pending).count == 1)
        #expect(try replica.state(edit.number.value) == .saved)
    }

    @Test func `edits that wait are laid over what the checkpoint brings`() throws {
        _ = try replica.add(adjust(5))
        try rename(1...2)
        #expect(ahead == 1)
        try replica.feed(sequence: 14, [.budget(1, version: 14, 200)])
        let pending = "SELECT budget_amount FROM pending WHERE customer = 1"
        #expect(try replica.texts(replica.imageFile, pending) == ["\(205 * Money.unitsPerMajor)"])
    }

    @Test func `a rest, a close and a forgotten image take it back and lose nothing`() throws {
        try rename(1...2)
        let cursor = try replica.position()
        replica.store.letGoAhead()
        #expect(try ahead == nil && replica.position() == cursor)
        try replica.feed(sequence: 14)
        try rename(1...2, from: 21)
        try replica.reopen()
        #expect(try shown() == ["at 11", "at 12", "Gamma"])
        try replica.feed(sequence: 24)
        #expect(try shown() == ["at 21", "at 22", "Gamma"])
        replica.clock.advance(seconds: 60)
        try rename(1...2, from: 31)
        #expect(ahead == 1)
        try replica.store.forgetImage()
        #expect(try ahead == nil && replica.store.pullPosition() == .nothing)
        #expect(try shown() == ["at 21", "at 22", "Gamma"])
    }

    @Test func `a process that ends leaves the image of the last checkpoint`() throws {
        try rename(1...3)
        #expect(ahead == 2)
        let copy = TemporaryDirectory()
        crashCopy(replica.path, copy.path)
        let after = try ReplicaStore(directory: copy.path, clock: replica.clock, chance: replica.chance)
        defer { after.close() }
        let customers = try ReplicaReader(directory: copy.path).customers(matching: nil, limit: 9)
        #expect(customers.map(\.customer.name) == ["Alpha", "Beta", "Gamma"])
    }

    @Test func `a page that cannot be applied is found out at the checkpoint, as without it`() throws {
        let checkpoint = try replica.position()
        try rename(1...2)
        // The digest is right and the row is none: a text where a number belongs.
        try replica.feed(sequence: 13, end: .more, [PageRow(.usage, 1, version: 13, ["not a number", 1])])
        #expect(ahead == nil)
        #expect(code { try replica.feed(sequence: 20) } == .badPage)
        #expect(try shown() == ["Alpha", "Beta", "Gamma"] && replica.position() == checkpoint)
    }

    @Test(arguments: 1...3) func `a checkpoint that cannot be written is tried again with all pages`(write: Int) throws
    {
        let disk = FaultDisk(folder: replica.path)
        defer { disk.unmount() }
        try replica.reopen()
        try rename(1...3)
        #expect(ahead == 2)
        let cursor = try replica.position()
        disk.fail(atWrite: write)
        #expect(throws: StoreError.self) { try replica.feed(sequence: 14) }
        #expect(try disk.failures == 1 && ahead == nil && replica.position() == cursor)
        #expect(try shown() == ["Alpha", "Beta", "Gamma"])
        try replica.feed(sequence: 14)
        #expect(try shown() == ["at 11", "at 12", "at 13"])
        replica.close()
    }

    @Test func `a checkpoint's page that is not the next one takes it back`() throws {
        try rename(1...2)
        #expect(code { try replica.feed(from: "elsewhere", sequence: 14) } == .badPage)
        #expect(ahead == nil)
        try replica.feed(sequence: 14)
        #expect(try shown() == ["at 11", "at 12", "Gamma"])
    }

    @Test func `another program that writes to the file keeps it from beginning, and nothing waits`() throws {
        let other = try Connection(path: replica.imageFile, mode: .readWrite, durability: .normal)
        try rename(1...1)
        try other.beginWrite()
        try replica.feed(sequence: 12, end: .more, [.customer(2, version: 12, name: "at 12")])
        #expect(ahead == nil)
        other.rollBackWrite()
        other.close()
        try replica.feed(sequence: 14)
        #expect(try shown() == ["at 11", "at 12", "Gamma"])
    }
}
