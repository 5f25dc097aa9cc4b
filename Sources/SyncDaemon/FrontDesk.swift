import Diagnostics
import Glibc
import LocalAPI
import ThreadKit

/// Where requests of the local interface find whom the daemon works for now, and where they leave the wish for another.
final class FrontDesk: Sendable {
    /// A wish for another user, answered once the daemon has gone over or knows that it can't.
    struct Wish: Sendable {
        let user: String
        let answer: Delivery<UserError?>
    }

    private struct State: Sendable {
        var handler: DaemonAPI?
        var wishes: [Wish] = []
        var isClosed = false
        var settings = SettingsState()
    }

    private let state = Monitor(State())
    private let clock: any WallClock
    private let startedAt: Instant
    /// The thread that waits for signals and changes the user.
    private let shell: pthread_t

    /// Made on the thread that waits for signals.
    init(clock: any WallClock) {
        self.clock = clock
        startedAt = clock.now()
        shell = pthread_self()
    }

    /// The handler of the present user. There is one as soon as there is a listener.
    var handler: DaemonAPI {
        guard let handler = state.withLock({ $0.handler }) else { preconditionFailure("nobody is at the desk") }
        return handler
    }

    func open(for turn: Turn) {
        var handler = DaemonAPI(loop: turn.loop, clock: clock, startedAt: startedAt)
        handler.user = turn.configuration.paths.user
        handler.settings = { [weak self] in self?.settings ?? SettingsState() }
        handler.book = turn.book
        handler.folder = turn.configuration.paths.state
        handler.change = { [weak self] user in
            guard let self else { return FrontDesk.stopping }
            return ask(for: user)
        }
        state.withLock { [handler] in $0.handler = handler }
    }

    /// What became of the settings since the present user's turn began.
    var settings: SettingsState {
        get { state.withLock { $0.settings } }
        set { state.withLock { $0.settings = newValue } }
    }

    func takeWish() -> Wish? { state.withLock { $0.wishes.isEmpty ? nil : $0.wishes.removeFirst() } }

    /// No wish is taken any more; those that wait are refused.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.wishes = [] }
            return state.wishes
        }
        for wish in left { wish.answer.deliver(FrontDesk.stopping) }
    }

    /// Called on a connection's thread: wakes the shell and waits for what came of it.
    private func ask(for user: String) -> UserError? {
        let wish = Wish(user: user, answer: Delivery())
        let isTaken = state.withLock { state in
            if !state.isClosed { state.wishes.append(wish) }
            return !state.isClosed
        }
        guard isTaken else { return FrontDesk.stopping }
        // To the thread and not to the process, in which a test runs several daemons.
        pthread_kill(shell, Signals.hangUp)
        let patience = Duration.seconds(Int64(Local.goOverSecondsMax - 5))
        return wish.answer.wait(until: clock.monotonicNow() + patience) ?? FrontDesk.slow
    }

    private static let stopping = UserError(
        .notYet, what: "cannot change the user", why: "the daemon is stopping",
        next: "try again when it has stopped: fieldbook status")
    private static let slow = UserError(
        .notYet, what: "cannot tell whether the daemon changed the user", why: "it takes very long",
        next: "look with: fieldbook users")
}
