import LedgerStore

/// The connections by which commits are noticed; of one thread. Each keeps the mark of the last look: a new one counts as
/// changed, since nobody knows what came before it.
struct Watches {
    private struct Watch {
        let ledger: Ledger
        var mark: Int64?
    }

    private let folder: DataFolder
    private var ledgers: [String: Watch] = [:]
    private var directoryWatch: (directory: Directory, mark: Int64?)?

    init(folder: DataFolder) { self.folder = folder }

    /// A partner's ledger.
    mutating func ledger(_ partner: String) throws -> Ledger {
        if let watch = ledgers[partner] { return watch.ledger }
        let ledger = try Ledger.open(path: folder.ledgerFile(partner), forWriting: false)
        ledgers[partner] = Watch(ledger: ledger)
        return ledger
    }

    /// Whether the watch over a partner's ledger is new.
    func isNew(_ partner: String) -> Bool { ledgers[partner]?.mark == nil }

    /// Whether somebody has committed to it since the last call. The mark is read before the caller looks, so what comes
    /// during the look counts next time.
    mutating func hasChanged(_ partner: String) throws -> Bool {
        let mark = try ledger(partner).commitsOfOthers()
        defer { ledgers[partner]?.mark = mark }
        return mark != ledgers[partner]?.mark
    }

    /// The directory, and whether somebody has committed to it since the last call.
    mutating func directory() throws -> (directory: Directory, hasChanged: Bool) {
        let watch = try directoryWatch ?? (folder.openDirectory(), nil)
        let mark = try watch.directory.commitsOfOthers()
        directoryWatch = (watch.directory, mark)
        return (watch.directory, mark != watch.mark)
    }

    /// Ends the watches over other partners than these.
    mutating func keep(_ partners: [String]) {
        for partner in ledgers.keys.sorted() where !partners.contains(partner) { drop(partner) }
    }

    mutating func drop(_ partner: String) { ledgers.removeValue(forKey: partner)?.ledger.close() }

    mutating func dropDirectory() { directoryWatch = nil }
}
