import Diagnostics
import HTTPKit
import LocalAPI

/// The daemon's work for one user: the lock of the folder, and the threads in it. Used by one thread.
final class Turn {
    let configuration: SyncDaemon.Configuration
    let server: String
    private let threads: DaemonThreads
    private var lock: FileLock?
    private(set) var isRunning = false
    /// Settings that were read since the start; what of them may change while it runs is in force.
    private(set) var followed: Settings?

    var loop: EngineLoop { threads.loop }
    var book: LaneBook { threads.book }

    /// Takes the lock of the user's folder; `start` begins the work.
    init(
        _ configuration: SyncDaemon.Configuration, log: Logger, clock: any WallClock, chance: any Chance
    ) throws(UserError) {
        let paths = configuration.paths
        for folder in [paths.stateRoot, paths.state, paths.runtime] where try SecureFile.makePrivateFolder(folder) {
            log.log(.notice, "folder-closed", [("path", folder), ("why", "other users could enter it")])
        }
        lock = try Turn.takeLock(paths)
        let url: ServerURL
        do { url = try ServerURL(configuration.server) } catch {
            throw UserError(
                .settings, what: error.what, why: error.why, next: "run: fieldbook setup --server https://HOST[:PORT]")
        }
        self.configuration = configuration
        server = url.text
        threads = DaemonThreads(configuration, url, log: log, clock: clock, chance: chance)
    }

    /// Takes what may change while it runs.
    func follow(_ settings: Settings) {
        followed = settings
        threads.follow(settings)
    }

    func start() throws(UserError) {
        do { try threads.start() } catch {
            stop()
            throw error
        }
        isRunning = true
    }

    /// Ends the threads and closes the replica; the lock stays, so that the files can be moved.
    func end() {
        threads.loop.stopWaits()
        threads.stop()
        isRunning = false
    }

    /// Ends the work and gives the folder back. Does nothing the second time.
    func stop() {
        end()
        withExtendedLifetime(lock) {}
        lock = nil
    }

    private static func takeLock(_ paths: Paths) throws(UserError) -> FileLock {
        do { return try FileLock(path: paths.daemonLock) } catch let held as FileLock.Held {
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
