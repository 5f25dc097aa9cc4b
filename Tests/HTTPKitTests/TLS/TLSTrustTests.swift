import Glibc
import Synchronization
import TestKit
import Testing

@testable import HTTPKit

/// Whom a client talks to, and what it says when it does not.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized) struct TLSTrustTests {
    private let issuer = TestCertificates()

    private var trusting: TLSSettings { TLSSettings(authorityFile: issuer.authority) }

    private func refusal(
        _ pair: TestCertificates.Pair, _ settings: TLSSettings? = nil, host: String = "localhost"
    ) throws -> HTTPError {
        let asked = Flag()
        let running = try SecurePair(pair) { _ in
            asked.raise()
            return HTTPResponse(status: 200)
        }
        let error = try #require(try running.client(settings ?? trusting, host: host).failure())
        #expect(!asked.isRaised, "a request reached a server that is not trusted")
        #expect(error.isBeforeSending && error.needsPerson && error.isRetryable)
        return error
    }

    @Test func `a name and an address that the certificate has are both taken`() throws {
        let running = try SecurePair(issuer.issue())
        for host in ["localhost", "127.0.0.1"] {
            #expect(try running.client(trusting, host: host).get().body == Array("GET".utf8))
        }
    }

    @Test func `an issuer that is not trusted is named, with the setting that trusts it`() throws {
        let error = try refusal(issuer.issue(), TLSSettings())
        #expect(error.code == .untrusted && error.why.contains("CN = Test Issuer"), "\(error)")
        #expect(error.next?.contains("ca-file") == true)
        let other = TestCertificates("Another Issuer")
        #expect(try refusal(issuer.issue(), TLSSettings(authorityFile: other.authority)).code == .untrusted)
    }

    @Test func `a certificate that signed itself is told as such, and can be trusted by itself`() throws {
        let pair = issuer.selfSigned()
        let error = try refusal(pair)
        #expect(error.code == .untrusted && error.why.contains("signed by itself (CN = Lonely)"), "\(error)")
        let running = try SecurePair(pair)
        #expect(try running.client(TLSSettings(authorityFile: pair.certificate)).get().status == 200)
    }

    @Test func `a certificate for others is refused with the names that it has`() throws {
        let named = try refusal(issuer.issue("DNS:books.example.com,DNS:*.example.org"))
        #expect(named.code == .untrusted && named.why.contains("DNS:books.example.com"), "\(named)")
        #expect(named.why.contains("not for localhost"))
        let addressed = try refusal(issuer.issue("DNS:localhost"), host: "127.0.0.1")
        #expect(addressed.why.contains("not for 127.0.0.1"), "\(addressed)")
        // The name of the subject is none: RFC 9525.
        let nameless = try refusal(issuer.issue(nil))
        #expect(nameless.why.contains("names no host"), "\(nameless)")
    }

    @Test func `a certificate out of its time is refused with both times`() throws {
        let past = try refusal(issuer.issue(from: "20200101000000Z", until: "20200201000000Z"))
        #expect(past.code == .untrusted && past.why.contains("held until 2020-02-01 00:00:00 UTC"), "\(past)")
        #expect(past.why.contains("this machine's clock says 20") && past.next?.contains("set it") == true)
        let future = try refusal(issuer.issue(from: "20600101000000Z", until: "20700101000000Z"))
        #expect(future.code == .untrusted && future.why.contains("holds from 2060-01-01 00:00:00 UTC"), "\(future)")
    }

    @Test func `what is mended in the files is seen by the next try`() throws {
        let running = try SecurePair(issuer.issue())
        let folder = TemporaryDirectory()
        let client = try running.client(TLSSettings(authorityFile: folder.file("ca.pem")))
        let absent = try #require(client.failure())
        #expect(absent.code == .badSettings && absent.why.contains("ca-file: \(folder.file("ca.pem"))"), "\(absent)")
        writeFile(folder.file("ca.pem"), "no certificate")
        #expect(client.failure()?.code == .badSettings)
        let another = TestCertificates("Another")
        writeFile(folder.file("ca.pem"), readFile(another.authority))
        #expect(client.failure()?.code == .untrusted)
        writeFile(folder.file("ca.pem"), readFile(issuer.authority))
        #expect(try client.get().status == 200)
    }

    @Test func `a machine without the library is told which package has it`() {
        let error = #expect(throws: HTTPError.self) { try TLSLibrary(ssl: "libssl.so.none", crypto: "libcrypto.so.3") }
        #expect(error?.code == .badSettings && error?.next?.contains("libssl3") == true)
        // A library without what we need.
        let other = #expect(throws: HTTPError.self) { try TLSLibrary(ssl: "libz.so.1", crypto: "libz.so.1") }
        #expect(other?.why.contains("TLS_client_method") == true)
    }
}

/// Raised once, from any thread.
final class Flag: Sendable {
    private let state = Mutex(false)
    func raise() { state.withLock { $0 = true } }
    var isRaised: Bool { state.withLock { $0 } }
}
