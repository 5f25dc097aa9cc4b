import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// What ends a client or a server, and leaves others alone.
@Suite struct EndTests {
    private let folder = TemporaryDirectory()

    @Test func `a wait for a connection is ended by an interrupt`() throws {
        let host = DeadHost()
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: host.port), limits: ClientLimits(connect: .seconds(30)))
        let began = Sys.monotonicNow
        let failure = Delivery<HTTPError?>()
        let thread = try #require(
            WorkerThread(stackBytes: 1 << 18) {
                do throws(HTTPError) {
                    _ = try client.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
                    failure.deliver(nil)
                } catch { failure.deliver(error) }
            })
        #expect(eventually { host.isTried })
        client.interrupt()
        thread.join()
        #expect(Sys.monotonicNow - began < .seconds(20))
        let told = failure.wait(until: Sys.monotonicNow)
        #expect(told??.code == .interrupted)
        // The client is done for good.
        let again = #expect(throws: HTTPError.self) {
            try client.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
        #expect(again?.code == .interrupted)
    }

    @Test func `an interrupt before the first request ends it before a wait`() {
        let host = DeadHost()
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: host.port), limits: ClientLimits(connect: .seconds(30)))
        client.interrupt()
        let error = #expect(throws: HTTPError.self) {
            try client.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
        #expect(error?.code == .interrupted)
    }

    @Test func `a host that does not answer is given up in time`() {
        let host = DeadHost()
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: host.port), limits: ClientLimits(connect: .milliseconds(50)))
        let error = #expect(throws: HTTPError.self) {
            try client.send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
        }
        #expect(error?.code == .timeout)
    }

    @Test func `a server that could not start takes nobody's socket or file away`() throws {
        let path = folder.file("s")
        let running = HTTPServer(endpoint: .unix(path: path)) { _ in HTTPResponse(status: 200) }
        try running.start()
        let second = HTTPServer(endpoint: .unix(path: path)) { _ in HTTPResponse(status: 500) }
        #expect(throws: HTTPError.self) { try second.start() }
        second.stop()
        #expect(
            try HTTPClient(endpoint: .unix(path: path)).send(HTTPRequest(method: "GET", target: "/"), bodyLimit: 10)
                .status == 200)
        running.stop()
        #expect(access(path, F_OK) != 0)
        writeFile(path, "precious")
        let third = HTTPServer(endpoint: .unix(path: path)) { _ in HTTPResponse(status: 500) }
        #expect(throws: HTTPError.self) { try third.start() }
        third.stop()
        #expect(readFile(path) == Array("precious".utf8))
    }

    @Test func `a second stop does nothing, whoever has the number of the descriptor by then`() throws {
        let server = HTTPServer(endpoint: .unix(path: folder.file("s"))) { _ in HTTPResponse(status: 200) }
        try server.start()
        server.stop()
        let heir = HTTPServer(endpoint: .unix(path: folder.file("s"))) { _ in HTTPResponse(status: 200) }
        try heir.start()
        defer { heir.stop() }
        server.stop()
        #expect(
            try HTTPClient(endpoint: .unix(path: folder.file("s"))).send(
                HTTPRequest(method: "GET", target: "/"), bodyLimit: 10
            ).status == 200)
    }
}
