import Diagnostics
import HTTPKit
import LocalAPI
import PartnerModel
import TestKit
import Testing

/// What strangers and broken programs send hurts nobody else.
@Suite struct HostileClientTests {
    @Test(arguments: [
        "junk\r\n\r\n", "GET /v1/status\r\n\r\n", "GET /v1/status HTTP/2.0\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\n\r\n", "GET /v1/status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "\u{1}\u{2}\u{3}",
        "{\"edit\":1}", "GET /v1/status HTTP/1.1\nHost: x\n\r\n\r\n", "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/edits HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/edits HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/edits HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /v1/edits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /v1/status HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\nHost: x\r\nA: \u{0}\r\n\r\n",
    ])
    func `junk is answered as such, the connection ends and the next is served`(text: String) throws {
        let daemon = try LiveDaemon()
        let reply = try daemon.raw(text)
        #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("\r\nFieldbook-API: 4\r\n"), "\(reply)")
        #expect(reply.contains("\r\nConnection: close\r\n"))
        #expect(daemon.desk.calls.isEmpty)
        #expect(try daemon.client.status() == Desk.status)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `bytes by chance do no harm`(seed: UInt64) throws {
        let daemon = try LiveDaemon()
        let chance = CountingChance(seed: seed)
        let good = Array("POST /v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".utf8)
        for _ in 0..<60 {
            // Noise alone, and a good request with one byte of noise in it.
            var bytes = chance.bytes(Int(chance.next() % 300))
            if chance.next() % 2 == 0 {
                bytes = good
                bytes[Int(chance.next() % UInt64(good.count))] = UInt8(truncatingIfNeeded: chance.next())
            }
            let reply = try daemon.raw(bytes, ends: true)
            #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 "), "seed \(seed): \(bytes) got \(reply)")
        }
        #expect(daemon.desk.calls.allSatisfy { $0 == .sync }, "seed \(seed)")
        #expect(try daemon.client.status() == Desk.status, "seed \(seed)")
    }

    @Test func `a head past its bound is refused`() throws {
        let daemon = try LiveDaemon()
        let long = String(repeating: "x", count: 20_000)
        for head in ["A: \(long)", "Fieldbook-API: \(long)", (0..<200).map { "A\($0): b" }.joined(separator: "\r\n")] {
            let reply = try daemon.raw("GET /v1/status HTTP/1.1\r\nHost: x\r\n\(head)\r\n\r\n")
            #expect(
                reply.hasPrefix("HTTP/1.1 431") && reply.contains("\r\nFieldbook-API: 4\r\n"), "\(reply.prefix(300))")
        }
        #expect(try daemon.raw("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n").hasPrefix("HTTP/1.1 431"))
        #expect(try daemon.client.status() == Desk.status)
    }

    @Test func `a body past its bound is refused before it is read, chunked or not`() throws {
        let daemon = try LiveDaemon()
        let head = "POST /v1/edits HTTP/1.1\r\nHost: x\r\n"
        #expect(try daemon.raw("\(head)Content-Length: 1048577\r\n\r\n").hasPrefix("HTTP/1.1 413"))
        #expect(try daemon.raw("\(head)Content-Length: 999999999999999999\r\n\r\n").hasPrefix("HTTP/1.1 413"))
        let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
        let reply = try daemon.raw(head + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 17))
        #expect(reply.hasPrefix("HTTP/1.1 413") && reply.contains("larger than 1048576 bytes"), "\(reply)")
        #expect(daemon.desk.calls.isEmpty)
        // The largest that is taken is read, and told to be no edit.
        #expect(
            try daemon.ask("POST", "/v1/edits", body: String(repeating: " ", count: 1 << 20)).hasPrefix("HTTP/1.1 400"))
    }

    @Test func `a program that gives too much is told so, not that the daemon is a stranger`() throws {
        let daemon = try LiveDaemon()
        let error = try #require(throws: UserError.self) {
            try daemon.client.add(
                .freeze(.account, reason: String(repeating: "x", count: 1_100_000)), customer: CustomerKey(1),
                dryRun: false)
        }
        #expect(error.exitCode == .refused && error.why.contains("larger than 1048576 bytes"), "\(error)")
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test func `a slow client holds nobody up, and is cut off`() throws {
        let daemon = try LiveDaemon(
            limits: ServerLimits(connections: 64, request: .milliseconds(400), bodyBytes: 65_536))
        let slow = [
            "G", "GET /v1/status HTTP/1.1\r\nHo", "POST /v1/edits HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
            "POST /v1/edits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        ]
        let lines = try slow.map { text in
            let line = try Line(daemon.path)
            try line.send(text)
            return line
        }
        for _ in 0..<20 { #expect(try daemon.client.status() == Desk.status) }
        for line in lines { #expect(try line.rest().hasPrefix("HTTP/1.1 408")) }
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test func `a full house is told as busy, and opens again when one leaves`() throws {
        let daemon = try LiveDaemon(limits: ServerLimits(connections: 2))
        var lines: [Line]? = [try Line(daemon.path), try Line(daemon.path)]
        let error = try #require(throws: UserError.self) { try daemon.client.status() }
        #expect(error.exitCode == .notYet && error.what == "the daemon is busy", "\(error)")
        try withExtendedLifetime(lines) { try #require(lines?.count == 2) }
        lines = nil
        #expect(eventually { (try? daemon.client.status()) == Desk.status })
    }
}
