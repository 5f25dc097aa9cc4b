/// Moments at which something is to be looked at, the earliest first: a binary heap. Nothing is taken out before its
/// time; whoever is told at a moment that no longer counts passes over it.
struct DeadlineQueue: Sendable {
    struct Entry: Sendable, Hashable {
        let at: Duration
        let id: UInt64
    }

    private(set) var entries: [Entry] = []

    init() {}

    /// Of entries in any order.
    init(_ entries: [Entry]) { for entry in entries { add(entry) } }

    var earliest: Duration? { entries.first?.at }

    mutating func add(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, entries[child].at < entries[(child - 1) / 2].at {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest, when its moment has come.
    mutating func take(at now: Duration) -> Entry? {
        guard let first = entries.first, first.at <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return first
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].at < entries[least].at {
                least = child
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
