import Digests

/// Writes one page of row lines: header, rows with a cursor line every so often, closing line.
///
/// A row is written by `begin`, one `add` or `addNull` for each of its columns in order, and `end`.
package struct PageWriter {
    /// The bytes so far; whole after `finish`.
    package private(set) var bytes: [UInt8] = []
    /// Row lines so far.
    package private(set) var rowCount = 0
    private var digest = CRC32()
    private let bytesSoftMax: Int
    private let rowsMax: Int
    /// The header line for the case that no row comes.
    private let emptyHeader: [UInt8]
    /// Rows above the last cursor line.
    private var cursorRow = 0
    private var line: RowLine

    /// Begins a page after the cursor `start`.
    package init(
        kind: String, epoch: String, start: String, serverTime: Int64, form: RowForm = .plain,
        bytesSoftMax: Int = ProtocolLimits.pageBytesSoftMax, rowsMax: Int = ProtocolLimits.pageRowsMax
    ) throws(WireCoding.Malformed) {
        self.bytesSoftMax = bytesSoftMax
        self.rowsMax = rowsMax
        line = RowLine(form)
        emptyHeader = try PageHeaderCoding.encodeEmpty(kind: kind, epoch: epoch, start: start, serverTime: serverTime)
        bytes.reserveCapacity(kind == "feed/1" ? 4096 : 64 * 1024)
        bytes += try PageHeaderCoding.encode(
            kind: kind, epoch: epoch, start: start, serverTime: serverTime, form: form)
        bytes.append(0x0A)
    }

    /// True when the page has reached a bound and must be closed.
    package var isFull: Bool {
        rowCount >= rowsMax || bytes.count >= bytesSoftMax
    }

    /// True when the next thing written should be a cursor line.
    package var wantsCursor: Bool { rowCount - cursorRow >= ProtocolLimits.rowsPerCursorLine }

    /// Begins a row.
    package mutating func begin(_ entity: Entity, key: Int64, version: Int64) {
        line.begin(entity, key: key, version: version)
    }

    /// The next column of the row: an integer.
    @inline(__always)
    package mutating func add(_ value: Int64) { line.add(value) }

    /// The next column of the row: UTF-8 text.
    @inline(__always)
    package mutating func add(text: UnsafeRawBufferPointer) { line.add(text: text, page: bytes) }

    /// The next column of the row: nothing.
    @inline(__always)
    package mutating func addNull() { line.addNull() }

    /// Ends the row.
    package mutating func end() {
        let start = bytes.count
        line.end(to: &bytes)
        count(lineFrom: start)
    }

    /// Says that a row is gone.
    package mutating func append(tombstone entity: Entity, key: Int64, version: Int64) {
        let start = bytes.count
        let number = line.form == .packed ? -1 - entity.rawValue : entity.rawValue
        bytes += "[\(number),\(key),\(version)]\n".utf8
        count(lineFrom: start)
    }

    private mutating func count(lineFrom start: Int) {
        bytes.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        rowCount += 1
    }

    /// Says that everything above is whole up to `cursor`.
    package mutating func append(cursor: String) throws(WireCoding.Malformed) {
        cursorRow = rowCount
        line.beginSegment()
        bytes += try WireCoding.encode(V1.PageCursor(cursor: cursor))
        bytes.append(0x0A)
    }

    /// Closes the page at a cursor and the sequence it stands for.
    package mutating func finish(
        cursor: String, sequence: Int64, more: Bool, checkpoint: Bool
    ) throws(WireCoding.Malformed) {
        guard !line.isLost else { throw WireCoding.Malformed(why: "the keys of a page are too far apart to be packed") }
        let closing = V1.PageClosing(
            cursor: cursor, sequence: sequence, count: rowCount, digest: PageDigest.text(digest), more: more,
            checkpoint: checkpoint)
        if rowCount == 0 {
            bytes = emptyHeader
            bytes.append(0x0A)
        }
        bytes += try WireCoding.encode(closing)
        bytes.append(0x0A)
    }
}
