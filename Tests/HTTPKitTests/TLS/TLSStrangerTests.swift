import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Ends that do not speak TLS as they should.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized) struct TLSStrangerTests {
    private let issuer = TestCertificates()

    private func failure(_ server: RawServer, connect: Duration = .seconds(20)) throws -> HTTPError {
        let client = try secureClient(
            "https://localhost:\(server.port)", TLSSettings(authorityFile: issuer.authority), connect: connect)
        return try #require(client.failure())
    }

    @Test func `a server that stays silent, or stops half way, is given up in time`() throws {
        let silent = try RawServer { $0.drain() }
        let error = try failure(silent, connect: .milliseconds(100))
        #expect(error.code == .timeout && !error.needsPerson)
        let half = try RawServer { socket in
            // The head of a record that announces more than comes.
            try? socket.write([22, 3, 3, 1, 0, 2], deadline: Sys.monotonicNow + .seconds(20))
            socket.drain()
        }
        #expect(try failure(half, connect: .milliseconds(100)).code == .timeout)
        let leaving = try RawServer { $0.close() }
        #expect(try failure(leaving).code == .unreachable)
    }

    @Test(arguments: ["HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", "<html>Welcome</html>"])
    func `plain HTTP in place of TLS is told as a wrong port or a captive portal`(text: String) throws {
        let portal = try RawServer { socket in
            try? socket.write(Array(text.utf8), deadline: Sys.monotonicNow + .seconds(20))
            socket.finishWriting()
            socket.drain()
        }
        let error = try failure(portal)
        #expect(error.code == .handshake && error.why.contains("plain HTTP"), "\(error)")
        #expect(error.next?.contains("captive portal") == true && error.isBeforeSending)
    }

    @Test(
        arguments: [
            [0, 1, 2, 3], [UInt8](repeating: 0x41, count: 100_000),
            [22, 3, 3, 0, 4, 9, 9, 9, 9, 22, 3, 3, 0xFF, 0xFF, 1],
            [21, 3, 3, 0, 2, 2, 40],
        ] as [[UInt8]])
    func `junk in place of a handshake is refused and sends nothing`(junk: [UInt8]) throws {
        let server = try RawServer { socket in
            try? socket.write(junk, deadline: Sys.monotonicNow + .seconds(20))
            socket.finishWriting()
            socket.drain()
        }
        let error = try failure(server)
        #expect(error.code == .handshake || error.code == .unreachable, "\(error)")
        #expect(error.isBeforeSending && !error.why.isEmpty)
    }

    @Test func `a server that speaks nothing newer than TLS 1_1 is refused`() throws {
        let pair = issuer.issue()
        let old = issuer.run([
            "s_server", "-accept", "0", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0", "-cert", pair.certificate, "-key",
            pair.key, "-www",
        ])
        var port: Substring = ""
        #expect(
            eventually {
                guard let line = old.output.split(separator: "\n").first(where: { $0.hasPrefix("ACCEPT ") }),
                    old.output.contains("\(line)\n"), let colon = line.lastIndex(of: ":")
                else { return false }
                port = line[line.index(after: colon)...]
                return true
            }, "\(old.output) \(old.errors)")
        let error = try #require(
            try secureClient("https://localhost:\(port)", TLSSettings(authorityFile: issuer.authority)).failure())
        #expect(error.code == .handshake && error.why.contains("TLS 1.2"), "\(error)")
    }

    @Test func `plain HTTP to a secure port is answered in words, and to a foreign one understood`() throws {
        let running = try SecurePair(issuer.issue())
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: running.server.port))
        let reply = try client.get()
        let hint = try #require(TLSHint.read(status: reply.status, body: reply.body, server: "http://localhost:1"))
        #expect(hint.why.contains("speaks TLS") && hint.next.contains("https://localhost:1"))
        // Others answer with an alert.
        let alerting = try RawServer { socket in
            try? socket.write([21, 3, 1, 0, 2, 2, 70], deadline: Sys.monotonicNow + .seconds(20))
            socket.finishWriting()
            socket.drain()
        }
        let error = try #require(HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: alerting.port)).failure())
        #expect(error.code == .handshake && error.next?.contains("https://127.0.0.1:\(alerting.port)") == true)
    }

    @Test func `a client that shakes hands too slowly, or sends junk, holds a server only for its time`() throws {
        let running = try SecurePair(issuer.issue(), limits: ServerLimits(connections: 2, request: .milliseconds(200)))
        let target = Endpoint.tcp(host: "127.0.0.1", port: running.server.port)
        let limit = Sys.monotonicNow + .seconds(20)
        for bytes in [[], [22, 3, 1, 2], [22, 3, 1, 0, 4, 9, 9, 9, 9]] as [[UInt8]] {
            let stream = try Sys.connect(target, deadline: limit)
            if !bytes.isEmpty { try stream.write(bytes, deadline: limit) }
            stream.drain()
        }
        #expect(running.told.wait(until: limit) { $0.count == 3 ? true : nil } == true)
        #expect(try running.client(TLSSettings(authorityFile: issuer.authority)).get().status == 200)
    }
}
