import Digests
import Glibc

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// A page as received: its bytes, checked as a whole, and where its row lines lie.
///
/// A page that was cut is usable up to its last cursor line: `rowsEnd` stops there, `isCut` is true, and it never is a
/// checkpoint. A page that ends whole must agree with the count and digest of its closing line.
package struct ReceivedPage: Sendable {
    package let header: V1.PageHeader
    package let form: RowForm
    /// Entity of each index of the header, nil for one this build does not know.
    package let entities: [Entity?]
    /// The bytes of the page; scanning resolves escapes in place.
    package var bytes: [UInt8]
    /// Where the lines between header and closing line lie, cursor lines included.
    package let rowsStart: Int
    package let rowsEnd: Int
    package let rowCount: Int
    /// The cursor to store with the rows.
    package let cursor: String
    package let more: Bool
    package let isCheckpoint: Bool
    package let isCut: Bool
    /// The sequence that the closing cursor stands for; nil for a cut page.
    package let sequence: Int64?

    /// Reads a page from a reply's body.
    ///
    /// `isWhole` is false when the connection ended early. Throws when the body is not a page of `kind` ("feed/1",
    /// "snapshot/1"), does not start at `expectedCursor`, names a column we need not at all or in another order, or
    /// fails its count or digest.
    package init(_ bytes: [UInt8], kind: String, expectedCursor: String, isWhole: Bool) throws(RowError) {
        guard let headerEnd = bytes.firstIndex(of: 0x0A), headerEnd <= ProtocolLimits.lineBytesMax else {
            throw RowError("the reply is not a page of ours: it has no header line")
        }
        let header: V1.PageHeader
        do { header = try PageHeaderCoding.decode(bytes[..<headerEnd]) } catch {
            throw RowError("the reply is not a page of ours: \(error.why)")
        }
        guard header.fieldbook == kind else { throw RowError("the reply is not a \(kind) page") }
        #if FIELDBOOK_DEFECTS
        let takesAnyPage =
            Defect.planted == .stalePageTaken && kind == "feed/1"
            || Defect.planted == .anotherPinsPart && kind == "snapshot/1"
        #else
        let takesAnyPage = false
        #endif
        guard header.cursor == expectedCursor || takesAnyPage else {
            throw RowError("the page does not start at the cursor it was asked for")
        }
        form = try ReceivedPage.form(of: header)
        entities = try ReceivedPage.resolve(header.entities)
        let scan = try PageLines(bytes, from: headerEnd + 1)
        if let closing = scan.closing {
            guard scan.rowCount == closing.count else {
                throw RowError("the page has another number of rows than it says")
            }
            guard PageDigest.text(scan.digest) == closing.digest else { throw RowError("the page fails its digest") }
            rowsEnd = scan.closingStart
            rowCount = closing.count
            cursor = closing.cursor
            more = closing.more
            isCheckpoint = closing.checkpoint
            isCut = false
            sequence = closing.sequence.value
        } else {
            guard !isWhole, let last = scan.lastCursor else {
                throw RowError("the page ends before its first cursor line")
            }
            rowsEnd = last.lineStart
            rowCount = last.rowsAbove
            cursor = last.cursor
            more = true
            isCheckpoint = false
            isCut = true
            sequence = nil
        }
        guard ProtocolLimits.isCursorSize(cursor) else { throw RowError("a cursor of the page is empty or too long") }
        // A page that is no checkpoint and stands still would be asked for again and again without a pause.
        guard isCheckpoint || cursor != expectedCursor else { throw RowError("the page does not move its cursor") }
        self.header = header
        self.bytes = bytes
        rowsStart = headerEnd + 1
    }

    /// The header line and the row lines, to be kept and taken up again by `init(kept:)`. Before any scanning only.
    package var keepable: [UInt8] { Array(bytes[..<rowsEnd]) }

    /// Takes up a page that was checked and kept as `keepable`.
    package init(kept bytes: [UInt8]) throws(RowError) {
        guard let headerEnd = bytes.firstIndex(of: 0x0A) else { throw RowError("a kept page has no header line") }
        do { header = try PageHeaderCoding.decode(bytes[..<headerEnd]) } catch {
            throw RowError("a kept page cannot be read: \(error.why)")
        }
        form = try ReceivedPage.form(of: header)
        entities = try ReceivedPage.resolve(header.entities)
        self.bytes = bytes
        rowsStart = headerEnd + 1
        rowsEnd = bytes.count
        rowCount = try PageLines(bytes, from: headerEnd + 1).rowCount
        cursor = ""
        more = true
        isCheckpoint = false
        isCut = true
        sequence = nil
    }

    private static func form(of header: V1.PageHeader) throws(RowError) -> RowForm {
        guard let name = header.rows else { return .plain }
        guard let form = RowForm(rawValue: name) else {
            throw RowError("the page writes its rows in a form that this build does not know")
        }
        return form
    }

    /// Columns are taken by position: ours must come first and in order; further ones of a newer server follow. A page
    /// of an older server, or one kept by an older build of ours, may lack the columns that came later.
    private static func resolve(_ entities: [V1.PageEntity]) throws(RowError) -> [Entity?] {
        if entities == PageHeaderCoding.entities { return Entity.allCases }
        var resolved: [Entity?] = []
        for announced in entities {
            guard let entity = Entity.named(announced.name) else {
                resolved.append(nil)
                continue
            }
            let names = entity.columns.map(\.name)
            guard announced.columns.count >= entity.columnsAlwaysSent,
                zip(announced.columns, names).allSatisfy({ $0 == $1 })
            else {
                throw RowError("the columns of \(entity.name) are not the ones of protocol version \(V1.version)")
            }
            // What a packed line leaves out is looked for above it by entity.
            guard !resolved.contains(entity) else { throw RowError("the page names an entity twice") }
            resolved.append(entity)
        }
        return resolved
    }
}

/// One pass over the lines of a page body: counts rows, sums their digest, finds cursor lines and the closing line.
struct PageLines {
    var rowCount = 0
    var digest = CRC32()
    var lastCursor: (cursor: String, lineStart: Int, rowsAbove: Int)?
    var closing: V1.PageClosing?
    var closingStart = 0

    init(_ bytes: [UInt8], from start: Int) throws(RowError) {
        let failure = bytes.withUnsafeBytes { buffer -> RowError? in
            do throws(RowError) {
                try read(buffer, from: start)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    static func lineEnd(_ buffer: UnsafeRawBufferPointer, from start: Int, end: Int) -> Int {
        guard start < end, let base = buffer.baseAddress,
            let found = memchr(base + start, 0x0A, end - start)
        else { return end }
        return UnsafeRawPointer(found) - base
    }

    private mutating func read(_ buffer: UnsafeRawBufferPointer, from start: Int) throws(RowError) {
        var index = start
        while index < buffer.count {
            let end = PageLines.lineEnd(buffer, from: index, end: buffer.count)
            guard end < buffer.count else { return }
            guard end - index <= ProtocolLimits.lineBytesMax else { throw RowError("a line of the page is too long") }
            guard closing == nil else { throw RowError("the page goes on after its closing line") }
            guard end > index else { throw RowError("the page has an empty line") }
            if buffer[index] == UInt8(ascii: "[") {
                rowCount += 1
                digest.update(UnsafeRawBufferPointer(rebasing: buffer[index...end]))
            } else {
                try readMark(Array(buffer[index..<end]), at: index)
            }
            index = end + 1
        }
    }

    private mutating func readMark(_ line: [UInt8], at start: Int) throws(RowError) {
        if let closing = try? WireCoding.decode(V1.PageClosing.self, from: line) {
            self.closing = closing
            closingStart = start
            return
        }
        do {
            let mark = try WireCoding.decode(V1.PageCursor.self, from: line)
            lastCursor = (mark.cursor, start, rowCount)
        } catch { throw RowError("a line of the page is neither row nor cursor") }
    }
}

/// The digest of a page: CRC-32 over its row lines, line feeds included.
enum PageDigest {
    static func text(_ digest: CRC32) -> String {
        let hex = String(digest.value, radix: 16)
        return String(repeating: "0", count: 8 - hex.count) + hex
    }
}
