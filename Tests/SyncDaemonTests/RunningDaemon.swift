import Diagnostics
import Glibc
import LocalAPI
import PartnerModel
import SQLiteKit
import SyncDaemon
import TestKit
import ThreadKit

/// The home of one user, with the settings of a daemon.
final class Home {
    let folder = TemporaryDirectory()
    var paths: Paths { Paths { [folder] in $0 == "FIELDBOOK_HOME" ? folder.path : nil } }
    var client: LocalAPIClient { LocalAPIClient(socket: paths.socket) }

    /// A query on one of the replica's files, as any program may ask it.
    func query(_ sql: String, _ file: String = "replica.db") throws -> [String] {
        let connection = try Connection(path: "\(paths.state)/\(file)", mode: .readWrite, durability: .reader)
        defer { connection.close() }
        return try connection.statement(sql).rows { $0.text(0) }
    }

    /// The edits as "number state result", in order.
    func edits() throws -> [String] {
        try query(
            "SELECT number || ' ' || state || ' ' || coalesce(result ->> 'code', '-') FROM edit ORDER BY number",
            "outbox.db")
    }

    func budget(of customer: CustomerKey) throws -> String? {
        try query("SELECT coalesce(budget, '-') FROM customers WHERE key = \(customer.value)").first
    }

    var log: String { String(decoding: readFile(folder.file("log")), as: UTF8.self) }
}

/// A daemon on a thread of this process; TERM goes to that thread alone.
final class RunningDaemon {
    private let thread: WorkerThread
    private let identity = Delivery<pthread_t>()
    private let outcome = Delivery<UserError?>()
    private var isJoined = false

    init(
        _ home: Home, server: String, token: String, logClock: any WallClock = SystemClock(), paths: Paths? = nil,
        settings: Settings? = nil
    ) {
        let configuration = SyncDaemon.Configuration(
            paths: paths ?? home.paths, server: server, token: token, settings: settings)
        let (identity, outcome, path) = (identity, outcome, home.folder.file("log"))
        let started = WorkerThread(stackBytes: 1 << 20) {
            Signals.prepare()
            identity.deliver(pthread_self())
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            defer { close(descriptor) }
            let log = Logger(program: "fieldbookd", level: .info, descriptor: descriptor, clock: logClock)
            do throws(UserError) {
                try SyncDaemon.run(
                    configuration, log: log, clock: SystemClock(), chance: CountingChance(seed: UInt64(getpid())))
                outcome.deliver(nil)
            } catch { outcome.deliver(error) }
        }
        guard let started else { preconditionFailure("no thread can be had") }
        thread = started
    }

    convenience init(
        _ home: Home, _ server: LiveServer, logClock: any WallClock = SystemClock(),
        settings: Settings? = nil
    ) {
        self.init(home, server: server.address, token: server.token, logClock: logClock, settings: settings)
        _ = eventually { (try? home.client.statusIfRunning()) != nil }
    }

    deinit { if !isJoined { end() } }

    func tellToEnd() { tell(SIGTERM) }

    func tell(_ signal: Int32) {
        guard let thread = identity.wait(until: Moment.soon) else { return }
        pthread_kill(thread, signal)
    }

    /// TERM, then the end; the error that it ended with.
    @discardableResult
    func end() -> UserError? {
        tellToEnd()
        return failure()
    }

    /// What a daemon that ends by itself says.
    func failure() -> UserError? {
        let failure =
            outcome.wait(until: Moment.soon) ?? UserError(.bug, what: "the daemon", why: "did not end", next: "")
        if failure?.exitCode != .bug { thread.join() }
        isJoined = true
        return failure
    }
}
