import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Secure connections that wait.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"), .serialized) struct TLSHoldingTests {
    private let issuer = TestCertificates()

    private func serve(_ limits: ServerLimits = ServerLimits()) throws -> HoldingServer {
        let pair = issuer.issue()
        return try HoldingServer(
            tls: try TLSServer(TLSServerSettings(certificateFile: pair.certificate, keyFile: pair.key)), limits: limits)
    }

    private func connect(_ running: HoldingServer) throws -> TLSStream {
        let limit = Sys.monotonicNow + .seconds(20)
        return try TLSStream.open(
            Sys.connect(running.endpoint, deadline: limit),
            TLSContext(client: TLSSettings(authorityFile: issuer.authority)), .client(host: "localhost"),
            deadline: limit)
    }

    private func read(_ stream: TLSStream, until end: String) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !text.hasSuffix(end) {
            let count = try? buffer.withUnsafeMutableBytes {
                try stream.read(into: $0, deadline: Sys.monotonicNow + .seconds(20))
            }
            guard let count, count > 0 else { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }

    private func send(_ text: String, _ stream: TLSStream) throws {
        try stream.write(Array(text.utf8), deadline: Sys.monotonicNow + .seconds(20))
    }

    @Test func `a held request is answered over TLS, and what came behind it after that`() throws {
        let running = try serve()
        let stream = try connect(running)
        try send(RawLine.hold, stream)
        #expect(running.holds(1))
        // One record: nothing of it is left in the socket once its first byte was read.
        try send(RawLine.get("/two") + RawLine.hold + RawLine.get("/three"), stream)
        running.wakeAll()
        #expect(read(stream, until: "/two").contains("woken"))
        #expect(running.holds(1))
        running.wakeAll()
        #expect(read(stream, until: "/three").contains("woken"))
        try send(RawLine.hold, stream)
        #expect(running.holds(1))
        stream.close()
        #expect(eventually { running.goneCount.withLock { $0 } == 1 && running.server.connections.open == 0 })
    }

    @Test func `handshakes that stop half-way keep no worker from others, and end in time`() throws {
        let running = try serve(ServerLimits(workers: 2, request: .seconds(2)))
        let halves = try (0..<40).map { index in
            let line = try RawLine(running.endpoint)
            // The beginning of a client's hello (RFC 8446, section 4.1.2), or nothing.
            if index.isMultiple(of: 2) {
                try line.stream.write([22, 3, 1, 2, 0, 1, 0, 1, 252], deadline: .seconds(1 << 40))
            }
            return line
        }
        for _ in 0..<5 {
            let stream = try connect(running)
            try send(RawLine.get("/whole"), stream)
            #expect(read(stream, until: "/whole").hasPrefix("HTTP/1.1 200"))
        }
        for half in halves { #expect(half.reply() == nil) }
        #expect(eventually { running.server.connections.open == 0 })
    }
}
