import SyncProtocol

/// Feed pages before a checkpoint that are not in the file: those that come one right after the other.
///
/// What is kept in the file is written twice, read again and overwritten at the checkpoint; on a link on which the
/// checkpoint is a moment away it is cheaper to fetch those pages again after a crash. So the file lags behind by
/// seconds of fetching at most, never by what a slow link brought.
struct HeldPages {
    /// Bytes after which pages are written: a bound of memory.
    private static let bytesMax = 12 << 20
    /// Seconds between two pages up to which the link counts as quick.
    private static let pauseMax: Int64 = 1

    private(set) var pages: [ReceivedPage] = []
    private var bytes = 0
    private var lastAt: Int64?

    /// Where the last of them ends; nil when there is none.
    var cursor: String? { pages.last?.cursor }

    /// Whether a page that came at a time, in seconds since 1970, need not be written yet.
    func hasRoom(for page: ReceivedPage, at seconds: Int64) -> Bool {
        guard let lastAt, (0...HeldPages.pauseMax).contains(seconds - lastAt) else { return false }
        return bytes + page.bytes.count <= HeldPages.bytesMax
    }

    mutating func append(_ page: ReceivedPage, at seconds: Int64) {
        pages.append(page)
        bytes += page.bytes.count
        lastAt = seconds
    }

    /// All of them are in the file, or applied; `seconds` is when the last page came, nil when none did.
    mutating func empty(at seconds: Int64?) { self = HeldPages(lastAt: seconds) }

    init(lastAt: Int64? = nil) { self.lastAt = lastAt }
}
