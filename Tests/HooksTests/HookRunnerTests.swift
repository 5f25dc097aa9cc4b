import Diagnostics
import Glibc
import TestKit
import Testing
import ThreadKit

@testable import Hooks

/// The queue before the commands.
@Suite struct HookRunnerTests {
    private let folder = TemporaryDirectory()

    /// A runner on a thread, its log in a file.
    private final class Running {
        let runner: HookRunner
        private let thread: WorkerThread?
        private let log: String
        private let descriptor: Int32

        init(_ folder: TemporaryDirectory, clock: any WallClock = SystemClock(), _ settings: [String: String]) {
            log = folder.file("log")
            descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            let runner = HookRunner(
                HookSettings(timeout: .seconds(Int64(settings["timeout"] ?? "") ?? 10)) { settings[$0] },
                log: Logger(program: "test", level: .debug, descriptor: descriptor), clock: clock)
            self.runner = runner
            thread = WorkerThread(stackBytes: 1 << 20) { runner.run() }
        }

        var text: String { String(decoding: readFile(log), as: UTF8.self) }
        func count(_ part: String) -> Int { text.split(separator: "\n").filter { $0.contains(part) }.count }

        func end() {
            runner.stop()
            thread?.join()
            close(descriptor)
        }
    }

    /// The system's clock, moved on.
    private final class SkippingClock: WallClock {
        private let skipped = Monitor(Duration.zero)
        func skip(_ time: Duration) { skipped.withLock { $0 += time } }
        func now() -> Instant { SystemClock().now() }
        func monotonicNow() -> Duration { SystemClock().monotonicNow() + skipped.withLock { $0 } }
    }

    private func script(_ text: String) -> String {
        writeFile(folder.file("hook"), "#!/bin/sh\n\(text)\n")
        chmod(folder.file("hook"), 0o700)
        return "'\(folder.file("hook"))'"
    }

    private func event(_ kind: HookKind) -> HookEvent { .sample(kind, at: Instant(seconds: 0)) }

    @Test func `events run one at a time in their order, those without a command not at all`() {
        let hook = script("echo $FIELDBOOK_EVENT >> \(folder.file("seen"))")
        let running = Running(folder, ["conflict": hook, "budget": hook])
        for kind in [HookKind.conflict, .login, .budget, .conflict] { running.runner.post(event(kind)) }
        let seen = folder.file("seen")
        #expect(eventually { String(decoding: readFile(seen), as: UTF8.self) == "conflict\nbudget\nconflict\n" })
        #expect(eventually { running.count("event=hook ") == 3 })
        running.end()
        #expect(!running.text.contains("login"))
    }

    @Test func `what fails, floods or is missing is told in the log, and the next one runs`() {
        let hook = script(
            """
            case $FIELDBOOK_EVENT in
            conflict) echo sorry; exit 3;; freeze) head -c 100000 /dev/zero | tr '\\0' x;; quota) sleep 1000;;
            esac
            """)
        let running = Running(
            folder, ["all": hook, "login": "/no/such/command", "timeout": "4", "refused": "'open"])
        for kind in [HookKind.conflict, .freeze, .quota, .login, .budget] { running.runner.post(event(kind)) }
        #expect(eventually { running.count("event=hook ") == 5 }, "\(running.text)")
        running.end()
        for words in [
            "kind=conflict ended=\"exit 3\"", "event=hook-output kind=conflict output=\"sorry\\n\"",
            "kind=quota ended=timeout", "kind=login ended=\"not started: No such file", "kind=budget ended=\"exit 0\"",
            "event=hook-output-cut kind=freeze", "event=hook-setting key=hooks.refused",
        ] { #expect(running.text.contains(words), "\(words)\n\(running.text.prefix(3000))") }
        #expect(running.count("event=hook-output kind=freeze") == 9)
    }

    @Test func `a burst is summarised, nobody who posts waits, and the end does not wait either`() {
        let clock = SkippingClock()
        let seen = folder.file("seen")
        let hook = script("cat >> \(seen)")
        let running = Running(folder, clock: clock, ["all": hook])
        for number in 0..<5000 {
            var event = event(.conflict)
            event.customer = HookEvent.Customer(key: Int64(number), accountName: nil)
            running.runner.post(event)
        }
        func lines() -> [Substring] { String(decoding: readFile(seen), as: UTF8.self).split(separator: "\n") }
        #expect(eventually { lines().count == 10 })
        clock.skip(.seconds(61))
        // Another event wakes the runner, which waits by the system's clock.
        running.runner.post(event(.budget))
        #expect(eventually { lines().contains { $0.contains("\"summarised\":4990") } }, "\(lines().suffix(2))")
        #expect(lines().contains { $0.contains("\"key\":\"4999\"") })
        running.end()
    }

    @Test func `a runner that stops ends the command that runs, and says what it left`() {
        let started = folder.file("started")
        let running = Running(
            folder,
            [
                "all": script("touch \(started); trap '' TERM; while :; do sleep 1000; done"),
                "timeout": "300",
            ])
        for kind in [HookKind.conflict, .budget, .quota] { running.runner.post(event(kind)) }
        #expect(eventually { SecureFile.exists(started) })
        let began = SystemClock().monotonicNow()
        running.end()
        #expect(SystemClock().monotonicNow() - began < .seconds(20))
        #expect(running.text.contains("ended=stopped") && running.text.contains("event=hooks-left count=2"))
    }
}
