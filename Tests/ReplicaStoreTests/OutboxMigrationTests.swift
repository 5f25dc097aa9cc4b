import Glibc
import SQLiteKit
import TestKit
import Testing

@testable import ReplicaStore

/// The precious file comes from one schema to the next whole or not at all.
@Suite struct OutboxMigrationTests {
    private static let old = Array(OutboxSchema.migrations.prefix(2))
    private static let states = ["saved", "sent", "waiting", "held", "resulted", "settled", "dead", "discarded"]
    private static let columns = """
        number, customer, customer_id, customer_name, kind, register, edit, state, result, saved_at, first_sent_at,
        sent_count, predecessor, resent_as, prediction, group_number, depends_on, undone_by
        """

    private let directory = TemporaryDirectory()
    private var folder: String { directory.file("replica") }
    private var file: String { "\(folder)/outbox.db" }

    private func migrate(_ connection: Connection, _ migrations: [Migration] = OutboxSchema.migrations) throws {
        try Migrator.apply(
            migrations, to: connection, file: "outbox", applicationID: OutboxSchema.applicationID)
    }

    /// An outbox of the schema before, with an edit in every state it knew and conflict copies.
    private func makeOld() throws {
        mkdir(folder, 0o700)
        let connection = try Connection(path: file, mode: .create, durability: .full)
        defer { connection.close() }
        try migrate(connection, OutboxMigrationTests.old)
        for (index, state) in OutboxMigrationTests.states.enumerated() {
            let number = index + 1
            try connection.execute(
                """
                INSERT INTO edit (\(OutboxMigrationTests.columns)) VALUES (
                    \(number), 7, 'id-7', 'Alpha', 'set-label', 'label',
                    '{"kind":"set-label","label":"\(number)"}', '\(state)', '{"code":"held"}', 1000 + \(number),
                    \(state == "saved" ? "NULL" : "2000"), \(state == "saved" ? 0 : number),
                    \(number - 1), \(number + 20),
                    '{"p":\(number)}', \(number % 3), \(number + 40), \(number + 60))
                """)
        }
        try connection.execute(
            """
            INSERT INTO conflict_copy VALUES (70, 4, '{"a":1}'), (71, 7, '{"b":2}');
            INSERT INTO rules VALUES (1, 'h', x'0102', 9);
            INSERT INTO identity (id, replica, incarnation, last_number, acked_up_to) VALUES (1, 'r', 3, 8, 2);
            """)
    }

    /// Every value of every table, as the next reader would find it.
    private func content() throws -> [String] {
        let connection = try Connection(path: file, mode: .readWrite, durability: .reader)
        defer { connection.close() }
        let tables = [
            "edit": OutboxMigrationTests.columns, "conflict_copy": "key, edit, body", "rules": "id, hash, hex(body)",
            "identity": "replica, last_number, acked_up_to",
        ]
        return try tables.sorted { $0.key < $1.key }.flatMap { table, columns in
            try connection.statement("SELECT json_array(\(columns)) FROM \(table) ORDER BY 1").rows { $0.text(0) }
        }
    }

    private func version() throws -> Int64 {
        let connection = try Connection(path: file, mode: .readWrite, durability: .reader)
        defer { connection.close() }
        return try connection.statement("PRAGMA user_version").first { $0.int64(0) } ?? 0
    }

    @Test func `every edit and conflict copy of the schema before comes over as it was`() throws {
        try makeOld()
        let before = try content()
        #expect(before.count == OutboxMigrationTests.states.count + 4)
        let connection = try Connection(path: file, mode: .create, durability: .full)
        try migrate(connection)
        #expect(try content() == before)
        #expect(
            try connection.statement("SELECT count(*) FROM edit WHERE combined_into IS NOT NULL").first { $0.int64(0) }
                == 0)
        #expect(try connection.statement("PRAGMA foreign_key_check").first { $0.text(0) } == nil)
        // The copies still refer to the edits, and what is over is out of the index.
        #expect(throws: SQLiteError.self) { try connection.execute("DELETE FROM edit WHERE number = 4") }
        #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO conflict_copy VALUES (72, 99, '{}')") }
        let names = try connection.statement("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .rows { $0.text(0) }
        #expect(
            names == [
                "allowance", "applied_line", "conflict_copy", "departed", "edit", "edit_combined", "edit_customer",
                "edit_open",
                "identity", "rules",
                "schema_migration", "traffic",
            ])
        connection.close()
    }

    @Test func `a combined edit names the one it went into, a later one, and was never sent`() throws {
        try makeOld()
        let connection = try Connection(path: file, mode: .create, durability: .full)
        try migrate(connection)
        try connection.execute("UPDATE edit SET result = NULL WHERE number = 1")
        for wrong in [
            "state = 'combined'", "combined_into = 5", "state = 'combined', combined_into = 1",
            "state = 'combined', combined_into = 5, sent_count = 1",
            "state = 'combined', combined_into = 5, first_sent_at = 5",
        ] {
            #expect(throws: SQLiteError.self, "\(wrong)") {
                try connection.execute("UPDATE edit SET \(wrong) WHERE number = 1")
            }
        }
        try connection.execute("UPDATE edit SET state = 'combined', combined_into = 5 WHERE number = 1")
        connection.close()
    }

    @Test func `a crash at any write of it leaves the file as it was, and the next start brings it over`() throws {
        try makeOld()
        let before = try content()
        let disk = FaultDisk(folder: folder)
        defer { disk.unmount() }
        var deaths = 0
        for write in 1...500 {
            let connection = try Connection(path: file, mode: .create, durability: .full)
            disk.die(atWrite: write)
            let isThrough = (try? migrate(connection)) != nil
            connection.close()
            disk.revive(afterPowerLoss: .drawn(seed: UInt64(write)))
            #expect(try content() == before, "write \(write)")
            if try version() == 3 { break }
            #expect(!isThrough, "write \(write)")
            deaths += 1
        }
        #expect(try version() == 3 && deaths > 3)
    }
}
