import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import TestKit
import Testing

/// The socket file, and what a program says of what it finds there.
@Suite struct SocketTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("daemon.sock") }

    private func listener() -> HTTPServer { LocalAPIServer(handler: Desk()).listener(socket: path) }
    private func client() -> LocalAPIClient { LocalAPIClient(socket: path, patience: .milliseconds(200)) }

    private func mode() -> mode_t {
        var info = stat()
        return lstat(path, &info) == 0 ? info.st_mode : 0
    }

    @Test func `the socket is for its owner alone, and gone after the end`() throws {
        let server = listener()
        try server.start()
        #expect(mode() == S_IFSOCK | 0o600)
        server.stop()
        #expect(mode() == 0)
        #expect(try client().statusIfRunning() == nil)
    }

    @Test func `a socket file that a killed daemon left is replaced`() throws {
        do { _ = DeafListener(path) }
        chmod(path, 0o666)
        #expect(mode() == S_IFSOCK | 0o666)
        #expect(try client().statusIfRunning() == nil)
        let server = listener()
        try server.start()
        defer { server.stop() }
        #expect(mode() == S_IFSOCK | 0o600)
        #expect(try client().status() == Desk.status)
    }

    @Test func `the socket of a daemon that runs is not taken from it`() throws {
        let server = listener()
        try server.start()
        defer { server.stop() }
        let error = try #require(throws: HTTPError.self) { try listener().start() }
        #expect(error.code == .addressInUse && error.what.contains(path))
        #expect(try client().status() == Desk.status)
    }

    @Test(arguments: [0, 16] as [Int32]) func `the socket of a daemon that hangs is not taken from it`(
        backlog: Int32
    ) throws {
        let hung = DeafListener(path, backlog: backlog)
        // With room for none but the first, the others are not even let in.
        let waiting = try Line(path)
        let error = try #require(throws: HTTPError.self) { try listener().start() }
        #expect(error.code == .addressInUse, "\(error)")
        #expect(mode() & S_IFMT == S_IFSOCK)
        withExtendedLifetime((hung, waiting)) {}
    }

    @Test func `a file that is no socket is left as it is`() throws {
        writeFile(path, "precious")
        #expect(throws: HTTPError.self) { try listener().start() }
        #expect(readFile(path) == Array("precious".utf8))
    }

    @Test func `a path too long is refused with a sentence on both sides`() throws {
        let long = folder.file(String(repeating: "x", count: 120))
        let refused = try #require(throws: HTTPError.self) {
            try LocalAPIServer(handler: Desk()).listener(socket: long).start()
        }
        #expect(
            refused.code == .badPath && refused.what.contains(long) && refused.why.contains("longer than 107 bytes"))
        for attempt in [
            { _ = try LocalAPIClient(socket: long).statusIfRunning() }, { try LocalAPIClient(socket: long).sync() },
        ] {
            let error = try #require(throws: UserError.self) { try attempt() }
            #expect(error.exitCode == .settings && error.why.contains("longer than 107 bytes"), "\(error)")
            #expect(error.next.contains("shorter folder"))
        }
    }

    @Test func `the longest path that the system takes is taken`() throws {
        let longest = folder.file(String(repeating: "x", count: 107 - folder.path.utf8.count - 1))
        let server = LocalAPIServer(handler: Desk()).listener(socket: longest)
        try server.start()
        defer { server.stop() }
        #expect(try LocalAPIClient(socket: longest).status() == Desk.status)
    }

    @Test(arguments: [false, true]) func `a daemon that is not running is told so`(leavesFile: Bool) throws {
        if leavesFile { _ = DeafListener(path) }
        #expect(try client().statusIfRunning() == nil)
        for attempt in [
            { _ = try client().status() }, { try client().sync() }, { _ = try client().waitForSync(seconds: 1) },
        ] {
            let error = try #require(throws: UserError.self) { try attempt() }
            #expect(error.exitCode == .unreachable && error.what == "the daemon is not running", "\(error)")
            #expect(error.next == "start it with: fieldbook daemon start")
        }
    }

    @Test(arguments: [0, 16] as [Int32]) func `a daemon that hangs is told from one that is not running`(
        backlog: Int32
    ) throws {
        let hung = DeafListener(path, backlog: backlog)
        let waiting = try Line(path)
        for attempt in [{ _ = try client().statusIfRunning() }, { _ = try client().status() }, { try client().sync() }]
        {
            let error = try #require(throws: UserError.self) { try attempt() }
            #expect(error.exitCode == .unreachable && error.what == "the daemon does not answer", "\(error)")
            #expect(error.next.contains("fieldbook daemon stop"))
        }
        withExtendedLifetime((hung, waiting)) {}
    }

    @Test func `a daemon that has hung is given up within seconds`() {
        #expect(LocalAPIClient.statusPatience <= .seconds(5))
        #expect(LocalAPIClient.editPatience <= .seconds(60))
    }

    @Test(arguments: ["{}", "SSH-2.0-x", "HTTP/1.1"]) func `another program on the socket is not taken for the daemon`(
        text: String
    ) throws {
        let stranger = HTTPServer(endpoint: .unix(path: path)) { _ in
            HTTPResponse(status: 200, body: .bytes(Array(text.utf8)))
        }
        try stranger.start()
        defer { stranger.stop() }
        let error = try #require(throws: UserError.self) { try client().statusIfRunning() }
        #expect(error.exitCode == .failed && error.why.contains("is not a Fieldbook daemon"), "\(error)")
    }
}
