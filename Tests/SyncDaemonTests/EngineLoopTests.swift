import Diagnostics
import HTTPKit
import ReplicaStore
import SyncCore
import SyncEngine
import TestKit
import Testing
import ThreadKit

@testable import SyncDaemon

/// The engine thread: mail in order, timers, and its end.
@Suite struct EngineLoopTests {
    private let folder = TemporaryDirectory()

    // MARK: Timers

    @Test func `a timer set again replaces the one before it, on its own lane alone`() {
        let timers = LaneTimers()
        #expect(timers.next == nil && timers.takeDue(at: .seconds(99)) == [])
        timers.set(.pull, at: .seconds(10))
        timers.set(.push, at: .seconds(20))
        timers.set(.pull, at: .seconds(30))
        #expect(timers.next == .seconds(20))
        #expect(timers.takeDue(at: .seconds(10)) == [])
        #expect(timers.takeDue(at: .seconds(20)) == [.push])
        #expect(timers.takeDue(at: .seconds(29)) == [])
        #expect(timers.next == .seconds(30))
        timers.set(.pull, at: .seconds(5))
        #expect(timers.next == .seconds(5))
    }

    @Test func `after a suspend each lane that is due fires once`() {
        let timers = LaneTimers()
        timers.set(.push, at: .seconds(40))
        timers.set(.pull, at: .seconds(30))
        #expect(timers.takeDue(at: .seconds(86_400)) == [.pull, .push])
        #expect(timers.takeDue(at: .seconds(86_400)) == [] && timers.next == nil)
    }

    // MARK: Loop

    /// A loop on a thread of its own around a real engine and store, whose exchanges go to the test.
    private final class Bench: Sendable {
        let loop = EngineLoop()
        let sent = Monitor<[Exchange]>([])
        let steps = Monitor<[String]>([])
        let clock: any WallClock
        private let thread: WorkerThread

        init(_ folder: TemporaryDirectory, clock: any WallClock = SystemClock()) throws {
            self.clock = clock
            let (loop, sent, steps, path) = (loop, sent, steps, folder.file("state"))
            thread = try #require(
                WorkerThread(stackBytes: 1 << 20) {
                    guard let store = try? ReplicaStore(directory: path, clock: clock, chance: CountingChance()) else {
                        return
                    }
                    let timers = LaneTimers()
                    let shell = Recorder(sent: sent, steps: steps, timers: timers, clock: clock)
                    let engine = SyncEngine(
                        store: store, server: "http://h:1", token: "t", clock: clock, chance: CountingChance(),
                        log: Logger(program: "test", level: .error, descriptor: -1), shell: shell)
                    loop.run(engine: engine, timers: timers, clock: clock)
                    store.close()
                })
        }

        func end() {
            loop.close()
            thread.join()
        }

        /// The exchange of that place in order, once it was sent.
        func exchange(_ index: Int) -> Exchange? {
            sent.wait(until: Moment.soon) { $0.count > index ? $0[index] : nil }
        }
    }

    private final class Recorder: EngineShell {
        let sent: Monitor<[Exchange]>
        let steps: Monitor<[String]>
        let timers: LaneTimers
        let clock: any WallClock

        init(sent: Monitor<[Exchange]>, steps: Monitor<[String]>, timers: LaneTimers, clock: any WallClock) {
            (self.sent, self.steps, self.timers, self.clock) = (sent, steps, timers, clock)
        }

        func abandon(_ lane: Lane) {}
        func perform(_ job: @escaping @Sendable () -> SyncEngine.Event) {}
        func send(_ exchange: Exchange) { sent.withLock { $0.append(exchange) } }
        func wake(_ lane: Lane, after: Duration) { timers.set(lane, at: clock.monotonicNow() + after) }
        func stepped(_ step: MachineStep) {
            if case .pull(_, let event, let state) = step { steps.withLock { $0.append("\(event) \(state)") } }
        }
    }

    @Test func `mail is taken in the order it was posted, and jobs see what came before them`() throws {
        let bench = try Bench(folder)
        defer { bench.end() }
        let order = Monitor<[Int]>([])
        let workers = (0..<4).compactMap { worker in
            WorkerThread(stackBytes: 1 << 18) {
                for index in 0..<50 {
                    bench.loop.post(.syncRequested)
                    _ = bench.loop.ask(until: Moment.soon) { _ in order.withLock { $0.append(worker * 100 + index) } }
                }
            }
        }
        for worker in workers { worker.join() }
        let seen = order.withLock { $0 }
        #expect(seen.count == 200)
        for worker in 0..<4 { #expect(seen.filter { $0 / 100 == worker } == (0..<50).map { worker * 100 + $0 }) }
        let polls = bench.loop.ask(until: Moment.soon) { _ in
            bench.steps.withLock { $0.filter { $0 == "poked greeting" }.count }
        }
        #expect(polls == 200)
        // However often it is asked, one greeting is on its way.
        #expect(bench.sent.withLock { $0.count } == 1)
    }

    @Test func `after a suspend what was due fires once with the first event`() throws {
        let clock = SuspendedClock()
        let bench = try Bench(folder, clock: clock)
        defer { bench.end() }
        let hello = try #require(bench.exchange(0))
        bench.loop.post(.outcome(exchange: hello.id, .reply(status: 503, headers: .init(), body: [], isWhole: true)))
        #expect(bench.loop.waitForStatus(until: Moment.soon) { $0.phase == .offline }.phase == .offline)
        clock.sleep(.seconds(86_400))
        // Some event of no weight, as the first after a wake-up.
        #expect(bench.loop.ask(until: Moment.soon) { _ in true } == true)
        #expect(bench.exchange(1)?.request.path == "/sync/v1/hello")
        _ = bench.loop.ask(until: Moment.soon) { _ in true }
        #expect(bench.steps.withLock { $0.filter { $0 == "timerFired greeting" }.count } == 1)
        #expect(bench.sent.withLock { $0.count } == 2)
    }

    @Test func `what was posted before the end is done, what comes after is refused at once`() throws {
        let bench = try Bench(folder)
        let (isInside, gate) = (Delivery<Bool>(), Delivery<Bool>())
        let asking = try #require(
            WorkerThread(stackBytes: 1 << 18) {
                _ = bench.loop.ask(until: Moment.soon) { _ in
                    isInside.deliver(true)
                    _ = gate.wait(until: Moment.soon)
                }
            })
        #expect(isInside.wait(until: Moment.soon) == true)
        for _ in 0..<3 { bench.loop.post(.syncRequested) }
        bench.loop.close()
        gate.deliver(true)
        asking.join()
        bench.end()
        #expect(bench.steps.withLock { $0.filter { $0 == "poked greeting" }.count } == 3)
        #expect(bench.loop.ask(until: Moment.soon) { _ in true } == nil)
        #expect(bench.loop.status.phase == .stopped)
        #expect(bench.steps.withLock { $0.last } == "stopped stopped")
    }

    @Test func `an outcome of an exchange that nobody asked for changes nothing`() throws {
        let bench = try Bench(folder)
        defer { bench.end() }
        let hello = try #require(bench.exchange(0))
        for id in [hello.id + 1, 0, -1, .max] {
            bench.loop.post(.outcome(exchange: id, .reply(status: 200, headers: .init(), body: [], isWhole: true)))
        }
        #expect(bench.loop.ask(until: Moment.soon) { "\($0.pull.state)" } == "greeting")
    }

    @Test func `a wait for a status ends when it is there, when its time is over, and when the daemon stops`() throws {
        let bench = try Bench(folder)
        defer { bench.end() }
        #expect(bench.loop.waitForStatus(until: Moment.soon) { $0.phase == .syncing }.phase == .syncing)
        #expect(bench.loop.waitForStatus(until: .zero) { $0.phase == .inSync }.phase == .syncing)
        bench.loop.stopWaits()
        #expect(
            bench.loop.waitForStatus(until: Moment.soon + .seconds(3600)) { $0.phase == .inSync }.phase == .syncing)
        #expect(bench.loop.isStopping)
    }
}

/// The system's clock, which jumps as after a suspend when told to.
private final class SuspendedClock: WallClock {
    private let slept = Monitor(Duration.zero)
    func sleep(_ time: Duration) { slept.withLock { $0 += time } }
    func now() -> Instant { SystemClock().now().advanced(by: slept.withLock { $0 }) }
    func monotonicNow() -> Duration { SystemClock().monotonicNow() + slept.withLock { $0 } }
}
