import Diagnostics
import HTTPKit
import TestKit
import Testing
import ThreadKit

@testable import SyncDaemon
@testable import SyncEngine

/// A lane carries exchanges over real sockets, one at a time, and ends when it is told.
@Suite struct LaneWorkerTests {
    /// A lane on its thread, with what it delivered.
    private final class Lane {
        let worker: LaneWorker
        let delivered = Monitor<[(id: Int, outcome: ExchangeOutcome)]>([])
        private let thread: WorkerThread

        init(port: UInt16, limits: ClientLimits = ClientLimits()) throws {
            let connector = Connector(endpoint: .tcp(host: "127.0.0.1", port: port))
            let worker = LaneWorker(connector: connector, limits: limits)
            self.worker = worker
            let delivered = delivered
            thread = try #require(
                WorkerThread(stackBytes: 1 << 19) {
                    worker.run { id, outcome in delivered.withLock { $0.append((id, outcome)) } }
                })
        }

        func send(_ id: Int, _ path: String = "/", bodyLimit: Int = 1 << 20, held: Duration? = nil) {
            worker.send(
                Exchange(
                    id: id, lane: .pull, request: HTTPRequest(method: "GET", target: path), bodyLimit: bodyLimit,
                    keepsCoding: false, held: held))
        }

        func wait(_ count: Int) -> [(id: Int, outcome: ExchangeOutcome)] {
            delivered.wait(until: Moment.soon) { $0.count >= count ? $0 : nil } ?? []
        }

        func end() {
            worker.stop()
            thread.join()
        }
    }

    private func serve(_ handler: @escaping HTTPServer.Handler) throws -> HTTPServer {
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        try server.start()
        return server
    }

    private func code(_ outcome: ExchangeOutcome?) -> HTTPError.Code? {
        if case .failed(let error)? = outcome { error.code } else { nil }
    }

    @Test func `exchanges are carried one at a time, in order, each with one outcome`() throws {
        let running = Monitor((now: 0, most: 0))
        let server = try serve { request in
            running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
            }
            defer { running.withLock { $0.now -= 1 } }
            return .json(200, Array((request.path ?? "").utf8))
        }
        defer { server.stop() }
        let lane = try Lane(port: server.port)
        for id in 1...40 { lane.send(id, "/\(id)") }
        let all = lane.wait(40)
        lane.end()
        #expect(all.map(\.id) == Array(1...40))
        for (id, outcome) in all {
            guard case .reply(200, _, Array("/\(id)".utf8), true) = outcome else {
                Issue.record("\(id) got \(outcome)")
                continue
            }
        }
        #expect(running.withLock { $0.most } == 1)
        #expect(lane.delivered.withLock { $0.count } == 40)
    }

    @Test func `a body that is cut is given as far as it came, with what it is`() throws {
        struct Cut: Error {}
        let server = try serve { request in
            HTTPResponse(
                status: 200,
                body: .pieces { write in
                    if request.path == "/part" { try write(Array("half".utf8)) }
                    throw Cut()
                })
        }
        defer { server.stop() }
        let lane = try Lane(port: server.port)
        defer { lane.end() }
        lane.send(1, "/part")
        lane.send(2, "/nothing")
        let all = lane.wait(2)
        if case .reply(200, _, Array("half".utf8), false)? = all.first?.outcome {} else { Issue.record("\(all)") }
        #expect(code(all.last?.outcome) != nil)
    }

    @Test func `a body past its bound is a failure, not a part`() throws {
        let server = try serve { _ in .json(200, [UInt8](repeating: 0x20, count: 100_000)) }
        defer { server.stop() }
        let lane = try Lane(port: server.port)
        defer { lane.end() }
        lane.send(1, bodyLimit: 99_999)
        lane.send(2, bodyLimit: 100_000)
        let all = lane.wait(2)
        #expect(code(all.first?.outcome) == .tooLarge)
        if case .reply(200, _, let body, true)? = all.last?.outcome {
            #expect(body.count == 100_000)
        } else {
            Issue.record("\(all)")
        }
    }

    @Test func `stop ends a request in flight at once, and what still waited after it`() throws {
        let (isAsked, release) = (Delivery<Bool>(), Delivery<Bool>())
        let server = try serve { _ in
            isAsked.deliver(true)
            _ = release.wait(until: Moment.soon)
            return HTTPResponse(status: 200)
        }
        defer { server.stop() }
        defer { release.deliver(true) }
        let lane = try Lane(port: server.port)
        for id in 1...3 { lane.send(id) }
        #expect(isAsked.wait(until: Moment.soon) == true)
        lane.end()
        let all = lane.delivered.withLock { $0 }
        #expect(all.map(\.id) == [1, 2, 3])
        #expect(all.allSatisfy { code($0.outcome) == .interrupted })
        lane.send(4)
        #expect(lane.delivered.withLock { $0.count } == 3)
    }

    @Test func `stop ends a wait for a host that does not answer`() throws {
        let host = DeadHost()
        let lane = try Lane(port: host.port)
        lane.send(1)
        #expect(eventually { host.isTried })
        let began = SystemClock().monotonicNow()
        lane.end()
        #expect(SystemClock().monotonicNow() - began < .seconds(5))
        #expect(lane.delivered.withLock { $0.map { code($0.outcome) } } == [.interrupted])
    }

    @Test func `a host that refuses is told as not reached before a byte left`() throws {
        let lane = try Lane(port: 1)
        defer { lane.end() }
        lane.send(1)
        if case .failed(let error)? = lane.wait(1).first?.outcome {
            #expect(error.isBeforeSending)
        } else {
            Issue.record("no failure")
        }
    }

    @Test func `an abandoned request ends at once, those behind it are not sent, and the next one is`() throws {
        let asked = Monitor<[String]>([])
        let release = Delivery<Bool>()
        let server = try serve { request in
            asked.withLock { $0.append(request.path ?? "") }
            if request.path == "/held" { _ = release.wait(until: Moment.soon) }
            return HTTPResponse(status: 200)
        }
        defer { server.stop() }
        defer { release.deliver(true) }
        let lane = try Lane(port: server.port)
        defer { lane.end() }
        lane.send(1, "/held", held: .seconds(300))
        #expect(asked.wait(until: Moment.soon) { $0.isEmpty ? nil : true } == true)
        lane.send(2, "/behind")
        lane.worker.abandon()
        lane.send(3, "/next")
        let all = lane.wait(2)
        #expect(all.map(\.id) == [1, 3] && code(all.first?.outcome) == .interrupted && code(all.last?.outcome) == nil)
        #expect(asked.withLock { $0 } == ["/held", "/next"])
    }

    @Test func `a held request may take longer than others, and no longer than it says`() throws {
        let release = Delivery<Bool>()
        let server = try serve { request in
            _ = release.wait(until: SystemClock().monotonicNow() + .milliseconds(request.path == "/short" ? 400 : 5000))
            return HTTPResponse(status: 200)
        }
        defer { server.stop() }
        defer { release.deliver(true) }
        let lane = try Lane(port: server.port, limits: ClientLimits(idle: .milliseconds(100)))
        defer { lane.end() }
        lane.send(1, "/short")
        lane.send(2, "/short", held: .seconds(5))
        lane.send(3, "/long", held: .milliseconds(300))
        #expect(lane.wait(3).map { code($0.outcome) } == [.timeout, nil, .timeout])
    }

    @Test func `the link counts as faster only by a body that cannot have waited to be read`() {
        let meter = LinkMeter()
        meter.note(8191, in: .milliseconds(1))
        #expect(meter.bytesASecond == nil)
        meter.note(60_000, in: .milliseconds(300))
        #expect(meter.bytesASecond == 200_000)
        // The rest of a part that was cut lay there whole when the lane came to read it.
        meter.note(14_890, in: .microseconds(100))
        meter.note((256 << 10) - 1, in: .milliseconds(1))
        #expect(meter.bytesASecond == 200_000)
        meter.note(10_000, in: .seconds(1))
        #expect(meter.bytesASecond == 10_000)
        meter.note(1 << 20, in: .milliseconds(64))
        #expect(meter.bytesASecond == 16_384_000)
    }

    @Test func `a connection is kept until the link changes or somebody else has answered on it`() throws {
        for (headers, changes, wanted) in [
            ("Fieldbook: 1\r\n", false, 1), ("Fieldbook: 1\r\n", true, 2), ("", false, 3),
        ] {
            let server = try CountingServer(reply: "HTTP/1.1 200 OK\r\n\(headers)Content-Length: 0\r\n\r\n")
            let lane = try Lane(port: server.port)
            defer { lane.end() }
            lane.send(1)
            #expect(lane.wait(1).count == 1)
            if changes { lane.worker.linkChanged() }
            lane.send(2)
            lane.send(3)
            #expect(lane.wait(3).allSatisfy { code($0.outcome) == nil })
            #expect(server.accepted == wanted, "\(headers) \(changes)")
        }
    }

    @Test func `a link that changes leaves what is in flight alone`() throws {
        let (asked, release) = (Delivery<Bool>(), Delivery<Bool>())
        let server = try serve { _ in
            asked.deliver(true)
            _ = release.wait(until: Moment.soon)
            return HTTPResponse(status: 200)
        }
        defer { server.stop() }
        let lane = try Lane(port: server.port)
        defer { lane.end() }
        lane.send(1)
        #expect(asked.wait(until: Moment.soon) == true)
        lane.worker.linkChanged()
        release.deliver(true)
        #expect(lane.wait(1).map { code($0.outcome) } == [nil])
    }

    @Test func `after a change of link a reply that stands still is given up in seconds, a held one is not`() throws {
        let release = Delivery<Bool>()
        let server = try serve { _ in
            _ = release.wait(until: Moment.soon)
            return HTTPResponse(status: 200)
        }
        defer { server.stop() }
        defer { release.deliver(true) }
        let lanes = try (0..<3).map { _ in try Lane(port: server.port, limits: ClientLimits(idle: .seconds(60))) }
        defer { for lane in lanes { lane.end() } }
        let began = SystemClock().monotonicNow()
        lanes[0].send(1)
        lanes[1].send(1, held: .seconds(60))
        lanes[2].send(1)
        for lane in lanes[..<2] { lane.worker.linkChanged() }
        #expect(lanes[0].wait(1).map { code($0.outcome) } == [.timeout])
        #expect(SystemClock().monotonicNow() - began < .seconds(45))
        #expect(lanes[1...].allSatisfy { lane in lane.delivered.withLock { $0.isEmpty } })
    }

    @Test func `a stop before the first exchange is not lost`() throws {
        let lane = try Lane(port: 1)
        lane.end()
        #expect(lane.delivered.withLock { $0.isEmpty })
    }
}
