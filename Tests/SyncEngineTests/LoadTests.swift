import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SQLiteKit
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// The load lane: parts beside heads that follow the feed.
@Suite struct LoadTests {
    /// A world whose heads are here and whose first part is asked for.
    private func heads(holds: Bool = false) throws -> EngineWorld {
        let world = try EngineWorld(holds: holds)
        try world.server.addProducts(200)
        world.engine.handle(.start)
        while world.asks(.load) == nil { try world.serve(.pull) }
        return world
    }

    /// The request that the load lane has in flight.
    private func asked(_ world: EngineWorld) throws -> HTTPRequest {
        try #require(world.shell.inFlight[Lane.load.rawValue]).request
    }

    @Test func `customers are edited and another's change is seen before the bulk has come`() throws {
        let world = try heads()
        try world.serve(.pull)
        #expect(world.status.phase == .loading && world.status.lastAgreementAt == nil)
        try world.server.otherSets(300)
        try world.fire(.pull)
        try world.serve(.pull)
        #expect(try world.budget().confirmed == budget(300))
        let number = try world.edit(500)
        while world.busyLane == .push || world.busyLane == .pull { try world.serve(try #require(world.busyLane)) }
        #expect(try world.state(number) == .settled && world.status.phase == .loading)
        #expect(try world.reader().imageState()?.isLoading == true)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.loadRowsDone == nil)
        #expect(try world.reader().imageState()?.isLoading == false)
        #expect(try world.budget().confirmed == budget(500))
    }

    @Test func `a part that was cut goes on at its next byte, and only there`() throws {
        let world = try heads()
        let request = try asked(world)
        let whole = try world.server.core.handle(request).body.bytes().count
        try world.answer(.load, keeping: { $0 - whole / 2 }, world.server.core.handle)
        let rest = try asked(world)
        let range = try #require(rest.headers["Range"])
        #expect(range.hasPrefix("bytes=") && rest.headers["If-Range"]?.hasPrefix("\"") == true)
        #expect(world.status.failures == 0 && world.status.phase == .loading)
        let reply = world.server.core.handle(rest)
        #expect(reply.status == 206)
        let first = try #require(Int(range.dropFirst("bytes=".count).dropLast()))
        #expect(try first + reply.body.bytes().count == whole)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.failures == 0)
    }

    @Test func `a cut costs one request a lane, and no greeting`() throws {
        let world = try heads(holds: true)
        try world.serve(.pull)
        #expect(world.engine.pull.state == .holding)
        let part = try world.server.core.handle(asked(world)).body.bytes().count
        let before = world.shell.sent.count
        try world.answer(.load, keeping: { $0 - part + 4321 }, world.server.core.handle)
        try world.fail(.pull, .closed)
        // The link is still away: what was sent did not leave.
        try world.fail(.load)
        try world.fire(.load)
        try world.fire(.pull)
        let sent = world.shell.sent.dropFirst(before)
        #expect(sent.map(\.lane) == [.load, .load, .pull])
        #expect(try asked(world).headers["Range"] == "bytes=4321-")
        #expect(world.asks(.pull) == "/sync/v1/changes")
        try world.serve(.pull)
        #expect(world.engine.pull.state == .holding && world.shell.sent.count == before + 4)
    }

    @Test func `a load that failed for long goes on when the server is greeted again`() throws {
        let world = try heads(holds: true)
        try world.serve(.pull)
        for _ in 0..<8 {
            try world.fail(.load)
            try world.fire(.load)
        }
        try world.fail(.load)
        try world.fail(.pull, .closed)
        try world.fire(.pull)
        try world.fail(.pull)
        #expect(world.engine.load.state == .backingOff && world.engine.pull.state == .backingOff)
        try world.fire(.pull)
        try world.serve(.pull)
        #expect(world.asks(.load) == "/sync/v1/snapshot/rows")
        // A pause that the server asked for is kept.
        try world.answer(.load) { _ in problem(.busy, retryAfter: "600") }
        world.engine.handle(.syncRequested)
        if world.asks(.pull) == nil { try world.fire(.pull) }
        try world.fail(.pull)
        try world.fire(.pull)
        try world.serve(.pull)
        #expect(world.asks(.load) == nil && world.engine.load.state == .backingOff)
    }

    @Test func `what came of a part outlives the process`() throws {
        let world = try heads()
        try world.answer(.load, keeping: { $0 - 200 }, world.server.core.handle)
        let range = try #require(asked(world).headers["Range"])
        try world.restart()
        try world.serve(.pull)
        #expect(try asked(world).headers["Range"] == range)
        try world.settle()
        #expect(world.status.phase == .inSync)
    }

    @Test func `a rest that does not fit is refused, and the part begins anew`() throws {
        for variant in 0..<4 {
            let world = try heads()
            try world.answer(.load, keeping: { $0 - 300 }, world.server.core.handle)
            try world.answer(.load) { request in
                var reply = world.server.core.handle(request)
                var bytes = (try? reply.body.bytes()) ?? []
                switch variant {
                case 0: bytes[bytes.count / 2] ^= 1
                case 1: bytes.removeFirst()
                case 2: reply.headers = reply.headers.replacing("ETag", "\"0000\"")
                default: reply.headers = reply.headers.replacing("Content-Range", "bytes 1-2/3")
                }
                reply.body = .bytes(bytes)
                return reply
            }
            #expect(world.status.phase == .failing && world.status.failures == 1, "variant \(variant)")
            try world.fire(.load)
            #expect(try asked(world).headers["Range"] == nil)
            try world.settle()
            #expect(world.status.phase == .inSync)
        }
    }

    @Test func `a part that is another one now comes whole, and one of another length is asked for anew`() throws {
        for status in [200, 416] {
            let world = try heads()
            try world.answer(.load, keeping: { $0 - 300 }, world.server.core.handle)
            try world.answer(.load) { request in
                guard status == 200 else { return problem(.rangeNotSatisfiable) }
                var headers = HTTPHeaders()
                for field in request.headers.fields where field.name != "Range" { headers.add(field.name, field.value) }
                return world.server.core.handle(HTTPRequest(method: "GET", target: request.target, headers: headers))
            }
            try world.settle()
            #expect(world.status.phase == .inSync && world.status.failures == 0)
        }
    }

    @Test func `a load does not take the place of an image that is ahead of it`() throws {
        let world = try heads()
        world.takesPages = false
        try world.serve(.load)
        world.takePages()
        // The feed of the load is read, and before it is taken the live image comes further.
        try world.serve(.load)
        try world.server.otherSets(700)
        world.engine.handle(.syncRequested)
        while world.busyLane == .pull { try world.serve(.pull) }
        world.takePages()
        #expect(try world.budget().confirmed == budget(700) && world.status.phase == .loading)
        #expect(world.asks(.load) == "/sync/v1/changes")
        try world.settle()
        world.takePages()
        try world.settle()
        #expect(try world.budget().confirmed == budget(700) && world.status.phase == .inSync)
    }

    @Test func `a part whose keys repeat, run backwards or name no row is refused with the reason`() throws {
        let cases: [(rows: [PageRow], why: String)] = [
            ([.product(7), .product(7)], "do not rise"), ([.product(8), .product(7)], "do not rise"),
            ([PageRow(.product, 7, version: 1)], "what is no row"),
        ]
        for (rows, why) in cases {
            let world = try heads()
            let exchange = try #require(world.shell.inFlight[Lane.load.rawValue])
            let cursor = try #require(exchange.request.query("cursor"))
            let epoch = try #require(world.store.identity.epoch)
            try world.answer(.load) { _ in
                ours(
                    200,
                    (try? pageBytes("snapshot/1", epoch: epoch, from: cursor, to: "next", sequence: 1, .more, rows))
                        ?? [],
                    type: V1.pageMediaType)
            }
            #expect(
                world.status.lastProblem?.why.contains(why) == true, "\(String(describing: world.status.lastProblem))")
            #expect(
                world.status.phase == .failing
                    && world.store.loadProgress()?.done == Int64(world.status.loadRowsDone ?? -1))
            try world.fire(.load)
            try world.settle()
            #expect(world.status.phase == .inSync)
        }
    }
}

extension HTTPHeaders {
    /// The same fields, one of them with another value.
    fileprivate func replacing(_ name: String, _ value: String) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for field in fields { headers.add(field.name, field.name == name ? value : field.value) }
        return headers
    }

    @Test func `a part that cannot be kept answers no sync that is asked for after it`() throws {
        let world = try EngineWorld(rows: 40, onFaultDisk: true)
        world.takesPages = false
        world.engine.handle(.start)
        while let lane = world.busyLane {
            try world.serve(lane)
            if lane == .load { break }
        }
        world.disk?.isFull = true
        world.takePages()
        #expect(world.status.failures > 0 && world.status.lastFailedExchange <= world.status.exchangesBegun)
        world.disk?.heal()
    }
}
