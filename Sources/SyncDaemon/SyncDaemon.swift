package import Diagnostics
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

        package init(paths: Paths, server: String, token: String) {
            self.paths = paths
            self.server = server
            self.token = token
        }

        /// Reads settings and token; the error says how to make them.
        package static func load(_ paths: Paths) throws(UserError) -> Configuration {
            let next = "run: fieldbook setup --server http://HOST:PORT"
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
            return Configuration(paths: paths, server: server, token: token)
        }
    }

    /// How long running requests of the local interface may take to end.
    private static let requestsEnd = Duration.seconds(3)

    /// Runs until TERM or INT. `Signals.prepare` must have been called before any thread started.
    package static func run(
        _ configuration: Configuration, log: Logger, clock: any WallClock, chance: any Chance
    ) throws(UserError) {
        let paths = configuration.paths
        for folder in [paths.state, paths.runtime] where try SecureFile.makePrivateFolder(folder) {
            log.log(.notice, "folder-closed", [("path", folder), ("why", "other users could enter it")])
        }
        let lock = try takeLock(paths)
        defer { withExtendedLifetime(lock) {} }
        let url: ServerURL
        do { url = try ServerURL(configuration.server) } catch {
            throw UserError(
                .settings, what: error.what, why: error.why, next: "run: fieldbook setup --server http://HOST:PORT")
        }
        let threads = DaemonThreads(configuration, url, log: log, clock: clock, chance: chance)
        defer { threads.stop() }
        try threads.start()
        let loop = threads.loop
        let listener = LocalAPIServer(handler: DaemonAPI(loop: loop, clock: clock, startedAt: clock.now()))
            .listener(socket: paths.socket)
        do { try listener.start() } catch {
            let isPath = error.code == .badPath
            throw UserError(
                isPath ? .settings : .failed, what: error.what, why: error.why,
                next: isPath ? Local.shorterPath : "stop the other program, or name another folder with FIELDBOOK_HOME")
        }
        ServiceManager.notify("READY=1")
        log.log(.notice, "started", [("socket", paths.socket), ("server", url.text)])
        let signal = Signals.waitForStop()
        log.log(.notice, "stopping", [("signal", "\(signal)")])
        ServiceManager.notify("STOPPING=1")
        loop.stopWaits()
        listener.stop(deadline: requestsEnd)
        threads.stop()
        log.log(.notice, "stopped")
    }

    private static func takeLock(_ paths: Paths) throws(UserError) -> FileLock {
        do { return try FileLock(path: "\(paths.state)/daemon.lock") } catch let held as FileLock.Held {
            throw UserError(
                .failed, what: "cannot start the daemon",
                why: "another one (process \(held.processID.map(String.init) ?? "unknown")) has this replica",
                next: "use it, or stop it first with: fieldbook daemon stop")
        } catch let error as UserError { throw error } catch {
            throw UserError(
                .failed, what: "cannot start the daemon", why: "\(error)",
                next: "check the permissions of \(paths.state)")
        }
    }
}
