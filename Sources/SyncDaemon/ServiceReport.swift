import Diagnostics
import SyncEngine
import Synchronization

/// What became of settings that were read again.
struct SettingsState: Sendable {
    /// Why they were not taken.
    var problem: UserError?
    /// Names of those that act after a restart only.
    var waiting: [String] = []
}

/// Tells the service manager how the sync stands, each time that it stands otherwise. Used by one thread.
struct ServiceStatus {
    private var told = ""

    mutating func tell(_ status: EngineStatus) {
        let problem = status.lastProblem.map { "; \($0.what): \($0.why)" } ?? ""
        let text = "\(status.phase.rawValue)\(problem)"
        guard text != told else { return }
        told = text
        ServiceManager.status(text)
    }
}

/// Signs of life for the service manager: one is sent only when the engine thread has taken up a job since the last, so
/// that a daemon whose engine hangs is ended and started anew. Used by the thread that waits for signals.
final class Heartbeat {
    /// A change of the user closes one replica and opens another, which may replay a long log.
    private static let pauseMax = Duration.seconds(700)

    private let limit: Duration?
    private let notify: (String) -> Void
    private let answered = Answered()

    /// - Parameters: the time within which the manager wants a sign, nil when it wants none; the way to it.
    init(of limit: Duration?, notify: @escaping (String) -> Void = { ServiceManager.notify($0) }) {
        self.limit = limit
        self.notify = notify
        // As if the engine had answered: it has just been started.
        answered.flag.store(true, ordering: .relaxed)
    }

    /// Waits for a signal; nil when it is time for a sign.
    func wait() -> Int32? {
        guard let limit else { return Signals.waitForStop() }
        return Signals.waitForStop(within: limit / 4)
    }

    func beat(_ loop: EngineLoop) {
        guard answered.flag.load(ordering: .acquiring) else { return }
        notify("WATCHDOG=1")
        answered.flag.store(false, ordering: .relaxed)
        loop.run { [answered] _ in answered.flag.store(true, ordering: .releasing) }
    }

    /// No sign is due for a while.
    func pause() {
        if limit != nil { notify("WATCHDOG_USEC=\(Heartbeat.microseconds(Heartbeat.pauseMax))\nWATCHDOG=1") }
    }

    /// The end of a pause. What waits for an answer may have been asked of an engine that is gone.
    func goOn() {
        guard let limit else { return }
        notify("WATCHDOG_USEC=\(Heartbeat.microseconds(limit))\nWATCHDOG=1")
        answered.flag.store(true, ordering: .relaxed)
    }

    private static func microseconds(_ time: Duration) -> Int64 {
        time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000
    }

    private final class Answered: Sendable {
        let flag = Atomic(false)
    }
}
