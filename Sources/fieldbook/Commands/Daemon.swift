import Diagnostics
import Glibc
import LocalAPI
import TerminalKit

extension Context {
    /// How long a daemon may take to answer after its start, or to end after TERM.
    private static let patienceSeconds: Int64 = 20

    /// `daemon start`: detached, its log in the state folder; returns once it answers.
    func startDaemon() throws(UserError) -> Answer {
        if let running = try settledStatus() {
            return Answer(
                json: ["running": .bool(true), "pid": .integer(Int64(running.processID))],
                text: "the daemon runs already (process \(running.processID))\n")
        }
        let settings = try settings().checked()
        guard settings.text(.serverURL) != nil else {
            throw UserError(
                .settings, what: "cannot start the daemon", why: "no server is set up for it",
                next: "name the server: fieldbook setup --server https://HOST[:PORT]")
        }
        guard TokenSource.isThere(paths, settings) else {
            throw UserError(
                .settings, what: "cannot start the daemon",
                why: paths.user == nil ? "there is no token" : "nobody is logged in",
                next: Context.logInAgain(paths))
        }
        try SecureFile.makeFolder(paths.stateRoot)
        let logged = logLength
        let process = try spawn(try daemonProgram())
        let end = clock.monotonicNow() + .seconds(Context.patienceSeconds)
        while clock.monotonicNow() < end {
            if let status = try daemon.statusIfRunning() {
                return Answer(
                    json: ["running": .bool(true), "pid": .integer(Int64(status.processID))],
                    text: "the daemon runs (process \(status.processID)); log: \(paths.daemonLog)\n")
            }
            var ended: Int32 = 0
            if waitpid(process, &ended, WNOHANG) == process {
                throw didNotStart(ended, logged)
            }
            usleep(20_000)
        }
        throw UserError(
            .failed, what: "the daemon does not answer", why: lastLogLine(since: logged) ?? "it wrote no log",
            next: "the whole log: \(paths.daemonLog)")
    }

    /// The status of a daemon that runs. One that was just killed still holds its socket for a moment and resets what
    /// connects to it, so a quick failure is asked about again; a slow one is a daemon that hangs.
    private func settledStatus() throws(UserError) -> Local.Status? {
        let end = clock.monotonicNow() + .seconds(1)
        while true {
            do { return try daemon.statusIfRunning() } catch {
                guard clock.monotonicNow() < end else { throw error }
                usleep(20_000)
            }
        }
    }

    /// `daemon stop`: TERM, then waits for its end.
    func stopDaemon() throws(UserError) -> Answer {
        guard let process = try daemonProcess() else {
            return Answer(json: ["running": .bool(false)], text: "the daemon is not running\n")
        }
        guard kill(pid_t(process), SIGTERM) == 0 else {
            throw UserError(
                .failed, what: "cannot stop the daemon", why: String(cString: strerror(errno)),
                next: "stop process \(process) by hand")
        }
        let end = clock.monotonicNow() + .seconds(Context.patienceSeconds)
        while clock.monotonicNow() < end {
            if hasEnded(process) {
                return Answer(json: ["running": .bool(false)], text: "the daemon has stopped\n")
            }
            usleep(20_000)
        }
        throw UserError(
            .notYet, what: "the daemon has not stopped yet", why: "process \(process) is still there",
            next: "look again: fieldbook status; end it for good with: kill -9 \(process)")
    }

    /// A process that has ended but was not collected by its parent yet (state Z, proc(5)) counts as ended. The lock is
    /// not asked: a try for it could get in the way of a daemon that starts.
    private func hasEnded(_ process: Int) -> Bool {
        if kill(pid_t(process), 0) != 0 { return errno == ESRCH }
        guard let bytes = try? SecureFile.read("/proc/\(process)/stat", limit: 4096) else { return true }
        let state = bytes.lastIndex(of: UInt8(ascii: ")")).map { bytes[($0 + 1)...].drop { $0 == UInt8(ascii: " ") } }
        return state?.first == UInt8(ascii: "Z")
    }

    /// The daemon's process. One that hangs, is of another version or lost its socket file is known by the replica's lock.
    func daemonProcess() throws(UserError) -> Int? {
        // It may work for another user than the present one, if it was told to go over and could not.
        let users = [nil] + UserFolders(paths).names().map { Optional($0) }
        var holder: Int? { users.lazy.compactMap { FileLock.holder(of: paths.of(user: $0).daemonLock) }.first }
        do {
            if let status = try daemon.statusIfRunning() { return status.processID }
        } catch {
            guard let holder else { throw error }
            return holder
        }
        return holder
    }

    func daemonProgram() throws(UserError) -> String {
        let own = FileFacts.target(ofLink: "/proc/self/exe") ?? ""
        var candidates = [own.lastIndex(of: "/").map { own[..<$0] + "/fieldbookd" } ?? "fieldbookd"]
        for folder in (Paths.variable("PATH") ?? "").split(separator: ":") { candidates.append(folder + "/fieldbookd") }
        for candidate in candidates where access(String(candidate), X_OK) == 0 { return String(candidate) }
        throw UserError(
            .failed, what: "cannot start the daemon", why: "fieldbookd is neither beside fieldbook nor on PATH",
            next: "install it, or run it by hand: fieldbookd run")
    }

    private func spawn(_ program: String) throws(UserError) -> pid_t {
        let start = ProgramStart([program, "run"], output: .file(paths.daemonLog), bond: .ownSession)
        do throws(ProgramStart.Failure) { return try start.start() } catch {
            throw UserError(
                .failed, what: "cannot start the daemon", why: error.why, next: "run it by hand: fieldbookd run")
        }
    }

    /// The error for a daemon that ended, by its status of waitpid(2). One that ended well has not started either.
    private func didNotStart(_ ended: Int32, _ logged: Int) -> UserError {
        let (code, silent): (ExitCode, String) =
            switch ProgramEnding(status: ended) {
            case .exit(let code): (ExitCode(rawValue: code) ?? .failed, "it wrote no log")
            case .signal(let number): (.failed, "signal \(number) ended it")
            }
        return UserError(
            code == .done ? .failed : code, what: "the daemon did not start", why: lastLogLine(since: logged) ?? silent,
            next: "the whole log: \(paths.daemonLog)")
    }

    private var logLength: Int {
        var info = stat()
        return stat(paths.daemonLog, &info) == 0 ? Int(info.st_size) : 0
    }

    /// The last line written after the log had `length` bytes, an error's before any other; nil when there is none.
    private func lastLogLine(since length: Int) -> String? {
        // A log that was cut to its bound meanwhile is new from its beginning.
        let (now, length) = (logLength, logLength < length ? 0 : length)
        let count = min(4096, now - length)
        guard count > 0, let bytes = try? SecureFile.readEnd(paths.daemonLog, count: count) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let words = lines.last { $0.hasPrefix("fieldbookd: ") } ?? lines.last
        return words.map { $0.hasPrefix("fieldbookd: ") ? String($0.dropFirst("fieldbookd: ".count)) : String($0) }
    }
}
