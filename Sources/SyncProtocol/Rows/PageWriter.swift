import Digests

/// Writes one page of row lines: header, rows with a cursor line every so often, closing line.
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

    /// Begins a page after the cursor `start`.
    package init(
        kind: String, epoch: String, start: String, serverTime: Int64,
        bytesSoftMax: Int = ProtocolLimits.pageBytesSoftMax, rowsMax: Int = ProtocolLimits.pageRowsMax
    ) throws(WireCoding.Malformed) {
        self.bytesSoftMax = bytesSoftMax
        self.rowsMax = rowsMax
        emptyHeader = try PageHeaderCoding.encodeEmpty(kind: kind, epoch: epoch, start: start, serverTime: serverTime)
        bytes.reserveCapacity(kind == "feed/1" ? 4096 : 64 * 1024)
        bytes += try PageHeaderCoding.encode(kind: kind, epoch: epoch, start: start, serverTime: serverTime)
        bytes.append(0x0A)
    }

    /// True when the page has reached a bound and must be closed.
    package var isFull: Bool {
        rowCount >= rowsMax || bytes.count >= bytesSoftMax
    }

    /// True when the next thing written should be a cursor line.
    package var wantsCursor: Bool { rowCount - cursorRow >= ProtocolLimits.rowsPerCursorLine }

    /// Adds one row line: the JSON array without its line feed.
    package mutating func append(row: UnsafeRawBufferPointer) {
        let start = bytes.count
        bytes.append(contentsOf: row)
        bytes.append(0x0A)
        bytes[start...].withUnsafeBytes { digest.update($0) }
        rowCount += 1
    }

    /// Adds one row line.
    package mutating func append(line: String) {
        var line = line
        line.withUTF8 { append(row: UnsafeRawBufferPointer($0)) }
    }

    /// Says that everything above is whole up to `cursor`.
    package mutating func append(cursor: String) throws(WireCoding.Malformed) {
        cursorRow = rowCount
        bytes += try WireCoding.encode(V1.PageCursor(cursor: cursor))
        bytes.append(0x0A)
    }

    /// Closes the page at a cursor and the sequence it stands for.
    package mutating func finish(
        cursor: String, sequence: Int64, more: Bool, checkpoint: Bool
    ) throws(WireCoding.Malformed) {
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
