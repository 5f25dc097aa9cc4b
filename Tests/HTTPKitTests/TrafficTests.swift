import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Client and server count the same, whatever form a message has.
@Suite(.serialized) struct TrafficTests {
    private func serve(
        _ limits: ServerLimits = ServerLimits(), _ handler: @escaping HTTPServer.Handler
    ) throws
        -> (HTTPServer, Endpoint)
    {
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), limits: limits, handler: handler)
        try server.start()
        return (server, .tcp(host: "127.0.0.1", port: server.port))
    }

    @Test func `bodies, chunks and heads are counted as they are on the wire, by both sides`() throws {
        let (server, target) = try serve { request in
            if request.path == "/chunks" {
                return HTTPResponse(
                    status: 200, body: .pieces { write in for _ in 0..<3 { try write(Array("abc".utf8)) } })
            }
            return .json(200, request.body)
        }
        defer { server.stop() }
        let client = HTTPClient(endpoint: target)
        let big = [UInt8](repeating: 0x61, count: 300_000)
        let requests = [
            HTTPRequest(method: "POST", target: "/", body: big), HTTPRequest(method: "GET", target: "/chunks"),
            HTTPRequest(method: "HEAD", target: "/"),
        ]
        for request in requests { _ = try client.send(request, bodyLimit: 1 << 20) }
        let (own, theirs) = (client.carried, server.carried)
        #expect(own.requests == 3 && theirs.requests == 3)
        #expect(own.bytesSent == theirs.bytesReceived && own.bytesReceived == theirs.bytesSent)
        let sent = requests.reduce(0) { $0 + $1.serialized(host: target.hostField).count }
        #expect(own.bytesSent == sent && own.bytesReceived > 300_000 + 9)
    }

    @Test func `an answer that came before the request could be sent counts`() throws {
        let folder = TemporaryDirectory()
        let (listener, _) = try Sys.listen(.unix(path: folder.file("s")))
        defer { close(listener) }
        let answers = ["HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", ""]
        for answer in answers {
            let client = HTTPClient(endpoint: .unix(path: folder.file("s")))
            // The connection is taken in, answered and ended before the client has its turn.
            let ready = Delivery<Bool>()
            let thread = try #require(
                WorkerThread(stackBytes: 1 << 18) {
                    let end = Sys.monotonicNow + .seconds(10)
                    guard Sys.wait(listener, for: Int16(POLLIN), until: end), let stream = Sys.accept(listener) else {
                        return
                    }
                    try? stream.write(Array(answer.utf8), deadline: Sys.monotonicNow + .seconds(1))
                    stream.close()
                    ready.deliver(true)
                })
            let big = HTTPRequest(method: "POST", target: "/", body: [UInt8](repeating: 1, count: 4 << 20))
            if answer.isEmpty {
                let error = #expect(throws: HTTPError.self) { _ = try client.send(big, bodyLimit: 10) }
                #expect(error?.code == .closed)
            } else {
                #expect(try client.send(big, bodyLimit: 10).status == 503)
            }
            #expect(ready.wait(until: Sys.monotonicNow + .seconds(10)) == true)
            thread.join()
        }
    }

    @Test func `what is refused, cut and turned away is counted too`() throws {
        let (server, target) = try serve(ServerLimits(connections: 1)) { _ in HTTPResponse(status: 204) }
        defer { server.stop() }
        let stream = try Sys.connect(target, deadline: Sys.monotonicNow + .seconds(5))
        try stream.write(Array("GET".utf8), deadline: Sys.monotonicNow + .seconds(5))
        #expect(eventually { server.connections.open == 1 && server.carried.bytesReceived == 3 })
        let other = HTTPClient(endpoint: target)
        #expect(try other.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10).status == 503)
        #expect(server.connections.turnedAway == 1 && server.carried.bytesSent == other.carried.bytesReceived)
        try stream.write(Array(" / x HTTP/1.1\r\n\r\n".utf8), deadline: Sys.monotonicNow + .seconds(5))
        #expect(eventually { server.carried.requests == 1 })
        stream.close()
        #expect(eventually { server.connections.open == 0 })
        let nobody = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: 1))
        #expect(throws: HTTPError.self) {
            _ = try nobody.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
        #expect(nobody.carried == Traffic.Totals())
    }
}
