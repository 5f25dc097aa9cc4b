package import Diagnostics
import Glibc

/// How a command ended, and the beginning of what it wrote.
package struct HookOutcome: Sendable, Hashable {
    package enum Ending: Sendable, Hashable {
        case exit(Int32)
        case signal(Int32)
        /// It took longer than allowed and was ended.
        case timeout
        /// It was ended because the daemon stops.
        case stopped
        case notStarted(String)
    }

    package let ending: Ending
    /// At most `HookProcess.outputBytesMax` bytes of its output and errors, in the order they came.
    package let output: [UInt8]
    /// Bytes it wrote in all, as far as they were read.
    package let written: Int
    package let milliseconds: Int64

    package var isGood: Bool { ending == .exit(0) }
    package var isCut: Bool { written > output.count }

    /// The ending in words.
    package var words: String {
        switch ending {
        case .exit(let code): "exit \(code)"
        case .signal(let number): "signal \(number)"
        case .timeout: "timeout"
        case .stopped: "stopped"
        case .notStarted(let why): "not started: \(why)"
        }
    }
}

/// Runs one command to its end, which it brings about itself when it takes too long: in a process group of its own,
/// with nothing of ours open, a small environment, and one line on its standard input.
package enum HookProcess {
    package static let outputBytesMax = 4096
    /// Between TERM and KILL.
    private static let grace = Duration.seconds(2)
    private static let graceAtStop = Duration.milliseconds(500)
    /// How long a killed process may take to go; one that the kernel holds longer is left behind.
    private static let patience = Duration.seconds(5)
    private static let pollMilliseconds: Int32 = 20

    /// Variables that a command gets as the daemon has them: what programs need, and what leads `fieldbook` to this
    /// replica.
    private static let inherited = [
        "PATH", "HOME", "LANG", "FIELDBOOK_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS",
        "XDG_RUNTIME_DIR",
    ]

    package static func run(
        _ words: [String], event: HookEvent, timeout: Duration, clock: any WallClock,
        environment: (String) -> String? = Paths.variable, isStopping: () -> Bool = { false }
    ) -> HookOutcome {
        let began = clock.monotonicNow()
        let child: Child
        do throws(ProgramStart.Failure) {
            child = try spawn(words, HookProcess.variables(event.event, environment), input: event.line)
        } catch {
            return HookOutcome(ending: .notStarted(error.why), output: [], written: 0, milliseconds: 0)
        }
        var collector = Collector(descriptor: child.output)
        defer { close(child.output) }
        var forced: HookOutcome.Ending?
        var killAt = began + timeout
        while !hasEnded(child.processID) {
            collector.wait(milliseconds: pollMilliseconds)
            let now = clock.monotonicNow()
            if forced == nil, isStopping() || now >= killAt {
                forced = now >= killAt ? .timeout : .stopped
                kill(-child.processID, SIGTERM)
                killAt = now + (forced == .stopped ? graceAtStop : grace)
            } else if forced != nil, now >= killAt {
                kill(-child.processID, SIGKILL)
                if now >= killAt + patience { break }
            }
        }
        // Before it is reaped: until then nobody else can have its number, so what it left running is surely its own.
        kill(-child.processID, SIGKILL)
        collector.drain()
        let ending = forced ?? reap(child.processID)
        if forced != nil { _ = reap(child.processID) }
        let taken = (clock.monotonicNow() - began).components
        return HookOutcome(
            ending: ending, output: collector.kept, written: collector.count,
            milliseconds: taken.seconds * 1000 + taken.attoseconds / 1_000_000_000_000_000)
    }

    private static func variables(_ kind: HookKind, _ environment: (String) -> String?) -> [String] {
        inherited.compactMap { name in
            guard let value = environment(name) else { return nil }
            // The command runs in another folder than the daemon.
            let isRelative = name == "FIELDBOOK_HOME" && !value.isEmpty && !value.hasPrefix("/")
            return "\(name)=\(isRelative ? "\(Paths.workingFolder)/" : "")\(value)"
        } + ["FIELDBOOK_EVENT=\(kind.rawValue)"]
    }

    // MARK: Starting

    private struct Child {
        let processID: pid_t
        /// What it writes.
        let output: Int32
    }

    private static func spawn(
        _ words: [String], _ variables: [String], input: [UInt8]
    ) throws(ProgramStart.Failure) -> Child {
        guard let input = pipe(holding: input) else { throw noPipe() }
        defer { close(input) }
        guard let output = PipeEnds() else { throw noPipe() }
        defer { close(output.writing) }
        let start = ProgramStart(
            words, input: .descriptor(input), output: .descriptor(output.writing), bond: .ownGroup,
            variables: variables, folder: "/")
        do throws(ProgramStart.Failure) {
            return Child(processID: try start.start(), output: output.reading)
        } catch {
            close(output.reading)
            throw error
        }
    }

    /// The reading end of a pipe that holds these bytes and is closed at the other end; nil when it can't be had.
    /// They fit into a pipe whole, so nobody waits for the command to read them.
    private static func pipe(holding bytes: [UInt8]) -> Int32? {
        guard let pipe = PipeEnds() else { return nil }
        _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
        _ = write(pipe.writing, bytes, bytes.count)
        close(pipe.writing)
        return pipe.reading
    }

    private static func noPipe() -> ProgramStart.Failure {
        ProgramStart.Failure(why: String(cString: strerror(errno)))
    }

    // MARK: Ending

    /// Whether a process has ended. It is not reaped.
    private static func hasEnded(_ process: pid_t) -> Bool {
        var info = siginfo_t()
        let result = waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
        return result != 0 ? errno != EINTR : info.si_signo == SIGCHLD
    }

    private static func reap(_ process: pid_t) -> HookOutcome.Ending {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return .timeout }
        switch ProgramEnding(status: status) {
        case .exit(let code): return .exit(code)
        case .signal(let number): return .signal(number)
        }
    }
}

/// Keeps the beginning of what comes out of a pipe and lets the rest go.
private struct Collector {
    private let descriptor: Int32
    private(set) var kept: [UInt8] = []
    private(set) var count = 0
    private var hasEnded = false
    private var chunk = [UInt8](repeating: 0, count: 16_384)

    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    /// Waits a moment for bytes and takes what there is, at most one chunk, so that a flood does not keep us from the
    /// clock.
    mutating func wait(milliseconds: Int32) {
        guard !hasEnded else {
            usleep(useconds_t(milliseconds) * 1000)
            return
        }
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&request, 1, milliseconds) > 0 { take() }
    }

    /// Takes what is left in the pipe: not more than one can hold.
    mutating func drain() { for _ in 0..<8 where !hasEnded { take() } }

    private mutating func take() {
        let taken = read(descriptor, &chunk, chunk.count)
        guard taken > 0 else {
            hasEnded = taken == 0 || (errno != EAGAIN && errno != EINTR)
            return
        }
        count += taken
        kept += chunk[..<min(taken, HookProcess.outputBytesMax - kept.count)]
    }
}
