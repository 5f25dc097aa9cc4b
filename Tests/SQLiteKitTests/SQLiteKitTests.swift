import SQLiteKit
import TestKit
import Testing

@Suite struct SQLiteKitTests {
    private let folder = TemporaryDirectory()

    private func open(_ name: String = "a.db", _ durability: Durability = .normal) throws -> Connection {
        try Connection(path: folder.file(name), mode: .create, durability: durability)
    }

    @Test func `a file opens in WAL mode with the durability asked for`() throws {
        let full = try open("full.db", .full)
        #expect(try full.statement("PRAGMA journal_mode").first { $0.text(0) } == "wal")
        #expect(try full.statement("PRAGMA synchronous").first { $0.int64(0) } == 2)
        #expect(try open("normal.db").statement("PRAGMA synchronous").first { $0.int64(0) } == 1)
        #expect(try full.statement("PRAGMA foreign_keys").first { $0.int64(0) } == 1)
    }

    @Test func `a transaction that throws leaves nothing`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (x INTEGER) STRICT")
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try connection.write { transaction in
                try transaction.execute("INSERT INTO t VALUES (1)")
                throw Stop()
            }
        }
        #expect(try connection.statement("SELECT count(*) FROM t").first { $0.int64(0) } == 0)
    }

    @Test func `a savepoint undoes its own step only`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (x INTEGER) STRICT")
        struct Stop: Error {}
        try connection.write { transaction in
            try transaction.execute("INSERT INTO t VALUES (1)")
            try? connection.savepoint {
                try connection.execute("INSERT INTO t VALUES (2)")
                throw Stop()
            }
            try transaction.execute("INSERT INTO t VALUES (3)")
        }
        #expect(try connection.statement("SELECT x FROM t ORDER BY x").rows { $0.int64(0) } == [1, 3])
    }

    @Test func `a step keeps its own error when SQLite has rolled back the whole transaction`() throws {
        let connection = try open()
        struct Stop: Error {}
        // As SQLite does it on some errors.
        #expect(throws: Stop.self) {
            try connection.write { _ in
                try connection.savepoint {
                    try connection.execute("ROLLBACK")
                    throw Stop()
                }
            }
        }
    }

    @Test func `a reader keeps its snapshot while the writer goes on`() throws {
        let writer = try open()
        try writer.execute("CREATE TABLE t (x INTEGER) STRICT; INSERT INTO t VALUES (1)")
        let reader = try Connection(path: folder.file("a.db"), mode: .readWrite, durability: .reader)
        try reader.read { transaction in
            #expect(try transaction.statement("SELECT count(*) FROM t").first { $0.int64(0) } == 1)
            try writer.execute("INSERT INTO t VALUES (2)")
            #expect(try transaction.statement("SELECT count(*) FROM t").first { $0.int64(0) } == 1)
        }
        #expect(try reader.statement("SELECT count(*) FROM t").first { $0.int64(0) } == 2)
    }

    @Test func `a reader cannot write`() throws {
        _ = try open()
        let reader = try Connection(path: folder.file("a.db"), mode: .readWrite, durability: .reader)
        #expect(throws: SQLiteError.self) { try reader.execute("CREATE TABLE t (x INTEGER)") }
    }

    @Test func `a full disk is told as such and keeps nothing of the step`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (x TEXT) STRICT")
        try connection.limitPages(try connection.pageCount + 2)
        let error = #expect(throws: SQLiteError.self) {
            try connection.write { transaction in
                let statement = try transaction.statement("INSERT INTO t VALUES (?)")
                for _ in 0..<100 {
                    try statement.bind(1, String(repeating: "x", count: 1000))
                    try statement.run()
                }
            }
        }
        #expect(error?.code == .diskFull)
        #expect(error?.isRetryable == true)
        try connection.limitPages(10_000)
        #expect(try connection.statement("SELECT count(*) FROM t").first { $0.int64(0) } == 0)
    }

    @Test func `a file that is no database is refused`() {
        writeFile(
            folder.file("junk.db"),
            "this is not a database, however long it may be. " + String(repeating: "x", count: 5000))
        let error = #expect(throws: SQLiteError.self) {
            try Connection(path: folder.file("junk.db"), mode: .readWrite, durability: .full)
        }
        #expect(error?.code == .notADatabase)
    }

    @Test func `errors never carry bound values`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (x TEXT UNIQUE) STRICT; INSERT INTO t VALUES ('hunter2')")
        let statement = try connection.statement("INSERT INTO t VALUES (?)")
        try statement.bind(1, "hunter2")
        let error = #expect(throws: SQLiteError.self) { try statement.run() }
        #expect(error?.code == .constraint)
        #expect(error.map { !"\($0) \($0.next)".contains("hunter2") } == true)
    }

    @Test func `every kind of value comes back`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d TEXT) STRICT")
        let insert = try connection.statement("INSERT INTO t VALUES (?, ?, ?, ?)")
        try insert.bind(1, Int64.min)
        try insert.bind(2, "a\u{0}é客😀")
        try insert.bind(3, blob: [0, 255])
        try insert.bind(4, nil as String?)
        try insert.run()
        try connection.statement("SELECT a, b, c, d FROM t").rows { row in
            #expect(
                row.int64(0) == .min && row.text(1) == "a\u{0}é客😀" && row.blob(2) == [0, 255]
                    && row.optionalText(3) == nil)
        }.forEach { $0 }
        let empty = try connection.statement("SELECT ?, ?")
        try empty.bind(1, "")
        try empty.bind(2, blob: [])
        #expect(try empty.first { !$0.isNull(0) && !$0.isNull(1) } == true)
    }

    @Test func `statements beyond the cache's bound still work`() throws {
        let connection = try open()
        for index in 0..<400 {
            #expect(try connection.statement("SELECT \(index)").first { $0.int64(0) } == Int64(index))
        }
    }

    @Test func `a query past its deadline is interrupted`() throws {
        let connection = try open()
        connection.setQueryDeadline(milliseconds: 20)
        let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
        let error = #expect(throws: SQLiteError.self) { try connection.statement(endless).first { $0.int64(0) } }
        #expect(error?.code == .interrupted)
    }

    // MARK: Migrations

    private let migrations = [
        Migration(number: 1, name: "one", sql: "CREATE TABLE a (x INTEGER) STRICT"),
        Migration(number: 2, name: "two", sql: "CREATE TABLE b (x INTEGER) STRICT"),
    ]

    @Test func `migrations run once, in order, and are recorded`() throws {
        let connection = try open()
        try Migrator.apply([migrations[0]], to: connection, file: "test", applicationID: 77)
        try Migrator.apply(migrations, to: connection, file: "test", applicationID: 77)
        try Migrator.apply(migrations, to: connection, file: "test", applicationID: 77)
        #expect(
            try connection.statement("SELECT name FROM schema_migration ORDER BY number").rows { $0.text(0) } == [
                "one", "two",
            ])
    }

    @Test func `a newer file is refused and left as it is`() throws {
        let connection = try open()
        try Migrator.apply(migrations, to: connection, file: "test", applicationID: 77)
        connection.close()
        let before = readFile(folder.file("a.db"))
        let again = try open()
        let error = #expect(throws: SQLiteError.self) {
            try Migrator.apply([migrations[0]], to: again, file: "test", applicationID: 77)
        }
        #expect(error?.code == .schemaTooNew)
        again.close()
        #expect(readFile(folder.file("a.db")) == before)
    }

    @Test func `another program's file is refused`() throws {
        let connection = try open()
        try connection.execute("PRAGMA application_id = 5; PRAGMA user_version = 1")
        let error = #expect(throws: SQLiteError.self) {
            try Migrator.apply(migrations, to: connection, file: "test", applicationID: 77)
        }
        #expect(error?.code == .notADatabase)
    }

    @Test func `after an error that rolled back, what else a write does is refused and not committed bit by bit`()
        throws
    {
        let disk = FaultDisk(folder: folder.path)
        defer { disk.unmount() }
        let connection = try Connection(path: folder.file("full.db"), mode: .create, durability: .normal)
        try connection.write { try $0.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)") }
        try connection.execute("PRAGMA cache_size = 10; PRAGMA cache_spill = 10")
        #expect(throws: SQLiteError.self) {
            try connection.write { transaction in
                disk.isFull = true
                for number in 1...100 { try? transaction.execute("INSERT INTO t VALUES (\(number), zeroblob(4000))") }
                disk.isFull = false
                try? transaction.execute("INSERT INTO t VALUES (1000, NULL)")
                try connection.statement("INSERT INTO t VALUES (1001, NULL)").run()
            }
        }
        #expect(try connection.statement("SELECT count(*) FROM t").first { $0.int64(0) } == 0)
        connection.close()
    }
}
