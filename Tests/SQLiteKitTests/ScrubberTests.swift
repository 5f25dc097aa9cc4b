import SQLiteKit
import TestKit
import Testing

/// Deleted rows leave no bytes in the files once these are scrubbed.
struct ScrubberTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("x.db") }

    private func open() throws -> Connection { try Connection(path: path, mode: .create, durability: .normal) }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `no mark of a row that was deleted or replaced is left in the file or the log`(seed: UInt64) throws {
        let connection = try open()
        var marks = try MarkedRows(connection, seed: seed)
        try marks.churn(connection, steps: 3000)
        #expect(try connection.scrub())
        // Closing would clear the log by itself: what it holds now counts.
        #expect(readFile(path + "-wal").isEmpty)
        #expect(try isWhole(connection))
        let kept = try marks.stored(connection)
        connection.close()
        #expect(kept == marks.alive)
        #expect(MarkedRows.found(in: readFile(path)).subtracting(marks.alive).isEmpty)
    }

    @Test func `without it some marks stay, so that the look at the file can tell`() throws {
        var left = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            let inner = TemporaryDirectory()
            let connection = try Connection(path: inner.file("x.db"), mode: .create, durability: .normal)
            var marks = try MarkedRows(connection, seed: seed)
            try marks.churn(connection, steps: 3000)
            try connection.checkpointTruncate()
            connection.close()
            left += MarkedRows.found(in: readFile(inner.file("x.db"))).subtracting(marks.alive).count
        }
        #expect(left > 0)
    }

    @Test func `what is written after does not bring marks back`() throws {
        let connection = try open()
        var marks = try MarkedRows(connection, seed: 11)
        try marks.churn(connection, steps: 3000)
        // Every page stands in the connection's memory, as it was before.
        _ = try marks.stored(connection)
        #expect(try connection.scrub())
        let before = marks.everMade
        try marks.touchAll(connection)
        try connection.checkpointTruncate()
        #expect(try isWhole(connection))
        connection.close()
        let old = MarkedRows.found(in: readFile(path)).filter { $0 <= before }
        #expect(Set(old).subtracting(marks.alive).isEmpty)
    }

    @Test func `a reader that holds the log makes it do nothing, and says so`() throws {
        let connection = try open()
        var marks = try MarkedRows(connection, seed: 3)
        try marks.churn(connection, steps: 500)
        try connection.checkpointTruncate()
        let reader = try Connection(path: path, mode: .readWrite, durability: .reader)
        try reader.read { transaction in
            _ = try transaction.statement("SELECT count(*) FROM plain").first { $0.int64(0) }
            try marks.churn(connection, steps: 50)
            #expect(try !connection.scrub())
            #expect(try !connection.isInTransaction && marks.stored(connection) == marks.alive)
        }
        #expect(try connection.scrub())
        #expect(readFile(path + "-wal").isEmpty)
    }

    @Test func `a page that is no part of a table is told, and nothing is written`() throws {
        try damage { page in for index in page.indices { page[index] = 0x55 } }
        let before = readFile(path)
        let connection = try open()
        let error = #expect(throws: SQLiteError.self) { try connection.scrub() }
        #expect(error?.code == .corrupt)
        #expect(error?.why == "page 2 is not what it should be" && error?.next.contains("integrity_check") == true)
        #expect(!connection.isInTransaction)
        connection.close()
        #expect(readFile(path) == before)
    }

    @Test func `a page that names itself as its child is told instead of being read for ever`() throws {
        // An interior page of a table without cells, whose right child is page 2 (file format, section 1.6).
        try damage { page in
            for index in page.indices { page[index] = 0 }
            page[0] = 5
            page[5] = 16
            page[11] = 2
        }
        let connection = try open()
        let error = #expect(throws: SQLiteError.self) { try connection.scrub() }
        #expect(error?.code == .corrupt)
    }

    /// Writes over page 2 of a small file while nobody has it open.
    private func damage(_ change: (inout [UInt8]) -> Void) throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (x TEXT) STRICT; INSERT INTO t VALUES ('row')")
        try connection.checkpointTruncate()
        connection.close()
        var bytes = readFile(path)
        var page = Array(bytes[4096..<8192])
        change(&page)
        bytes.replaceSubrange(4096..<8192, with: page)
        writeFile(path, bytes)
    }
}

/// The scrubbing of a file on a disk that fails.
struct ScrubberFaultTests {
    private static let rowSeed: UInt64 = 21

    /// Scrubs once on a disk of its own that `arm` has prepared; checks the file when the connection was
    /// made anew and scrubbed again. Returns whether no fault came.
    private func isGood(after arm: (FaultDisk) -> Void, survival: FaultDisk.Survival?) throws -> Bool {
        let folder = TemporaryDirectory()
        let disk = FaultDisk(folder: folder.path)
        defer { disk.unmount() }
        let path = folder.file("x.db")
        var connection = try Connection(path: path, mode: .create, durability: .normal)
        var marks = try MarkedRows(connection, seed: ScrubberFaultTests.rowSeed)
        try marks.churn(connection, steps: 1200)
        try connection.execute("PRAGMA wal_checkpoint(FULL)")
        arm(disk)
        let isDone = try? connection.scrub()
        let cameThrough = isDone == true && !disk.isDead && disk.failures == 0
        #expect(cameThrough || isDone == nil)
        #expect(!connection.isInTransaction || disk.isDead)
        connection.close()
        if disk.isDead { disk.revive(afterPowerLoss: survival) } else { disk.heal() }
        connection = try Connection(path: path, mode: .create, durability: .normal)
        #expect(try isWhole(connection))
        #expect(try marks.stored(connection) == marks.alive)
        #expect(try connection.scrub())
        connection.close()
        #expect(MarkedRows.found(in: readFile(path)).subtracting(marks.alive).isEmpty)
        return cameThrough
    }

    @Test func `an I/O error at each write leaves a good file that the next time clears`() throws {
        var write = 1
        while try !isGood(after: { $0.fail(atWrite: write) }, survival: nil) { write += 1 }
        #expect(write > 3)
    }

    @Test func `a power loss at each write leaves a good file that the next time clears`() throws {
        var write = 1
        while try !isGood(after: { $0.die(atWrite: write) }, survival: .drawn(seed: UInt64(write))) { write += 1 }
        #expect(write > 3)
    }

    @Test func `the end of the process at each write leaves a good file that the next time clears`() throws {
        var write = 1
        while try !isGood(after: { $0.die(atWrite: write) }, survival: nil) { write += 1 }
        #expect(write > 3)
    }

    @Test func `what was cleared is cleared also after a power loss that takes every write not forced to disk`() throws
    {
        let folder = TemporaryDirectory()
        let disk = FaultDisk(folder: folder.path)
        defer { disk.unmount() }
        let path = folder.file("x.db")
        let connection = try Connection(path: path, mode: .create, durability: .normal)
        var marks = try MarkedRows(connection, seed: ScrubberFaultTests.rowSeed)
        try marks.churn(connection, steps: 3000)
        #expect(try connection.scrub())
        disk.die()
        connection.close()
        disk.revive(afterPowerLoss: FaultDisk.Survival.none)
        #expect(MarkedRows.found(in: readFile(path)) == marks.alive)
    }
}
