import Glibc
import TestKit
import Testing

@testable import HTTPKit

@Suite(.serialized) struct LiveTests {
    private func serve(
        _ endpoint: Endpoint = .tcp(host: "127.0.0.1", port: 0), _ limits: ServerLimits = ServerLimits(),
        _ handler: @escaping HTTPServer.Handler
    ) throws -> (HTTPServer, Endpoint) {
        let server = HTTPServer(endpoint: endpoint, limits: limits, handler: handler)
        try server.start()
        if case .unix = endpoint { return (server, endpoint) }
        return (server, .tcp(host: "127.0.0.1", port: server.port))
    }

    /// Sends raw bytes and gives all that comes back until the end.
    private func raw(_ endpoint: Endpoint, _ text: String) throws -> String {
        let stream = try Sys.connect(endpoint, deadline: Sys.monotonicNow + .seconds(5))
        try stream.write(Array(text.utf8), deadline: Sys.monotonicNow + .seconds(5))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try buffer.withUnsafeMutableBytes {
                try stream.read(into: $0, deadline: Sys.monotonicNow + .seconds(10))
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    @Test func `requests and replies of every form go over TCP and Unix sockets`() throws {
        let folder = TemporaryDirectory()
        for endpoint in [Endpoint.tcp(host: "127.0.0.1", port: 0), .unix(path: folder.file("s"))] {
            let (server, target) = try serve(endpoint) { request in
                if request.path == "/chunks" {
                    return HTTPResponse(
                        status: 200, body: .pieces { write in for _ in 0..<3 { try write(Array("abc".utf8)) } })
                }
                return .json(200, Array(request.method.utf8) + request.body)
            }
            defer { server.stop() }
            let client = HTTPClient(endpoint: target)
            for _ in 0..<3 {
                #expect(
                    try client.send(HTTPRequest(method: "POST", target: "/", body: Array("x".utf8)), bodyLimit: 100)
                        .body == Array("POSTx".utf8))
                #expect(
                    try client.send(HTTPRequest(method: "GET", target: "/chunks"), bodyLimit: 100).body
                        == Array("abcabcabc".utf8))
            }
            #expect(throws: HTTPError.self) {
                try client.send(HTTPRequest(method: "GET", target: "/chunks"), bodyLimit: 5)
            }
        }
    }

    @Test func `a Unix socket is private, knows its peer, and replaces only a dead one`() throws {
        let folder = TemporaryDirectory()
        let path = folder.file("s")
        let (server, target) = try serve(.unix(path: path)) { request in
            .json(200, Array("\(request.peer?.userID ?? 99_999)".utf8))
        }
        var info = stat()
        stat(path, &info)
        #expect(info.st_mode & 0o777 == 0o600)
        #expect(
            try HTTPClient(endpoint: target).send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 100).body
                == Array("\(getuid())".utf8))
        let second = HTTPServer(endpoint: .unix(path: path)) { _ in HTTPResponse(status: 200) }
        let error = #expect(throws: HTTPError.self) { try second.start() }
        #expect(error?.code == .addressInUse)
        server.stop()
        // A socket file that nobody serves any more.
        let (again, _) = try serve(.unix(path: path)) { _ in HTTPResponse(status: 200) }
        again.stop()
    }

    @Test func `bad requests are answered and the connection ends`() throws {
        let (server, target) = try serve(.tcp(host: "127.0.0.1", port: 0), ServerLimits(bodyBytes: 10)) { _ in
            HTTPResponse(status: 200)
        }
        defer { server.stop() }
        #expect(try raw(target, "junk\r\n\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(try raw(target, "GET / HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(try raw(target, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n").hasPrefix("HTTP/1.1 413"))
        #expect(
            try raw(target, "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "x", count: 20_000))\r\n\r\n")
                .hasPrefix("HTTP/1.1 431"))
        let pipelined = try raw(
            target, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(pipelined.components("HTTP/1.1 200") == 2)
    }

    @Test func `a slow sender is cut off`() throws {
        let (server, target) = try serve(.tcp(host: "127.0.0.1", port: 0), ServerLimits(request: .milliseconds(200))) {
            _ in HTTPResponse(status: 200)
        }
        defer { server.stop() }
        #expect(try raw(target, "GET / HTTP/1.1\r\nHost:").hasPrefix("HTTP/1.1 408"))
    }

    @Test func `a connection above the cap is turned away at once`() throws {
        let (server, target) = try serve(.tcp(host: "127.0.0.1", port: 0), ServerLimits(connections: 1)) { _ in
            HTTPResponse(status: 200)
        }
        defer { server.stop() }
        let first = HTTPClient(endpoint: target)
        _ = try first.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        let reply = try HTTPClient(endpoint: target).send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        #expect(reply.status == 503 && reply.headers["Retry-After"] == "1")
    }

    @Test func `a reply that ends early is told as cut, with what came`() throws {
        struct Cut: Error {}
        let (server, target) = try serve { _ in
            HTTPResponse(
                status: 200,
                body: .pieces { write in
                    try write(Array("half".utf8))
                    throw Cut()
                })
        }
        defer { server.stop() }
        var body: [UInt8] = []
        let error = #expect(throws: HTTPError.self) {
            _ = try HTTPClient(endpoint: target).stream(
                HTTPRequest(method: "GET", target: "/"), bodyLimit: 100, onHead: { _, _ in },
                onBody: { body.append(contentsOf: $0) })
        }
        #expect(error?.code == .truncated && body == Array("half".utf8))
    }

    @Test func `interrupting a client ends its request at once, and stop waits for a running handler`() throws {
        let (server, target) = try serve { _ in
            usleep(300_000)
            return HTTPResponse(status: 200)
        }
        let client = HTTPClient(endpoint: target)
        let interrupter = try #require(pthreadAfter(50_000) { client.interrupt() })
        let error = #expect(throws: HTTPError.self) {
            try client.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
        #expect(error?.code == .interrupted)
        pthread_join(interrupter, nil)
        server.stop(deadline: .seconds(5))
        #expect(throws: HTTPError.self) {
            try HTTPClient(endpoint: target).send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
    }

    @Test func `nobody there is told as refused, before anything was sent`() {
        let error = #expect(throws: HTTPError.self) {
            try HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: 1)).send(
                HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
        #expect(error?.code == .refused && error?.isBeforeSending == true)
    }

    @Test func `an over-long socket path is refused in words`() {
        let error = #expect(throws: HTTPError.self) {
            try Sys.connect(.unix(path: "/tmp/" + String(repeating: "x", count: 120)), deadline: Sys.monotonicNow)
        }
        #expect(error?.why.contains("107") == true)
    }
}

extension String {
    /// How often a piece stands in the text.
    fileprivate func components(_ piece: String) -> Int { ranges(of: piece).count }
}

/// Runs `body` on another thread after some microseconds.
private func pthreadAfter(_ microseconds: UInt32, _ body: @escaping @Sendable () -> Void) -> pthread_t? {
    final class Box: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let box = Box {
        usleep(microseconds)
        body()
    }
    var thread = pthread_t()
    let failure = pthread_create(
        &thread, nil,
        { pointer in
            if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().run() }
            return nil
        }, Unmanaged.passRetained(box).toOpaque())
    return failure == 0 ? thread : nil
}
