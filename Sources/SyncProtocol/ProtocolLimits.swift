/// Bounds of protocol version 1. Both sides check them before memory is reserved.
package enum ProtocolLimits {
    /// Rows of a feed or snapshot page; bounds the transaction that applies it.
    package static let pageRowsMax = 5_000
    /// Rows of a part: a page of a snapshot's bulk, which is written into a file that nobody reads yet.
    package static let partRowsMax = 20_000
    /// Bytes of a page, or of a part, after which the server closes it at the next row.
    package static let pageBytesSoftMax = 1 << 20
    /// Bytes of a page that a client reads before it gives up: one row past the soft bound still fits.
    package static let pageBytesMax = pageBytesSoftMax + lineBytesMax + 64 * 1024
    /// Bytes of one line of a page.
    package static let lineBytesMax = 256 * 1024
    /// Rows after which a page repeats its cursor, so that a cut page resumes there.
    package static let rowsPerCursorLine = 64
    /// Fields of one row line.
    package static let rowFieldsMax = 64
    /// Edits of one push.
    package static let pushEditsMax = 100
    /// Bytes of one push.
    package static let pushBytesMax = 256 * 1024
    /// Bytes of one edit in its wire form; a larger one is refused before it is queued.
    package static let editBytesMax = 16 * 1024
    /// Results of one reply.
    package static let resultsMax = 500
    /// Bytes of any control reply that a client reads.
    package static let controlBytesMax = 1 << 20
    /// Bytes of a cursor.
    package static let cursorBytesMax = 256

    /// Whether a cursor that came can be sent back.
    package static func isCursorSize(_ cursor: String) -> Bool { (1...cursorBytesMax).contains(cursor.utf8.count) }
}
