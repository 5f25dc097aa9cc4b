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

/// The status never says more than is so.
@Suite struct StatusTests {
    /// A world where edit 1 is held.
    private func held() throws -> EngineWorld {
        let world = try EngineWorld.synced()
        try world.server.otherSets(300)
        try world.edit(500)
        try world.settle()
        return world
    }

    @Test func `edits that wait behind a held one need a person, not time`() throws {
        let world = try held()
        let second = try world.edit(600)
        let third = try world.edit(.adjustBudget(delta: Money(units: Money.unitsPerMajor), validThrough: nil))
        try world.settle()
        #expect(try world.state(second) == .saved && world.state(third) == .saved)
        #expect(world.status.phase == .needsPerson)
        #expect(world.status.outbox.unsent == 2 && world.status.outbox.behindPerson == 2)
        let free = try world.edit(100, 1)
        #expect(world.status.phase == .sending && world.status.outbox.behindPerson == 2)
        try world.settle()
        #expect(try world.state(free) == .settled && world.status.phase == .needsPerson)
    }

    @Test func `edits behind a held one are counted after a restart and go when it is decided`() throws {
        let world = try held()
        try world.edit(600)
        try world.restart()
        try world.settle()
        #expect(world.status.phase == .needsPerson && world.status.outbox.behindPerson == 1)
        let conflict = try #require(try world.reader().conflicts(onlyOpen: true).first)
        try world.edit(.decideConflict(conflict.key, .mine))
        #expect(world.status.phase == .sending)
        try world.settle()
        #expect(world.status.outbox.unsent == 0 && world.status.outbox.behindPerson == 0)
    }

    @Test func `a failure counts for the exchange that it befell, and a late one takes nothing back`() throws {
        let world = try EngineWorld.synced()
        try world.fire(.pull)
        let before = world.status.exchangesBegun
        try world.fail(.pull)
        #expect(world.status.lastFailedExchange == before)
        try world.edit(500)
        try world.fire(.pull)
        let push = before + 1
        #expect(world.status.exchangesBegun == before + 2)
        try world.fail(.pull)
        #expect(world.status.lastFailedExchange == before + 2)
        try world.fail(.push)
        #expect(world.status.lastFailedExchange > push)
    }

    @Test func `a pull that succeeds does not hide that pushes fail`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.answer(.push) { _ in problem(.busy) }
        let told = try #require(world.status.lastProblem)
        #expect(told.what == "cannot push edits" && world.status.phase == .failing)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.lastProblem == told && world.status.phase == .failing)
        try world.fire(.push)
        try world.settle()
        #expect(world.status.lastProblem == nil && world.status.phase == .inSync)
    }

    @Test func `a failure of a push is forgotten when its edit is discarded`() throws {
        // Behind the held edit nothing can be acknowledged, so that the push side has no success to come.
        let world = try held()
        let number = try world.edit(500, 1)
        try world.fail(.push)
        #expect(world.status.lastProblem != nil && world.status.phase == .offline)
        try world.store.discard(number)
        world.engine.handle(.editAdded)
        try world.settle()
        #expect(world.status.lastProblem == nil && world.status.phase == .needsPerson)
    }

    @Test func `a push refused for good needs a person and says so`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.answer(.push) { _ in problem(.keyMismatch) }
        #expect(world.status.phase == .blocked && world.status.lastProblem?.why == "so")
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.phase == .blocked && world.status.failures == 1)
        #expect(try world.state(number) == .sent)
    }

    @Test func `the next attempt is the one of the lane that waits`() throws {
        let world = try EngineWorld.synced()
        let rest = try #require(world.shell.timers[Lane.pull.rawValue])
        #expect(world.status.nextAttemptAt == world.clock.now().advanced(by: rest))
        try world.edit(500)
        try world.answer(.push) { _ in problem(.busy, retryAfter: "90") }
        #expect(world.status.nextAttemptAt == world.clock.now().advanced(by: .seconds(90)))
        world.engine.handle(.syncRequested)
        #expect(world.status.nextAttemptAt == nil)
        try world.settle()
        #expect(world.status.nextAttemptAt != nil && world.status.phase == .inSync)
    }

    @Test func `offline is said only when the server was not reached`() throws {
        let world = try EngineWorld.synced()
        let replies: [(EngineStatus.Phase, HTTPResponse)] = [
            (.failing, problem(.busy)), (.failing, problem(.internalError)),
            (.failing, ours(200, Array("no page".utf8))),
            (.offline, .json(200, Array("<html>".utf8), type: "text/html")),
            (.blocked, problem(.forbidden)), (.needsLogin, problem(.unauthenticated)),
        ]
        for (phase, reply) in replies {
            let contact = world.status.lastContactAt
            world.clock.advance(seconds: 60)
            world.engine.handle(.syncRequested)
            try world.answer(.pull) { _ in reply }
            #expect(world.status.phase == phase && world.status.lastProblem != nil)
            #expect(world.status.lastContactAt == contact)
            #expect((world.status.nextAttemptAt == nil) == (phase == .blocked))
        }
        world.engine.handle(.syncRequested)
        try world.fail(.pull, .timeout)
        #expect(world.status.phase == .offline)
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.lastProblem == nil)
    }

    @Test func `in sync is not said while a load is under way`() throws {
        let world = try EngineWorld.synced(rows: 300)
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in problem(.resyncRequired) }
        #expect(world.status.failures == 0 && world.status.lastProblem == nil)
        var phases: [EngineStatus.Phase] = []
        while let lane = world.busyLane {
            phases.append(world.status.phase)
            try world.serve(lane)
        }
        #expect(phases == [.syncing, .loading, .loading, .loading, .loading, .syncing])
        #expect(world.status.phase == .inSync)
        try world.fire(.pull)
        try world.fail(.pull)
        #expect(world.status.phase == .offline)
    }

    @Test func `a new load that the server asks for again is told as a problem, and counts as no failure`() throws {
        let world = try EngineWorld.synced(rows: 300)
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in problem(.resyncRequired) }
        while world.asks(.load) != "/sync/v1/changes" { try world.serve(try #require(world.busyLane)) }
        try world.answer(.load) { _ in problem(.resyncRequired) }
        #expect(world.status.phase == .failing && world.status.lastProblem?.why == "so" && world.status.failures == 0)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.lastProblem == nil && world.status.failures == 0)
    }

    @Test func `a stopped engine says so and no longer names a next attempt`() throws {
        let world = try EngineWorld.synced()
        world.engine.handle(.stop)
        #expect(world.status.phase == .stopped && world.status.nextAttemptAt == nil)
    }
}
