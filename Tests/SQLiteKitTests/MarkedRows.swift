import PropertyKit
import SQLiteKit

/// Rows of several kinds of table that each carry a mark of their own, so that the bytes tell which are left.
struct MarkedRows {
    private(set) var alive: Set<Int> = []
    private(set) var everMade = 0
    private var chance: SeededGenerator
    /// Place of each row that lives: table and key, and its mark.
    private var places: [(table: Int, key: Int64, mark: Int)] = []

    private static let tables = ["plain", "keyed", "broad"]

    init(_ connection: Connection, seed: UInt64) throws {
        chance = SeededGenerator(seed: seed)
        try connection.execute(
            """
            CREATE TABLE plain (key INTEGER PRIMARY KEY, mark TEXT NOT NULL, number INTEGER NOT NULL) STRICT;
            CREATE INDEX plain_mark ON plain (mark);
            CREATE TABLE keyed (key INTEGER NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (mark, key))
                STRICT, WITHOUT ROWID;
            CREATE INDEX keyed_key ON keyed (key);
            CREATE TABLE broad (key INTEGER PRIMARY KEY, mark BLOB NOT NULL) STRICT;
            """)
    }

    /// Inserts, updates that make rows grow or shrink, and deletes, in a shuffled order.
    mutating func churn(_ connection: Connection, steps: Int) throws {
        try connection.write { _ in
            for _ in 0..<steps {
                switch Int.random(in: 0..<10, using: &chance) {
                case 0..<5: try insert(connection)
                case 5..<7: try change(at: Int.random(in: 0..<max(1, places.count), using: &chance), connection)
                default: try delete(at: Int.random(in: 0..<max(1, places.count), using: &chance), connection)
                }
            }
        }
        // As many again go in one sweep, as the rows of one customer do.
        try connection.write { _ in
            for _ in 0..<places.count / 2 {
                try delete(at: Int.random(in: 0..<places.count, using: &chance), connection)
            }
        }
    }

    mutating func touchAll(_ connection: Connection) throws {
        try connection.write { _ in for index in places.indices { try change(at: index, connection) } }
    }

    private mutating func mark(for table: Int) -> [UInt8] {
        everMade += 1
        let digits = String(1_000_000 + everMade).dropFirst()
        let count = table == 2 ? Int.random(in: 1...900, using: &chance) : Int.random(in: 1...12, using: &chance)
        return (0..<count).flatMap { _ in Array("mark-\(digits);".utf8) }
    }

    private mutating func insert(_ connection: Connection) throws {
        // Blobs of several pages are rarer, else the file is all of them.
        let table = [0, 0, 0, 0, 1, 1, 1, 1, 2][Int.random(in: 0..<9, using: &chance)]
        let bytes = mark(for: table)
        let key = Int64(Int.random(in: 1...1_000_000_000, using: &chance))
        let sql = [
            "INSERT INTO plain (mark, key, number) VALUES (?, ?, 1)", "INSERT INTO keyed (mark, key) VALUES (?, ?)",
            "INSERT INTO broad (mark, key) VALUES (?, ?)",
        ][table]
        try run(sql, table, bytes, key, connection)
        places.append((table, key, everMade))
        alive.insert(everMade)
    }

    private mutating func change(at index: Int, _ connection: Connection) throws {
        guard index < places.count else { return }
        let (table, key, old) = places[index]
        let bytes = mark(for: table)
        try run("UPDATE \(MarkedRows.tables[table]) SET mark = ? WHERE key = ?", table, bytes, key, connection)
        alive.remove(old)
        alive.insert(everMade)
        places[index].mark = everMade
    }

    private mutating func delete(at index: Int, _ connection: Connection) throws {
        guard index < places.count else { return }
        let (table, key, old) = places.remove(at: index)
        let statement = try connection.statement("DELETE FROM \(MarkedRows.tables[table]) WHERE key = ?")
        try statement.bind(1, key)
        try statement.run()
        alive.remove(old)
    }

    private func run(_ sql: String, _ table: Int, _ bytes: [UInt8], _ key: Int64, _ connection: Connection) throws {
        let statement = try connection.statement(sql)
        if table == 2 {
            try statement.bind(1, blob: bytes)
        } else {
            try statement.bind(1, String(decoding: bytes, as: UTF8.self))
        }
        try statement.bind(2, key)
        try statement.run()
    }

    /// The marks of the rows that a query gives.
    func stored(_ connection: Connection) throws -> Set<Int> {
        var marks: Set<Int> = []
        for table in MarkedRows.tables {
            let rows = try connection.statement("SELECT CAST(mark AS BLOB) FROM \(table)").rows { $0.blob(0) }
            for row in rows { marks.formUnion(MarkedRows.found(in: row)) }
        }
        return marks
    }

    /// The marks that stand anywhere in the bytes.
    static func found(in bytes: [UInt8]) -> Set<Int> {
        var marks: Set<Int> = []
        bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index + 12 <= bytes.count {
                defer { index += 1 }
                guard bytes[index] == 0x6D, bytes[index + 1] == 0x61, bytes[index + 4] == 0x2D else { continue }
                let digits = bytes[(index + 5)..<(index + 11)]
                guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
                marks.insert(digits.reduce(0) { $0 * 10 + Int($1 & 15) })
            }
        }
        return marks
    }
}

/// Whether SQLite finds nothing wrong with the file.
func isWhole(_ connection: Connection) throws -> Bool {
    try connection.statement("PRAGMA integrity_check").first { $0.text(0) } == "ok"
}
