import CSQLite

/// A prepared statement of one connection. Values are always bound; columns are read by index from 0, parameters bound
/// by index from 1. Used on the connection's thread only.
package final class Statement {
    let handle: OpaquePointer
    private let connection: OpaquePointer
    private let what: String

    init(handle: OpaquePointer, connection: OpaquePointer, what: String) {
        self.handle = handle
        self.connection = connection
        self.what = what
    }

    deinit { sqlite3_finalize(handle) }

    /// Ready for a new run with nothing bound.
    package func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Ready for a new run; bindings stay until they are bound anew.
    @inline(__always)
    package func rewind() { sqlite3_reset(handle) }

    /// What the statement has cost since it was prepared, so that a test can pin it: rows passed over without an index, and
    /// instructions run (https://sqlite.org/c3ref/c_stmtstatus_counter.html).
    package var cost: (scannedRows: Int, instructions: Int) {
        (
            Int(sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0)),
            Int(sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_VM_STEP, 0))
        )
    }

    // MARK: Binding

    /// Binds an integer to a parameter, counted from 1.
    @inline(__always)
    package func bind(_ index: Int, _ value: Int64) throws(SQLiteError) {
        try check(sqlite3_bind_int64(handle, Int32(index), value))
    }

    /// Binds an integer or null.
    package func bind(_ index: Int, _ value: Int64?) throws(SQLiteError) {
        if let value { try bind(index, value) } else { try bindNull(index) }
    }

    /// Binds a text; SQLite keeps its own copy.
    package func bind(_ index: Int, _ value: String) throws(SQLiteError) {
        var value = value
        let result = value.withUTF8 { bytes in
            sqlite3_bind_text64(
                handle, Int32(index),
                UnsafeRawPointer(bytes.baseAddress ?? Statement.empty).assumingMemoryBound(to: CChar.self),
                UInt64(bytes.count), Statement.transient, UInt8(SQLITE_UTF8))
        }
        try check(result)
    }

    /// Binds a text or null.
    package func bind(_ index: Int, _ value: String?) throws(SQLiteError) {
        if let value { try bind(index, value) } else { try bindNull(index) }
    }

    /// Binds bytes; SQLite keeps its own copy.
    package func bind(_ index: Int, blob value: [UInt8]) throws(SQLiteError) {
        let result = value.withUnsafeBytes { bytes in
            sqlite3_bind_blob64(
                handle, Int32(index), bytes.baseAddress ?? UnsafeRawPointer(Statement.empty), UInt64(bytes.count),
                Statement.transient)
        }
        try check(result)
    }

    @inline(__always)
    /// Binds null.
    package func bindNull(_ index: Int) throws(SQLiteError) { try check(sqlite3_bind_null(handle, Int32(index))) }

    /// Binds UTF-8 text without copying it: the bytes must stay in place until the statement was run and rewound.
    @inline(__always)
    package func bindBorrowed(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws(SQLiteError) {
        let start = (bytes.baseAddress ?? UnsafeRawPointer(Statement.empty)).assumingMemoryBound(to: CChar.self)
        try check(sqlite3_bind_text64(handle, Int32(index), start, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8)))
    }

    // MARK: Running

    /// Steps once; true = a row is there to be read.
    @inline(__always)
    package func step() throws(SQLiteError) -> Bool {
        let result = sqlite3_step(handle)
        if result == SQLITE_ROW { return true }
        if result == SQLITE_DONE { return false }
        throw failure(result)
    }

    /// Runs to the end and makes ready for a new run; bindings stay.
    @inline(__always)
    package func run() throws(SQLiteError) {
        defer { sqlite3_reset(handle) }
        while try step() {}
    }

    /// Decodes every row, then resets.
    package func rows<Value>(_ decode: (Statement) throws -> Value) throws -> [Value] {
        defer { reset() }
        var values: [Value] = []
        while try step() { values.append(try decode(self)) }
        return values
    }

    /// Decodes the first row if there is one, then resets.
    package func first<Value>(_ decode: (Statement) throws -> Value) throws -> Value? {
        defer { reset() }
        return try step() ? try decode(self) : nil
    }

    // MARK: Columns

    /// How many columns a row has.
    package var columnCount: Int { Int(sqlite3_column_count(handle)) }

    /// What a column can hold in tables of ours.
    package enum ColumnKind { case integer, text, null }

    /// What a column, counted from 0, holds; what is neither integer nor null counts as text.
    @inline(__always)
    package func kind(_ column: Int) -> ColumnKind {
        switch sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_INTEGER: .integer
        case SQLITE_NULL: .null
        default: .text
        }
    }

    /// Whether a column, counted from 0, holds null.
    @inline(__always) package func isNull(_ column: Int) -> Bool {
        sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL
    }
    /// The integer of a column; 0 for null.
    @inline(__always) package func int64(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }
    /// The integer of a column; nil for null.
    package func optionalInt64(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }

    /// The text of a column; empty for null.
    package func text(_ column: Int) -> String {
        withTextBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    /// The text of a column; nil for null.
    package func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }

    /// The bytes of a column; empty for null.
    package func blob(_ column: Int) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, Int32(column)) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, Int32(column)))))
    }

    /// The UTF-8 of a column in SQLite's own memory, valid inside `body` only.
    @inline(__always)
    package func withTextBytes<Answer>(
        _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Answer
    ) rethrows -> Answer {
        let start = sqlite3_column_text(handle, Int32(column))
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    // MARK: Errors

    /// SQLITE_TRANSIENT: SQLite copies what is bound.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    /// A valid address for empty texts and blobs; a null one would bind NULL.
    nonisolated(unsafe) private static let empty = {
        // Written never, read never past its zero bytes: a single immutable address shared by all threads.
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    @inline(__always)
    private func check(_ result: Int32) throws(SQLiteError) {
        if result != SQLITE_OK { throw failure(result) }
    }

    private func failure(_ result: Int32) -> SQLiteError {
        let extended = sqlite3_extended_errcode(connection)
        sqlite3_reset(handle)
        return SQLiteError(result: extended == SQLITE_OK ? result : extended, what: "cannot \(what)")
    }
}
