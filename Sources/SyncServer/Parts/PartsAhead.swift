import LedgerStore
import SyncProtocol
import Synchronization
import ThreadKit

/// Makes the parts that a load will ask for next while it still takes those before, on one thread for all loads.
///
/// It follows a load from the first part that had to be made for it, and stays a bounded number of parts ahead of who is
/// furthest; nobody asks, nothing is made. A request for the part that is being made waits for it. Where no thread was
/// begun, in the simulator, every part is made when it is asked for.
final class PartsAhead: Sendable {
    /// Parts of one load that are made and not asked for yet.
    static let aheadMax = 4
    /// Loads that are followed; the one that was asked for longest ago goes first.
    static let loadsMax = 16

    /// Where a part stands in its load.
    struct Place: Sendable, Hashable, Comparable {
        let entity: Int
        let key: Int64
        init(_ identity: PartIdentity) { (entity, key) = (identity.entity, identity.key) }
        static func < (one: Place, other: Place) -> Bool { (one.entity, one.key) < (other.entity, other.key) }
    }

    /// A part to be made.
    struct Job: Sendable, Hashable {
        /// Of the load; the place in it counts for nothing.
        let load: PartIdentity
        let cursor: String
    }

    private let book = Monitor((loads: Loads(), isEnding: false))
    private let thread = Mutex<WorkerThread?>(nil)

    /// Begins to make parts by `make`, which gives a part's place and closing line, or nil when its load is not to be
    /// followed further. Without room to keep what is made ahead nothing is begun.
    func begin(_ limits: PartLimits, _ make: @escaping @Sendable (Job) -> (place: Place, closing: V1.PageClosing)?) {
        guard limits.bytesMax >= PartsAhead.loadsMax * PartsAhead.aheadMax * ProtocolLimits.pageBytesSoftMax else {
            return
        }
        book.withLock { $0.isEnding = false }
        thread.withLock { thread in
            if thread == nil { thread = WorkerThread(stackBytes: 512 * 1024) { [self] in run(make) } }
        }
    }

    var isRunning: Bool { thread.withLock { $0 != nil } }

    /// Ends the thread, after the part that it makes.
    func end() {
        book.withLock { $0.isEnding = true }
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    /// A part is asked for.
    func asked(_ identity: PartIdentity) { book.withLock { $0.loads.asked(identity) } }

    /// A part had to be made for who asked.
    func made(_ identity: PartIdentity, _ closing: V1.PageClosing) {
        book.withLock { $0.loads.made(identity, closing) }
    }

    private func run(_ make: (Job) -> (place: Place, closing: V1.PageClosing)?) {
        while case let job?? = book.wait(
            until: nil,
            { book -> Job?? in
                if book.isEnding { return .some(nil) }
                return book.loads.next().map { .some($0) }
            })
        {
            let made = make(job)
            book.withLock { $0.loads.finished(job, made) }
        }
    }
}

extension PartsAhead {
    /// The loads that are followed: a value without threads, so that a test can walk it.
    struct Loads: Sendable {
        private struct Load: Sendable {
            /// Where the first part begins that is not made; nil after the last one.
            var next: String?
            /// The furthest part that was asked for.
            var asked: Place
            /// Made, and not asked for.
            var ahead: [Place] = []
            var turn: Int
        }

        private var loads: [PartIdentity: Load] = [:]
        private var turns = 0

        private static func key(_ identity: PartIdentity) -> PartIdentity {
            var key = identity
            (key.entity, key.key) = (0, 0)
            return key
        }

        mutating func asked(_ identity: PartIdentity) {
            let (key, place) = (Loads.key(identity), Place(identity))
            guard var load = loads[key] else { return }
            turns += 1
            load.turn = turns
            load.asked = max(load.asked, place)
            load.ahead.removeAll { $0 <= load.asked }
            loads[key] = load
        }

        mutating func made(_ identity: PartIdentity, _ closing: V1.PageClosing) {
            let (key, place) = (Loads.key(identity), Place(identity))
            // Who is behind, since its parts had to go, is not followed.
            if let load = loads[key], load.asked > place || load.ahead.contains(where: { $0 >= place }) { return }
            turns += 1
            loads[key] = Load(next: closing.more ? closing.cursor : nil, asked: place, turn: turns)
            if loads.count > PartsAhead.loadsMax, let oldest = loads.min(by: { $0.value.turn < $1.value.turn }) {
                loads[oldest.key] = nil
            }
        }

        /// What is to be made next: for the load that was asked for last.
        func next() -> Job? {
            let waiting = loads.filter { $0.value.next != nil && $0.value.ahead.count < PartsAhead.aheadMax }
            guard let (key, load) = waiting.max(by: { $0.value.turn < $1.value.turn }), let cursor = load.next else {
                return nil
            }
            return Job(load: key, cursor: cursor)
        }

        /// A job is done; without a part its load is followed no further.
        mutating func finished(_ job: Job, _ made: (place: Place, closing: V1.PageClosing)?) {
            // Meanwhile a request may have made that part, and the load goes on behind it.
            guard var load = loads[job.load], load.next == job.cursor else { return }
            guard let made else {
                loads[job.load] = nil
                return
            }
            load.next = made.closing.more ? made.closing.cursor : nil
            if made.place > load.asked { load.ahead.append(made.place) }
            loads[job.load] = load
        }

        /// How many parts of a load are made and not asked for.
        func ahead(of identity: PartIdentity) -> Int { loads[Loads.key(identity)]?.ahead.count ?? 0 }
    }
}
