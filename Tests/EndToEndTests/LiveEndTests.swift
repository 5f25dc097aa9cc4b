import Diagnostics
import HTTPKit
import SyncProtocol
import TestKit
import Testing
import ThreadKit

/// A request that is held by a real server, and commands beside it.
@Suite(.serialized) struct LiveEndTests {
    private let world: World
    private let token: String

    init() throws {
        world = World()
        world.seed(customers: 5, bills: 20, coupons: 2)
        world.startServer(level: "info")
        token = String(decoding: readFile(world.token(of: "ana")).prefix { $0 > 0x20 }, as: UTF8.self)
    }

    private struct Reply: Sendable {
        let status: Int
        let body: [UInt8]
    }

    private static func send(_ method: String, _ target: String, token: String, port: UInt16) -> Reply? {
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: port), limits: ClientLimits(idle: .seconds(60)))
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(token)")
        let request = HTTPRequest(method: method, target: target, headers: headers)
        guard let reply = try? client.send(request, bodyLimit: ProtocolLimits.pageBytesMax) else { return nil }
        return Reply(status: reply.status, body: reply.body)
    }

    private func send(_ method: String, _ target: String) -> Reply? {
        LiveEndTests.send(method, target, token: token, port: world.port)
    }

    /// A cursor of the feed at its head.
    private func head() throws -> String {
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: try #require(send("POST", "/sync/v1/snapshot")).body)
        var (cursor, kind) = (plan.cursor, "snapshot/1")
        while true {
            let path = kind == "feed/1" ? "/sync/v1/changes" : "/sync/v1/snapshot/rows"
            let reply = try #require(send("GET", Target.build(path: path, query: [("cursor", cursor)])))
            var page = try ReceivedPage(reply.body, kind: kind, expectedCursor: cursor, isWhole: true)
            try page.forEachRow { _ in }
            cursor = page.cursor
            if page.isCheckpoint { return cursor }
            if !page.more { kind = "feed/1" }
        }
    }

    private func hold(_ cursor: String) -> Delivery<Reply?> {
        let answer = Delivery<Reply?>()
        let target = Target.build(path: "/sync/v1/changes", query: [("cursor", cursor), ("wait", "50")])
        let (token, port) = (token, world.port)
        WorkerThread(stackBytes: 512 * 1024) {
            answer.deliver(LiveEndTests.send("GET", target, token: token, port: port))
        }?.detach()
        return answer
    }

    private func answer(_ held: Delivery<Reply?>) -> Reply? {
        held.wait(until: SystemClock().monotonicNow() + .seconds(20)) ?? nil
    }

    @Test func `commands in other processes answer who waits, with changes and with the end of an access`() throws {
        let cursor = try head()
        let held = hold(cursor)
        world.expectServer(["admin", "quota", "1000", "1"])
        let reply = try #require(answer(held))
        var page = try ReceivedPage(reply.body, kind: "feed/1", expectedCursor: cursor, isWhole: true)
        var names: [String] = []
        try page.forEachRow { names.append($0.entity.name) }
        #expect(reply.status == 200 && names == ["quota"])
        let next = hold(page.cursor)
        world.expectServer(["member", "disable", "ana"])
        #expect(answer(next)?.status == 403)
        #expect(eventually { world.serverLog.contains("held_ms=") })
        world.stopServer()
    }
}
