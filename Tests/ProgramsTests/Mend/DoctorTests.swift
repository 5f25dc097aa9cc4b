import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import ReplicaStore
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import fieldbook

/// What `doctor` finds on a machine where one thing is wrong.
@Suite struct DoctorTests {
    /// The system's clock, set wrong.
    private struct WrongClock: WallClock {
        var seconds: Int64 = 0
        func now() -> Instant { SystemClock().now().advanced(by: .seconds(seconds)) }
        func monotonicNow() -> Duration { SystemClock().monotonicNow() }
    }

    private let installation: Installation

    init() throws { installation = try Installation() }

    private func check(
        _ name: String, clock: any WallClock = SystemClock(), isDeep: Bool = false, patience: Duration = .seconds(5),
        environment: [String: String] = [:]
    ) -> [Check] {
        var doctor = Doctor(installation.paths, clock: clock, isDeep: isDeep) { environment[$0] }
        doctor.patience = patience
        return doctor.run().filter { $0.name == name }
    }

    /// A server on loopback that answers all requests with one reply.
    private func serve(_ reply: HTTPResponse) throws -> HTTPServer {
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { _ in reply }
        try server.start()
        writeFile(installation.paths.settingsFile, "server = http://127.0.0.1:\(server.port)\n")
        return server
    }

    private func hello(at seconds: Int64, protocol version: Int = V1.version) throws -> HTTPResponse {
        var hello = V1.Hello(
            software: "9.9.9", partner: "p", partnerName: "P", member: "ana", role: "operator", scope: 1, epoch: "e",
            epochOrdinal: 1, lineage: [], head: 1, lowWatermark: 0, serverTime: seconds, rulesVersion: 1)
        hello.protocol = version
        var reply = HTTPResponse.json(200, try WireCoding.encode(hello))
        reply.headers.add("Fieldbook", "1")
        return reply
    }

    private func makeReplica() throws -> ReplicaInspection {
        try ReplicaStore(directory: installation.paths.state, clock: SystemClock(), chance: SystemChance()).close()
        return ReplicaInspection(directory: installation.paths.state)
    }

    @Test func `a machine where nothing was set up is told what to do, and nothing is made`() throws {
        let empty = try Installation(isSetUp: false)
        let outcome = empty.run(["doctor"])
        #expect(outcome.code == 1 && outcome.errors.contains("2 failed"))
        for words in ["failed   settings", "fieldbook setup --server", "failed   token", "warning  daemon"] {
            #expect(outcome.output.contains(words), "\(outcome.output)")
        }
        let json = empty.run(["doctor", "--json", "--quiet"])
        #expect(json.output.contains("\"verdict\": \"failed\"") && json.output.contains("\"schemaVersion\": 1"))
        #expect(!SecureFile.exists(empty.home))
    }

    @Test func `a server that takes the token passes, and the clock is held against it`() throws {
        let server = try serve(try hello(at: SystemClock().now().seconds))
        defer { server.stop(deadline: .zero) }
        #expect(check("server").map(\.verdict) == [.ok] && check("tls").map(\.verdict) == [.ok])
        let login = try #require(check("login").first)
        #expect(login.verdict == .ok && login.what.contains("9.9.9") && !login.text.contains("fbt_secret"))
        #expect(check("clock").map(\.verdict) == [.ok])
        let ahead = try #require(check("clock", clock: WrongClock(seconds: 900)).first)
        #expect(ahead.verdict == .warning && ahead.what.contains("ahead of the server's"), "\(ahead)")
        let lost = try #require(check("clock", clock: FixedClock(seconds: 3)).first)
        #expect(lost.verdict == .failed && lost.what.contains("1970-01-01"))
    }

    @Test func `a portal, a refused token, another protocol and a port where nobody listens are told apart`() throws {
        var portal = HTTPResponse(status: 302)
        portal.headers.add("Location", "http://hotel.example/login")
        var refusal = HTTPResponse(status: 401)
        refusal.headers.add("Fieldbook", "1")
        for (reply, name, words) in [
            (portal, "server", "hotel.example"), (HTTPResponse.json(200, []), "server", "captive portal"),
            (refusal, "login", "does not take the token"), (try hello(at: 1, protocol: 7), "login", "it speaks 7"),
        ] {
            let server = try serve(reply)
            let found = try #require(check(name).first)
            #expect(found.verdict == .failed && found.text.contains(words) && !found.next.isEmpty, "\(found)")
            server.stop(deadline: .zero)
        }
        writeFile(installation.paths.settingsFile, "server = http://127.0.0.1:1\n")
        #expect(check("server").first?.text.contains("nobody listens") == true)
        writeFile(installation.paths.settingsFile, "server = ftp://somewhere\n")
        #expect(check("settings").map(\.verdict) == [.failed] && check("server").isEmpty)
    }

    @Test func `a server that never answers is waited for no longer than said`() throws {
        let silent = try SilentListener()
        writeFile(installation.paths.settingsFile, "server = http://127.0.0.1:\(silent.port)\n")
        let began = SystemClock().monotonicNow()
        let found = try #require(check("server", patience: .milliseconds(300)).first)
        withExtendedLifetime(silent) {}
        #expect(found.verdict == .failed && SystemClock().monotonicNow() - began < .seconds(5), "\(found)")
    }

    @Test func `what others can read is named with the command that closes it`() throws {
        chmod(installation.paths.tokenFile, 0o644)
        chmod(installation.paths.config, 0o755)
        let found = check("permissions")
        #expect(found.map(\.verdict) == [.warning, .warning])
        #expect(found.first?.next == "close it: chmod 700 \(installation.paths.config)")
        #expect(found.last?.next == "close it: chmod 600 \(installation.paths.tokenFile)")
        let token = try #require(check("token").first)
        #expect(token.verdict == .failed && token.next.contains("chmod 600"))
        chmod(installation.paths.tokenFile, 0o600)
        chmod(installation.paths.config, 0o700)
        #expect(check("permissions").map(\.verdict) == [.ok] && check("token").map(\.verdict) == [.ok])
    }

    /// Whom no folder keeps out can't see what those see who are.
    @Test(.enabled(if: geteuid() != 0 || access("/usr/bin/setpriv", X_OK) == 0))
    func `another user is told that it is not theirs, and nothing is called right that was not seen`() throws {
        _ = try makeReplica()
        var (program, words) = (ChildProcess.program("fieldbook"), ["doctor"])
        if geteuid() == 0 {
            (program, words) = ("/usr/bin/setpriv", ["--reuid=65534", "--clear-groups", program] + words)
            chmod(installation.folder.path, 0o700)
        } else {
            chmod(installation.home, 0)
        }
        defer { chmod(installation.home, 0o700) }
        let outcome = installation.run(words, program: program)
        // A build in a folder that is closed to others can't be run by them.
        if outcome.code == 126 || outcome.code == 127 { return }
        #expect(outcome.code == 1, "\(outcome.errors)")
        for name in ["daemon", "state folder", "permissions", "settings", "token", "outbox", "image"] {
            #expect(outcome.output.contains("failed   \(name) "), "\(name)\n\(outcome.output)")
        }
    }

    @Test func `a proxy of the environment is told without its password`() throws {
        let found = try #require(check("proxy", environment: ["https_proxy": "http://eve:hunter2@proxy:3128"]).first)
        #expect(found.verdict == .ok && found.what.contains("https_proxy") && !found.text.contains("hunter2"))
        #expect(check("proxy").map(\.verdict) == [.ok])
    }

    @Test func `a damaged outbox is found, and a newer one is told as that`() throws {
        let inspection = try makeReplica()
        let path = try #require(inspection.path(of: .outbox))
        #expect(check("outbox").map(\.verdict) == [.ok] && check("outbox").first?.what.contains("sound") == true)
        let writer = try Connection(path: path, mode: .readWrite, durability: .normal)
        try writer.execute("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        #expect(check("outbox").first?.why.contains("its schema is 99") == true)
        try writer.execute("PRAGMA user_version = 6; PRAGMA wal_checkpoint(TRUNCATE)")
        writer.close()
        var bytes = readFile(path)
        for index in 4096..<min(bytes.count, 40_960) { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
        writeFile(path, bytes)
        let found = try #require(check("outbox").first)
        #expect(found.verdict == .failed && found.next.contains("copy"), "\(found)")
    }

    @Test func `a reader that holds a long log is named`() throws {
        let inspection = try makeReplica()
        let path = try #require(inspection.path(of: .outbox))
        let reader = try Connection(path: path, mode: .readWrite, durability: .reader)
        try reader.execute("BEGIN")
        _ = try reader.statement("SELECT count(*) FROM edit").first { $0.int64(0) }
        let writer = try Connection(path: path, mode: .readWrite, durability: .normal)
        try writer.execute("CREATE TABLE ballast (content BLOB)")
        for _ in 0..<10 { try writer.execute("INSERT INTO ballast VALUES (zeroblob(4194304))") }
        #expect(inspection.logBytes(of: .outbox) > 32 << 20)
        #expect(inspection.readers(of: .outbox).map(\.processID) == [Int(getpid())])
        let outcome = installation.run(["doctor"])
        #expect(outcome.output.contains("warning  log") && outcome.output.contains("(process \(getpid()))"))
        #expect(outcome.output.contains("kill \(getpid())"), "\(outcome.output)")
        reader.close()
        #expect(inspection.readers(of: .outbox).isEmpty)
        writer.close()
    }

    @Test func `a key and a proxy's password that others can read are told`() throws {
        let (key, link) = (installation.folder.file("me.key"), installation.paths.settingsFile)
        let real = installation.folder.file("managed.conf")
        writeFile(key, "a key")
        writeFile(
            real,
            "[server]\nurl = https://127.0.0.1:1\nproxy = http://me:secret@127.0.0.1:1\n[tls]\n"
                + "client-certificate = /no/such\nclient-key = \(key)\n")
        unlink(link)
        symlink(real, link)
        #expect(check("client key").isEmpty && check("proxy").map(\.verdict) == [.ok])
        for path in [key, real] { chmod(path, 0o640) }
        let found = [try #require(check("client key").first), try #require(check("proxy").first)]
        #expect(found.map(\.verdict) == [.warning, .warning])
        #expect(found[0].text.contains("tls.client-key") && found[0].next == "close it: chmod 600 \(key)")
        #expect(found[1].text.contains("password") && !found[1].text.contains("secret"), "\(found[1])")
        // Without a key of its own it stands beside the certificate; a proxy without a password is no secret.
        writeFile(real, "[server]\nproxy = http://127.0.0.1:1\n[tls]\nclient-certificate = \(key)\n")
        #expect(check("client key").first?.text.contains("tls.client-certificate") == true)
        #expect(check("proxy").map(\.verdict) == [.ok])
    }

    @Test func `a daemon that runs is told, and what stops it too`() throws {
        let daemon = installation.daemon()
        #expect(eventually { (try? installation.client.status().phase) == "offline" })
        #expect(check("daemon").map(\.verdict) == [.ok])
        #expect(check("sync").map(\.verdict) == [.warning])
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
        #expect(check("daemon").map(\.verdict) == [.warning])
    }
}

/// Takes connections into its queue and reads nothing.
private final class SilentListener {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
