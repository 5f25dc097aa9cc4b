import Diagnostics
import HTTPKit
import ReplicaStore
import SyncCore
import SyncEngine
import SyncServer
import TestKit
import Testing

/// The engine beside a real server that holds its requests.
@Suite struct HoldTests {
    /// A world at its first checkpoint, with a request that the server holds.
    private func held() throws -> (world: EngineWorld, hold: HTTPHold, exchange: Exchange) {
        let world = try EngineWorld(holds: true)
        world.server.core.beginHoldingByHand()
        world.engine.handle(.start)
        while let lane = world.busyLane {
            let others = Lane.allCases.filter { $0 != .pull && world.shell.inFlight[$0.rawValue] != nil }
            if lane == .pull, world.engine.pull.state == .holding {
                guard let other = others.first else { break }
                try world.serve(other)
            } else {
                try world.serve(lane)
            }
        }
        let exchange = try #require(world.shell.take(.pull))
        return (world, try hold(exchange, world), exchange)
    }

    private func hold(_ exchange: Exchange, _ world: EngineWorld) throws -> HTTPHold {
        let bytes = MemoryExchange.bytes(of: exchange.request, host: "h:1")
        guard
            case .held(let hold)? = MemoryExchange.reply(
                to: bytes, bodyLimit: 1 << 20, { world.server.core.reply($0) })
        else { throw Missing(what: "a held request") }
        return hold
    }

    private func deliver(_ exchange: Exchange, _ reply: HTTPReply, to world: EngineWorld) throws {
        guard case .response(let response) = reply,
            case .whole(let status, let headers, let body) = MemoryExchange.reply(
                try MemoryExchange.bytes(of: response, toMethod: "GET"), toMethod: "GET", bodyLimit: 1 << 20)
        else { throw Missing(what: "an answer") }
        world.engine.handle(
            .outcome(exchange: exchange.id, .reply(status: status, headers: headers, body: body, isWhole: true)))
    }

    @Test func `a rest is a request that the server holds, and is in sync meanwhile`() throws {
        let (world, hold, exchange) = try held()
        #expect(exchange.request.target.contains("wait=") && exchange.held.map { $0 >= .seconds(20) } == true)
        #expect(world.status.phase == .inSync && world.status.lanes[0].wait == .news)
        world.server.core.lookForHeld()
        #expect(!hold.isWoken)
    }

    @Test func `what another does is here with the answer, and the next request is held`() throws {
        let (world, hold, exchange) = try held()
        try world.server.otherSets(700)
        world.server.core.lookForHeld()
        #expect(hold.isWoken)
        try deliver(exchange, hold.answer(.woken), to: world)
        #expect(try world.budget().confirmed == budget(700))
        let next = try #require(world.shell.inFlight[0])
        #expect(world.engine.pull.state == .holding && next.request.target.contains("wait="))
    }

    @Test func `the end of its time brings the same again, without a pause`() throws {
        let (world, hold, exchange) = try held()
        world.clock.advance(seconds: 30)
        try deliver(exchange, hold.answer(.deadline), to: world)
        #expect(world.engine.pull.state == .holding && world.status.phase == .inSync)
        #expect(world.status.lastCheckpointExchange == exchange.id)
    }

    @Test func `a server that does not hold is asked once a rest`() throws {
        let world = try EngineWorld(holds: true)
        world.engine.handle(.start)
        try world.settle()
        #expect(world.engine.pull.state == .resting)
        let asked = world.shell.sent.count
        for _ in 0..<5 {
            try world.fire(.pull)
            try world.settle()
            #expect(world.engine.pull.state == .resting && world.status.phase == .inSync)
        }
        #expect(world.shell.sent.count == asked + 5)
    }

    @Test func `an edit's end comes with the held request, which is not given up for it`() throws {
        let (world, hold, exchange) = try held()
        let number = try world.edit(900)
        try world.serve(.push)
        #expect(world.engine.pull.state == .holding && world.shell.timers[0] == .seconds(2))
        world.server.core.lookForHeld()
        #expect(hold.isWoken)
        try deliver(exchange, hold.answer(.woken), to: world)
        #expect(try world.state(number) == .settled)
    }

    @Test func `a held request that stays out after an edit is given up for a plain one`() throws {
        let (world, _, exchange) = try held()
        let number = try world.edit(900)
        try world.serve(.push)
        world.engine.handle(.timerFired(.pull))
        #expect(world.engine.pull.state == .following && world.asks(.pull) == "/sync/v1/changes")
        try world.serve(.pull)
        #expect(try world.state(number) == .settled)
        // The answer to the one that was given up changes nothing.
        let state = world.engine.pull.state
        world.engine.handle(.outcome(exchange: exchange.id, .failed(HTTPError(code: .closed, what: "", why: ""))))
        #expect(world.engine.pull.state == state && world.status.failures == 0)
    }

    @Test func `a sync that a person asks for does not wait for the held request`() throws {
        let (world, _, exchange) = try held()
        world.engine.handle(.syncRequested)
        let plain = try #require(world.shell.inFlight[0])
        #expect(!plain.request.target.contains("wait=") && plain.id > exchange.id && plain.held == nil)
        try world.serve(.pull)
        #expect(world.status.lastCheckpointExchange == plain.id && world.engine.pull.state == .holding)
    }

    @Test func `a held request that is cut is no failure, and a link that is gone is one`() throws {
        let (world, _, exchange) = try held()
        let closed = HTTPError(code: .closed, what: "no reply came", why: "it ended")
        world.engine.handle(.outcome(exchange: exchange.id, .failed(closed)))
        #expect(world.status.failures == 0 && world.status.lastProblem == nil && world.status.phase == .syncing)
        #expect(world.shell.inFlight[0] == nil && world.shell.timers[0].map { $0 <= .seconds(2) } == true)
        try world.fire(.pull)
        #expect(world.asks(.pull) == "/sync/v1/changes")
        try world.fail(.pull)
        #expect(world.status.failures == 1 && world.status.phase == .offline)
    }

    @Test func `a refusal of the token while it is held is told as such`() throws {
        let (world, hold, exchange) = try held()
        _ = try world.server.renewToken()
        world.clock.advance(seconds: 2)
        world.server.core.lookForHeld()
        #expect(hold.isWoken)
        try deliver(exchange, hold.answer(.woken), to: world)
        #expect(world.status.phase == .needsLogin)
    }
}
