import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// Whole roads between a real store and a real server.
@Suite struct RoadTests {
    @Test func `a first load ends at a checkpoint, in sync, with every row`() throws {
        let world = try EngineWorld(rows: 300)
        #expect(world.status.phase == .starting)
        world.engine.handle(.start)
        #expect(world.asks(.pull) == "/sync/v1/hello" && world.status.phase == .syncing)
        try world.serve(.pull)
        #expect(world.asks(.pull) == "/sync/v1/snapshot" && world.status.phase == .loading)
        try world.serve(.pull)
        #expect(world.status.phase == .loading)
        #expect(world.status.loadRowsDone == 0 && world.status.loadRowsTotal ?? 0 >= 300)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.loadRowsTotal == nil && world.status.lastProblem == nil)
        #expect(world.status.lastCheckpointAt == world.clock.now() && world.status.lastContactAt == world.clock.now())
        #expect(try world.reader().coupons(customer: nil, limit: 1000).count == 300)
        #expect(world.shell.timers[Lane.pull.rawValue] != nil && world.shell.timers[Lane.push.rawValue] == nil)
    }

    @Test func `the timer at rest brings what changed since`() throws {
        let world = try EngineWorld.synced()
        try world.server.otherSets(300)
        try world.fire(.pull)
        #expect(world.asks(.pull) == "/sync/v1/changes" && world.status.phase == .syncing)
        try world.settle()
        #expect(try world.budget().confirmed == budget(300) && world.status.phase == .inSync)
    }

    @Test func `an edit goes up, comes back with the feed, is settled and acknowledged`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        #expect(world.asks(.push) == "/sync/v1/push" && world.status.phase == .sending && world.status.outbox.sent == 1)
        try world.serve(.push)
        #expect(try world.state(number) == .resulted)
        #expect(world.status.phase == .syncing && world.asks(.pull) == "/sync/v1/changes")
        try world.serve(.pull)
        #expect(try world.state(number) == .settled)
        #expect(world.asks(.push) == "/sync/v1/ack")
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.outbox.unsettled == 0)
        #expect(try world.store.ackable() == nil)
        #expect(try world.budget().confirmed == budget(500))
    }

    @Test func `an edit that met another one is held until a person decides`() throws {
        let world = try EngineWorld.synced()
        try world.server.otherSets(300)
        let number = try world.edit(500)
        try world.settle()
        #expect(try world.state(number) == .held && world.status.phase == .needsPerson)
        let conflict = try #require(try world.reader().conflicts(onlyOpen: true).first)
        let decision = try world.edit(.decideConflict(conflict.key, .mine))
        try world.settle()
        #expect(try world.state(number) == .settled && world.state(decision) == .settled)
        #expect(try world.budget().confirmed == budget(500) && world.status.phase == .inSync)
    }

    @Test func `a reply lost after the commit is had again under the same key`() throws {
        let world = try EngineWorld.synced()
        try world.edit(100)
        try world.settle()
        let number = try world.edit(.adjustBudget(delta: Money(units: Money.unitsPerMajor), validThrough: nil))
        let first = try world.answer(.push, keeping: { _ in 0 }, world.server.core.handle)
        #expect(try world.state(number) == .sent)
        let committed = try world.server.budget()
        try world.settle()
        try world.fire(.push)
        let second = try world.serve(.push)
        #expect(first.request.body == second.request.body)
        try world.settle()
        #expect(try world.server.budget() == committed && world.state(number) == .settled)
        #expect(try world.budget().confirmed == budget(101) && world.status.phase == .inSync)
    }

    @Test func `a process that ends between commit and reply sends the edit again under the same number`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        let exchange = try #require(world.shell.take(.push))
        _ = world.server.core.handle(exchange.request)
        let committed = try world.server.budget()
        try world.restart()
        try world.settle()
        #expect(try world.state(number) == .settled && world.server.budget() == committed)
        #expect(world.status.phase == .inSync)
    }

    @Test func `a connection that was never made leaves the edit as never sent`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.fail(.push, .refused)
        #expect(try world.state(number) == .saved && world.status.outbox.saved == 1)
        try world.fire(.push)
        try world.fail(.push, .timeout)
        #expect(try world.state(number) == .sent)
    }

    @Test func `edits made during a push go with the next one, without a timer`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        let second = try world.edit(600, 1)
        #expect(try world.state(second) == .saved)
        let first = try world.serve(.push)
        let next = try #require(world.shell.inFlight[Lane.push.rawValue])
        let pushes = try [first, next].map { exchange in
            try WireCoding.decode(V1.Push.self, from: exchange.request.body).edits.map(\.number.value)
        }
        #expect(pushes == [[1], [2]])
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.outbox.unsettled == 0)
    }

    @Test func `a stacked edit follows the one it builds on`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.edit(600)
        try world.settle()
        #expect(try world.budget().confirmed == budget(600) && world.status.phase == .inSync)
    }

    @Test func `a request for a sync during an exchange leads to one more look`() throws {
        let world = try EngineWorld.synced()
        world.engine.handle(.syncRequested)
        let begun = world.status.exchangesBegun
        world.engine.handle(.syncRequested)
        try world.serve(.pull)
        #expect(world.status.lastCheckpointExchange <= begun && world.status.phase == .syncing)
        try world.settle()
        #expect(world.status.lastCheckpointExchange > begun && world.status.phase == .inSync)
    }
}
