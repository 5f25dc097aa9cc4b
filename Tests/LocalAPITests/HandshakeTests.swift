import Diagnostics
import HTTPKit
import LocalAPI
import TestKit
import Testing

/// Both sides name their version; neither goes on with another.
@Suite struct HandshakeTests {
    @Test(arguments: [
        ("0", "upgrade this program"), ("2", "upgrade this program"), ("5", "upgrade the daemon"),
        ("99", "upgrade the daemon"),
        ("one", "same version of both"), ("", "same version of both"),
    ])
    func `the daemon refuses a program of another version and says which to upgrade`(
        version: String, next: String
    ) throws {
        let daemon = try LiveDaemon()
        for (method, path) in [
            ("GET", "/v1/status"), ("POST", "/v1/sync"), ("POST", "/v1/edits/1/discard"), ("GET", "/v9/new"),
        ] {
            let reply = try daemon.ask(method, path, "Fieldbook-API: \(version)\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 426"), "\(reply)")
            #expect(reply.contains("the program speaks version \(version) of the local interface, the daemon 4"))
            #expect(reply.contains(next) && reply.contains("\r\nFieldbook-API: 4\r\n"), "\(reply)")
        }
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test func `a program that names no version, as curl, is served`() throws {
        #expect(try LiveDaemon().ask("GET", "/v1/status").hasPrefix("HTTP/1.1 200"))
    }

    @Test(
        arguments: [("1", "upgrade the daemon"), ("5", "upgrade this program"), ("x", "same version of both")],
        [200, 426, 500])
    func `a program refuses a daemon of another version, whatever it answers`(
        daemon: (version: String, next: String), status: Int
    ) throws {
        let (folder, path) = temporarySocket()
        defer { withExtendedLifetime(folder) {} }
        let server = HTTPServer(endpoint: .unix(path: path)) { _ in
            var reply = HTTPResponse.json(status, Array("{\"from\":\"another time\"}".utf8))
            reply.headers.add("Fieldbook-API", daemon.version)
            return reply
        }
        try server.start()
        defer { server.stop() }
        for attempt in [
            { _ = try LocalAPIClient(socket: path).statusIfRunning() }, { try LocalAPIClient(socket: path).sync() },
        ] {
            let error = try #require(throws: UserError.self) { try attempt() }
            #expect(error.exitCode == .failed && error.next.contains(daemon.next), "\(error) \(error.next)")
            #expect(
                error.why.contains("the program speaks version 4") && error.why.contains("the daemon \(daemon.version)")
            )
        }
    }

    @Test func `a version from a peer can't fill the screen`() throws {
        let reply = try LiveDaemon().ask(
            "GET", "/v1/status", "Fieldbook-API: \(String(repeating: "9", count: 5000))\r\n")
        #expect(reply.hasPrefix("HTTP/1.1 426") && reply.utf8.count < 1000)
    }
}

/// A path for a socket in a folder that lives as long as the first value.
func temporarySocket() -> (TemporaryDirectory, String) {
    let folder = TemporaryDirectory()
    return (folder, folder.file("s"))
}
