import Glibc
import HTTPKit
import TestKit
import Testing

/// The sample configuration for nginx before a real server.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized) struct NginxTests {
    private static let program = "/usr/sbin/nginx"
    private static let isInstalled = access(program, X_OK) == 0

    private let issuer = TestCertificates()
    private let folder = TemporaryDirectory()

    /// A port that was free a moment ago.
    private func freePort() throws -> UInt16 {
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { _ in HTTPResponse(status: 200) }
        try server.start()
        defer { server.stop() }
        return server.port
    }

    /// nginx with the sample, its marked lines set.
    private func nginx(before server: UInt16, on port: UInt16, _ more: [(String, String)] = []) -> ChildProcess {
        var config = #filePath
        for _ in 0..<3 { config = String(config[..<(config.lastIndex(of: "/") ?? config.startIndex)]) }
        var sample = String(decoding: readFile("\(config)/Config/nginx.conf"), as: UTF8.self)
        let pair = issuer.issue()
        for (text, other) in [
            ("server 127.0.0.1:8787;", "server 127.0.0.1:\(server);"),
            ("listen 443 ssl;", "listen 127.0.0.1:\(port) ssl;"),
            ("books.example.com", "localhost"), ("/etc/ssl/fieldbook/fullchain.pem", pair.certificate),
            ("/etc/ssl/fieldbook/privkey.pem", pair.key),
        ] + more {
            precondition(sample.contains(text), "the sample has no \(text)")
            sample.replace(text, with: other)
        }
        writeFile(folder.file("fieldbook.conf"), sample)
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(folder.file($0));"
        }
        writeFile(
            folder.file("nginx.conf"),
            """
            daemon off; master_process off; pid \(folder.file("pid"));
            events {}
            http { access_log off; \(places.joined(separator: " ")) include \(folder.file("fieldbook.conf")); }
            """)
        return ChildProcess(
            Self.program,
            [
                "-p", folder.path, "-c", folder.file("nginx.conf"), "-e", folder.file("errors"), "-g",
                "error_log stderr;",
            ])
    }

    private func isUp(_ process: ChildProcess, _ port: UInt16) -> Bool {
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
        return eventually {
            process.wait(seconds: 0) != nil
                || (try? client.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10_000)) != nil
        }
    }

    @Test(.enabled(if: isInstalled, "nginx is not installed"))
    func `a member syncs through nginx, and its refusals are understood`() throws {
        let world = World()
        world.seed(bills: 20_000)
        world.startServer()
        let port = try freePort()
        let process = nginx(before: world.port, on: port)
        #expect(isUp(process, port), "\(process.errors)")
        let options = ["--ca-file", issuer.authority]
        let ana = world.member("ana", at: "https://localhost:\(port)", options: options)
        ana.startDaemon()
        #expect(ana.sync(), "\(ana.run(["status"]).output) \(process.errors)")
        let name = try ana.resellers()[0]
        #expect(ana.run(["budget", "set", name, "500"]).code == 0)
        #expect(ana.sync())
        #expect(try ana.edits().map(\.state) == ["settled"] && world.difference(ana) == nil)
        // The wrong scheme, then no server behind it.
        let ben = Person(name: "ben", home: folder.file("ben"), world: world)
        let token = world.token(of: "ben")
        let plain = ben.run(["setup", "--server", "http://localhost:\(port)", "--token-file", token])
        #expect(plain.errors.contains("--server https://localhost:\(port)"), "\(plain.errors)")
        world.stopServer()
        #expect(ana.run(["budget", "set", name, "600"]).code == 0)
        #expect(eventually { ana.run(["sync"]).code == 0 && ana.phase == "offline" })
        world.startServer()
        #expect(ana.sync())
        process.signal(SIGTERM)
        #expect(process.wait() == 0)
    }

    @Test(.enabled(if: isInstalled, "nginx is not installed"))
    func `nginx asks for a client certificate where it is told to`() throws {
        let world = World()
        world.startServer()
        let port = try freePort()
        let process = nginx(
            before: world.port, on: port,
            [
                (
                    "# ssl_client_certificate /etc/ssl/fieldbook/clients-ca.pem;",
                    "ssl_client_certificate \(issuer.authority);"
                ),
                ("# ssl_verify_client on;", "ssl_verify_client on;"),
            ])
        #expect(isUp(process, port), "\(process.errors)")
        let token = world.token(of: "ana")
        let ana = Person(name: "ana", home: folder.file("ana"), world: world)
        let setup = [
            "setup", "--server", "https://localhost:\(port)", "--token-file", token, "--ca-file", issuer.authority,
        ]
        let without = ana.run(setup)
        #expect(without.code == 69 && without.errors.contains("wants a client certificate"), "\(without.errors)")
        let mine = issuer.issue(nil)
        let with = ana.run(setup + ["--client-certificate", mine.certificate, "--client-key", mine.key])
        #expect(with.output.contains("you are ana"), "\(with)")
    }
}
