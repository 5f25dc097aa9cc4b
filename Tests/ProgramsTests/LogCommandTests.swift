import Diagnostics
import Glibc
import TestKit
import Testing

@testable import fieldbook

/// `fieldbook log`, on files and on a daemon that runs.
@Suite struct LogCommandTests {
    private let installation: Installation
    private var path: String { installation.paths.daemonLog }

    init() throws {
        installation = try Installation()
        try SecureFile.makeFolder(installation.paths.stateRoot)
    }

    private func line(_ level: String, _ number: Int) -> String {
        "time=2026-11-21T02:46:25Z level=\(level) program=fieldbookd event=e n=\(number)\n"
    }

    private func numbers(_ text: String) -> [Int] {
        text.split(separator: "\n").compactMap { $0.split(separator: "n=").last.flatMap { Int($0) } }
    }

    @Test func `the newest lines are shown, out of the older file too, and filtered by level`() {
        writeFile(path + ".1", (0..<30).map { line($0 % 3 == 0 ? "error" : "debug", $0) }.joined())
        writeFile(path, (30..<40).map { line($0 % 3 == 0 ? "error" : "debug", $0) }.joined())
        #expect(numbers(installation.run(["log"]).output) == Array(0..<40))
        #expect(numbers(installation.run(["log", "-n", "5"]).output) == Array(35..<40))
        #expect(numbers(installation.run(["log", "--lines=12"]).output) == Array(28..<40))
        #expect(numbers(installation.run(["log", "--level", "error", "-n", "5"]).output) == [27, 30, 33, 36, 39])
        #expect(installation.run(["log", "-n", "0"]).output.isEmpty)
        #expect(installation.run(["log", "-n", "foo"]).errors.contains("-n must be a number"))
        #expect(installation.run(["log", "--lines", "foo"]).errors.contains("--lines must be a number"))
        #expect(installation.run(["log", "-n"]).errors.contains("-n needs a value"))
        for words in [["-n", "x"], ["-n", "-1"], ["--level", "loud"], ["-x"]] {
            #expect(installation.run(["log"] + words).code == 64)
        }
    }

    @Test func `what is not ours is shown, made visible, and never filtered away`() {
        writeFile(path, line("debug", 1) + "Fatal error: \u{1B}[2Jboom\n" + line("debug", 2) + "half a li")
        let shown = installation.run(["log", "--level", "error"])
        #expect(shown.code == 0 && shown.output == "Fatal error: \\u{1b}[2Jboom\n")
    }

    @Test func `entries of both formats have their fields in JSON`() {
        writeFile(
            path,
            "time=t level=notice program=p event=\"a b\" why=\"x \\\"y\\\" \\\\ \\n=\" e=\n"
                + "{\"time\":\"t\",\"level\":\"error\",\"event\":\"j\",\"why\":\"\\u001b\"}\n" + "junk level=error\n")
        let shown = installation.run(["log", "--json", "--quiet"]).output
        for part in [
            "\"event\": \"a b\"", "\"why\": \"x \\\"y\\\" \\\\ \\\\n=\"", "\"e\": \"\"", "\"event\": \"j\"",
            "\"why\": \"\\u001b\"", "\"text\": \"junk level=error\"", "\"schemaVersion\": 1", "\"file\": ",
        ] { #expect(shown.contains(part), "\(part) in \(shown)") }
    }

    @Test func `without a log it says how there comes to be one`() {
        let outcome = installation.run(["log"])
        #expect(outcome.code == 1 && outcome.errors.contains("fieldbook daemon start"))
    }

    @Test func `a followed log goes on into the next file and misses nothing`() {
        writeFile(path, line("notice", 1))
        let process = ChildProcess(
            ChildProcess.program("fieldbook"), ["log", "--follow", "-n", "1"],
            environment: ["FIELDBOOK_HOME": installation.home])
        #expect(eventually { numbers(process.output) == [1] })
        append(line("notice", 2) + "time=2026-11-21T02:46:25Z level=notice program=fieldbookd ev")
        #expect(eventually { numbers(process.output) == [1, 2] })
        append("ent=e n=3\n")
        append(line("notice", 4))
        rename(path, path + ".1")
        writeFile(path, line("notice", 5))
        #expect(eventually { numbers(process.output) == [1, 2, 3, 4, 5] })
        unlink(path)
        writeFile(path, line("notice", 6))
        #expect(eventually { numbers(process.output) == [1, 2, 3, 4, 5, 6] })
        process.signal(SIGINT)
        #expect(process.wait() != nil)
    }

    private func append(_ text: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND)
        defer { close(descriptor) }
        _ = text.withCString { write(descriptor, $0, text.utf8.count) }
    }

    @Test func `the log of a daemon that was started here is bounded, private and shown`() throws {
        writeFile(path, String(repeating: line("notice", 7), count: LogFile.bytesMax / 70))
        chmod(path, 0o644)
        let started = installation.run(["daemon", "start"])
        #expect(started.code == 0, "\(started.errors)")
        #expect(
            eventually { installation.run(["log", "--level", "notice", "-n", "3"]).output.contains("event=started") })
        #expect(SecureFile.isPrivate(path) && SecureFile.isPrivate(path + ".1"))
        #expect((FileFacts(path)?.size ?? .max) < 1 << 20)
        #expect(installation.run(["log"]).errors.isEmpty)
        #expect(installation.run(["daemon", "stop"]).code == 0)
    }

    @Test func `a daemon that logs elsewhere is told of`() {
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        let outcome = installation.run(["log"])
        #expect(outcome.code == 0 && outcome.errors.contains("logs elsewhere"), "\(outcome.errors)")
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
    }
}
