import Diagnostics
import Glibc
import TestKit
import Testing

/// The commands that README and manual show, run as they stand.
@Suite(.serialized) struct DocumentedCommandsTests {
    @Test func `a first day goes as it is told`() throws {
        let shell = try PracticeShell()
        let lines = Documents.shellLines(Documents.article("FirstDay.md"))
        #expect(lines.count > 30)
        for line in lines {
            let outcome = shell.run(line)
            #expect(outcome.code == 0, "\(line): \(outcome.errors)")
            if outcome.code != 0 { break }
            if line.contains("customers show") { #expect(outcome.output.contains("acct-7-0")) }
            if line == "fieldbook why 2" { #expect(outcome.output.contains("the server is not reached")) }
            if line.contains("budget show") {
                #expect(outcome.output.contains("14000.00 monthly"), "\(outcome.output)")
            }
            if line == "fieldbook status" { #expect(outcome.output.contains("in sync\n"), "\(outcome.output)") }
        }
    }

    @Test func `what the conflict guide shows works on the conflict of the first day`() throws {
        let shell = try PracticeShell()
        for line in Documents.shellLines(Documents.article("FirstDay.md")).prefix(while: {
            $0 != "fieldbook conflicts list"
        }) {
            #expect(shell.run(line).code == 0, "\(line)")
        }
        // The discount's conflict and the refused edit are other stories, told by DeskTests and DeadLetterCommandTests.
        let other = ["conflicts decide 5131", "edits resend", "edits discard"]
        let lines = Documents.shellLines(Documents.article("ConflictGuide.md")).filter { line in
            !other.contains { line.contains($0) }
        }
        #expect(lines.count >= 9)
        for line in lines {
            // Only the first decision counts, so each is checked and none is made.
            let isChange = line.contains(" decide ") || line.contains(" adjust ")
            let outcome = shell.run(isChange ? "\(line) --dry-run" : line)
            #expect(outcome.code == 0, "\(line): \(outcome.errors)")
            if line.contains("conflicts show") {
                #expect(
                    outcome.output.contains("*  amount         12000.00             15000.00             13000.00\n"))
            }
        }
    }

    /// Commands of the README that are not run here, each with the reason.
    private static let notRun: [(start: String, why: String)] = [
        ("tools/", "ToolTests runs the tools with small numbers"),
        ("fieldbook-server serve", "the practice server is started by the test"),
        ("fieldbook-server import", "FocusTests imports files"),
        ("fieldbook-server init", "the practice folder is made by the test"),
        ("fieldbook-lab scenario run Config/scenarios", "ScenarioFilesTests runs them all, which takes minutes"),
        ("fieldbook-lab run --seeds 1000", "a thousand worlds take minutes; LabProgramTests runs a few"),
        ("fieldbook-server compare", "the replica is another member's in the README; SyncTests compares"),
        ("fieldbook-server rules check FILE", "RulesCommandTests checks files"),
        ("fieldbook service install", "it needs a session of systemd; ServiceCommandTests has a stand-in for it"),
        ("fieldbook hooks test conflict", "no command is set in the practice home; HookCommandTests sets some"),
        ("fieldbook edits undo 3", "the number is one of many edits; UndoTests undoes"),
    ]

    /// Placeholders of the README and what stands for them in the practice world.
    private static let meant = [
        ("https://HOST[:PORT]", "http://127.0.0.1:8787 --token-file ana.token"), (" DIR", " practice"),
        (" ID,ID ", " acct-7-0,acct-7-8 "), (" CUSTOMER ", " acct-7-3 "),
        // A day that does not come to pass.
        ("2027-06-30", "2099-06-30"),
    ]

    @Test func `the README's commands are run, or it is said why not`() throws {
        let shell = try PracticeShell()
        shell.prepareReadme()
        var isUsed = Set<String>()
        for shown in Documents.indentedLines(Documents.text("README.md")) {
            if let reason = DocumentedCommandsTests.notRun.first(where: { shown.hasPrefix($0.start) }) {
                isUsed.insert(reason.start)
                continue
            }
            var line = shown
            for (placeholder, real) in DocumentedCommandsTests.meant {
                line = line.replacing(placeholder, with: real)
            }
            let outcome = shell.run(line)
            #expect(outcome.code == 0, "\(shown): \(outcome.output)\(outcome.errors)")
        }
        for (start, _) in DocumentedCommandsTests.notRun { #expect(isUsed.contains(start), "\(start) is not shown") }
    }
}

/// A folder in which lines are run by the shell, with our programs on the PATH and a free port in place of the usual
/// one.
final class PracticeShell {
    private let folder = TemporaryDirectory()
    private let port: UInt16
    private var conflict: String?

    init() throws { port = try PracticeShell.freePort() }

    deinit {
        _ = shell("fieldbook daemon stop")
        let text = String(decoding: readFile(folder.file("server.pid")).prefix { $0 != 0x0A }, as: UTF8.self)
        // Its number may be another program's by now.
        guard let pid = pid_t(text) else { return }
        let words = String(decoding: readFile("/proc/\(pid)/cmdline"), as: UTF8.self)
        if words.contains("fieldbook-server"), words.contains("\(port)") { kill(pid, SIGTERM) }
    }

    /// Runs a line; the number of the conflict and the port are this world's. A server that it starts answers on
    /// return.
    func run(_ line: String) -> World.Outcome {
        var line = line.replacing("8787", with: "\(port)")
        if line.contains("serve --data") {
            line = line.replacing("serve --data", with: "serve --port \(port) --data")
        }
        if line.hasPrefix("fieldbook conflicts "),
            let shown = line.split(separator: " ").first(where: { Int($0) != nil })
        {
            conflict = conflict ?? number()
            line = line.replacing(shown, with: conflict ?? "1")
        }
        let outcome = shell(line)
        if line.contains("fieldbook-server serve") { _ = eventually { self.isOpen } }
        // A person waits until the data is there.
        if line.hasPrefix("fieldbook login") || line == "fieldbook daemon start" { _ = shell("fieldbook sync --wait") }
        return outcome
    }

    /// The first conflict that waits.
    private func number() -> String? {
        let text = shell("fieldbook conflicts list --json").output
        return text.split(separator: "\n").first { $0.contains("\"conflict\": ") }.map { line in
            String(line.filter(\.isNumber))
        }
    }

    /// The world that the README's everyday commands are about.
    func prepareReadme() {
        for line in [
            "fieldbook-server init --data practice --token-file admin.token",
            "fieldbook-server seed --data practice --customers 60 --bills 500 --coupons 5 --seed 5 --cycle 2026-11",
            "fieldbook-server member add ana1 --role administrator --data practice --token-file ana.token",
            "fieldbook-server member add ben1 --role administrator --data practice --token-file ben.token",
            "fieldbook-server serve --data practice > server.log 2>&1 & echo $! > server.pid",
        ] { precondition(run(line).code == 0, line) }
        writeFile(folder.file("monday.txt"), "budget set acct-5-0 700\nlabel set acct-5-0 gold\n")
        writeFile(folder.file("budgets.csv"), "kind,customer,amount\nset-budget,acct-5-0,800\n")
    }

    private func shell(_ line: String) -> World.Outcome {
        let programs = ChildProcess.program("fieldbook").split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let path = Paths.variable("PATH") ?? "/usr/bin:/bin"
        let process = ChildProcess(
            "/bin/sh", ["-c", "cd '\(folder.path)'\n\(line)"],
            environment: ["PATH": "\(programs):\(path)", "FIELDBOOK_HOME": folder.file("home"), "FIELDBOOK_PLAIN": "0"])
        let code = process.wait() ?? -1
        return World.Outcome(code: code, output: process.output, errors: process.errors)
    }

    private var isOpen: Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return PracticeShell.address(port) { connect(descriptor, $0, $1) } == 0
    }

    /// A port that nobody listens on now.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        try #require(address(0) { bind(descriptor, $0, $1) } == 0)
        var bound = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        try #require(found == 0)
        return UInt16(bigEndian: bound.sin_port)
    }

    /// Calls `body` with a port of this machine as the system's functions want it.
    private static func address(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
