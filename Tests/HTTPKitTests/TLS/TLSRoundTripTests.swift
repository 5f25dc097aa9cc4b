import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Requests and replies over TLS, and what ends them.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized) struct TLSRoundTripTests {
    private let issuer = TestCertificates()

    private var trusting: TLSSettings { TLSSettings(authorityFile: issuer.authority) }

    @Test func `bodies of five million bytes go both ways, whole and in pieces`() throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
        let running = try SecurePair(issuer.issue(), limits: ServerLimits(bodyBytes: 8 << 20)) { request in
            guard request.path == "/pieces" else { return .json(200, request.body) }
            return HTTPResponse(
                status: 200,
                body: .pieces { write in
                    for start in stride(from: 0, to: request.body.count, by: 70_001) {
                        try write(Array(request.body[start..<min(start + 70_001, request.body.count)]))
                    }
                })
        }
        let client = try running.client(trusting)
        for target in ["/", "/pieces"] {
            let reply = try client.send(HTTPRequest(method: "POST", target: target, body: body), bodyLimit: 8 << 20)
            #expect(reply.body == body)
        }
    }

    @Test func `a connection is kept, and one that the server has ended is replaced`() throws {
        let pair = issuer.issue()
        let running = try SecurePair(pair)
        let client = try running.client(trusting)
        for _ in 0..<20 { #expect(try client.get().status == 200) }
        // One at each end.
        #expect(openSockets(running.server.port) == 2)
        let hasty = try SecurePair(pair, limits: ServerLimits(idle: .milliseconds(100)))
        let other = try hasty.client(trusting)
        #expect(try other.get().status == 200)
        #expect(eventually { openSockets(hasty.server.port) <= 1 })
        #expect(try other.get().status == 200)
    }

    @Test func `many connections leave no socket behind`() throws {
        let running = try SecurePair(issuer.issue())
        let stranger = TLSSettings()
        for turn in 0..<60 {
            if turn.isMultiple(of: 3) {
                #expect(try running.client(stranger).failure()?.code == .untrusted)
            } else {
                #expect(try running.client(trusting).get().status == 200)
            }
        }
        #expect(eventually { openSockets(running.server.port) == 0 })
    }

    @Test func `a reply that is cut is told from one that ends, even where no length was given`() throws {
        let context = try TLSContext(
            server: { TLSServerSettings(certificateFile: $0.certificate, keyFile: $0.key) }(issuer.issue()))
        let saysFarewell = Flag()
        let server = try RawServer { socket in
            let limit = Sys.monotonicNow + .seconds(20)
            guard let stream = try? TLSStream.open(socket, context, .server, deadline: limit) else { return }
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = try? buffer.withUnsafeMutableBytes { try stream.read(into: $0, deadline: limit) }
            try? stream.write(Array("HTTP/1.1 200 OK\r\n\r\nhalf".utf8), deadline: limit)
            if saysFarewell.isRaised { stream.close() } else { socket.close() }
        }
        let address = "https://localhost:\(server.port)"
        #expect(try secureClient(address, trusting).failure()?.code == .truncated)
        saysFarewell.raise()
        #expect(try secureClient(address, trusting).get().body == Array("half".utf8))
    }

    @Test func `interrupting a client ends its read, and its handshake, at once`() throws {
        let (isAsked, release) = (Delivery<Bool>(), Delivery<Bool>())
        let running = try SecurePair(issuer.issue()) { _ in
            isAsked.deliver(true)
            _ = release.wait(until: Sys.monotonicNow + .seconds(30))
            return HTTPResponse(status: 200)
        }
        defer { release.deliver(true) }
        let isConnected = Delivery<Bool>()
        let silent = try RawServer { socket in
            isConnected.deliver(true)
            socket.drain()
        }
        for (client, sign) in [
            (try running.client(trusting, idle: .seconds(60)), isAsked),
            (try secureClient("https://localhost:\(silent.port)", trusting, connect: .seconds(60)), isConnected),
        ] {
            let failure = Delivery<HTTPError?>()
            let thread = try #require(WorkerThread(stackBytes: 1 << 19) { failure.deliver(client.failure()) })
            #expect(sign.wait(until: Sys.monotonicNow + .seconds(20)) == true)
            let began = Sys.monotonicNow
            client.interrupt()
            thread.join()
            #expect(failure.wait(until: Sys.monotonicNow)??.code == .interrupted)
            #expect(Sys.monotonicNow - began < .seconds(10))
        }
    }
}

/// How many sockets programs have open at either end of connections to a port of this machine. One that was closed has
/// no inode any more, a listener has state 0A (proc(5), net/tcp).
func openSockets(_ port: UInt16) -> Int {
    let digits = String(port, radix: 16, uppercase: true)
    let mark = ":" + String(repeating: "0", count: 4 - digits.count) + digits
    return String(decoding: readFile("/proc/self/net/tcp"), as: UTF8.self).split(separator: "\n").count { line in
        let words = line.split(separator: " ")
        return words.count > 9 && (words[1].hasSuffix(mark) || words[2].hasSuffix(mark)) && words[3] != "0A"
            && words[9] != "0"
    }
}
