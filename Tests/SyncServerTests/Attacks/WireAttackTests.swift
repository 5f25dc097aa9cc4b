import Glibc
import HTTPKit
import TestKit
import Testing

@testable import SyncServer

/// Attacks below the routes, on a real socket.
@Suite struct WireAttackTests {
    private let attacked: AttackedServer

    init() throws { attacked = try AttackedServer(limits: ServerLimits(request: .milliseconds(400))) }

    /// What a request is answered, with a good token.
    private func answer(
        _ line: String, _ fields: String = "", body: String = "", endsSending: Bool = false
    ) -> String {
        attacked.exchange(
            "\(line) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(attacked.authorization("ana"))\(fields)\r\n\(body)",
            endsSending: endsSending)
    }

    @Test(arguments: [
        ("/sync/v1/../v1/hello", 404), ("/sync/v1/%2e%2e/v1/hello", 404), ("/sync/v1/%2E%2E%2Fhello", 404),
        ("/sync/v1/./hello", 404), ("//sync/v1/hello", 404), ("/sync//v1/hello", 404), ("/sync/v1/hello/", 404),
        ("/sync/v1%2fhello", 404), ("/sync/v1/hello%00", 404), ("/sync/v1/hello%", 404), ("/sync/v1/hello%zz", 404),
        ("/sync/v1/hello;x=1", 404), ("/SYNC/v1/hello", 404), ("/sync/v1/hello%C0%AF", 404), ("/", 404),
        ("/..%5c..%5cetc/passwd", 404), ("http://127.0.0.1/sync/v1/hello", 400), ("*", 400), ("sync/v1/hello", 400),
        ("/sync/v1/hello\u{0}", 400), ("/sync/v1/h\u{7f}", 400), ("/sync/v1/hellö", 400),
        ("/sync/v1/" + String(repeating: "a", count: 8192), 404), ("/" + String(repeating: "a", count: 17_000), 431),
        ("/sync/v1/hello?" + String(repeating: "a=1&", count: 2000), 200),
        ("/sync/v1/hello#x", 404), ("/sync/v1/hello x", 400),
    ]) func `a path leads to the route that it names in full, or nowhere`(target: String, code: Int) {
        let reply = answer("GET \(target)")
        #expect(status(reply) == code, "\(reply.prefix(40))")
        #expect(attacked.servesOthers() && attacked.logHolds(noneOf: ["etc/passwd", "aaaa"]))
    }

    @Test func `heads that are too large or malformed end the connection`() {
        let line = "GET /sync/v1/hello"
        #expect(status(answer(line, "X: \(String(repeating: "x", count: 20_000))\r\n")) == 431)
        #expect(status(answer(line, String(repeating: "X: y\r\n", count: 200))) == 431)
        for fields in [
            "X: a\u{0}b\r\n", " X: y\r\n", "X : y\r\n", "X: a\nY: b\r\n", "X: a\rY: b\r\n", "Host: y\r\n", ": x\r\n",
            "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: -1\r\n", "Content-Length: 0x10\r\n",
            "Content-Length: 99999999999999999999\r\n", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        ] { #expect(status(answer(line, fields)) == 400, "\(fields)") }
        #expect(status(answer("TRACE /sync/v1/hello")) == 405 && status(answer("G\u{1}T /sync/v1/hello")) == 400)
        #expect(status(answer(line, "Transfer-Encoding: gzip, chunked\r\n")) == 501)
        #expect(attacked.servesOthers())
    }

    @Test func `bodies that are too large, or not as long as they say, reach no route`() {
        let line = "POST /sync/v1/push"
        #expect(status(answer(line, "Content-Length: 2000000\r\n")) == 413)
        #expect(status(answer(line, "Content-Length: 300000\r\n", body: String(repeating: " ", count: 300_000))) == 413)
        // Less than was said: cut by the time a request has, or by its end.
        #expect(status(answer(line, "Content-Length: 50\r\n", body: "{\"secret-body\"")) == 408)
        #expect(answer(line, "Content-Length: 50\r\n", body: "{\"secret-body\"", endsSending: true).isEmpty)
        // More than was said is no second request of ours once the connection is to close.
        #expect(answer(line, "Content-Length: 2\r\n", body: "{}GET / HTTP/1.1\r\n\r\n").components("HTTP/1.1 ") == 1)
        for body in [
            "zz\r\n", "-5\r\nhello\r\n", "FFFFFFFFF\r\n", "2\r\nabc\r\n0\r\n\r\n",
            "1;\(String(repeating: "x", count: 300))\r\n",
        ] {
            #expect(status(answer(line, "Transfer-Encoding: chunked\r\n", body: body)) == 400, "\(body.prefix(20))")
        }
        let endless = String(repeating: "10000\r\n\(String(repeating: "x", count: 65_536))\r\n", count: 20)
        #expect(status(answer(line, "Transfer-Encoding: chunked\r\n", body: endless)) == 413)
        #expect(attacked.servesOthers() && attacked.logHolds(noneOf: ["secret-body"]))
    }

    @Test func `a sender of single bytes is cut off by its time, and others are served meanwhile`() {
        let slow = attacked.connect()
        defer { close(slow) }
        #expect(attacked.send("GET /sync/v1/hello HTTP/1.1\r\nHost: x\r\nX: ", on: slow))
        var byte: UInt8 = 0
        var served = 0
        let servedMax = 5_000
        // Each byte would put off a bound that counted from the last one.
        while recv(slow, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0, served < servedMax {
            attacked.send("x", on: slow)
            guard attacked.servesOthers() else { break }
            served += 1
        }
        #expect(served > 0 && served < servedMax && status(attacked.receive(slow)) == 408)
        #expect(attacked.servesOthers())
    }

    @Test func `connections that say nothing are bounded in number, and free their place again`() throws {
        let small = try AttackedServer(limits: ServerLimits(connections: 4, idle: .milliseconds(300)))
        let silent = (0..<4).map { _ in small.connect() }
        #expect(eventually { status(small.exchange("")) == 503 })
        #expect(eventually { small.servesOthers() })
        for descriptor in silent { close(descriptor) }
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(_ text: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
