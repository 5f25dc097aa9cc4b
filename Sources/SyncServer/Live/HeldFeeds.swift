package import LedgerStore

/// What a page told of a feed that brought nothing: up to where, and for whom.
package struct QuietFeed: Sendable, Hashable {
    package let member: Member
    package let scope: Scope
    package let epoch: String
    package let sequence: Int64
    /// Hash of the rules that the page announces.
    package let rules: String

    package init(member: Member, scope: Scope, epoch: String, sequence: Int64, rules: String) {
        self.member = member
        self.scope = scope
        self.epoch = epoch
        self.sequence = sequence
        self.rules = rules
    }
}

/// The requests that wait for their feed, and whom a commit concerns. Does no work of its own: it is told what was looked
/// up and says who is to look again.
///
/// Nobody sleeps through a change: `register`, `beginLook`, a look into the ledger, `settle`, and only then sleep. What
/// was looked up by `touched` up to a sequence is told to those who sleep; who settles on a look that is older than that
/// is sent to look again.
package struct HeldFeeds: Sendable {
    package typealias ID = UInt64

    /// How many may wait.
    package struct Limits: Sendable {
        /// Of one token: a program and one that takes its place after a cut, with room.
        package var tokenMax = 8
        /// Of one partner; above what a server has connections for.
        package var partnerMax = 16_384
        package init() {}
    }

    /// What becomes of one that looked and found nothing.
    package enum Settling: Sendable, Hashable {
        case asleep
        /// Something was committed behind its back.
        case again
        /// Its place was taken by a newer one.
        case displaced
    }

    private struct Seat {
        let partner: String
        let token: [UInt8]
        let deadline: Duration
        var found: QuietFeed?
        var isDisplaced = false
        /// As they were when its last look began.
        var frames: UInt64
        var sweeps: UInt64
    }

    private struct Partner {
        /// Up to where those who sleep were told; nil before the first look.
        var seen: Int64?
        var frame: ScopeFrame?
        var frames: UInt64 = 0
        var ids: Set<ID> = []
        /// Those who have settled, by the number of their scope.
        var whole: [Int64: Set<ID>] = [:]
        var listed: [Int64: Set<ID>] = [:]

        static func table(_ scope: Scope) -> WritableKeyPath<Partner, [Int64: Set<ID>]> {
            scope.isWhole ? \.whole : \.listed
        }
    }

    private let limits: Limits
    private var lastID: ID = 0
    private var seats: [ID: Seat] = [:]
    private var partners: [String: Partner] = [:]
    private var tokens: [[UInt8]: [ID]] = [:]
    private var sweeps: UInt64 = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// How many wait.
    package var count: Int { seats.count }

    /// Partners whose feeds somebody waits for, in order.
    package var heldPartners: [String] { partners.keys.sorted() }

    package func holds(_ partner: String) -> Bool { partners[partner] != nil }

    /// All who wait, in order.
    package var ids: [ID] { seats.keys.sorted() }

    // MARK: Coming and going

    /// Takes one in, before its first look. `displaced` is to be woken: it is answered in favour of this one.
    package mutating func register(
        partner: String, token: [UInt8], deadline: Duration
    ) -> (id: ID, displaced: ID?, isFirstOfPartner: Bool) {
        lastID += 1
        let id = lastID
        let isFirst = partners[partner] == nil
        let frames = partners[partner]?.frames ?? 0
        seats[id] = Seat(partner: partner, token: token, deadline: deadline, frames: frames, sweeps: sweeps)
        partners[partner, default: Partner()].ids.insert(id)
        tokens[token, default: []].append(id)
        var oldest: ID?
        if let own = tokens[token], own.count > limits.tokenMax {
            oldest = own.first
        } else if let all = partners[partner]?.ids, all.count > limits.partnerMax {
            oldest = all.filter { seats[$0]?.isDisplaced == false }.min()
        }
        if let oldest {
            seats[oldest]?.isDisplaced = true
            forgetToken(of: oldest)
        }
        return (id, oldest, isFirst)
    }

    /// Before each look into the ledger.
    package mutating func beginLook(_ id: ID) {
        guard let seat = seats[id] else { return }
        seats[id]?.frames = partners[seat.partner]?.frames ?? 0
        seats[id]?.sweeps = sweeps
    }

    /// After a look that found nothing.
    package mutating func settle(_ id: ID, _ found: QuietFeed) -> Settling {
        guard let seat = seats[id], let seen = seen(seat.partner), !seat.isDisplaced else { return .displaced }
        if let sequence = seen.sequence, sequence > found.sequence { return .again }
        if seat.sweeps != sweeps { return .again }
        if seat.frames != seen.frames, let frame = seen.frame, !frame.holds(found) { return .again }
        unseat(id, seat)
        let table = Partner.table(found.scope)
        partners[seat.partner]?[keyPath: table][found.scope.number, default: []].insert(id)
        seats[id]?.found = found
        return .asleep
    }

    private func seen(_ partner: String) -> (sequence: Int64?, frame: ScopeFrame?, frames: UInt64)? {
        partners[partner].map { ($0.seen, $0.frame, $0.frames) }
    }

    /// It was answered, or its client has gone.
    package mutating func remove(_ id: ID) {
        guard let seat = seats[id] else { return }
        forgetToken(of: id)
        seats[id] = nil
        unseat(id, seat)
        partners[seat.partner]?.ids.remove(id)
        if partners[seat.partner]?.ids.isEmpty == true { partners[seat.partner] = nil }
    }

    // In place: a copy of the table would cost as much as there are who wait.
    private mutating func unseat(_ id: ID, _ seat: Seat) {
        guard let scope = seat.found?.scope else { return }
        let table = Partner.table(scope)
        partners[seat.partner]?[keyPath: table][scope.number]?.remove(id)
        if partners[seat.partner]?[keyPath: table][scope.number]?.isEmpty == true {
            partners[seat.partner]?[keyPath: table][scope.number] = nil
        }
    }

    private mutating func forgetToken(of id: ID) {
        guard let token = seats[id]?.token else { return }
        tokens[token]?.removeAll { $0 == id }
        if tokens[token]?.isEmpty == true { tokens[token] = nil }
    }

    // MARK: What happened

    /// After which sequence is to be looked; nil when nobody sleeps yet.
    package func start(_ partner: String) -> Int64? {
        guard let held = partners[partner] else { return nil }
        return held.seen ?? held.ids.compactMap { seats[$0]?.found?.sequence }.min()
    }

    /// Who is to look again after these commits, in order. Cost: the scopes concerned and those who wait in them.
    package mutating func touched(_ partner: String, _ touch: FeedTouch) -> [ID] {
        guard let held = partners[partner] else { return [] }
        let isFirst = held.seen == nil
        partners[partner]?.seen = touch.sequence
        // Before the first look nobody knew from where to look: who settled meanwhile may stand before it.
        let missed: Set<ID> =
            isFirst ? held.ids.filter { (seats[$0]?.found?.sequence).map { $0 < touch.after } ?? false } : []
        var asked = Set<ID>()
        if touch.isEverything || touch.hasCustomers || !touch.shared.isEmpty {
            for ids in held.whole.values { asked.formUnion(ids) }
        }
        if touch.isEverything || !touch.shared.isEmpty {
            for ids in held.listed.values { asked.formUnion(ids) }
        } else {
            for scope in touch.scopes { asked.formUnion(held.listed[scope] ?? []) }
        }
        let concerned = asked.filter { id in
            guard let found = seats[id]?.found else { return false }
            return touch.isEverything || found.sequence < touch.sequence && touch.concerns(found.scope)
        }
        return missed.union(concerned).sorted()
    }

    /// Whose cursors a change of scopes or epoch may have ended, in order.
    package mutating func framed(_ partner: String, _ frame: ScopeFrame) -> [ID] {
        guard let held = partners[partner], held.frame != frame else { return [] }
        partners[partner]?.frame = frame
        partners[partner]?.frames += 1
        return held.ids.filter { seats[$0]?.found.map { !frame.holds($0) } ?? false }.sorted()
    }

    /// A look at all accesses begins: who is about to settle on an older one looks again.
    package mutating func beginSweep() -> [(token: [UInt8], member: Member, id: ID)] {
        sweeps += 1
        return ids.compactMap { id in
            guard let seat = seats[id], let found = seat.found else { return nil }
            return (seat.token, found.member, id)
        }
    }

    // MARK: Time

    /// The first moment at which somebody's wait is over.
    package var earliestDeadline: Duration? { seats.values.lazy.map(\.deadline).min() }

    /// Whose wait is over, in the order of their deadlines.
    package func due(at now: Duration) -> [ID] {
        seats.filter { $0.value.deadline <= now }.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
            .map(\.key)
    }
}

extension ScopeFrame {
    /// Whether the cursor of a feed that brought nothing can be gone on from.
    fileprivate func holds(_ found: QuietFeed) -> Bool { found.epoch == epoch && scopes.contains(found.scope) }
}
