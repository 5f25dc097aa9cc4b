import Diagnostics
import Glibc
import TestKit
import Testing

/// Real programs over TLS: the server's own, through a proxy, and behind nginx.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized) struct TLSTests {
    private let issuer = TestCertificates()

    private func secureWorld(_ options: [String] = []) -> World {
        let world = World()
        world.seed()
        let pair = issuer.issue()
        world.startServer(
            ["--tls-certificate", pair.certificate, "--tls-key", pair.key] + options, level: "info")
        return world
    }

    /// An edit of a person goes to the server and comes back, and the replica equals the truth.
    private func expectSync(_ person: Person, _ world: World) throws {
        person.startDaemon()
        #expect(person.sync(), "\(person.run(["status"]).output)")
        #expect(person.run(["budget", "set", try person.resellers()[0], "500"]).code == 0)
        #expect(person.sync())
        #expect(try person.edits().map(\.state) == ["settled"])
        #expect(world.difference(person) == nil)
    }

    @Test func `a member syncs over the server's own TLS, with a private issuer and a client certificate`() throws {
        let world = secureWorld(["--tls-client-ca", issuer.authority])
        let mine = issuer.issue(nil)
        let ana = world.member(
            "ana", at: "https://localhost:\(world.port)",
            options: [
                "--ca-file", issuer.authority, "--client-certificate", mine.certificate, "--client-key", mine.key,
            ])
        try expectSync(ana, world)
        // Somebody else on the same machine comes by the same way.
        let outcome = ana.run(["login", "--token-file", world.token(of: "ben")])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(ana.sync())
        #expect(ana.run(["config", "show"]).output.contains(mine.key))
    }

    @Test func `a member syncs through a proxy, whose password stays in the settings`() throws {
        let world = secureWorld()
        let proxy = ConnectProxy(.login("Basic bWU6aHVudGVyMg=="))
        defer { proxy.stop() }
        let ana = world.member(
            "ana", at: "https://localhost:\(world.port)",
            options: ["--ca-file", issuer.authority, "--proxy", "http://me:hunter2@127.0.0.1:\(proxy.port)"])
        try expectSync(ana, world)
        #expect(proxy.heads.allSatisfy { $0.hasPrefix("CONNECT localhost:\(world.port) ") } && !proxy.heads.isEmpty)
        proxy.stop()
        let told = [
            ana.run(["status", "--json"]), ana.run(["status"]), ana.run(["sync", "--wait", "--timeout", "5"]),
            ana.run(["daemon", "stop"]),
        ].map { $0.output + $0.errors }
        let log = String(decoding: readFile(ana.paths.daemonLog), as: UTF8.self)
        #expect(!(told + [log, world.serverLog]).contains { $0.contains("hunter2") || $0.contains("bWU6") })
        var info = stat()
        #expect(stat(ana.paths.settingsFile, &info) == 0 && info.st_mode & 0o077 == 0)
    }

    @Test func `a certificate that is not trusted shows in the status, and passes once it is`() throws {
        let world = secureWorld()
        let trusted = world.folder.file("trusted.pem")
        writeFile(trusted, readFile(issuer.authority))
        let ana = world.member(
            "ana", at: "https://localhost:\(world.port)", options: ["--ca-file", trusted])
        writeFile(trusted, readFile(issuer.selfSigned().certificate))
        #expect(eventually { world.serverLog.contains("/sync/v1") })
        let greeted = world.serverLog.count
        ana.startDaemon()
        let outcome = ana.run(["sync", "--wait", "--timeout", "20"])
        #expect(outcome.code != 0 && outcome.errors.contains("CN = Test Issuer"), "\(outcome)")
        #expect(ana.phase == "failing")
        let status = ana.run(["status"]).output
        #expect(status.contains("ca-file") && status.contains("tried again by itself"), "\(status)")
        #expect(
            !world.serverLog.dropFirst(greeted).contains("/sync/v1"), "a request went to a server that is not trusted")
        #expect(world.serverLog.contains("tls-refused"))
        writeFile(trusted, readFile(issuer.authority))
        #expect(ana.sync())
        #expect(world.difference(ana) == nil)
    }

    @Test func `plain and secure addresses are not taken for each other`() throws {
        let world = secureWorld()
        let token = world.token(of: "ana")
        let ana = Person(name: "ana", home: world.folder.file("ana"), world: world)
        let plain = ana.run(["setup", "--server", "http://localhost:\(world.port)", "--token-file", token])
        #expect(plain.code == 69 && plain.errors.contains("https://localhost:\(world.port)"), "\(plain.errors)")
        world.stopServer()
        world.startServer()
        let secure = ana.run(["login", "--server", "https://localhost:\(world.port)", "--token-file", token])
        #expect(secure.code == 69 && secure.errors.contains("plain HTTP"), "\(secure)")
    }

    @Test func `a server takes a new certificate at a hang-up, and refuses options that do not go together`() throws {
        let world = World()
        let pair = issuer.issue()
        world.startServer(["--tls-certificate", pair.certificate, "--tls-key", pair.key])
        writeFile(pair.certificate, "junk")
        world.hangUpServer()
        #expect(eventually { world.serverLog.contains("event=tls-kept") }, "\(world.serverLog)")
        let fresh = issuer.issue()
        writeFile(pair.certificate, readFile(fresh.certificate))
        writeFile(pair.key, readFile(fresh.key))
        world.hangUpServer()
        #expect(eventually { world.serverLog.contains("event=tls-reloaded") }, "\(world.serverLog)")
        world.stopServer()
        for options in [["--tls-key", pair.key], ["--tls-certificate", pair.certificate]] {
            #expect(world.server(["serve"] + options).code == 64)
        }
        let absent = world.server(["serve", "--tls-certificate", "/absent", "--tls-key", pair.key])
        #expect(absent.code == 78 && absent.errors.contains("--tls-certificate: /absent"), "\(absent.errors)")
    }
}
