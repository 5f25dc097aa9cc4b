import Diagnostics
import Hooks
import ReplicaStore
import SyncEngine
import ThreadKit

/// The engine thread: owns store and engine, drains the mailbox, keeps the timers.
///
/// Everything else only posts. Jobs of the local API run here too, so that an edit is numbered, stored and handed to
/// the push machine in one place and one order.
final class EngineLoop: Sendable {
    enum Mail: Sendable {
        case event(SyncEngine.Event)
        case job(@Sendable (SyncEngine) -> Void)
    }

    private let mailbox = Mailbox<Mail>()
    private let latest = Monitor((status: EngineStatus(), isStopping: false))

    /// Time between two looks at how long the server was not reached.
    private static let leaseInterval = Duration.seconds(3600)

    /// The status after the last event.
    var status: EngineStatus { latest.withLock { $0.status } }

    /// Events and jobs that wait for the engine.
    var waitingMail: Int { mailbox.count }

    /// The daemon was told to end.
    var isStopping: Bool { latest.withLock { $0.isStopping } }

    func post(_ event: SyncEngine.Event) { mailbox.post(.event(event)) }

    /// Runs `job` on the engine thread some time; not at all when the daemon is stopping.
    func run(_ job: @escaping @Sendable (SyncEngine) -> Void) { mailbox.post(.job(job)) }

    /// Runs `job` on the engine thread and gives its value; nil when the daemon is stopping or `deadline` passes.
    func ask<Value: Sendable>(
        until deadline: Duration, _ job: @escaping @Sendable (SyncEngine) -> Value
    ) -> Value? {
        ask(until: deadline) { engine, tell in
            tell(job(engine))
            return nil
        }
    }

    /// The same for a job that tells its value, once, before it has come to its end. The event that it ends with is
    /// handled before any other mail.
    func ask<Value: Sendable>(
        until deadline: Duration,
        _ job: @escaping @Sendable (SyncEngine, _ tell: (Value) -> Void) -> SyncEngine.Event?
    ) -> Value? {
        let delivery = Delivery<Value>()
        let isTaken = mailbox.post(
            .job { engine in
                if let event = job(engine, { delivery.deliver($0) }) { engine.handle(event) }
            })
        return isTaken ? delivery.wait(until: deadline) : nil
    }

    /// Waits until `isReached` says so of a status, the daemon stops or `deadline` passes; gives the last status.
    func waitForStatus(until deadline: Duration, _ isReached: (EngineStatus) -> Bool) -> EngineStatus {
        latest.wait(until: deadline) { $0.isStopping || isReached($0.status) ? $0.status : nil } ?? status
    }

    /// Ends the waits for a status, which would hold the daemon's end up; mail is still taken.
    func stopWaits() { latest.withLock { $0.isStopping = true } }

    /// No more mail is taken; `run` ends after what has come.
    func close() { mailbox.close() }

    /// Drains the mailbox until `close`. Called on the engine thread with what it owns.
    /// `afterwards` is called after every batch.
    func run(
        engine: SyncEngine, timers: LaneTimers, clock: any WallClock, afterwards: (SyncEngine) -> Void = { _ in }
    ) {
        engine.handle(.start)
        publish(engine)
        var looked = clock.monotonicNow()
        while let batch = mailbox.take(
            until: [timers.next, looked + EngineLoop.leaseInterval].compactMap { $0 }.min())
        {
            for mail in batch {
                switch mail {
                case .event(let event): engine.handle(event)
                case .job(let job): job(engine)
                }
            }
            for lane in timers.takeDue(at: clock.monotonicNow()) { engine.handle(.timerFired(lane)) }
            let now = clock.monotonicNow()
            if now - looked >= EngineLoop.leaseInterval {
                engine.handle(.timePassed(now - looked))
                looked = now
            }
            afterwards(engine)
            publish(engine)
        }
        engine.handle(.stop)
        publish(engine)
    }

    private func publish(_ engine: SyncEngine) {
        let status = engine.status
        latest.withLock { $0.status = status }
    }
}

/// The timers of the lanes, kept by the engine thread alone.
final class LaneTimers {
    private var deadlines: [Duration?] = Array(repeating: nil, count: Lane.allCases.count)

    /// The nearest deadline on the monotonic clock.
    var next: Duration? { deadlines.compactMap { $0 }.min() }

    func set(_ lane: Lane, at deadline: Duration) { deadlines[lane.rawValue] = deadline }

    /// The lanes whose timer has run out, each once.
    func takeDue(at now: Duration) -> [Lane] {
        Lane.allCases.filter { lane in
            guard let deadline = deadlines[lane.rawValue], deadline <= now else { return false }
            deadlines[lane.rawValue] = nil
            return true
        }
    }
}

/// Takes the pages of a load on a thread of its own, in their order.
final class Loader: Sendable {
    private let jobs = Mailbox<@Sendable () -> SyncEngine.Event>()

    func post(_ job: @escaping @Sendable () -> SyncEngine.Event) { jobs.post(job) }

    /// Runs until `stop`, after what has come.
    func run(_ deliver: (SyncEngine.Event) -> Void) {
        while let batch = jobs.take(until: nil) { for job in batch { deliver(job()) } }
    }

    func stop() { jobs.close() }
}

/// What the engine sees of the daemon: lanes to send on and timers to set. Used on the engine thread only.
final class DaemonShell: EngineShell {
    private let lanes: [LaneWorker]
    private let timers: LaneTimers
    private let loader: Loader
    private let meter: LinkMeter
    private let book: LaneBook
    private let hooks: HookRunner?
    private let clock: any WallClock
    private let log: Logger

    init(
        lanes: [LaneWorker], timers: LaneTimers, loader: Loader, meter: LinkMeter, book: LaneBook,
        hooks: HookRunner? = nil,
        clock: any WallClock,
        log: Logger
    ) {
        self.loader = loader
        self.meter = meter
        self.book = book
        self.lanes = lanes
        self.timers = timers
        self.hooks = hooks
        self.clock = clock
        self.log = log
    }

    func send(_ exchange: Exchange) { lanes[exchange.lane.rawValue].send(exchange) }
    var linkSpeed: Int64? { meter.bytesASecond }
    var carriedBytes: Int64 { book.carriedBytes }
    func abandon(_ lane: Lane) { lanes[lane.rawValue].abandon() }
    func perform(_ job: @escaping @Sendable () -> SyncEngine.Event) { loader.post(job) }
    func wake(_ lane: Lane, after: Duration) { timers.set(lane, at: clock.monotonicNow() + after) }

    func stepped(_ step: MachineStep) {
        switch step {
        case .pull(let before, _, let after): if before != after { logChange(.pull, "\(before)", "\(after)") }
        case .push(let before, _, let after): if before != after { logChange(.push, "\(before)", "\(after)") }
        case .fill(let before, _, let after): if before != after { logChange(.fill, "\(before)", "\(after)") }
        case .load(let before, _, let after): if before != after { logChange(.load, "\(before)", "\(after)") }
        }
    }

    func noticed(_ news: EngineNews) {
        guard let hooks else { return }
        for event in HookEvents.events(of: news, at: clock.now()) { hooks.post(event) }
    }

    private func logChange(_ lane: Lane, _ before: String, _ after: String) {
        log.log(.debug, "state", [("lane", "\(lane)"), ("from", before), ("to", after)])
    }
}
