import PropertyKit
import Testing

@testable import HTTPKit

private func parse(
    _ bytes: [UInt8], role: MessageParser.Role = .request, pieces: [Int] = []
) throws -> (parser: MessageParser, body: [UInt8]) {
    var parser = MessageParser(role: role, bodyLimit: 1000)
    var body: [UInt8] = []
    var start = 0
    for end in pieces + [bytes.count] where end > start || bytes.isEmpty {
        _ = try Array(bytes[start..<end]).withUnsafeBytes { try parser.consume($0) { body.append(contentsOf: $0) } }
        start = end
    }
    return (parser, body)
}

@Suite struct MessageParserTests {
    private let plain = Array("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhello".utf8)
    private let chunked = Array(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
            .utf8)

    @Test func `a message parses the same however it is split`() throws {
        for (message, expected) in [(plain, "hello"), (chunked, "hello0123456789")] {
            for split in 0...message.count {
                let (parser, body) = try parse(message, pieces: [split])
                #expect(parser.isDone && String(decoding: body, as: UTF8.self) == expected, "split at \(split)")
            }
        }
        let (parser, _) = try parse(plain)
        #expect(parser.headers["x-y"] == "z")
    }

    @Test func `a truncated message is never done`() throws {
        for message in [plain, chunked] {
            for length in 0..<message.count { #expect(try !parse(Array(message[..<length])).parser.isDone) }
        }
    }

    @Test(arguments: [
        "GET / HTTP/2.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", "G@T / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
        "GET / HTTP/1.1\r\nA\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\u{0}\r\n\r\n",
        "GET / HTTP/1.1\nA: b\n\n\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + String(repeating: "x", count: 1001),
    ])
    func `hostile messages are refused`(text: String) {
        #expect(throws: MessageParser.Failure.self) { try parse(Array(text.utf8)) }
    }

    @Test func `heads, fields and trailers have a largest size`() {
        let long = "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 20_000)
        #expect(throws: MessageParser.Failure.self) { try parse(Array(long.utf8)) }
        let many = "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n"
        #expect(throws: MessageParser.Failure.self) { try parse(Array(many.utf8)) }
        let trailer =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + String(repeating: "A: bbbbbbbbbb\r\n", count: 500)
        #expect(throws: MessageParser.Failure.self) { try parse(Array(trailer.utf8)) }
    }

    @Test func `interim replies are passed over and bodiless ones end at once`() throws {
        let (parser, body) = try parse(
            Array("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8),
            role: .response(toMethod: "GET"))
        #expect(parser.isDone && parser.status == 200 && body == Array("ok".utf8))
        #expect(
            try parse(Array("HTTP/1.1 204 No Content\r\n\r\n".utf8), role: .response(toMethod: "GET")).parser.isDone)
        #expect(
            try parse(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".utf8), role: .response(toMethod: "HEAD"))
                .parser.isDone)
    }

    @Test func `junk never crashes the parser`() throws {
        try checkProperty("junk messages", cases: 500) { choices in
            var bytes = choices.bool() ? plain : chunked
            for _ in 0..<choices.int(in: 1...8) {
                bytes[choices.int(in: 0...bytes.count - 1)] = UInt8(choices.int(in: 0...255))
            }
            _ = try? parse(bytes, pieces: [choices.int(in: 0...bytes.count)])
        }
    }

    @Test(arguments: [
        ("/a/b", "/a/b"), ("/a%20b", "/a b"), ("/a/../b", nil), ("/%2e%2e/b", nil), ("/a%2Fb", nil), ("/a%00", nil),
        ("/%ff", nil), ("/a%zz", nil), ("a", nil),
    ])
    func `paths are decoded and traversal is refused`(target: String, path: String?) {
        #expect(HTTPRequest(method: "GET", target: target).path == path)
    }

    @Test func `query values are encoded and decoded`() {
        let target = Target.build(path: "/x", query: [("a b", "c&d=é"), ("e", "")])
        let request = HTTPRequest(method: "GET", target: target)
        #expect(request.query("a b") == "c&d=é" && request.query("e") == "" && request.query("f") == nil)
    }

    @Test(arguments: [
        ("http://host", "http://host:80"), ("http://host:8787/", "http://host:8787"),
        ("http://[::1]:9", "http://[::1]:9"), ("https://host", "https://host:443"),
        ("https://host:8443/", "https://host:8443"), ("https://", nil), ("ftp://x", nil),
        ("http://", nil), ("http://h:0", nil), ("http://h:99999", nil), ("http://u:p@h", nil), ("http://h/path", nil),
        ("http://h x", nil), ("", nil),
    ])
    func `server addresses are checked`(text: String, canonical: String?) {
        #expect((try? ServerURL(text))?.text == canonical)
    }
}
