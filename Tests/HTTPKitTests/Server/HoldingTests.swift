import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Requests whose answer waits for something.
@Suite struct HoldingTests {
    @Test func `a held request is answered when it is woken, and its connection goes on`() throws {
        let running = try HoldingServer()
        let line = try running.line(RawLine.hold)
        #expect(running.holds(1) && running.server.connections.open == 1)
        running.wakeAll()
        #expect(line.reply()?.body == "woken")
        running.wakeAll()
        try line.send(RawLine.get("/after"))
        #expect(line.reply()?.body == "/after" && running.server.held == 0)
        #expect(running.causes.withLock { $0 } == [.woken] && running.goneCount.withLock { $0 } == 0)
    }

    @Test func `a wake before the handler has returned counts`() throws {
        let server = HTTPServer(
            endpoint: .tcp(host: "127.0.0.1", port: 0),
            holding: { _ in
                let hold = HTTPHold(until: Sys.monotonicNow + .seconds(60)) {
                    .response(.json(200, Array("\($1)".utf8)))
                }
                for _ in 0..<3 { hold.wake() }
                return .held(hold)
            })
        try server.start()
        defer { server.stop() }
        let line = try RawLine(.tcp(host: "127.0.0.1", port: server.port))
        try line.send(RawLine.hold)
        #expect(line.reply()?.body == "woken")
    }

    @Test func `a held request that nobody wakes is resumed at its deadline`() throws {
        let running = try HoldingServer(patience: .milliseconds(80))
        let began = Sys.monotonicNow
        #expect(try running.line(RawLine.hold).reply()?.body == "deadline")
        #expect(Sys.monotonicNow - began >= .milliseconds(80))
    }

    @Test func `who is resumed may hold again, up to the deadline`() throws {
        let running = try HoldingServer(patience: .milliseconds(400)) { hold, _ in .held(hold) }
        let line = try running.line(RawLine.hold)
        #expect(running.holds(1))
        for round in 1...3 {
            running.wakeAll()
            #expect(eventually { running.causes.withLock { $0.count } >= round })
        }
        let reply = line.reply()
        #expect(reply?.status == 503 && reply?.headers["Retry-After"] == "1")
        #expect(running.causes.withLock { $0 } == [.woken, .woken, .woken, .deadline])
        #expect(running.server.held == 0)
    }

    @Test func `a client that leaves ends its hold, once, and a later wake finds nobody`() throws {
        let running = try HoldingServer()
        let line = try running.line(RawLine.hold)
        #expect(running.holds(1))
        line.stream.close()
        #expect(eventually { running.goneCount.withLock { $0 } == 1 && running.server.connections.open == 0 })
        #expect(running.server.held == 0)
        running.wakeAll()
        #expect(try running.line(RawLine.get("/")).reply()?.status == 200)
        #expect(running.causes.withLock { $0.isEmpty } && running.goneCount.withLock { $0 } == 1)
    }

    @Test(arguments: [false, true]) func `requests behind a held one wait for its answer`(isTogether: Bool) throws {
        let running = try HoldingServer()
        let line = try running.line(RawLine.hold + (isTogether ? RawLine.get("/two") : ""))
        #expect(running.holds(1))
        if !isTogether { try line.send(RawLine.get("/two")) }
        try line.send(RawLine.get("/three") + RawLine.hold)
        #expect(running.server.held == 1)
        running.wakeAll()
        #expect(line.reply()?.body == "woken" && line.reply()?.body == "/two" && line.reply()?.body == "/three")
        #expect(running.holds(1))
        running.wakeAll()
        #expect(line.reply()?.body == "woken")
    }

    @Test func `the answer to a held HEAD has no body, and a last request ends the connection`() throws {
        let running = try HoldingServer()
        let line = try running.line("HEAD /hold HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(running.holds(1))
        running.wakeAll()
        let reply = line.reply(to: "HEAD")
        #expect(reply?.status == 200 && reply?.headers["Content-Length"] == "5" && reply?.body == "")
        try line.send("GET /hold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(running.holds(1))
        running.wakeAll()
        let last = line.reply()
        #expect(last?.body == "woken" && last?.headers["Connection"] == "close" && line.reply() == nil)
    }

    @Test func `pieces and large answers go out to held requests too, and who does not read holds nobody up`() throws {
        let size = 8 << 20
        let running = try HoldingServer { _, _ in
            .response(.json(200, [UInt8](repeating: 120, count: size)))
        }
        let deaf = try (0..<2 * HTTPServer.resumersMax).map { _ in try running.line(RawLine.hold) }
        #expect(running.holds(deaf.count))
        running.wakeAll()
        #expect(eventually { running.causes.withLock { $0.count } == deaf.count })
        let line = try running.line(RawLine.hold)
        #expect(running.holds(1))
        running.wakeAll()
        #expect(line.reply()?.body.utf8.count == size)
        #expect(deaf.first?.reply()?.body.utf8.count == size)
        let pieces = try HoldingServer { _, _ in
            .response(HTTPResponse(status: 200, body: .pieces { for _ in 0..<3 { try $0(Array("abc".utf8)) } }))
        }
        let other = try pieces.line(RawLine.hold)
        #expect(pieces.holds(1))
        pieces.wakeAll()
        #expect(other.reply()?.body == "abcabcabc")
    }

    @Test func `a stop resumes what is held, and what holds on is turned away`() throws {
        for (holdsOn, status) in [(false, 200), (true, 503)] {
            let running = try HoldingServer { hold, cause in
                holdsOn ? .held(hold) : .response(.json(200, Array("\(cause)".utf8)))
            }
            let lines = try (0..<20).map { _ in try running.line(RawLine.hold) }
            let idle = try running.line()
            #expect(running.holds(20))
            let began = Sys.monotonicNow
            running.server.stop(deadline: .seconds(10))
            #expect(Sys.monotonicNow - began < .seconds(9))
            for line in lines {
                let reply = line.reply()
                #expect(reply?.status == status && reply?.headers["Connection"] == "close")
                #expect(holdsOn ? reply?.headers["Retry-After"] == "1" : reply?.body == "stopping")
                #expect(line.reply() == nil)
            }
            #expect(idle.reply() == nil && running.server.held == 0 && running.server.connections.open == 0)
        }
    }
}
