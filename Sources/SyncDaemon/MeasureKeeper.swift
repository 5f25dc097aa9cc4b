import Diagnostics
import ReplicaStore
import SyncEngine

/// Keeps in the outbox when replica and server last agreed and what today carried: every few minutes when there is
/// something new, and at the end. A crash loses what came since, so both are then older or less than they were, never
/// more. Used on the engine thread.
final class MeasureKeeper {
    /// Time between two commits.
    static let interval = Duration.seconds(300)
    /// Time after the first failure; it doubles with each up to the interval.
    static let firstPause = Duration.seconds(10)

    private let store: ReplicaStore
    private let book: LaneBook
    private let clock: any WallClock
    private let log: Logger
    private var kept: (agreedAt: Int64?, traffic: KeptTraffic)
    private var keptAt: Duration
    /// Tries in a row that failed, as on a full disk, and when the next one is due.
    private var failures = 0
    private var retryAt: Duration?

    init(store: ReplicaStore, book: LaneBook, clock: any WallClock, log: Logger) {
        self.store = store
        self.book = book
        self.clock = clock
        self.log = log
        kept = (store.identity.agreedAt, book.today(at: clock.now()))
        keptAt = clock.monotonicNow()
    }

    /// Called after every batch of the engine's mail.
    func look(_ status: EngineStatus) {
        let isFirstAgreement = kept.agreedAt == nil && status.lastAgreementAt != nil
        if let retryAt, clock.monotonicNow() < retryAt { return }
        let isDue = clock.monotonicNow() - keptAt >= MeasureKeeper.interval
        guard isDue || isFirstAgreement || retryAt != nil else { return }
        keep(status)
    }

    /// Keeps what is new.
    func keep(_ status: EngineStatus) {
        let new = (agreedAt: status.lastAgreementAt?.seconds, traffic: book.today(at: clock.now()))
        guard new.agreedAt != kept.agreedAt || new.traffic != kept.traffic else { return }
        keptAt = clock.monotonicNow()
        do throws(StoreError) {
            try store.keepMeasures(agreedAt: new.agreedAt, traffic: new.traffic)
            kept = new
            (failures, retryAt) = (0, nil)
        } catch {
            let pause = MeasureKeeper.firstPause * (1 << min(failures, 8))
            failures += 1
            retryAt = clock.monotonicNow() + min(pause, MeasureKeeper.interval)
            log.log(.info, "measures-not-kept", [("why", error.why)])
        }
    }
}
