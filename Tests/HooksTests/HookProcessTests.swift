import Diagnostics
import Glibc
import SyncProtocol
import TestKit
import Testing

@testable import Hooks

/// One command, whatever it does, on real processes.
@Suite struct HookProcessTests {
    private let folder = TemporaryDirectory()

    private func run(
        _ script: String, seconds: Int64 = 30, kind: HookKind = .conflict, isStopping: () -> Bool = { false }
    ) -> HookOutcome {
        HookProcess.run(
            ["/bin/sh", "-c", script, "hook", folder.path],
            event: .sample(kind, at: Instant(seconds: 1_795_000_000)), timeout: .seconds(seconds),
            clock: SystemClock(), isStopping: isStopping)
    }

    private func text(_ outcome: HookOutcome) -> String { String(decoding: outcome.output, as: UTF8.self) }

    /// The process that a script wrote down, once it did.
    private func process(_ name: String) -> pid_t? {
        var found: pid_t?
        _ = eventually {
            found = pid_t(String(decoding: readFile(self.folder.file(name)), as: UTF8.self).prefix { $0.isNumber })
            return found != nil
        }
        return found
    }

    private func isGone(_ process: pid_t) -> Bool {
        eventually {
            let stat = String(decoding: readFile("/proc/\(process)/stat"), as: UTF8.self)
            return stat.isEmpty || stat.split(separator: ")").last?.hasPrefix(" Z") == true
        }
    }

    @Test(arguments: HookKind.allCases) func `a command reads one object and the end, and says how it ended`(
        kind: HookKind
    ) throws {
        let outcome = run("cat", kind: kind)
        #expect(outcome.ending == .exit(0) && !outcome.isCut)
        let event = try WireCoding.decode(HookEvent.self, from: text(outcome))
        #expect(event == .sample(kind, at: Instant(seconds: 1_795_000_000)) && event.schemaVersion == 1)
        #expect(text(outcome).hasSuffix("}\n") && text(outcome).contains("\"event\":\"\(kind.rawValue)\""))
    }

    @Test func `an exit code, a signal and a missing command are told apart`() {
        #expect(run("echo no >&2; exit 3").ending == .exit(3))
        #expect(text(run("echo out; echo err >&2")) == "out\nerr\n")
        #expect(run("kill -9 $$").ending == .signal(9))
        for words in [["/no/such/command"], ["no-such-command-here"], ["/etc/passwd"], ["/"]] {
            let outcome = HookProcess.run(
                words, event: .sample(.login, at: Instant(seconds: 0)), timeout: .seconds(5), clock: SystemClock())
            guard case .notStarted(let why) = outcome.ending else {
                Issue.record("\(words) was started: \(outcome)")
                continue
            }
            #expect(!why.isEmpty)
        }
    }

    @Test func `a command that hangs is ended, even one that wants to stay`() {
        let began = SystemClock().monotonicNow()
        #expect(run("sleep 1000", seconds: 1).ending == .timeout)
        #expect(run("trap '' TERM; echo $$ > $1/pid; while :; do sleep 1000; done", seconds: 1).ending == .timeout)
        #expect(SystemClock().monotonicNow() - began < .seconds(20))
        #expect(process("pid").map { isGone($0) } == true)
    }

    @Test func `a flood is read and cut, and does not keep the command from its end`() {
        let outcome = run("head -c 3000000 /dev/zero")
        #expect(outcome.ending == .exit(0) && outcome.output.count == HookProcess.outputBytesMax)
        #expect(outcome.isCut && outcome.written > 65_536)
        #expect(run("cat /dev/zero", seconds: 1).ending == .timeout)
    }

    @Test func `what a command leaves running goes with it`() {
        let outcome = run("sleep 1000 & echo $! > $1/child; exit 0")
        #expect(outcome.ending == .exit(0) && outcome.milliseconds < 20_000)
        #expect(process("child").map { isGone($0) } == true)
        let hung = run("(trap '' TERM; sleep 1000) & echo $! > $1/second; sleep 1000", seconds: 1)
        #expect(hung.ending == .timeout && process("second").map { isGone($0) } == true)
    }

    @Test func `a daemon that stops waits for no command`() {
        let outcome = run("trap '' TERM; while :; do sleep 1000; done", seconds: 300) { true }
        #expect(outcome.ending == .stopped && outcome.milliseconds < 20_000)
    }

    @Test func `a command has a small environment, no file of ours, and no signal blocked`() {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        let names = text(run("env")).split(separator: "\n").map { $0.prefix { $0 != "=" } }
        let known: [Substring] = [
            "PATH", "HOME", "LANG", "FIELDBOOK_EVENT", "FIELDBOOK_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME",
            "XDG_RUNTIME_DIR", "PWD", "OLDPWD", "SHLVL", "_",
        ]
        #expect(names.filter { !known.contains($0) } == [] && names.contains("FIELDBOOK_EVENT"))
        #expect(text(run("echo $FIELDBOOK_EVENT; pwd", kind: .budget)) == "budget\n/\n")
        #expect(text(run("ls /proc/self/fd | wc -l")).filter { $0.isNumber } == "4")
        let blocked = text(run("grep SigBlk /proc/self/status"))
        #expect(blocked.contains("0000000000000000"), "\(blocked)")
    }
}
