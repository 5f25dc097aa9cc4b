package import Diagnostics
import ThreadKit

/// Runs the commands of events, one at a time, on a thread of its own. Who posts never waits: the queue is bounded,
/// the oldest event gives way, and what becomes of a command is told to the log alone.
///
/// An event is run at most once: what is queued when the daemon ends is not run later.
package final class HookRunner: Sendable {
    package static let queueMax = 64
    /// Bytes of output in one line of the log.
    private static let pieceBytes = 480

    private struct State: Sendable {
        var queue: [HookEvent] = []
        var limiter = HookLimiter()
        /// Events that gave way since the last one was run.
        var dropped = 0
        var isStopped = false
    }

    private enum Turn {
        case run(HookEvent, dropped: Int)
        case look
        case stop(left: Int)
    }

    private let settings: HookSettings
    private let log: Logger
    private let clock: any WallClock
    private let state = Monitor(State())

    package init(_ settings: HookSettings, log: Logger, clock: any WallClock) {
        self.settings = settings
        self.log = log
        self.clock = clock
    }

    /// Queues an event that a command is set for.
    package func post(_ event: HookEvent) {
        guard settings.command(for: event.event) != nil else { return }
        let now = clock.monotonicNow()
        state.withLock { state in
            guard !state.isStopped, state.limiter.take(event, at: now) else { return }
            HookRunner.add(event, to: &state)
        }
    }

    private static func add(_ event: HookEvent, to state: inout State) {
        if state.queue.count >= queueMax {
            state.queue.removeFirst()
            state.dropped += 1
        }
        state.queue.append(event)
    }

    /// Runs commands until `stop`.
    package func run() {
        for flaw in settings.flaws { log.log(.error, "hook-setting", [("key", flaw.key), ("why", flaw.why)]) }
        while true {
            let deadline = state.withLock { $0.limiter.nextDue }
            switch state.wait(until: deadline, { self.turn(&$0, waitingFor: deadline) }) ?? .look {
            case .look: continue
            case .stop(let left):
                if left > 0 { log.log(.notice, "hooks-left", [("count", "\(left)")]) }
                return
            case .run(let event, let dropped):
                if dropped > 0 { log.log(.notice, "hooks-dropped", [("count", "\(dropped)")]) }
                carryOut(event)
            }
        }
    }

    private func turn(_ state: inout State, waitingFor deadline: Duration?) -> Turn? {
        if state.isStopped { return .stop(left: state.queue.count) }
        for summary in state.limiter.takeDue(at: clock.monotonicNow()) { HookRunner.add(summary, to: &state) }
        guard !state.queue.isEmpty else { return state.limiter.nextDue == deadline ? nil : .look }
        defer { state.dropped = 0 }
        return .run(state.queue.removeFirst(), dropped: state.dropped)
    }

    /// Ends the command that runs, and the runner after it.
    package func stop() { state.withLock { $0.isStopped = true } }

    private func carryOut(_ event: HookEvent) {
        guard let words = settings.command(for: event.event) else { return }
        let outcome = HookProcess.run(
            words, event: event, timeout: settings.timeout, clock: clock,
            isStopping: { state.withLock { $0.isStopped } })
        var fields = [
            ("kind", event.event.rawValue), ("ended", outcome.words), ("milliseconds", "\(outcome.milliseconds)"),
        ]
        if let count = event.summarised { fields.append(("summarised", "\(count)")) }
        if outcome.written > 0 { fields.append(("bytes", "\(outcome.written)")) }
        log.log(outcome.isGood ? .info : .error, "hook", fields)
        tell(outcome, of: event)
    }

    /// What a command wrote, a piece a line; of one that is cut only the beginning is known. It may repeat what the event said
    /// of a customer, and a log outlives the replica, so it is told only to who asks for so much.
    private func tell(_ outcome: HookOutcome, of event: HookEvent) {
        let level = Logger.Level.debug
        var rest = outcome.output[...]
        while !rest.isEmpty {
            let piece = rest.prefix(HookRunner.pieceBytes)
            rest = rest.dropFirst(piece.count)
            log.log(
                level, "hook-output",
                [("kind", event.event.rawValue), ("output", String(decoding: piece, as: UTF8.self))])
        }
        if outcome.isCut {
            log.log(
                level, "hook-output-cut",
                [("kind", event.event.rawValue), ("bytes", "\(outcome.written - outcome.output.count)")])
        }
    }
}
