import Testing

@testable import HTTPKit

/// What a server makes of a reply for a request that allows gzip, and of a request that comes coded.
@Suite(.enabled(if: GzipFixtures.isThere, GzipFixtures.absence)) struct GzipReplyTests {
    private let lines = GzipFixtures.lines(200)

    private func request(_ encodings: String?) -> HTTPRequest {
        var request = HTTPRequest(method: "GET", target: "/")
        if let encodings { request.headers.add("Accept-Encoding", encodings) }
        return request
    }

    private func bytes(_ response: HTTPResponse) -> [UInt8]? {
        guard case .bytes(let bytes) = response.body else { return nil }
        return bytes
    }

    @Test func `a body goes in gzip to who allows it, smaller, the same every time`() throws {
        let plain = HTTPResponse.json(200, lines)
        let coded = plain.gzipped(ifAccepted: request("gzip"))
        let body = try #require(bytes(coded))
        #expect(coded.headers["Content-Encoding"] == "gzip" && coded.headers["Vary"] == "Accept-Encoding")
        #expect(coded.headers["Content-Type"] == "application/json" && coded.status == 200)
        #expect(body.count < lines.count / 2)
        #expect(try GzipFixtures.inflate(body).bytes == lines)
        #expect(bytes(plain.gzipped(ifAccepted: request("gzip"))) == body)
        #expect(bytes(plain.gzipped(ifAccepted: request("gzip"), level: 1)) != body)
    }

    @Test func `it goes as it is to who does not, and says that it might not have`() {
        for encodings in [nil, "", "br", "gzip;q=0", "identity;q=1, gzip;q=0.5"] {
            let reply = HTTPResponse.json(200, lines).gzipped(ifAccepted: request(encodings))
            #expect(bytes(reply) == lines && reply.headers["Content-Encoding"] == nil)
            #expect(reply.headers.values("Vary") == ["Accept-Encoding"])
        }
    }

    @Test func `without a zlib it goes as it is`() {
        let reply = HTTPResponse.json(200, lines).gzipped(ifAccepted: request("gzip, identity;q=0"), zlib: { nil })
        #expect(bytes(reply) == lines && reply.headers["Content-Encoding"] == nil)
    }

    @Test func `small bodies, coded ones and pieces are left alone`() {
        var coded = HTTPResponse.json(200, lines)
        coded.headers.add("content-encoding", "br")
        let small = HTTPResponse.json(200, Array(lines.prefix(1023)))
        let pieces = HTTPResponse(status: 200, body: .pieces { try $0([1]) })
        for response in [coded, small, pieces, HTTPResponse(status: 204)] {
            let reply = response.gzipped(ifAccepted: request("gzip"))
            #expect(reply.headers == response.headers && bytes(reply) == bytes(response))
        }
        let enough = HTTPResponse.json(200, Array(lines.prefix(1024))).gzipped(ifAccepted: request("gzip"))
        #expect(enough.headers["Content-Encoding"] == "gzip")
    }

    @Test func `a body that would grow goes as it is`() {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let reply = HTTPResponse.json(200, noise).gzipped(ifAccepted: request("gzip"))
        #expect(bytes(reply) == noise && reply.headers["Content-Encoding"] == nil)
    }

    @Test func `a Vary that is there is kept, and said once`() {
        for (there, after) in [
            ("Accept-Encoding", ["Accept-Encoding"]), ("Origin, accept-encoding", ["Origin, accept-encoding"]),
            ("*", ["*"]), ("Origin", ["Origin", "Accept-Encoding"]),
        ] {
            var response = HTTPResponse.json(200, lines)
            response.headers.add("Vary", there)
            #expect(response.gzipped(ifAccepted: request("gzip")).headers.values("Vary") == after)
        }
    }

    @Test func `a request with a coded body is refused, and told what may come`() throws {
        for coding in ["gzip", "x-gzip", "br", "identity, gzip"] {
            let bytes = Array(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: \(coding)\r\nContent-Length: 60\r\n\r\n".utf8)
            let answer = try #require(
                MemoryExchange.answer(bytes + GzipFixtures.member, bodyLimit: 100) { _ in
                    Issue.record("the handler was asked")
                    return HTTPResponse(status: 200)
                })
            let text = String(decoding: answer, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 415 Unsupported Media Type\r\nAccept-Encoding: identity\r\n"))
        }
        let plain = Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx".utf8)
        let answer = MemoryExchange.answer(plain, bodyLimit: 100) { .json(200, $0.body) }
        #expect(answer?.starts(with: "HTTP/1.1 200".utf8) == true)
    }
}
