package import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import ReplicaStore
import SyncEngine
import ThreadKit

/// The shell of the daemon: opens the replica, starts threads in order, waits for the end, stops them in reverse.
package enum SyncDaemon {
    /// What a daemon runs with.
    package struct Configuration: Sendable {
        package let paths: Paths
        /// The server's address as it was set up.
        package let server: String
        /// The member's token; never logged.
        package let token: String
        package let settings: Settings

        package init(paths: Paths, server: String, token: String, settings: Settings? = nil) {
            self.paths = paths
            self.server = server
            self.token = token
            self.settings = settings ?? Settings(paths)
        }

        /// Reads settings and token; the error says how to make them.
        package static func load(_ paths: Paths) throws(UserError) -> Configuration {
            let next =
                paths.user == nil
                ? "run: fieldbook setup --server https://HOST[:PORT]"
                : "run: fieldbook login --server https://HOST[:PORT]"
            let settings = try Settings(paths).checked()
            guard let server = settings.text(.serverURL) else {
                throw UserError(
                    .settings, what: "cannot start", why: "no settings file names a server",
                    next: next)
            }
            return Configuration(
                paths: paths, server: server, token: try TokenSource.token(paths, settings, next: next),
                settings: settings)
        }

        /// The same for a user by another name.
        func of(user: String) -> Configuration {
            Configuration(paths: paths.of(user: user), server: server, token: token, settings: settings)
        }
    }

    /// How long running requests of the local interface may take to end.
    private static let requestsEnd = Duration.seconds(3)

    /// Runs until TERM or INT. `Signals.prepare` must have been called before any thread started.
    package static func run(
        _ configuration: Configuration, log: Logger, clock: any WallClock, chance: any Chance
    ) throws(UserError) {
        let desk = FrontDesk(clock: clock)
        var turn = try Turn(configuration, log: log, clock: clock, chance: chance)
        defer { turn.stop() }
        try turn.start()
        desk.open(for: turn)
        let paths = configuration.paths
        let socket = paths.ownSocket
        let listener = LocalAPIServer(current: { desk.handler }).listener(socket: socket)
        do { try listener.start() } catch {
            let isPath = error.code == .badPath
            throw UserError(
                isPath ? .settings : .failed, what: error.what, why: error.why,
                next: isPath ? Local.shorterPath : "stop the other program, or name another folder with FIELDBOOK_HOME")
        }
        if !SecureFile.link(paths.socketLink, to: socket) {
            log.log(.info, "socket-not-linked", [("path", paths.socketLink)])
        }
        defer { if FileFacts.target(ofLink: paths.socketLink) == socket { unlink(paths.socketLink) } }
        ServiceManager.notify("READY=1")
        log.log(.notice, "started", [("socket", socket), ("server", turn.server)])
        let signal = try serve(&turn, desk, listener, log, clock, chance)
        log.log(.notice, "stopping", [("signal", "\(signal)")])
        ServiceManager.notify("STOPPING=1")
        turn.loop.stopWaits()
        desk.close()
        listener.stop(deadline: requestsEnd)
        turn.end()
        log.log(.notice, "stopped")
    }

    /// Until a signal says stop, whose number it gives. A hang-up asks for another user, or to read the settings again.
    private static func serve(
        _ turn: inout Turn, _ desk: FrontDesk, _ listener: HTTPServer, _ log: Logger, _ clock: any WallClock,
        _ chance: any Chance
    ) throws(UserError) -> Int32 {
        let heartbeat = Heartbeat(of: ServiceManager.watchdog())
        let hadTerminal = Signals.hasTerminal()
        while true {
            guard let signal = heartbeat.wait() else {
                heartbeat.beat(turn.loop)
                continue
            }
            // A daemon in the foreground ends with its terminal.
            guard signal == Signals.hangUp, !hadTerminal || Signals.hasTerminal() else { return signal }
            guard let wish = desk.takeWish() else {
                reload(turn, desk, log)
                continue
            }
            heartbeat.pause()
            let failure = goOver(to: wish.user, from: &turn, desk, log, clock, chance)
            heartbeat.goOn()
            if !turn.isRunning { listener.stop(deadline: .zero) }
            wish.answer.deliver(failure)
            if let failure, !turn.isRunning { throw failure }
        }
    }

    /// Reads the settings again. What may change while the daemon runs changes, the rest is noted as waiting for a
    /// restart; settings with a mistake are not taken at all.
    private static func reload(_ turn: Turn, _ desk: FrontDesk, _ log: Logger) {
        ServiceManager.reloading()
        defer { ServiceManager.notify("READY=1") }
        let old = turn.configuration
        do throws(UserError) {
            let settings = try Settings(old.paths).checked()
            log.follow(settings)
            turn.follow(settings)
            var waiting = settings.differences(from: old.settings).filter { $0.effect == .restart }.map(\.name)
            if let token = try? TokenSource.token(old.paths, settings, next: ""), token != old.token {
                waiting.append("token")
            }
            desk.settings = SettingsState(waiting: waiting)
            log.log(
                .notice, "settings-read", waiting.isEmpty ? [] : [("restart-for", waiting.joined(separator: " "))])
        } catch {
            desk.settings = SettingsState(problem: error, waiting: desk.settings.waiting)
            log.log(.error, "settings-kept", [("what", error.what), ("why", error.why), ("next", error.next)])
        }
    }

    /// Closes one user's replica and opens another's, or the same with newer settings. What fails leaves the daemon
    /// with the user it had; only when that one can't be opened again either, the turn is not running.
    private static func goOver(
        to user: String, from turn: inout Turn, _ desk: FrontDesk, _ log: Logger, _ clock: any WallClock,
        _ chance: any Chance
    ) -> UserError? {
        var old = turn.configuration
        let followed = turn.followed
        var failure: UserError?
        var isTouched = false
        do throws(UserError) {
            let new = try Configuration.load(old.paths.of(user: user))
            isTouched = true
            turn.end()
            if old.paths.user == nil, UserFolders(old.paths).hasOldInstallation {
                let name = try OldInstallation.takeOver(old.paths, wanted: old.token == new.token ? user : nil)
                log.log(.notice, "taken-over", [("user", name)])
                old = old.of(user: name)
            }
            turn.stop()
            turn = try Turn(new, log: log, clock: clock, chance: chance)
            try turn.start()
            try UserFolders(new.paths).setCurrent(user)
        } catch { failure = error }
        if let failure {
            log.log(.error, "user-not-changed", [("user", user), ("why", failure.why)])
            if isTouched {
                turn.stop()
                do throws(UserError) {
                    turn = try Turn(old, log: log, clock: clock, chance: chance)
                    try turn.start()
                    if let followed { turn.follow(followed) }
                } catch { log.log(.error, "cannot-go-on", [("why", error.why)]) }
            }
        }
        desk.open(for: turn)
        if failure == nil {
            log.follow(turn.configuration.settings)
            desk.settings = SettingsState()
        }
        if failure == nil { log.log(.notice, "user-changed", [("user", user), ("server", turn.server)]) }
        return failure
    }
}
