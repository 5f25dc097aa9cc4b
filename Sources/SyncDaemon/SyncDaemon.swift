package import Diagnostics
import HTTPKit
package import Hooks
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
        /// Commands of the person's own.
        package let hooks: HookSettings

        package init(paths: Paths, server: String, token: String, hooks: HookSettings = HookSettings()) {
            self.paths = paths
            self.server = server
            self.token = token
            self.hooks = hooks
        }

        /// Reads settings and token; the error says how to make them.
        package static func load(_ paths: Paths) throws(UserError) -> Configuration {
            let next =
                paths.user == nil
                ? "run: fieldbook setup --server http://HOST:PORT" : "run: fieldbook login --server http://HOST:PORT"
            let settings: SettingsFile
            do { settings = try SettingsFile.load(paths.settingsFile) } catch {
                // Set-up does not overwrite what it can't read either, so the file's own advice stands.
                guard !SecureFile.exists(paths.settingsFile) else { throw error }
                throw UserError(.settings, what: error.what, why: error.why, next: next)
            }
            guard let server = settings.value("server") else {
                throw UserError(
                    .settings, what: "cannot start", why: "\(paths.settingsFile) names no server", next: next)
            }
            let bytes: [UInt8]
            do { bytes = try SecureFile.read(paths.tokenFile, limit: 1024) } catch {
                throw UserError(.settings, what: error.what, why: error.why, next: next)
            }
            guard SecureFile.isPrivate(paths.tokenFile) else {
                throw UserError(
                    .settings, what: "cannot use \(paths.tokenFile)", why: "other users can read the token",
                    next: "close it with: chmod 600 \(paths.tokenFile)")
            }
            let token =
                String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init)
                ?? ""
            let isToken = !token.isEmpty && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            guard isToken else {
                throw UserError(.settings, what: "cannot use \(paths.tokenFile)", why: "it holds no token", next: next)
            }
            return Configuration(
                paths: paths, server: server, token: token, hooks: HookSettings { settings.value($0) })
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
        let socket = configuration.paths.socket
        let listener = LocalAPIServer(current: { desk.handler }).listener(socket: socket)
        do { try listener.start() } catch {
            let isPath = error.code == .badPath
            throw UserError(
                isPath ? .settings : .failed, what: error.what, why: error.why,
                next: isPath ? Local.shorterPath : "stop the other program, or name another folder with FIELDBOOK_HOME")
        }
        ServiceManager.notify("READY=1")
        log.log(.notice, "started", [("socket", socket), ("server", turn.server)])
        var signal = Signals.waitForStop()
        while signal == Signals.hangUp, let wish = desk.takeWish() {
            let failure = goOver(to: wish.user, from: &turn, desk, log, clock, chance)
            if !turn.isRunning { listener.stop(deadline: .zero) }
            wish.answer.deliver(failure)
            if let failure, !turn.isRunning { throw failure }
            signal = Signals.waitForStop()
        }
        log.log(.notice, "stopping", [("signal", "\(signal)")])
        ServiceManager.notify("STOPPING=1")
        turn.loop.stopWaits()
        desk.close()
        listener.stop(deadline: requestsEnd)
        turn.end()
        log.log(.notice, "stopped")
    }

    /// Closes one user's replica and opens another's, or the same with newer settings. What fails leaves the daemon
    /// with the user it had; only when that one can't be opened again either, the turn is not running.
    private static func goOver(
        to user: String, from turn: inout Turn, _ desk: FrontDesk, _ log: Logger, _ clock: any WallClock,
        _ chance: any Chance
    ) -> UserError? {
        var old = turn.configuration
        var failure: UserError?
        var isTouched = false
        do throws(UserError) {
            let new = try Configuration.load(old.paths.of(user: user))
            isTouched = true
            turn.end()
            if old.paths.user == nil, UserFolders(old.paths).hasOldInstallation {
                let name = try OldInstallation.takeOver(old.paths, wanted: old.token == new.token ? user : nil)
                log.log(.notice, "taken-over", [("user", name)])
                old = Configuration(
                    paths: old.paths.of(user: name), server: old.server, token: old.token, hooks: old.hooks)
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
                } catch { log.log(.error, "cannot-go-on", [("why", error.why)]) }
            }
        }
        desk.open(for: turn)
        if failure == nil { log.log(.notice, "user-changed", [("user", user), ("server", turn.server)]) }
        return failure
    }
}
