import ConflictRules
import Diagnostics
import HTTPKit
import LedgerStore
import Synchronization
import ThreadKit

/// Wakes held requests: those that a commit concerns, and those whose access changed.
///
/// Commits of this process are told by `committed` and looked at at once, several together when they come fast. Those of
/// other processes are noticed by a look each `pollEvery`, only while somebody waits. One thread looks, on connections of
/// its own: the directory's, and one for each partner whose feed somebody waits for.
final class LiveFeeds: Sendable {
    /// How soon a commit of another process is noticed, in a ledger or in the directory.
    static let pollEvery = Duration.seconds(1)
    /// How long the end of a token's time may go unnoticed.
    static let sweepEvery = Duration.seconds(30)

    struct Counts: Sendable {
        var held = 0
        var woken: Int64 = 0
        var waitedOut: Int64 = 0
    }

    private struct Table {
        var feeds = HeldFeeds()
        var holds: [HeldFeeds.ID: HTTPHold] = [:]
        var woken: Int64 = 0
        var waitedOut: Int64 = 0
    }

    private enum Running {
        case no
        case thread(WorkerThread)
        case byHand
    }

    /// What is kept between two looks.
    private struct Looks {
        var watches: Watches
        var nextPoll: Duration
        var nextSweep: Duration
        var rulesHash: String
    }

    private struct Work {
        var touched: Set<String> = []
        var isEnding = false
    }

    private let folder: DataFolder
    /// Tokens follow it.
    private let clock: any WallClock
    /// Deadlines follow it; the listener's, whose requests these are, is the system's.
    let waits: any WallClock
    private let rules: RulesInForce
    private let log: Logger
    private let table = Mutex(Table())
    private let work = Monitor(Work())
    private let running = Mutex(Running.no)
    private let kept = Mutex<Looks?>(nil)

    init(folder: DataFolder, clock: any WallClock, waits: any WallClock, rules: RulesInForce, log: Logger) {
        self.folder = folder
        self.clock = clock
        self.waits = waits
        self.rules = rules
        self.log = log
    }

    /// Whether requests can be held.
    var isRunning: Bool { running.withLock { if case .no = $0 { false } else { true } } }

    /// From here on requests can be held; false when the system refuses a thread.
    func begin() -> Bool {
        work.withLock { $0.isEnding = false }
        return running.withLock { running in
            guard case .no = running else { return true }
            guard let thread = WorkerThread(stackBytes: 512 * 1024, { [self] in run() }) else { return false }
            running = .thread(thread)
            return true
        }
    }

    /// From here on requests can be held, and are woken by `lookByHand` alone, which one thread calls.
    func beginByHand() {
        running.withLock { $0 = .byHand }
        kept.withLock { $0 = looks() }
    }

    /// Looks at what has happened since the last call.
    func lookByHand() {
        kept.withLock { kept in
            guard var looks = kept else { return }
            let touched = work.withLock { work in
                defer { work.touched = [] }
                return work.touched
            }
            turn(&looks, touched)
            kept = looks
        }
    }

    /// Nobody is woken any more; called when the listener has stopped.
    func end() {
        work.withLock { $0.isEnding = true }
        let last = running.withLock { running in
            defer { running = .no }
            return running
        }
        if case .thread(let thread) = last { thread.join() }
        kept.withLock { $0 = nil }
    }

    var counts: Counts {
        table.withLock { Counts(held: $0.feeds.count, woken: $0.woken, waitedOut: $0.waitedOut) }
    }

    // MARK: Those who wait

    /// Takes a request in, before its first look; then comes `attach`.
    func register(partner: String, token: [UInt8], deadline: Duration) -> HeldFeeds.ID {
        let (taken, displaced) = table.withLock { table in
            let taken = table.feeds.register(partner: partner, token: token, deadline: deadline)
            return (taken, taken.displaced.flatMap { table.holds[$0] })
        }
        displaced?.wake()
        // The look takes up the watch over the partner's file.
        if taken.isFirstOfPartner { look(at: partner) }
        return taken.id
    }

    func attach(_ hold: HTTPHold, to id: HeldFeeds.ID) { table.withLock { $0.holds[id] = hold } }

    func beginLook(_ id: HeldFeeds.ID) { table.withLock { $0.feeds.beginLook(id) } }

    func settle(_ id: HeldFeeds.ID, _ found: QuietFeed) -> HeldFeeds.Settling {
        table.withLock { $0.feeds.settle(id, found) }
    }

    func remove(_ id: HeldFeeds.ID) {
        table.withLock { table in
            table.feeds.remove(id)
            table.holds[id] = nil
        }
    }

    func noteWaitedOut() { table.withLock { $0.waitedOut += 1 } }

    // MARK: What happens

    /// A writer of this process has committed.
    func committed(_ partner: String) {
        if table.withLock({ $0.feeds.holds(partner) }) { look(at: partner) }
    }

    private func look(at partner: String) { work.withLock { _ = $0.touched.insert(partner) } }

    private func wake(_ choose: (inout HeldFeeds) -> [HeldFeeds.ID]) {
        let holds = table.withLock { table in
            let holds = choose(&table.feeds).compactMap { table.holds[$0] }
            table.woken += Int64(holds.count)
            return holds
        }
        for hold in holds { hold.wake() }
    }

    // MARK: The thread that looks

    private func looks() -> Looks {
        let now = waits.monotonicNow()
        return Looks(
            watches: Watches(folder: folder), nextPoll: now, nextSweep: now + LiveFeeds.sweepEvery,
            rulesHash: rules.current.hash)
    }

    private func run() {
        var looks = looks()
        while true {
            let isIdle = table.withLock { $0.feeds.count == 0 }
            let touched = work.wait(until: isIdle ? nil : looks.nextPoll) { work -> Set<String>? in
                if work.isEnding { return [] }
                guard !work.touched.isEmpty else { return nil }
                defer { work.touched = [] }
                return work.touched
            }
            if let touched, touched.isEmpty { return }
            turn(&looks, touched ?? [])
        }
    }

    /// Looks at what this process has committed, and when it is time to at what others have.
    private func turn(_ looks: inout Looks, _ touched: Set<String>) {
        for partner in touched.sorted() { attempt { try look(partner, &looks.watches, isPoll: false) } }
        let now = waits.monotonicNow()
        guard now >= looks.nextPoll else { return }
        looks.nextPoll = now + LiveFeeds.pollEvery
        if rules.current.hash != looks.rulesHash {
            looks.rulesHash = rules.current.hash
            wake { $0.ids }
        }
        let held = table.withLock { $0.feeds.heldPartners }
        looks.watches.keep(held)
        for partner in held { attempt { try look(partner, &looks.watches, isPoll: true) } }
        let isDue = now >= looks.nextSweep
        if isDue { looks.nextSweep = now + LiveFeeds.sweepEvery }
        attempt { try sweep(&looks.watches, isDue: isDue) }
    }

    private func attempt(_ body: () throws -> Void) {
        // The next look tries again: a watch that failed is taken up anew.
        do { try body() } catch { log.log(.error, "feeds-not-watched", [("why", "\(error)")]) }
    }

    /// Looks at what came since the last look, and wakes whom it concerns. Scopes change by commands alone, which are
    /// other processes: they are looked at with a poll, and by a watch that is new.
    private func look(_ partner: String, _ watches: inout Watches, isPoll: Bool) throws {
        guard table.withLock({ $0.feeds.holds(partner) }) else { return }
        do {
            let isWhole = isPoll || watches.isNew(partner)
            if isWhole, try !watches.hasChanged(partner) { return }
            let start = table.withLock { $0.feeds.start(partner) }
            let (touch, frame) = try watches.ledger(partner).read { reader in
                (try reader.touched(after: start), isWhole ? try reader.scopeFrame() : nil)
            }
            wake { $0.touched(partner, touch) }
            if let frame { wake { $0.framed(partner, frame) } }
        } catch {
            watches.drop(partner)
            throw error
        }
    }

    /// Looks at the accesses of those who sleep when the directory has changed, or when it is time to.
    private func sweep(_ watches: inout Watches, isDue: Bool) throws {
        let (directory, hasChanged) = try watches.directory()
        guard hasChanged || isDue else { return }
        do {
            var known: [[UInt8]: Access] = [:]
            var changed: [HeldFeeds.ID] = []
            for (token, member, id) in table.withLock({ $0.feeds.beginSweep() }) {
                let access = try known[token] ?? directory.access(hash: token, at: clock.now().seconds).access
                known[token] = access
                if access != .granted(member) { changed.append(id) }
            }
            wake { _ in changed }
        } catch {
            watches.dropDirectory()
            throw error
        }
    }
}
