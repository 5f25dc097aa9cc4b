import Diagnostics
import Glibc
import TestKit
import Testing

/// What a process says to, and hears from, the system around it.
@Suite struct ProcessTests {
    @Test func `exit codes are part of the interface`() {
        let codes = Dictionary(uniqueKeysWithValues: ExitCode.allCases.map { ("\($0)", $0.rawValue) })
        #expect(
            codes == [
                "done": 0, "failed": 1, "usage": 64, "refused": 65, "unreachable": 69, "bug": 70, "notYet": 75,
                "denied": 77,
                "settings": 78,
            ])
    }

    @Test func `who locks a file is told by its device and its number, not by the number alone`() throws {
        let folder = TemporaryDirectory()
        let (file, table) = (folder.file("locked"), folder.file("locks"))
        writeFile(file, "x")
        let facts = try #require(FileFacts(file))
        let major = (facts.device >> 8) & 0xFFF
        let minor = facts.device & 0xFF | (facts.device >> 12) & 0xFFFF_FF00
        func line(_ process: Int32, _ minor: UInt64) -> String {
            let device = [major, minor].map { String($0, radix: 16) }.map { $0.count < 2 ? "0\($0)" : $0 }
            return "1: POSIX  ADVISORY  READ \(process) \(device[0]):\(device[1]):\(facts.inode) 124 124\n"
        }
        writeFile(table, line(getppid(), minor + 1) + line(getpid(), minor))
        let holders = ProcessTable.lockHolders(of: facts, bytes: 120...130, table: table)
        #expect(holders.map(\.processID) == [Int(getpid())])
    }

    @Test func `an error is told with what to do next`() {
        let error = UserError(
            .refused, what: "cannot open the replica", why: "schema 9, this build knows 7", next: "upgrade the daemon")
        #expect(
            error.rendered(program: "fieldbook")
                == "fieldbook: cannot open the replica: schema 9, this build knows 7\n  upgrade the daemon\n")
        #expect("\(error)" == "cannot open the replica: schema 9, this build knows 7")
        #expect(UserError(.failed, what: "a", why: "b", next: "").rendered(program: "p") == "p: a: b\n")
    }

    @Test func `an error text can't drive the terminal or look like another line`() {
        let error = UserError(
            .failed, what: "cannot read \u{1B}]0;x\u{7}", why: "a\nfieldbook: done", next: "\u{9B}2J\u{202E}")
        #expect(
            error.rendered(program: "p")
                == "p: cannot read \\u{1b}]0;x\\u{7}: a\\nfieldbook: done\n  \\u{9b}2J\\u{202e}\n")
    }

    @Test func `text in any script stays as it is`() {
        for text in ["华云", "Ünïcödé", "אבג", "👩‍👩‍👧", "a\u{301}", "plain"] { #expect(VisibleText.escape(text) == text) }
    }

    @Test func `a text is cut between scalars, as late as fits`() {
        let texts = [
            ("abc", 2, "ab"), ("ééé", 6, "ééé"), ("ééé", 5, "éé"), ("ééé", 4, "éé"), ("é", 1, ""), ("a", 0, ""),
            ("a\u{301}", 1, "a"),
        ]
        for (text, bytesMax, kept) in texts { #expect(VisibleText.prefix(text, bytesMax: bytesMax) == kept) }
    }

    @Test func `folders follow FIELDBOOK_HOME, then the XDG variables, then the home folder`() {
        func paths(_ variables: [String: String]) -> [String] {
            let paths = Paths { variables[$0] }
            return [paths.state, paths.runtime, paths.config]
        }
        #expect(paths(["FIELDBOOK_HOME": "/f", "XDG_STATE_HOME": "/s"]) == ["/f/state", "/f/run", "/f/config"])
        #expect(
            paths(["HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c"])
                == ["/s/fieldbook", "/r/fieldbook", "/c/fieldbook"])
        let ofHome = ["/h/.local/state/fieldbook", "/h/.local/state/fieldbook/run", "/h/.config/fieldbook"]
        #expect(paths(["HOME": "/h"]) == ofHome)
        // A relative or empty XDG variable counts as not set (XDG base directory specification).
        #expect(
            paths([
                "HOME": "/h", "XDG_STATE_HOME": "s", "XDG_RUNTIME_DIR": "", "XDG_CONFIG_HOME": "./c",
                "FIELDBOOK_HOME": "",
            ]) == ofHome)
        for path in paths(["FIELDBOOK_HOME": "book"]) + paths([:]) + paths(["HOME": "relative"]) {
            #expect(path.hasPrefix("/"))
        }
        #expect(paths(["FIELDBOOK_HOME": "book"])[0].hasSuffix("/book/state"))
    }

    @Test(arguments: [false, true]) func `the service manager hears of readiness`(isAbstract: Bool) throws {
        let folder = TemporaryDirectory()
        let name = isAbstract ? "@\(folder.path)" : folder.file("notify")
        let manager = try Listener(name)
        ServiceManager.notify("READY=1\nSTATUS=up", socket: name)
        #expect(manager.message() == "READY=1\nSTATUS=up")
    }

    @Test func `without a service manager nothing happens`() {
        for name in [nil, "", "relative", "vsock:1:2", "/no/such/socket", "/" + String(repeating: "x", count: 200)] {
            ServiceManager.notify("READY=1", socket: name)
        }
    }

    @Test func `resident memory is told in bytes`() throws {
        let bytes = try #require(ProcessProbe.residentBytes())
        #expect((1 << 20)...(1 << 36) ~= bytes)
    }

    // The signal is sent to the thread that waits, because other threads of a test process have not blocked it.
    @Test func `a signal to end is waited for by number`() async {
        await #expect(processExitsWith: .exitCode(SIGTERM)) {
            Signals.prepare()
            pthread_kill(pthread_self(), SIGTERM)
            exit(Signals.waitForStop())
        }
        await #expect(processExitsWith: .exitCode(SIGHUP)) {
            Signals.prepare()
            pthread_kill(pthread_self(), SIGHUP)
            exit(Signals.waitForStop())
        }
    }

    @Test func `writing to a closed pipe is an error, not the end`() async {
        await #expect(processExitsWith: .exitCode(EPIPE)) {
            Signals.prepare()
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { exit(1) }
            close(ends[0])
            exit(write(ends[1], "x", 1) < 0 ? errno : 0)
        }
    }
}

/// A datagram socket as a service manager has it.
private final class Listener {
    private let descriptor: Int32

    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    func message() -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
