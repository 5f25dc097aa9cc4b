import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Gzip between a real client and real sockets.
@Suite(.serialized, .enabled(if: GzipFixtures.isThere, GzipFixtures.absence)) struct GzipExchangeTests {
    private let lines = GzipFixtures.lines(20_000)

    private func request(_ encodings: String? = "gzip", method: String = "GET") -> HTTPRequest {
        var request = HTTPRequest(method: method, target: "/")
        if let encodings { request.headers.add("Accept-Encoding", encodings) }
        return request
    }

    private func serve(_ handler: @escaping HTTPServer.Handler) throws -> (HTTPServer, Endpoint) {
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        try server.start()
        return (server, .tcp(host: "127.0.0.1", port: server.port))
    }

    /// A server that answers every request with these bytes and ends the connection.
    private func answering(_ head: String, _ body: [UInt8]) throws -> RawServer {
        try RawServer { stream in
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = try? buffer.withUnsafeMutableBytes {
                try stream.read(into: $0, deadline: Sys.monotonicNow + .seconds(5))
            }
            try? stream.write(
                Array("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n".utf8) + body, deadline: Sys.monotonicNow + .seconds(5))
            stream.finishWriting()
            stream.drain()
            stream.close()
        }
    }

    private func get(
        _ server: RawServer, _ encodings: String? = "gzip", bodyLimit: Int = 1 << 20
    ) -> (body: [UInt8], error: HTTPError?) {
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: server.port))
        var body: [UInt8] = []
        do {
            _ = try client.stream(
                request(encodings), bodyLimit: bodyLimit, onHead: { _, _ in }, onBody: { body.append(contentsOf: $0) })
            return (body, nil)
        } catch { return (body, error) }
    }

    @Test func `a body crosses the wire in gzip and is handed on as it was`() throws {
        let lines = lines
        let (server, target) = try serve { HTTPResponse.json(200, lines).gzipped(ifAccepted: $0) }
        defer { server.stop() }
        let client = HTTPClient(endpoint: target)
        let member = try GzipFixtures.compress(lines)
        for _ in 0..<3 {
            let before = client.carried
            var (body, largest) = ([UInt8](), 0)
            let reply = try client.stream(request(), bodyLimit: lines.count, onHead: { _, _ in }) {
                body.append(contentsOf: $0)
                largest = max(largest, $0.count)
            }
            #expect(body == lines && reply.headers["Content-Encoding"] == "gzip" && largest <= Inflater.pieceBytes)
            #expect(reply.arrival.encodedBytes == member.count && reply.arrival.decodedBytes == lines.count)
            #expect(reply.arrival.bytesInThatTime <= (client.carried - before).bytesReceived)
            #expect(reply.arrival.took >= .zero)
            // Traffic is what crosses the wire: the coded body and its head.
            #expect((member.count..<member.count + 300).contains(Int((client.carried - before).bytesReceived)))
        }
        #expect(server.carried.requests == 3 && server.carried.bytesSent == client.carried.bytesReceived)
    }

    @Test func `who does not ask, and who has no zlib, gets it plain`() throws {
        let lines = lines
        let (server, target) = try serve { request in
            let said = request.headers.values("Accept-Encoding").joined(separator: "+")
            var reply = HTTPResponse.json(200, lines).gzipped(ifAccepted: request)
            reply.headers.add("X-Said", said)
            return reply
        }
        defer { server.stop() }
        let bare = HTTPClient(connector: Connector(endpoint: target), limits: ClientLimits(), zlib: { nil })
        let whole = HTTPClient(endpoint: target)
        for (client, encodings, said) in [(bare, "gzip", ""), (bare, "identity", "identity"), (whole, "br", "br")] {
            let reply = try client.send(request(encodings), bodyLimit: lines.count)
            #expect(reply.body == lines && reply.headers["Content-Encoding"] == nil && reply.headers["X-Said"] == said)
        }
        let plain = try whole.stream(request(nil), bodyLimit: lines.count, onHead: { _, _ in }, onBody: { _ in })
        #expect(plain.arrival.encodedBytes == lines.count && plain.arrival.decodedBytes == lines.count)
    }

    @Test func `a head without a body may tell of gzip`() throws {
        let lines = lines
        let (server, target) = try serve { request in
            var reply = HTTPResponse.json(200, lines).gzipped(ifAccepted: request)
            if request.method == "DELETE" { (reply.status, reply.body) = (204, .bytes([])) }
            return reply
        }
        defer { server.stop() }
        for method in ["HEAD", "DELETE"] {
            let reply = try HTTPClient(endpoint: target).send(request(method: method), bodyLimit: 10)
            #expect(reply.headers["Content-Encoding"] == "gzip" && reply.body.isEmpty)
        }
    }

    @Test(arguments: ["Content-Length: 99999\r\n", "Transfer-Encoding: chunked\r\n", ""])
    func `a reply cut inside its gzip is told as cut, with all that could be decoded`(framing: String) throws {
        let member = try GzipFixtures.compress(lines)
        for count in [1, 10, member.count / 2, member.count - 8, member.count - 1] {
            let part = Array(member[..<count])
            let body = framing.hasPrefix("T") ? Array("\(String(member.count, radix: 16))\r\n".utf8) + part : part
            let result = get(try answering("\(framing)Content-Encoding: gzip", body))
            #expect(result.error?.code == .truncated, "cut at \(count)")
            #expect(result.body == (try GzipFixtures.inflate(part).bytes))
        }
        let half = try GzipFixtures.inflate(Array(member[..<(member.count / 2)]))
        #expect(half.bytes.count > lines.count / 4 && lines.starts(with: half.bytes))
    }

    @Test func `a body that ends with the connection is whole when its gzip is`() throws {
        let result = get(try answering("Content-Encoding: x-gzip", try GzipFixtures.compress(lines)))
        #expect(result.body == lines && result.error == nil)
    }

    @Test(arguments: [
        ("br", "gzip", "(br) is unknown"), ("gzip, gzip", "gzip", "(gzip, gzip) is unknown"),
        ("deflate", "gzip, deflate", "(deflate) is unknown"), ("gzip", nil, "not asked for"),
        ("gzip", "br", "not asked for"), ("GZip", "gzip;q=0", "not asked for"),
    ])
    func `a coding that was not asked for is refused by name`(coding: String, asked: String?, why: String) throws {
        let result = get(try answering("Content-Length: 3\r\nContent-Encoding: \(coding)", Array("abc".utf8)), asked)
        #expect(result.error?.code == .malformed && result.error?.why.contains(why) == true && result.body.isEmpty)
    }

    @Test func `a changed, an unfinished and an empty body are errors, never bodies`() throws {
        let member = try GzipFixtures.compress(lines)
        var changed = member
        changed[member.count - 6] ^= 4
        for (body, why) in [
            (changed, "was changed on its way"), (Array(member.dropLast()), "ends before its gzip does"),
            ([], "ends before its gzip does"), (member + [0, 0], "was changed on its way"),
        ] {
            let result = get(try answering("Content-Length: \(body.count)\r\nContent-Encoding: gzip", body))
            #expect(result.error?.code == .malformed && result.error?.why.contains(why) == true, "\(why)")
        }
    }

    @Test func `the limit holds for the bytes as they come and as they are handed on`() throws {
        let bomb = try GzipFixtures.compress([UInt8](repeating: 0, count: 8 << 20))
        let framing = "Content-Length: \(bomb.count)\r\nContent-Encoding: gzip"
        let decoded = get(try answering(framing, bomb), bodyLimit: 1 << 20)
        #expect(decoded.error?.code == .tooLarge && decoded.error?.why.contains("once it is decoded") == true)
        #expect(decoded.body.count <= 1 << 20)
        let coded = get(try answering(framing, bomb), bodyLimit: bomb.count - 1)
        #expect(coded.error?.code == .tooLarge && coded.body.isEmpty)
    }

    @Test func `a request with a coded body is answered 415 on the wire`() throws {
        let (server, target) = try serve { _ in HTTPResponse(status: 200) }
        defer { server.stop() }
        var request = HTTPRequest(method: "POST", target: "/", body: GzipFixtures.member)
        request.headers.add("Content-Encoding", "gzip")
        let reply = try HTTPClient(endpoint: target).send(request, bodyLimit: 1000)
        #expect(reply.status == 415 && reply.headers["Accept-Encoding"] == "identity")
    }

    @Test func `in memory it is read as on the wire`() throws {
        let lines = lines
        let answer = try #require(
            MemoryExchange.answer(MemoryExchange.bytes(of: request(), host: "h"), bodyLimit: 0) {
                HTTPResponse.json(200, lines).gzipped(ifAccepted: $0)
            })
        let limit = lines.count
        guard
            case .whole(200, _, lines) = MemoryExchange.reply(
                answer, toMethod: "GET", bodyLimit: limit, askedForGzip: true),
            case .cut(200, _, let part) = MemoryExchange.reply(
                Array(answer.dropLast(5000)), toMethod: "GET", bodyLimit: limit, askedForGzip: true),
            case .failed(let error) = MemoryExchange.reply(answer, toMethod: "GET", bodyLimit: limit)
        else {
            Issue.record("a reply is not read as it should be")
            return
        }
        #expect(!part.isEmpty && lines.starts(with: part) && error.code == .malformed)
    }
}
