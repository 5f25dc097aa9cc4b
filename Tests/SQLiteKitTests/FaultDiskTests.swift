import SQLiteKit
import TestKit
import Testing

/// What is left of a file after the end of the process or the power.
struct FaultDiskTests {
    private let folder = TemporaryDirectory()
    private let disk: FaultDisk

    init() { disk = FaultDisk(folder: folder.path) }

    private func open(_ durability: Durability) throws -> Connection {
        try Connection(path: folder.file("x.db"), mode: .create, durability: durability)
    }

    private func rows(_ connection: Connection) throws -> [Int64] {
        try connection.statement("SELECT n FROM t ORDER BY n").rows { $0.int64(0) }
    }

    private func insert(_ number: Int64, _ connection: Connection) throws {
        try connection.write { try $0.execute("INSERT INTO t VALUES (\(number))") }
    }

    /// A file with row 1, as durable as can be.
    private func begin(_ durability: Durability) throws -> Connection {
        let connection = try open(durability)
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)") }
        try connection.checkpointTruncate()
        return connection
    }

    @Test func `a process that dies loses no commit`() throws {
        defer { disk.unmount() }
        var connection = try begin(.normal)
        try insert(2, connection)
        disk.die()
        #expect(throws: SQLiteError.self) { try insert(3, connection) }
        connection.close()
        disk.revive()
        connection = try open(.normal)
        #expect(try rows(connection) == [1, 2])
    }

    @Test func `a power loss keeps full commits and may take normal ones`() throws {
        defer { disk.unmount() }
        for (durability, kept) in [(Durability.full, [1, 2]), (.normal, [1])] as [(Durability, [Int64])] {
            let inner = TemporaryDirectory()
            let disk = FaultDisk(folder: inner.path)
            defer { disk.unmount() }
            var connection = try Connection(path: inner.file("x.db"), mode: .create, durability: durability)
            try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)") }
            try connection.checkpointTruncate()
            try insert(2, connection)
            disk.die()
            connection.close()
            disk.revive(afterPowerLoss: FaultDisk.Survival.none)
            connection = try Connection(path: inner.file("x.db"), mode: .create, durability: durability)
            #expect(try rows(connection) == kept)
        }
    }

    @Test func `a death at each write leaves a whole file with the commits before it`() throws {
        defer { disk.unmount() }
        for write in 1...12 {
            let inner = TemporaryDirectory()
            let disk = FaultDisk(folder: inner.path)
            defer { disk.unmount() }
            var connection = try Connection(path: inner.file("x.db"), mode: .create, durability: .full)
            try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)") }
            disk.die(atWrite: write)
            var acknowledged: [Int64] = []
            for number in 1...20 as ClosedRange<Int64> {
                do {
                    try insert(number, connection)
                    acknowledged.append(number)
                } catch { break }
            }
            #expect(disk.isDead)
            connection.close()
            disk.revive(afterPowerLoss: .drawn(seed: UInt64(write)))
            connection = try Connection(path: inner.file("x.db"), mode: .create, durability: .full)
            let found = try rows(connection)
            #expect(found == acknowledged || found == acknowledged + [Int64(acknowledged.count + 1)])
            #expect(try connection.statement("PRAGMA integrity_check").first { $0.text(0) } == "ok")
        }
    }

    @Test func `a full disk and an I/O error are told, and the file goes on after`() throws {
        defer { disk.unmount() }
        let connection = try begin(.full)
        disk.isFull = true
        #expect(throws: SQLiteError.self) { try insert(2, connection) }
        disk.isFull = false
        disk.fail(atWrite: 1)
        #expect(throws: SQLiteError.self) { try insert(3, connection) }
        try insert(4, connection)
        #expect(try rows(connection) == [1, 4])
    }
}
