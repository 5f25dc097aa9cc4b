import CSQLite
import Glibc

/// How a file is opened.
package enum OpenMode: Sendable { case readOnly, readWrite, create }

/// What a commit survives, and what the connection may do.
package enum Durability: Sendable {
    /// Every commit survives a power loss (WAL, synchronous FULL).
    case full
    /// Commits survive the end of the process; after a power loss the file is whole but may be older (WAL, NORMAL).
    case normal
    /// For a file that is being filled and that others do not wait for: a rollback journal in place of the log, so that
    /// every page is written once. A commit is whole or absent, after a power loss too, when the last one may be absent.
    case loading
    /// Reads only (`query_only`); the file may be in use by a writer.
    case reader
}

/// One SQLite connection, owned by one thread. It opens in WAL mode, unless it is for loading, with foreign keys on and
/// deleted content overwritten, and refuses a library older than 3.40.1.
///
/// Sources: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous,
/// https://sqlite.org/atomiccommit.html.
package final class Connection {
    /// The oldest accepted library, as SQLITE_VERSION_NUMBER.
    package static let oldestLibrary: Int32 = 3_040_001
    /// The library in use, as `3.40.1`.
    package static var libraryVersion: String { String(cString: sqlite3_libversion()) }
    /// Once, before the library's first use: it counts what it allocates under one lock for all threads, and nobody asks for
    /// the sums. Source: https://sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus.
    private static let setLibraryUp: Void = { _ = sqlite3_config_number(SQLITE_CONFIG_MEMSTATUS, 0) }()
    /// Statements kept prepared.
    private static let statementsMax = 128

    package let path: String
    private var handle: OpaquePointer?
    private var cache: [String: Statement] = [:]
    private var cacheOrder: [String] = []
    /// Statements handed out from the cache so far: what an answer costs, for those who measure it.
    package private(set) var statementsTaken = 0
    private var isInWrite = false
    /// Of a log that is forced to disk with every commit, and that nobody else writes.
    private var room: LogRoom?
    private let busyTimeoutMilliseconds: Int32
    private let deadline = UnsafeMutablePointer<timespec>.allocate(capacity: 1)

    /// Opens or creates the file. A created file has mode 0600. `isOnlyWriter` says that no other connection, of this
    /// process or another, ever writes to the file: what is laid behind its log would else be laid over their commits.
    package init(
        path: String, mode: OpenMode, durability: Durability, cacheKiB: Int = 2048,
        busyTimeoutMilliseconds: Int32 = 5000, isOnlyWriter: Bool = false
    ) throws(SQLiteError) {
        self.path = path
        self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
        deadline.initialize(to: timespec())
        Connection.setLibraryUp
        guard sqlite3_libversion_number() >= Connection.oldestLibrary else {
            throw SQLiteError(
                code: .tooOld, what: "cannot use SQLite",
                why: "the library is \(String(cString: sqlite3_libversion()))",
                next: "install SQLite 3.40.1 or newer")
        }
        if mode == .create {
            let descriptor = Glibc.open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Glibc.close(descriptor) }
        }
        let flags: Int32 =
            switch mode {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        let result = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, FaultVFS.name(for: path))
        guard result == SQLITE_OK else {
            sqlite3_close_v2(handle)
            handle = nil
            throw SQLiteError(result: result, what: "cannot open \(Connection.fileName(path))")
        }
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        if isOnlyWriter, case .full = durability { room = LogRoom() }
        do { try configure(durability, cacheKiB: cacheKiB) } catch {
            sqlite3_close_v2(handle)
            handle = nil
            throw error
        }
    }

    deinit {
        close()
        deadline.deallocate()
    }

    private func configure(_ durability: Durability, cacheKiB: Int) throws(SQLiteError) {
        // The first read tells a file that is not a database before anything is set.
        try execute("SELECT count(*) FROM sqlite_schema")
        switch durability {
        case .full: try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        case .normal: try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        // Which journal a file has is left as it is until somebody has looked whose file it is.
        case .loading: try execute("PRAGMA synchronous = FULL")
        case .reader: try execute("PRAGMA query_only = ON")
        }
        try execute(
            """
            PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -\(cacheKiB);
            PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 2000; PRAGMA temp_store = FILE
            """)
    }

    /// Ends the connection. Statements handed out before are not used after.
    package func close() {
        cache.removeAll()
        cacheOrder.removeAll()
        sqlite3_close_v2(handle)
        handle = nil
    }

    // MARK: Statements

    /// Runs a script of statements without parameters.
    package func execute(_ script: String) throws(SQLiteError) {
        try refuseIfUndone()
        let result = sqlite3_exec(handle, script, nil, nil, nil)
        guard result == SQLITE_OK else { throw error(result, doing: "run a script") }
    }

    /// Inside a write that an error has rolled back nothing more is done, though nobody looked at that error: each statement
    /// would commit by itself.
    private func refuseIfUndone() throws(SQLiteError) {
        guard isInWrite, !isInTransaction else { return }
        throw SQLiteError(
            code: .ioError, what: "cannot write \(Connection.fileName(path))",
            why: "an error before this has undone what was begun", next: "it is tried again by itself")
    }

    /// The prepared statement of a text, from a bounded cache; reset, with nothing bound.
    package func statement(_ sql: String) throws(SQLiteError) -> Statement {
        try refuseIfUndone()
        statementsTaken += 1
        if let cached = cache[sql] {
            cached.reset()
            return cached
        }
        let statement = try prepare(sql)
        if cacheOrder.count >= Connection.statementsMax { cache[cacheOrder.removeFirst()] = nil }
        cache[sql] = statement
        cacheOrder.append(sql)
        return statement
    }

    /// The texts of the statements in the cache, oldest first, so that a test can look at their plans.
    package var cachedTexts: [String] { cacheOrder }

    /// A statement outside the cache, for a hot loop that keeps it.
    package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        var prepared: OpaquePointer?
        let result = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard result == SQLITE_OK, let prepared, let handle else { throw error(result, doing: "prepare a statement") }
        return Statement(handle: prepared, connection: handle, what: "run a statement on \(Connection.fileName(path))")
    }

    // MARK: Transactions

    /// Runs `body` in an immediate transaction and commits; any error rolls back and is thrown on. The first error wins.
    package func write<Value>(_ body: (borrowing Transaction) throws -> Value) throws -> Value {
        precondition(!isInWrite, "a write inside a write would commit half of it")
        try statement("BEGIN IMMEDIATE").run()
        isInWrite = true
        defer { isInWrite = false }
        let transaction = Transaction(self)
        do {
            let value = try body(transaction)
            try statement("COMMIT").run()
            room?.lay(behind: logPointer)
            return value
        } catch {
            // Some errors (a full disk) have rolled back already.
            if isInTransaction { try? execute("ROLLBACK") }
            throw error
        }
    }

    /// Begins an immediate transaction that stays open over several calls, until `commitWrite` or `rollBackWrite`. For work
    /// that comes in pieces; `write` is the rule. Who opens one closes it in any case.
    package func beginWrite() throws {
        precondition(!isInWrite, "a write inside a write would commit half of it")
        try statement("BEGIN IMMEDIATE").run()
        isInWrite = true
    }

    /// Commits what was begun by `beginWrite`; after an error it is still to be rolled back.
    package func commitWrite() throws {
        try statement("COMMIT").run()
        isInWrite = false
    }

    /// Undoes what was begun by `beginWrite` and not committed; otherwise does nothing.
    package func rollBackWrite() {
        if isInWrite, isInTransaction { try? execute("ROLLBACK") }
        isInWrite = false
    }

    /// Reads the file and takes the place of its writer for a moment; `locked` when another program has it for longer than
    /// `milliseconds`. Writes nothing.
    package func probe(milliseconds: Int32 = 500) throws(SQLiteError) {
        precondition(!isInTransaction, "a probe inside a transaction would end it")
        sqlite3_busy_timeout(handle, milliseconds)
        defer { sqlite3_busy_timeout(handle, busyTimeoutMilliseconds) }
        try execute("BEGIN IMMEDIATE; SELECT count(*) FROM sqlite_schema; ROLLBACK")
    }

    /// Runs `body` on one snapshot.
    package func read<Value>(_ body: (borrowing Transaction) throws -> Value) throws -> Value {
        let transaction = Transaction(self)
        if isInTransaction { return try body(transaction) }
        try statement("BEGIN").run()
        defer { try? statement("ROLLBACK").run() }
        return try body(transaction)
    }

    /// Runs `body` inside an open transaction so that an error undoes what it did and nothing before.
    package func savepoint<Value>(_ body: () throws -> Value) throws -> Value {
        try execute("SAVEPOINT step")
        do {
            let value = try body()
            try execute("RELEASE step")
            return value
        } catch {
            // Some errors (a full disk) have rolled back the whole transaction already.
            if isInTransaction { try? execute("ROLLBACK TO step; RELEASE step") }
            throw error
        }
    }

    /// Whether a transaction is open.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }
    /// Rows changed by the last statement.
    package var changes: Int { Int(sqlite3_changes64(handle)) }
    /// Rows changed since the file was opened, by transactions that were rolled back too: as long as it stays, what
    /// was read of a file that nobody else writes stays true.
    package var changesInAll: Int64 { sqlite3_total_changes64(handle) }
    package var lastInsertKey: Int64 { sqlite3_last_insert_rowid(handle) }

    /// A number that changes when another connection has committed. Comparable on one connection only
    /// (https://sqlite.org/pragma.html#pragma_data_version).
    package func commitsOfOthers() throws(SQLiteError) -> Int64 {
        let statement = try statement("PRAGMA data_version")
        defer { statement.reset() }
        return try statement.step() ? statement.int64(0) : 0
    }

    // MARK: Upkeep

    /// Statements are interrupted after this time; nil lifts the bound.
    package func setQueryDeadline(milliseconds: Int?) {
        guard let milliseconds else {
            sqlite3_progress_handler(handle, 0, nil, nil)
            return
        }
        clock_gettime(CLOCK_MONOTONIC, deadline)
        deadline.pointee.tv_sec += milliseconds / 1000
        deadline.pointee.tv_nsec += milliseconds % 1000 * 1_000_000
        sqlite3_progress_handler(
            handle, 10_000,
            { context in
                guard let context else { return 0 }
                let limit = context.assumingMemoryBound(to: timespec.self).pointee
                var now = timespec()
                clock_gettime(CLOCK_MONOTONIC, &now)
                let carry = limit.tv_nsec / 1_000_000_000
                let isLate =
                    now.tv_sec > limit.tv_sec + carry
                    || (now.tv_sec == limit.tv_sec + carry && now.tv_nsec > limit.tv_nsec % 1_000_000_000)
                return isLate ? 1 : 0
            }, deadline)
    }

    /// From here on commits go through a rollback journal; through the log as before when somebody reads the file now.
    package func useJournal() throws(SQLiteError) {
        sqlite3_busy_timeout(handle, 0)
        defer { sqlite3_busy_timeout(handle, busyTimeoutMilliseconds) }
        do { try execute("PRAGMA journal_mode = DELETE") } catch { guard error.code == .locked else { throw error } }
    }

    /// From here on commits go through the log, as those who read beside a writer need it, and are no longer forced
    /// to disk one by one (`Durability.normal`). What was committed before is durable on return; `locked` when
    /// somebody is in the way.
    package func useLog() throws(SQLiteError) {
        let mode = try statement("PRAGMA journal_mode = WAL")
        defer { mode.reset() }
        guard try mode.step(), mode.text(0) == "wal" else {
            throw SQLiteError(
                code: .locked, what: "cannot give \(Connection.fileName(path)) a log", why: "another program reads it",
                next: "close that program; it is tried again by itself")
        }
        try execute("PRAGMA synchronous = NORMAL")
    }

    /// Runs `body`, which makes indexes, with `cacheKiB` cached of the file and about as much to sort in; `after` KiB are cached
    /// from then on. SQLite's own sorting threads are left off: over a million rows they were slower.
    package func sorting<Value>(cacheKiB: Int, after: Int, _ body: () throws -> Value) throws -> Value {
        try execute("PRAGMA cache_size = -\(cacheKiB)")
        defer { try? execute("PRAGMA cache_size = -\(after)") }
        return try body()
    }

    /// Moves the whole log into the file and truncates it; a reader in the way makes it do less, without an error.
    package func checkpointTruncate() throws(SQLiteError) {
        let result = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        guard result == SQLITE_OK || result & 0xFF == SQLITE_BUSY else { throw error(result, doing: "checkpoint") }
    }

    /// The same without waiting for anybody; false when a reader is in the way.
    func truncateLogAtOnce() throws(SQLiteError) -> Bool {
        sqlite3_busy_timeout(handle, 0)
        defer { sqlite3_busy_timeout(handle, busyTimeoutMilliseconds) }
        let result = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        if result & 0xFF == SQLITE_BUSY { return false }
        guard result == SQLITE_OK else { throw error(result, doing: "checkpoint") }
        return true
    }

    /// Ends the statement under way with an error. May be called on any thread while the connection is open.
    package func interrupt() { sqlite3_interrupt(handle) }

    /// Gives up what is cached of the file.
    func releaseMemory() { sqlite3_db_release_memory(handle) }

    /// The engine's own open file; nil when there is none.
    var filePointer: UnsafeMutablePointer<sqlite3_file>? { pointer(SQLITE_FCNTL_FILE_POINTER) }

    /// The same of its log.
    private var logPointer: UnsafeMutablePointer<sqlite3_file>? { pointer(SQLITE_FCNTL_JOURNAL_POINTER) }

    private func pointer(_ which: Int32) -> UnsafeMutablePointer<sqlite3_file>? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(handle, "main", which, &file) == SQLITE_OK else { return nil }
        return file
    }

    /// The file grows to at most `pages` pages: a full disk on demand, for tests.
    package func limitPages(_ pages: Int) throws(SQLiteError) { try execute("PRAGMA max_page_count = \(pages)") }

    package var pageCount: Int {
        get throws { try Int(statement("PRAGMA page_count").first { $0.int64(0) } ?? 0) }
    }

    private func error(_ result: Int32, doing what: String) -> SQLiteError {
        let extended = sqlite3_extended_errcode(handle)
        // SQLite's message names tables and columns, never bound values; scripts hold no values of users.
        let detail = sqlite3_errmsg(handle).map { String(cString: $0) }
        return SQLiteError(
            result: extended == SQLITE_OK ? result : extended, what: "cannot \(what) on \(Connection.fileName(path))",
            detail: detail)
    }

    private static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// The open transaction of a connection. It can't be kept: statements and rows stay inside, values come out.
package struct Transaction: ~Copyable {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// As `Connection.statement`.
    package func statement(_ sql: String) throws(SQLiteError) -> Statement { try connection.statement(sql) }

    /// As `Connection.execute`.
    package func execute(_ script: String) throws(SQLiteError) { try connection.execute(script) }

    /// Rows changed by the last statement.
    package var changes: Int { connection.changes }
    package var lastInsertKey: Int64 { connection.lastInsertKey }
}
