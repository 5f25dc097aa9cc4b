import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// A partner says how long a machine may go without contact; after it nothing is shown until the next one.
@Suite struct LeaseTests {
    private static let day: Int64 = 86_400

    /// A reply of the server with another lease in the greeting.
    private func greeting(_ world: EngineWorld, _ request: HTTPRequest, _ lease: String?) -> HTTPResponse {
        var response = world.server.core.handle(request)
        guard case .bytes(let bytes) = response.body else { return response }
        var text = String(decoding: bytes, as: UTF8.self)
        // The server of this build may name one itself.
        if let lease { text = "{\"lease\":\(lease)," + text.dropFirst() }
        response.body = .bytes(Array(text.utf8))
        return response
    }

    /// A world in sync, then offline; its server sets a lease of 10 days.
    private func leased(_ then: String = "lock") throws -> EngineWorld {
        let world = try EngineWorld(rows: 0)
        world.engine.handle(.start)
        try world.answer(.pull) { greeting(world, $0, "{\"days\":10,\"then\":\"\(then)\"}") }
        try world.settle()
        #expect(world.store.identity.lease?.days == 10 && !world.store.isLocked)
        return world
    }

    private func isShown(_ world: EngineWorld) -> Bool {
        (try? world.reader().customer(world.server.customers[0])) != nil
    }

    @Test(arguments: ["lock", "hide"]) func `at its end the replica is locked and keeps all it has`(then: String) throws
    {
        let world = try leased(then)
        try world.edit(500)
        world.clock.advance(seconds: 10 * LeaseTests.day - 1)
        world.engine.handle(.timePassed(.zero))
        #expect(!world.store.isLocked)
        world.clock.advance(seconds: 1)
        world.engine.handle(.timePassed(.zero))
        #expect(world.store.isLocked && isShown(world) && world.store.wipeRecord == nil)
        #expect(try world.reader().identity()?.lease?.isOver(at: 0) == true)
        #expect(world.status.outbox.unsettled == 1)
    }

    @Test func `with wipe the image goes at its end and the queue stays, also when nothing ran meanwhile`() throws {
        let world = try leased("wipe")
        try world.edit(500)
        world.clock.advance(seconds: 10 * LeaseTests.day)
        try world.restart()
        #expect(world.store.wipeRecord?.cause == .lease && !isShown(world))
        #expect(world.status.outbox.unsettled == 1)
        try world.settle()
        #expect(world.status.phase == .inSync && world.store.wipeRecord == nil && !world.store.isLocked)
        #expect(try world.budget().confirmed == budget(500))
    }

    @Test func `the next contact unlocks`() throws {
        let world = try leased()
        world.clock.advance(seconds: 20 * LeaseTests.day)
        world.engine.handle(.timePassed(.zero))
        #expect(world.store.isLocked)
        try world.restart()
        try world.settle()
        #expect(!world.store.isLocked && isShown(world))
    }

    @Test func `a clock set back does not move the end, and time that runs by it counts`() throws {
        let world = try leased()
        world.clock.advance(seconds: 6 * LeaseTests.day)
        world.engine.handle(.timePassed(.zero))
        world.clock.advance(seconds: -30 * LeaseTests.day)
        try world.restart()
        for _ in 0..<4 {
            #expect(!world.store.isLocked)
            world.engine.handle(.timePassed(.seconds(LeaseTests.day)))
        }
        #expect(world.store.isLocked)
    }

    @Test func `a feed that is followed is contact, though nobody greets`() throws {
        let world = try leased()
        for _ in 0..<30 {
            world.clock.advance(seconds: LeaseTests.day)
            try world.fire(.pull)
            #expect(world.asks(.pull) == "/sync/v1/changes")
            try world.settle()
            world.engine.handle(.timePassed(.zero))
            #expect(!world.store.isLocked)
        }
    }

    @Test func `the newest greeting says how long, and one without a lease ends it`() throws {
        let world = try leased()
        for (lease, days) in [("{\"days\":3,\"then\":\"wipe\"}", 3), ("{\"days\":-1,\"then\":\"lock\"}", 1)]
            as [(String, Int64)]
        {
            try world.restart()
            try world.answer(.pull) { greeting(world, $0, lease) }
            #expect(world.store.identity.lease?.days == days)
        }
        // What can't be read changes nothing.
        try world.restart()
        try world.answer(.pull) { greeting(world, $0, "{\"days\":\"x\"}") }
        #expect(world.store.identity.lease?.days == 1)
        try world.restart()
        try world.answer(.pull) { greeting(world, $0, nil) }
        #expect(world.store.identity.lease == nil && !world.store.isLocked)
    }

    @Test func `without a lease a replica is never locked`() throws {
        let world = try EngineWorld.synced()
        world.clock.advance(seconds: 4000 * LeaseTests.day)
        world.engine.handle(.timePassed(.seconds(LeaseTests.day)))
        #expect(!world.store.isLocked && isShown(world))
    }
}
