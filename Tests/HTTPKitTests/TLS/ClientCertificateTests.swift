import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// A server that lets only clients in whose certificate it can verify.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized)
struct ClientCertificateTests {
    private let issuer = TestCertificates()

    private func settings(_ pair: TestCertificates.Pair?) -> TLSSettings {
        TLSSettings(authorityFile: issuer.authority, certificateFile: pair?.certificate, keyFile: pair?.key)
    }

    @Test func `a client with a certificate of the issuer is let in`() throws {
        let running = try SecurePair(issuer.issue(), clientAuthority: issuer.authority)
        let client = try running.client(settings(issuer.issue(nil)))
        for _ in 0..<3 { #expect(try client.get().status == 200) }
        #expect(running.told.withLock { $0.isEmpty })
    }

    @Test func `one without is told that it needs one`() throws {
        let running = try SecurePair(issuer.issue(), clientAuthority: issuer.authority)
        let error = try #require(try running.client(settings(nil)).failure())
        #expect(error.code == .alert && error.why.contains("wants a client certificate"), "\(error)")
        #expect(error.next?.contains("client-certificate") == true && error.needsPerson)
        #expect(running.told.wait(until: Sys.monotonicNow + .seconds(20)) { $0.isEmpty ? nil : true } == true)
    }

    @Test func `one of another issuer, or out of its time, is told so`() throws {
        let running = try SecurePair(issuer.issue(), clientAuthority: issuer.authority)
        let other = TestCertificates("Other")
        let stranger = try #require(try running.client(settings(other.issue(nil))).failure())
        #expect(stranger.code == .alert && stranger.why.contains("issuer"), "\(stranger)")
        let old = issuer.issue(nil, from: "20200101000000Z", until: "20200201000000Z")
        let late = try #require(try running.client(settings(old)).failure())
        #expect(late.code == .alert && late.why.contains("expired"), "\(late)")
    }

    @Test func `a key that others can read, of another certificate or with a passphrase is refused`() throws {
        let running = try SecurePair(issuer.issue())
        let (mine, other) = (issuer.issue(nil), issuer.issue(nil))
        func why(_ key: String?) throws -> String {
            let settings = TLSSettings(
                authorityFile: issuer.authority, certificateFile: mine.certificate, keyFile: key)
            let error = try #require(try running.client(settings).failure())
            #expect(error.code == .badSettings && error.next?.isEmpty == false)
            return error.why
        }
        #expect(try why(other.key).contains("is not the key of"))
        chmod(mine.key, 0o640)
        #expect(try why(mine.key).contains("other users can read"))
        chmod(mine.key, 0o600)
        let locked = issuer.folder.file("locked.key")
        #expect(
            issuer.run(["pkey", "-in", mine.key, "-aes128", "-passout", "pass:secret", "-out", locked]).wait() == 0)
        chmod(locked, 0o600)
        #expect(try why(locked).contains("client-key: \(locked)"))
        #expect(try why(issuer.folder.file("absent")).contains("No such file"))
        #expect(try why(issuer.folder.path).contains("not a regular file"))
        // The certificate's own file holds no key.
        #expect(try why(nil).contains("client-certificate"))
    }

    @Test func `a server's key may be open to a group, not to all`() throws {
        let pair = issuer.issue()
        chmod(pair.key, 0o640)
        _ = try SecurePair(pair)
        chmod(pair.key, 0o644)
        let error = #expect(throws: HTTPError.self) { try SecurePair(pair) }
        #expect(error?.code == .badSettings && error?.why.contains("other users") == true)
    }

    @Test func `a server takes a new certificate for the connections to come, and keeps the old one while it is bad`()
        throws
    {
        let (first, second) = (issuer.issue(), issuer.issue("DNS:other.example"))
        let tls = try TLSServer(TLSServerSettings(certificateFile: first.certificate, keyFile: first.key))
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), tls: tls) { _ in HTTPResponse(status: 200) }
        try server.start()
        defer { server.stop(deadline: .seconds(1)) }
        let address = "https://localhost:\(server.port)"
        let kept = try secureClient(address, settings(nil))
        #expect(try kept.get().status == 200)
        writeFile(first.certificate, readFile(second.certificate))
        #expect(throws: HTTPError.self) { try tls.reload() }
        #expect(try secureClient(address, settings(nil)).get().status == 200)
        writeFile(first.key, readFile(second.key))
        try tls.reload()
        #expect(try secureClient(address, settings(nil)).failure()?.why.contains("other.example") == true)
        #expect(try kept.get().status == 200)
    }
}
