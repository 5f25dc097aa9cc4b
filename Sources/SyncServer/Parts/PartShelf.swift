/// Which parts are kept, and in which order they go: a value without files, so that a test can walk it.
struct PartShelf: Sendable {
    struct Entry: Sendable {
        let label: PartLabel
        /// Rises with each use of any part.
        var lastUse: Int
        /// Whether its bytes were compared with its label by this process.
        var isVerified: Bool
        var bytes: Int { label.count + PartFolder.labelBytes }
    }

    /// What makes parts of a scope unusable.
    struct ScopeFacts: Sendable, Hashable {
        let number: Int64
        let version: Int64
        let left: Int64
    }

    /// What makes parts of a partner unusable.
    struct LedgerFacts: Sendable, Hashable {
        let epoch: String
        let sequence: Int64
        let lowWatermark: Int64
        /// The last sequence known at which contact data were erased or changed.
        let lastContactChange: Int64
    }

    private(set) var entries: [String: Entry] = [:]
    /// Bytes of all.
    private(set) var bytes = 0
    private var uses = 0

    mutating func use(_ name: String) -> Entry? {
        guard entries[name] != nil else { return nil }
        uses += 1
        entries[name]?.lastUse = uses
        return entries[name]
    }

    mutating func noteVerified(_ name: String) { entries[name]?.isVerified = true }

    mutating func add(_ name: String, _ label: PartLabel, isVerified: Bool) {
        _ = remove(name)
        uses += 1
        let entry = Entry(label: label, lastUse: uses, isVerified: isVerified)
        entries[name] = entry
        bytes += entry.bytes
    }

    mutating func remove(_ name: String) -> Bool {
        guard let entry = entries.removeValue(forKey: name) else { return false }
        bytes -= entry.bytes
        return true
    }

    /// Those to be removed so that a part of so many bytes finds room, the least recently used first; nil when there is
    /// none for it at all.
    func toMakeRoom(for count: Int, limits: PartLimits) -> [String]? {
        let wanted = count + PartFolder.labelBytes
        guard wanted <= limits.bytesMax else { return nil }
        var (left, names) = (bytes, [String]())
        guard left + wanted > limits.bytesMax || entries.count >= limits.partsMax else { return [] }
        for (name, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            guard left + wanted > limits.bytesMax || entries.count - names.count >= limits.partsMax else { break }
            names.append(name)
            left -= entry.bytes
        }
        return names
    }

    /// Parts of a partner that no load can use any more, or that may hold what was erased.
    func unusable(of partner: String, _ facts: LedgerFacts) -> [String] {
        names { label in
            let identity = label.identity
            guard identity.partner == partner else { return false }
            return identity.epoch != facts.epoch || identity.pin < facts.lowWatermark
                || label.madeAt > facts.sequence || label.madeAt < facts.lastContactChange
        }
    }

    /// Parts of a scope from before it showed what it shows now.
    func unusable(of partner: String, _ facts: ScopeFacts) -> [String] {
        names { label in
            let identity = label.identity
            return identity.partner == partner && identity.scope == facts.number
                && (identity.scopeVersion < facts.version || identity.left < facts.left)
        }
    }

    func names(where isMeant: (PartLabel) -> Bool) -> [String] {
        entries.filter { isMeant($0.value.label) }.map(\.key).sorted()
    }
}

/// Bounds of what is kept.
package struct PartLimits: Sendable, Hashable {
    /// Bytes of all parts; 0 keeps none.
    package var bytesMax = 512 << 20
    /// Files in the folder.
    package var partsMax = 8192
    /// Space on the disk below which nothing is kept: ledgers need it more.
    package var freeBytesMin: Int64 = 256 << 20
    /// How long a request waits for another that makes the same part.
    package var patience = Duration.seconds(10)

    package init() {}
    package init(bytesMax: Int) { self.bytesMax = bytesMax }
}
