import Glibc
import SQLiteKit
import TestKit
import Testing

/// Files that are filled before anybody reads them.
struct LoadingTests {
    private func open(_ folder: TemporaryDirectory, _ durability: Durability = .loading) throws -> Connection {
        try Connection(
            path: folder.file("x.db"), mode: .create, durability: durability, busyTimeoutMilliseconds: 1)
    }

    private func isThere(_ folder: TemporaryDirectory, _ suffix: String) -> Bool {
        access(folder.file("x.db\(suffix)"), F_OK) == 0
    }

    /// Rows 10 * number and on, over several pages.
    private func fill(_ number: Int64, _ connection: Connection) throws {
        try connection.write { transaction in
            for row in 0..<5 as Range<Int64> {
                try transaction.execute("INSERT INTO t VALUES (\(number * 10 + row), zeroblob(3000))")
            }
            try transaction.execute("UPDATE m SET n = \(number)")
        }
    }

    private func begin(_ connection: Connection) throws {
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB); CREATE TABLE m (n)") }
        try connection.write { try $0.execute("INSERT INTO m VALUES (0)") }
    }

    private func commits(_ connection: Connection) throws -> Int64 {
        #expect(try connection.statement("PRAGMA integrity_check").first { $0.text(0) } == "ok")
        let last = try connection.statement("SELECT n FROM m").first { $0.int64(0) } ?? -1
        #expect(try connection.statement("SELECT count(*) FROM t").first { $0.int64(0) } == last * 5)
        return last
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5])
    func `a death or a power loss at any write leaves every commit or none of it`(kind: UInt64) throws {
        var write = 0
        var isOver = false
        while !isOver {
            write += 1
            let folder = TemporaryDirectory()
            let disk = FaultDisk(folder: folder.path)
            defer { disk.unmount() }
            var connection = try open(folder)
            try begin(connection)
            disk.die(atWrite: write)
            var acknowledged: Int64 = 0
            for number in 1...4 as ClosedRange<Int64> {
                do {
                    try fill(number, connection)
                    acknowledged = number
                } catch { break }
            }
            if acknowledged == 4 { do { try connection.useLog() } catch {} }
            isOver = !disk.isDead
            connection.close()
            let survivals: [FaultDisk.Survival?] = [nil, FaultDisk.Survival.none, .all]
            disk.revive(
                afterPowerLoss: kind < 3
                    ? survivals[Int(kind)] : .drawn(seed: kind &* 1000 &+ UInt64(write)))
            connection = try open(folder)
            let found = try commits(connection)
            #expect(found == acknowledged || found == acknowledged + 1, "write \(write)")
            // It goes on from there, and can be given its log.
            try fill(found + 1, connection)
            try connection.useLog()
            #expect(try commits(connection) == found + 1)
            connection.close()
        }
        #expect(write > 20)
    }

    @Test func `pages are written once: a journal while a file is filled, the log from the end on`() throws {
        let folder = TemporaryDirectory()
        let connection = try open(folder)
        try begin(connection)
        try fill(1, connection)
        #expect(!isThere(folder, "-wal") && !isThere(folder, "-journal"))
        try connection.useLog()
        try fill(2, connection)
        #expect(isThere(folder, "-wal"))
        // A file that has a log keeps its rows when it is filled further.
        connection.close()
        let again = try open(folder)
        try again.useJournal()
        try fill(3, again)
        #expect(try commits(again) == 3 && !isThere(folder, "-wal"))
    }

    @Test func `who reads the file keeps it from getting its log, and nothing else`() throws {
        let folder = TemporaryDirectory()
        let connection = try open(folder)
        try begin(connection)
        let reader = try open(folder, .reader)
        try reader.read { transaction in
            _ = try transaction.statement("SELECT n FROM m").first { $0.int64(0) }
            #expect(throws: SQLiteError.self) { try connection.useLog() }
        }
        try connection.useLog()
        try fill(1, connection)
        #expect(try commits(reader) == 1)
        // Nor does it lose its log then.
        try reader.read { transaction in
            _ = try transaction.statement("SELECT n FROM m").first { $0.int64(0) }
            try connection.useJournal()
            try fill(2, connection)
        }
        #expect(try commits(reader) == 2 && isThere(folder, "-wal"))
    }

    @Test func `a large index is made in little memory, and the cache is as before`() throws {
        let folder = TemporaryDirectory()
        let connection = try open(folder)
        try connection.write { transaction in
            try transaction.execute(
                """
                CREATE TABLE t (n INTEGER PRIMARY KEY, a INTEGER);
                WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000)
                INSERT INTO t SELECT n, n * 7919 % 1009 FROM c
                """)
        }
        try connection.write { transaction in
            try connection.sorting(cacheKiB: 512, after: 3000) {
                try transaction.execute("CREATE INDEX a ON t (a)")
            }
        }
        #expect(try connection.statement("PRAGMA integrity_check").first { $0.text(0) } == "ok")
        #expect(try connection.statement("PRAGMA cache_size").first { $0.int64(0) } == -3000)
    }
}
