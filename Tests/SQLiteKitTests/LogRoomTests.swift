import Glibc
import SQLiteKit
import TestKit
import Testing

/// Logs that are forced to disk with every commit.
struct LogRoomTests {
    private let folder = TemporaryDirectory()

    private func open(_ durability: Durability, isOnlyWriter: Bool = true) throws -> Connection {
        try Connection(path: folder.file("x.db"), mode: .create, durability: durability, isOnlyWriter: isOnlyWriter)
    }

    private func logBytes() -> Int {
        var info = stat()
        return stat(folder.file("x.db-wal"), &info) == 0 ? Int(info.st_size) : 0
    }

    private func insert(_ number: Int64, _ connection: Connection) throws {
        try connection.write { try $0.execute("INSERT INTO t VALUES (\(number), zeroblob(3000))") }
    }

    private func numbers(_ connection: Connection) throws -> [Int64] {
        try connection.statement("SELECT n FROM t ORDER BY n").rows { $0.int64(0) }
    }

    @Test func `a commit that makes the log longer lays room, and those after it do not make it longer`() throws {
        let connection = try open(.full)
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)") }
        let begun = logBytes()
        #expect(begun >= 64 << 10)
        var lengths: Set<Int> = []
        for number in 1...200 as ClosedRange<Int64> {
            try insert(number, connection)
            lengths.insert(logBytes())
        }
        // 400 pages and more in steps of as many bytes as there are, at most 512 KiB.
        #expect((3...8).contains(lengths.count), "\(lengths.sorted())")
        #expect((lengths.max() ?? 0) < 3 << 20)
        // A log that was emptied begins anew.
        try connection.checkpointTruncate()
        #expect(logBytes() == 0)
        try insert(201, connection)
        #expect(logBytes() >= 64 << 10)
        #expect(try numbers(try open(.reader)) == Array(1...201))
    }

    @Test(arguments: [(Durability.normal, true), (.full, false)])
    func `a log that is not forced with every commit, or that others write too, has no room`(
        durability: Durability, isOnlyWriter: Bool
    ) throws {
        let connection = try open(durability, isOnlyWriter: isOnlyWriter)
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)") }
        #expect(logBytes() < 32 << 10)
    }

    @Test(arguments: [0, 1, 2, 3] as [UInt64])
    func `every commit that was told is there after a power loss, whatever became of the room`(seed: UInt64) throws {
        for last in [1, 9, 17, 33, 60] as [Int64] {
            let folder = TemporaryDirectory()
            let disk = FaultDisk(folder: folder.path)
            defer { disk.unmount() }
            var connection = try Connection(
                path: folder.file("x.db"), mode: .create, durability: .full, isOnlyWriter: true)
            try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)") }
            for number in 1...last { try insert(number, connection) }
            disk.die()
            connection.close()
            disk.revive(afterPowerLoss: seed == 0 ? FaultDisk.Survival.none : .drawn(seed: seed &* 77 &+ UInt64(last)))
            connection = try Connection(path: folder.file("x.db"), mode: .create, durability: .full, isOnlyWriter: true)
            #expect(try numbers(connection) == Array(1...last))
            #expect(try connection.statement("PRAGMA integrity_check").first { $0.text(0) } == "ok")
            connection.close()
        }
    }

    @Test func `a commit forces its log once, and needs no room`() throws {
        let disk = FaultDisk(folder: folder.path)
        defer { disk.unmount() }
        let connection = try open(.full)
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)") }
        try insert(1, connection)
        let before = disk.figures(of: "x.db-wal")
        for number in 2...11 as ClosedRange<Int64> { try insert(number, connection) }
        #expect(disk.figures(of: "x.db-wal").syncs == before.syncs + 10)
        #expect(disk.figures(of: "x.db").syncs == 1)
        // The first write that makes the file longer is the room's: the commit before it holds.
        disk.isFull = true
        var taken: Int64 = 11
        while (try? insert(taken + 1, connection)) != nil { taken += 1 }
        #expect(taken > 11)
        disk.isFull = false
        #expect(try numbers(connection) == Array(1...taken))
        try insert(taken + 1, connection)
        connection.close()
    }

    @Test func `a file that was filled is no longer forced with every commit`() throws {
        let connection = try open(.loading)
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)") }
        #expect(try connection.statement("PRAGMA synchronous").first { $0.int64(0) } == 2)
        try connection.useLog()
        #expect(try connection.statement("PRAGMA synchronous").first { $0.int64(0) } == 1)
    }
}
