import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// Many connections at once, and moments that come together.
@Suite(.serialized) struct CrowdTests {
    init() { DescriptorLimit.raise() }

    /// How many connections this process can have to itself.
    private func crowd(_ wanted: Int) -> Int { min(wanted, DescriptorLimit.connections / 3) }

    @Test func `thousands of held requests need no threads, and are answered when all are woken at once`() throws {
        let running = try HoldingServer()
        let first = try running.line(RawLine.hold)
        #expect(running.holds(1))
        let count = crowd(2000)
        let lines = try (1..<count).map { _ in try running.line(RawLine.hold) }
        #expect(running.holds(count))
        // Others of this process come and go meanwhile, but never one a connection.
        #expect(eventually { threadsNow() < 100 })
        running.wakeAll()
        #expect(([first] + lines).allSatisfy { $0.reply()?.body == "woken" })
        #expect(running.server.resumers.threads <= HTTPServer.resumersMax)
        #expect(running.server.held == 0 && running.server.connections.open == count)
    }

    @Test func `half-sent requests of many stop neither held ones nor others, and are answered when they come`() throws
    {
        let running = try HoldingServer(limits: ServerLimits(workers: 4))
        let held = try running.line(RawLine.hold)
        #expect(running.holds(1))
        let halves = try (0..<crowd(300)).map { _ in try running.line("GET /half HTTP/1.1\r\nHo") }
        for _ in 0..<20 { #expect(try running.line(RawLine.get("/whole")).reply()?.body == "/whole") }
        running.wakeAll()
        #expect(held.reply()?.body == "woken")
        for half in halves { try half.send("st: x\r\n") }
        for half in halves { try half.send("\r\n") }
        #expect(halves.allSatisfy { $0.reply()?.body == "/half" })
    }

    @Test func `half-sent requests are told that their time is over`() throws {
        let running = try HoldingServer(limits: ServerLimits(workers: 8, request: .seconds(1)))
        let halves = try (0..<50).map {
            try running.line($0.isMultiple(of: 2) ? "G" : "POST / HTTP/1.1\r\nHost: x\r\n")
        }
        #expect(halves.allSatisfy { $0.reply()?.status == 408 && $0.reply() == nil })
        #expect(eventually { running.server.connections.open == 0 })
    }

    @Test func `past the cap of workers a request waits for its turn, and is turned away when that takes too long`()
        throws
    {
        let release = Delivery<Bool>()
        let server = HTTPServer(
            endpoint: .tcp(host: "127.0.0.1", port: 0), limits: ServerLimits(workers: 2, request: .milliseconds(300))
        ) { request in
            if request.target == "/slow" { _ = release.wait(until: Sys.monotonicNow + .seconds(20)) }
            return .json(200, Array(request.target.utf8))
        }
        try server.start()
        defer { server.stop() }
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: server.port)
        let slow = try (0..<2).map { _ in try RawLine(endpoint) }
        for line in slow { try line.send(RawLine.get("/slow")) }
        #expect(eventually { server.carried.requests == 2 })
        let late = try RawLine(endpoint)
        try late.send(RawLine.get("/late"))
        let began = Sys.monotonicNow
        #expect(eventually { Sys.monotonicNow - began > .milliseconds(400) })
        let next = try RawLine(endpoint)
        try next.send(RawLine.get("/next"))
        #expect(server.carried.requests == 2 && server.workers.threads == 2)
        release.deliver(true)
        #expect(slow.allSatisfy { $0.reply()?.body == "/slow" })
        let reply = late.reply()
        #expect(reply?.status == 503 && reply?.headers["Retry-After"] == "1")
        #expect(next.reply()?.body == "/next")
    }

    @Test func `no wake is lost, whether it comes before, while or after the request is parked`() throws {
        let rounds = 100_000
        let (counter, wanted) = (Monitor(0), Mailbox<Int>())
        let running = try HoldingServer { hold, cause in
            let round = counter.withLock { count in
                count += 1
                return count
            }
            guard round < rounds, cause == .woken else { return .response(.json(200, Array("\(cause)".utf8))) }
            if round.isMultiple(of: 3) { hold.wake() } else { wanted.post(round) }
            return .held(hold)
        }
        let line = try running.line(RawLine.hold)
        #expect(running.holds(1))
        let hold = try #require(running.holds.withLock { $0.first })
        let waker = try #require(
            WorkerThread(stackBytes: 1 << 18) {
                while let items = wanted.take(until: nil) {
                    for round in items {
                        var spins = round % 7 * 100
                        while spins > 0 { spins -= 1 }
                        hold.wake()
                    }
                }
            })
        hold.wake()
        let reply = line.reply()
        #expect(reply?.body == "woken" && counter.withLock { $0 } == rounds)
        wanted.close()
        waker.join()
    }

    @Test func `a client that leaves while it is woken is resumed or gone, not both and not neither`() throws {
        let running = try HoldingServer()
        let rounds = 1000
        for round in 1...rounds {
            let line = try running.line(RawLine.hold)
            while running.holds.withLock({ $0.isEmpty }) { sched_yield() }
            let hold = try #require(running.holds.withLock { $0.popLast() })
            if round.isMultiple(of: 2) { hold.wake() }
            line.stream.close()
            if !round.isMultiple(of: 2) { hold.wake() }
        }
        #expect(
            eventually {
                running.causes.withLock { $0.count } + running.goneCount.withLock { $0 } == rounds
                    && running.server.connections.open == 0
            })
        #expect(running.server.held == 0)
    }

    @Test func `idle connections end after their time, each, however many`() throws {
        let running = try HoldingServer(limits: ServerLimits(idle: .milliseconds(300)))
        let lines = try (0..<200).map { try running.line($0.isMultiple(of: 2) ? "" : RawLine.get("/")) }
        let held = try running.line(RawLine.hold)
        #expect(running.holds(1))
        for (index, line) in lines.enumerated() {
            if !index.isMultiple(of: 2) { #expect(line.reply()?.status == 200) }
            #expect(line.reply() == nil)
        }
        #expect(eventually { running.server.connections.open == 1 })
        running.wakeAll()
        #expect(held.reply()?.body == "woken")
    }
}
