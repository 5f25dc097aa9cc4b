import Glibc
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// A load that is ended anywhere goes on or begins anew, and what is shown is always whole.
@Suite struct LoadCrashTests {
    private static let pages: [[PageRow]] = [
        [.partner(), .cycle(), .customer(1, version: 20, name: "New"), .product()],
        (0..<40).map { .bill(50 + $0, customer: 1, units: 5) },
        (0..<40).map { .bill(90 + $0, customer: 1, units: 5) },
    ]

    /// Rows of the pages up to each of them.
    private static let ends = pages.indices.map { pages[...$0].reduce(0) { $0 + $1.count } }

    /// Takes a load from where it stands to its end.
    private func load(_ replica: TestReplica) throws {
        if replica.store.staging == nil {
            try replica.store.forgetImage()
            try replica.begin("e1", rows: Int64(LoadCrashTests.ends.last ?? 0))
        }
        if case .part? = replica.store.staging?.standing.position {
            let done = Int(replica.store.staging?.standing.rowsDone ?? 0)
            for (page, end) in zip(LoadCrashTests.pages, LoadCrashTests.ends) where end > done {
                try replica.snapshot(end: end == LoadCrashTests.ends.last ? .last : .more, page)
                if end == LoadCrashTests.ends.first {
                    try replica.store.staging?.keep(
                        PartBegun(
                            cursor: replica.position(), tag: "\"t\"", isGzip: false,
                            bytes: [UInt8](repeating: 7, count: 9000)))
                }
            }
        }
        try replica.feed(sequence: 30)
    }

    private func names(_ replica: TestReplica) throws -> [String] {
        try replica.reader().customers(matching: nil, limit: 9).map(\.customer.name)
    }

    /// What is shown is the old image, or the new one with all its rows and indexes.
    private func isWhole(_ replica: TestReplica) throws -> Bool {
        let names = try names(replica)
        guard names != ["Alpha", "Beta", "Gamma"] else { return true }
        let bills = try replica.texts(replica.imageFile, "SELECT count(*) FROM bill_record")
        let indexes = try replica.texts(
            replica.imageFile, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'bill_record_*'")
        let check = try replica.texts(replica.imageFile, "PRAGMA integrity_check")
        return names == ["New"] && bills == ["80"] && indexes == ["2"] && check == ["ok"]
    }

    @Test(arguments: [0, 1, 2, 3])
    func `a death or a power loss at any write of a load costs time and nothing else`(kind: UInt64) throws {
        var (write, isOver) = (0, false)
        while !isOver {
            write += write < 12 ? 1 : 5
            let replica = try TestReplica.loaded()
            replica.close()
            let disk = FaultDisk(folder: replica.path)
            defer { disk.unmount() }
            try replica.reopen()
            disk.die(atWrite: write)
            try? load(replica)
            isOver = !disk.isDead
            replica.close()
            let survivals: [FaultDisk.Survival?] = [nil, FaultDisk.Survival.none, .all]
            disk.revive(
                afterPowerLoss: kind < 3 ? survivals[Int(kind)] : .drawn(seed: UInt64(write)))
            try replica.reopen()
            #expect(try isWhole(replica), "write \(write)")
            if try names(replica) != ["New"] { try load(replica) }
            #expect(try names(replica) == ["New"] && isWhole(replica), "write \(write)")
            #expect(ReplicaFiles(folder: replica.path).numbers().count == 1)
            replica.close()
        }
        #expect(write > 40)
    }

    @Test func `while it loads a file has no log, and what is shown has one`() throws {
        let replica = try TestReplica.loaded()
        func isThere(_ name: String) -> Bool { access("\(replica.path)/\(name)", F_OK) == 0 }
        try replica.store.forgetImage()
        try replica.begin("e1", rows: 4)
        try replica.snapshot(end: .more, [.partner(), .cycle(), .customer(1, version: 20, name: "New")])
        #expect(!isThere("generation-3.db-wal") && isThere("generation-2.db-wal"))
        try replica.snapshot(end: .last, [.product(), .bill(50, customer: 1, units: 5)])
        try replica.feed(sequence: 20)
        #expect(isThere("generation-3.db-wal") && !isThere("generation-3.db-journal"))
        #expect(readFile("\(replica.path)/generation-3.db")[18...19] == [2, 2])
    }

    @Test func `a load that an older build began with a log goes on`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.begin("e1", rows: 4)
        try replica.snapshot(end: .more, [.partner(), .cycle(), .customer(1, version: 20, name: "New")])
        replica.close()
        let file = "\(replica.path)/generation-3.db"
        let older = try Connection(path: file, mode: .readWrite, durability: .normal)
        try older.write { try $0.execute("UPDATE meta SET rows_total = 7") }
        try replica.reopen()
        older.close()
        #expect(replica.store.staging?.standing.rowsTotal == 7)
        try replica.snapshot(end: .last, [.product(), .bill(50, customer: 1, units: 5)])
        try replica.feed(sequence: 20)
        #expect(try names(replica) == ["New"])
    }

    @Test func `a journal without its file is not taken for the next one's`() throws {
        let replica = try TestReplica.loaded()
        for suffix in ReplicaFiles.besides { writeFile("\(replica.path)/generation-3.db\(suffix)", "left by a crash") }
        try replica.reopen()
        for suffix in ReplicaFiles.besides {
            #expect(access("\(replica.path)/generation-3.db\(suffix)", F_OK) != 0, "\(suffix)")
        }
    }

    @Test func `a reader never waits for a load that writes its file beside heads`() throws {
        let replica = try TestReplica()
        _ = try replica.meet("e1")
        try replica.begin("e1", rows: 9)
        try replica.snapshot(end: .more, [.partner(), .customer(1, name: "Alpha"), .product()])
        #expect(try replica.reader().imageState()?.rowsDone == 3)
        let file = "\(replica.path)/generation-2.db"
        let other = try Connection(path: file, mode: .readWrite, durability: .loading)
        try other.execute("BEGIN EXCLUSIVE")
        let reader = try replica.reader()
        let isQuick = try isQuicker(than: .milliseconds(100)) {
            let began = ContinuousClock.now
            let rows = try reader.imageState()?.rowsDone
            let took = ContinuousClock.now - began
            #expect(rows == nil)
            return took
        }
        #expect(isQuick)
        try other.execute("ROLLBACK")
        other.close()
        #expect(try replica.reader().imageState()?.rowsDone == 3)
    }
}
