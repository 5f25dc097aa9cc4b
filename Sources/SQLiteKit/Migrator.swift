/// One step of a schema. Its text is never changed after a release.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    package let sql: String

    package init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}

/// Brings a file to the newest schema this build knows.
package enum Migrator {
    /// Applies what is missing, each migration in one transaction that records it in `schema_migration` and
    /// `user_version`. A newer file, or one of another kind, is refused and left untouched.
    package static func apply(
        _ migrations: [Migration], to connection: Connection, file: String, applicationID: Int32
    ) throws {
        let found = try connection.statement("PRAGMA user_version").first { Int($0.int64(0)) } ?? 0
        let owner =
            try connection.statement("PRAGMA application_id").first { Int32(truncatingIfNeeded: $0.int64(0)) } ?? 0
        let known = migrations.last?.number ?? 0
        if owner != 0 && owner != applicationID || owner == 0 && found != 0 {
            throw SQLiteError(
                code: .notADatabase, what: "cannot use the \(file) file", why: "it belongs to another program",
                next: "move it away, or name another folder")
        }
        guard found <= known else {
            throw SQLiteError(
                code: .schemaTooNew, what: "cannot use the \(file) file",
                why: "its schema is \(found), this build knows \(known)",
                next: "upgrade this program; the file was not touched")
        }
        for migration in migrations where migration.number > found {
            try connection.write { transaction in try record(migration, transaction, applicationID) }
        }
    }

    private static func record(
        _ migration: Migration, _ transaction: borrowing Transaction, _ applicationID: Int32
    ) throws {
        try transaction.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
        try transaction.execute(migration.sql)
        let record = try transaction.statement("INSERT INTO schema_migration (number, name) VALUES (?, ?)")
        try record.bind(1, Int64(migration.number))
        try record.bind(2, migration.name)
        try record.run()
        let broken = try transaction.statement("PRAGMA foreign_key_check").first { $0.text(0) }
        precondition(broken == nil, "migration \(migration.number) leaves a row without its parent")
        try transaction.execute("PRAGMA user_version = \(migration.number); PRAGMA application_id = \(applicationID)")
    }
}
