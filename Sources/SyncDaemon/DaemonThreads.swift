import Diagnostics
import Glibc
import HTTPKit
import Hooks
import ReplicaStore
import SyncCore
import SyncEngine
import ThreadKit

/// The threads behind the local interface: the engine's, one a lane, one that watches links. Used by one thread.
final class DaemonThreads {
    /// Stack of a thread; SQLite's index building and JSON decoding fit with room.
    private static let stackBytes = 1 << 20
    /// How long opening the replica may take: a crash may have left a log to be replayed.
    private static let openPatience = Duration.seconds(600)
    /// How long a lane may take to end. Only the look-up of a host's name takes so long, and it can't be ended.
    static let laneEnd = Duration.seconds(2)

    let loop = EngineLoop()

    private let configuration: SyncDaemon.Configuration
    private let server: String
    private let log: Logger
    private let clock: any WallClock
    private let chance: any Chance
    private let lanes: [LaneWorker]
    private let loader = Loader()
    private let meter = LinkMeter()
    private var loaderThread: WorkerThread?
    private let links = LinkWatcher()
    /// What the lanes carried; of this member's replica from `start` on.
    private(set) var book: LaneBook
    private let hooks: HookRunner?
    private var hookThread: WorkerThread?
    private var engine: WorkerThread?
    private var linkThread: WorkerThread?
    private var laneThreads: [(thread: WorkerThread, ended: Delivery<Bool>)] = []

    init(
        _ configuration: SyncDaemon.Configuration, _ url: ServerURL, log: Logger, clock: any WallClock,
        chance: any Chance
    ) {
        self.configuration = configuration
        server = url.text
        self.log = log
        self.clock = clock
        self.chance = chance
        book = LaneBook(at: clock.now(), clock: clock)
        let settings = configuration.settings
        let limits = ClientLimits(
            connect: settings.duration(.connectTimeout), idle: settings.duration(.replyTimeout))
        let connector = Connector(url: url, settings: ConnectionSettings(settings), environment: Paths.variable)
        let meter = meter
        lanes = Lane.allCases.map { _ in LaneWorker(connector: connector, limits: limits, meter: meter) }
        let wanted = HookSettings(settings)
        hooks = wanted.isEmpty && wanted.flaws.isEmpty ? nil : HookRunner(wanted, log: log, clock: clock)
    }

    /// Opens the replica and starts every thread, or says why not. `stop` is to be called in either case.
    func start() throws(UserError) {
        let opened = Delivery<Result<LaneBook, UserError>>()
        let (configuration, server, loop, lanes, loader, meter, hooks, log, clock, chance) = (
            configuration, server, loop, lanes, loader, meter, hooks, log, clock, chance
        )
        if let hooks { hookThread = try Self.thread { hooks.run() } }
        engine = try Self.thread {
            Self.runEngine(configuration, server, loop, lanes, loader, meter, hooks, opened, log, clock, chance)
        }
        loaderThread = try Self.thread { loader.run { loop.post($0) } }
        if let outcome = opened.wait(until: clock.monotonicNow() + Self.openPatience) { book = try outcome.get() }
        let book = book
        for lane in lanes {
            let ended = Delivery<Bool>()
            let thread = try Self.thread {
                lane.run(book: book, clock: clock) { loop.post(.outcome(exchange: $0, $1)) }
                ended.deliver(true)
            }
            laneThreads.append((thread, ended))
        }
        if let links {
            linkThread = try Self.thread {
                links.run {
                    for lane in lanes { lane.linkChanged() }
                    loop.post(.linkCameUp)
                }
            }
        }
    }

    /// Ends the threads in reverse order; the engine takes what the lanes brought and closes the replica. Does nothing
    /// the second time.
    func stop() {
        links?.stop()
        linkThread?.join()
        linkThread = nil
        for lane in lanes { lane.stop() }
        let end = clock.monotonicNow() + Self.laneEnd
        for (thread, ended) in laneThreads {
            if ended.wait(until: end) == true { thread.join() } else { thread.detach() }
        }
        laneThreads = []
        loop.close()
        engine?.join()
        engine = nil
        loader.stop()
        loaderThread?.join()
        loaderThread = nil
        hooks?.stop()
        hookThread?.join()
        hookThread = nil
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) throws(UserError) -> WorkerThread {
        guard let thread = WorkerThread(stackBytes: stackBytes, body) else {
            throw UserError(
                .failed, what: "cannot start the daemon", why: "the system refuses another thread",
                next: "check the limits of this user")
        }
        return thread
    }

    /// A member of whom everything had to go leaves no token either, once the server knows that it is done.
    private static func forgetLogin(_ paths: Paths, _ store: ReplicaStore) {
        guard SecureFile.exists("\(paths.state)/wiped.json"), SecureFile.exists(paths.tokenFile),
            let record = store.wipeRecord, record.extent == .everything, record.isReported
        else { return }
        SecureFile.remove(paths.tokenFile)
        try? SettingsFile.remove(SettingSpec.serverURL.name, from: paths.settingsFile)
    }

    private static func limits(_ settings: Settings) -> PullMachine.Limits {
        PullMachine.Limits(restInterval: settings.duration(.syncInterval), holds: settings.flag(.syncLive))
    }

    private static func terms(_ settings: Settings) -> Allowance.Terms {
        Allowance.Terms(
            isMetered: settings.flag(.networkMetered), dailyBytes: settings.bytes(.networkDailyBytes))
    }

    /// Takes what may change while the engine runs. What rests looks at the feed at once, and rests anew.
    func follow(_ settings: Settings) {
        let (limits, terms) = (Self.limits(settings), Self.terms(settings))
        loop.run { engine in
            guard engine.limits != limits || engine.terms != terms else { return }
            engine.handle(.settingsRead(limits, terms))
        }
    }

    /// The engine thread: the store is opened, used and closed here.
    private static func runEngine(
        _ configuration: SyncDaemon.Configuration, _ server: String, _ loop: EngineLoop, _ lanes: [LaneWorker],
        _ loader: Loader, _ meter: LinkMeter, _ hooks: HookRunner?, _ opened: Delivery<Result<LaneBook, UserError>>,
        _ log: Logger,
        _ clock: any WallClock,
        _ chance: any Chance
    ) {
        let store: ReplicaStore
        do throws(StoreError) {
            store = try ReplicaStore(directory: configuration.paths.state, clock: clock, chance: chance)
        } catch {
            opened.deliver(.failure(error.userError))
            return
        }
        let timers = LaneTimers()
        store.isWatching = hooks != nil
        let book = LaneBook(at: clock.now(), kept: (try? store.keptTraffic()) ?? nil, clock: clock)
        let shell = DaemonShell(
            lanes: lanes, timers: timers, loader: loader, meter: meter, book: book, hooks: hooks, clock: clock, log: log
        )
        let engine = SyncEngine(
            store: store, server: server, token: configuration.token, clock: clock, chance: chance, log: log,
            limits: Self.limits(configuration.settings), terms: Self.terms(configuration.settings), shell: shell)
        let keeper = MeasureKeeper(store: store, book: book, clock: clock, log: log)
        opened.deliver(.success(book))
        var told = ServiceStatus()
        loop.run(engine: engine, timers: timers, clock: clock) { engine in
            forgetLogin(configuration.paths, store)
            told.tell(engine.status)
            keeper.look(engine.status)
        }
        keeper.keep(engine.status)
        store.close()
    }
}
