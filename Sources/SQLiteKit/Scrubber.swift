import CSQLite

/// Overwrites what the engine leaves behind in a database file when it deletes rows.
///
/// `secure_delete` overwrites the cells and pages that are freed, but when a b-tree page is rebuilt the space between its
/// cell pointers and its cells keeps what stood there before (seen with 3.40.1: of 38,459 marks of deleted rows 30 were still
/// in the file). That space means nothing to a reader, so it is filled with zeros in place: a write that is cut leaves the
/// page as good as before. The layout is that of https://sqlite.org/fileformat2.html#b_tree_pages.
extension Connection {
    /// Empties the log into the file and clears the unused space of every b-tree page; on return no page of the file and no
    /// log holds a row that was deleted before. Of the file that is durable; a power loss may bring the log back as it was,
    /// so a caller notes that it scrubbed only afterwards. False when a reader holds the log: then nothing was cleared. Cost: one read of the file. Outside of a transaction only.
    package func scrub() throws -> Bool {
        guard try truncateLogAtOnce() else { return false }
        try statement("BEGIN IMMEDIATE").run()
        defer {
            try? statement("COMMIT").run()
            // A page that is written next must not bring back what its copy in memory still holds.
            releaseMemory()
        }
        let pageSize = Int(try statement("PRAGMA page_size").first { $0.int64(0) } ?? 4096)
        var pages = try statement("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage").rows {
            $0.int64(0)
        }
        pages.append(1)
        let file = try DatabaseFile(self)
        var page = [UInt8](repeating: 0, count: pageSize)
        var isChanged = false
        // Pages of a damaged file may name each other in a ring.
        var unseen = try pageCount
        while let number = pages.popLast() {
            let offset = (number - 1) * Int64(pageSize)
            try file.read(&page, at: offset)
            unseen -= 1
            guard unseen >= 0, let tree = BTreePage(page, isFirst: number == 1) else {
                throw SQLiteError(
                    code: .corrupt, what: "cannot clear deleted rows", why: "page \(number) is not what it should be",
                    next: "check the file with: PRAGMA integrity_check")
            }
            pages += tree.children
            guard page[tree.gap].contains(where: { $0 != 0 }) else { continue }
            try file.clear(tree.gap, at: offset)
            isChanged = true
        }
        if isChanged { try file.sync() }
        return true
    }
}

/// The parts of a b-tree page that matter here.
struct BTreePage {
    /// The unused bytes between cell pointers and cells.
    let gap: Range<Int>
    /// Numbers of the pages below; of an interior page only.
    let children: [Int64]

    /// Nil for bytes that are no b-tree page.
    init?(_ page: [UInt8], isFirst: Bool) {
        let header = isFirst ? 100 : 0
        guard page.count >= 512, [2, 5, 10, 13].contains(page[header]) else { return nil }
        let isInterior = page[header] < 10
        let cells = BTreePage.short(page, header + 3)
        let pointers = header + (isInterior ? 12 : 8)
        let start = BTreePage.short(page, header + 5)
        let content = start == 0 ? 65_536 : start
        guard pointers + 2 * cells <= content, content <= page.count else { return nil }
        gap = (pointers + 2 * cells)..<content
        var children: [Int64] = []
        if isInterior {
            for cell in 0..<cells {
                let place = BTreePage.short(page, pointers + 2 * cell)
                guard place >= content, place + 4 <= page.count else { return nil }
                children.append(BTreePage.long(page, place))
            }
            children.append(BTreePage.long(page, header + 8))
        }
        self.children = children
    }

    private static func short(_ page: [UInt8], _ index: Int) -> Int { Int(page[index]) << 8 | Int(page[index + 1]) }

    private static func long(_ page: [UInt8], _ index: Int) -> Int64 {
        Int64(short(page, index)) << 16 | Int64(short(page, index + 2))
    }
}

/// The open file behind a connection. Another descriptor on it would drop the locks of this process when it is closed
/// (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_), so the engine's own is used.
private struct DatabaseFile {
    private let file: UnsafeMutablePointer<sqlite3_file>
    private let methods: sqlite3_io_methods

    init(_ connection: Connection) throws {
        guard let file = connection.filePointer, let methods = file.pointee.pMethods else {
            throw SQLiteError(
                code: .other, what: "cannot clear deleted rows", why: "the file is not open", next: "try again")
        }
        self.file = file
        self.methods = methods.pointee
    }

    func read(_ page: inout [UInt8], at offset: Int64) throws {
        let count = Int32(page.count)
        try check(page.withUnsafeMutableBytes { methods.xRead(file, $0.baseAddress, count, offset) })
    }

    func clear(_ range: Range<Int>, at offset: Int64) throws {
        let zeros = [UInt8](repeating: 0, count: range.count)
        try check(
            zeros.withUnsafeBytes {
                methods.xWrite(file, $0.baseAddress, Int32(range.count), offset + Int64(range.lowerBound))
            })
    }

    func sync() throws { try check(methods.xSync(file, SQLITE_SYNC_NORMAL)) }

    private func check(_ result: Int32) throws {
        guard result == SQLITE_OK else { throw SQLiteError(result: result, what: "cannot clear deleted rows") }
    }
}
