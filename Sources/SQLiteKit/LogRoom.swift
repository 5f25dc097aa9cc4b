import CSQLite

/// Room behind a log that is forced to disk with every commit.
///
/// To force a file that has become longer, its length and its new blocks are forced too, which takes about as long
/// again as the bytes. So once a commit has made the log longer, zeros are written behind it, for the commits that
/// follow. To a reader the log ends at the first frame whose salts do not fit (https://sqlite.org/walformat.html),
/// and those of zeros never do. A commit forces what lies in front of it as before.
///
/// For a file with one writer alone: another one could commit between a look at the length and the zeros.
struct LogRoom {
    /// Bytes laid at a time: about as many as the log has, within these.
    private static let bytes: ClosedRange<Int64> = 64 << 10...512 << 10
    /// SQLite's own writes are of a page; those of 128 KiB and more are beyond its interface to files.
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    /// The length at which the log was left.
    private var length: Int64 = -1

    /// Called after a commit. What can't be laid, as on a full disk, is not needed.
    mutating func lay(behind log: UnsafeMutablePointer<sqlite3_file>?) {
        guard let log, let methods = log.pointee.pMethods?.pointee else { return }
        var now: Int64 = 0
        // A log that was emptied is shorter than it was left.
        guard methods.xFileSize(log, &now) == SQLITE_OK, now != length else { return }
        length = now
        let end = now + min(max(now, LogRoom.bytes.lowerBound), LogRoom.bytes.upperBound)
        while length < end {
            guard methods.xWrite(log, LogRoom.zeros, Int32(LogRoom.zeros.count), length) == SQLITE_OK else { return }
            length += Int64(LogRoom.zeros.count)
        }
    }
}
