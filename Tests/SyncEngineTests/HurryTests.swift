import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import TestKit
import Testing

/// What edits do to lanes that back off.
@Suite struct HurryTests {
    @Test func `of edits that come fast while the server is away one a second tries anew`() throws {
        let world = try EngineWorld.synced()
        try world.edit(100)
        try world.fail(.push)
        let before = world.shell.sent.count
        try world.edit(200)
        try world.fail(.push)
        for amount in 1...20 { try world.edit(Int64(amount), amount % 2) }
        #expect(world.shell.sent.count == before + 1 && world.shell.timers[Lane.push.rawValue] != nil)
        world.clock.advance(seconds: 1)
        try world.edit(300)
        #expect(world.asks(.push) == "/sync/v1/push")
        #expect(world.shell.sent.count == before + 2)
    }

    @Test func `a person's sync tries at once however soon after an edit`() throws {
        let world = try EngineWorld.synced()
        try world.edit(100)
        try world.fail(.push)
        try world.edit(200)
        try world.fail(.push)
        world.engine.handle(.syncRequested)
        #expect(world.asks(.push) == "/sync/v1/push")
    }

    @Test func `an edit wakes a feed that backs off, and the next ones leave it alone`() throws {
        let world = try EngineWorld.synced()
        try world.fire(.pull)
        try world.fail(.pull)
        try world.edit(100)
        #expect(world.asks(.pull) == "/sync/v1/hello" || world.asks(.pull) == "/sync/v1/changes")
        try world.fail(.pull)
        try world.edit(200)
        #expect(world.asks(.pull) == nil && world.shell.timers[Lane.pull.rawValue] != nil)
    }
}
