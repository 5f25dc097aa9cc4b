import PartnerModel
import SyncProtocol

/// Which unsent edits wait for a person: those that need a code, those that build or depend on one of them or on a
/// held one or share its group, and those that build on them. Pure.
struct Behind: Hashable {
    /// What ties an edit to others.
    struct Link {
        let number: Int64
        let builtOn: [Int64]
        let group: Int64?
        let isHeld: Bool
        let needsCode: Bool
    }

    /// Numbers of the unsent edits that wait for a person.
    private(set) var numbers: Set<Int64> = []
    private var held: Set<Int64> = []
    private var groups: Set<Int64> = []

    /// Takes further edits, none of which an edit taken before builds on or shares a group with. A group may drag in
    /// edits before the one that waits, so it is looked until nothing more is found. Cost: the edits given.
    mutating func add(_ links: [Link]) {
        for link in links where link.isHeld { held.insert(link.number) }
        for link in links where link.needsCode && !link.isHeld { numbers.insert(link.number) }
        guard !held.isEmpty || !numbers.isEmpty else { return }
        var known = -1
        while known < numbers.count + groups.count {
            known = numbers.count + groups.count
            for link in links {
                let shares = link.group.map { groups.contains($0) } ?? false
                if !link.isHeld, shares || link.builtOn.contains(where: isStopped) { numbers.insert(link.number) }
                if let group = link.group, isStopped(link.number) { groups.insert(group) }
            }
        }
    }

    /// An edit that is open no more, and that none builds on.
    mutating func remove(_ number: Int64) { numbers.remove(number) }

    private func isStopped(_ number: Int64) -> Bool { held.contains(number) || numbers.contains(number) }
}

/// The counts of an outbox, and what one more edit makes of them, so that it is not counted anew for each.
struct Tally: Hashable {
    private(set) var counts: OutboxCounts
    private var behind: Behind

    init(_ counts: OutboxCounts, _ behind: Behind) {
        (self.counts, self.behind) = (counts, behind)
        self.counts.behindPerson = behind.numbers.count
    }

    /// Takes edits that were just kept. False when only the file can tell: the oldest edit went into one of them.
    mutating func add(_ planned: [PlannedEdit]) -> Bool {
        for taken in planned.compactMap(\.taken) {
            guard let oldest = counts.oldestUnsentAt, taken.savedAt > oldest else { return false }
            counts.saved -= 1
            behind.remove(taken.number.value)
        }
        for item in planned { counts.add(1, .saved, oldest: item.edit.savedAt) }
        behind.add(
            planned.map { item in
                Behind.Link(
                    number: item.edit.number.value, builtOn: item.edit.builtOn, group: item.edit.wire.group?.value,
                    isHeld: false, needsCode: false)
            })
        counts.behindPerson = behind.numbers.count
        return true
    }
}

extension OutboxCounts {
    /// Takes so many edits of a state, the oldest of them saved at that moment (seconds since 1970).
    mutating func add(_ count: Int, _ state: EditState, oldest: Int64) {
        switch state {
        case .saved: saved += count
        case .sent: sent += count
        case .waiting: waiting += count
        case .held: held += count
        case .resulted: resulted += count
        case .dead: dead += count
        case .settled, .discarded, .combined: break
        }
        if state != .dead { oldestUnsettledAt = min(oldestUnsettledAt ?? .max, oldest) }
        if state == .saved || state == .sent || state == .waiting {
            oldestUnsentAt = min(oldestUnsentAt ?? .max, oldest)
        }
    }
}
