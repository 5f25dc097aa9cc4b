import Diagnostics
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import TestKit
import Testing

/// The last full agreement: a checkpoint with no edit without its end.
@Suite struct AgreementTests {
    private func keep(_ world: EngineWorld) throws {
        try world.store.keepMeasures(
            agreedAt: world.status.lastAgreementAt?.seconds, traffic: KeptTraffic(day: 1, lanes: []))
    }

    @Test func `it comes with the first checkpoint and moves with each one`() throws {
        let world = try EngineWorld(rows: 300)
        world.engine.handle(.start)
        var seen: [EngineStatus.Phase] = []
        while let lane = world.busyLane {
            if world.status.lastAgreementAt == nil { seen.append(world.status.phase) }
            try world.serve(lane)
        }
        #expect(seen == [.syncing, .loading, .loading, .loading, .loading, .loading], "\(seen)")
        #expect(world.status.lastAgreementAt == world.clock.now())
        try world.fire(.pull)
        #expect(world.status.lastAgreementAt != world.clock.now())
        try world.serve(.pull)
        #expect(world.status.lastAgreementAt == world.clock.now())
        #expect(world.status.appliedSequence.map { $0 > 0 } == true)
    }

    @Test func `an edit without its end stands in its way, whatever it waits for`() throws {
        let world = try EngineWorld.synced()
        let agreed = world.status.lastAgreementAt
        try world.server.otherSets(300)
        try world.edit(500)
        try world.settle()
        #expect(world.status.outbox.held == 1)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.lastAgreementAt == agreed && world.status.lastCheckpointAt == world.clock.now())
        let conflict = try #require(try world.reader().conflicts(onlyOpen: true).first)
        try world.edit(.decideConflict(conflict.key, .theirs))
        try world.settle()
        #expect(world.status.outbox.unsettled == 0 && world.status.lastAgreementAt == world.clock.now())
    }

    @Test func `a failure moves nothing, and a discarded edit waits for the next checkpoint`() throws {
        let world = try EngineWorld.synced()
        let agreed = world.status.lastAgreementAt
        let number = try world.edit(500)
        try world.fail(.push)
        try world.fire(.pull)
        try world.serve(.pull)
        #expect(world.status.lastAgreementAt == agreed)
        try world.store.discard(number)
        world.engine.handle(.editAdded)
        #expect(world.status.lastAgreementAt == agreed)
        try world.fail(.push)
        try world.fire(.pull)
        try world.fail(.pull)
        #expect(world.status.lastAgreementAt == agreed)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.lastAgreementAt == world.clock.now())
    }

    @Test func `what was kept is known after a restart, what was not is forgotten, never invented`() throws {
        let world = try EngineWorld.synced()
        try world.restart()
        #expect(world.status.lastAgreementAt == nil)
        try world.settle()
        let agreed = world.status.lastAgreementAt
        try keep(world)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.lastAgreementAt != agreed)
        try world.restart()
        #expect(world.status.lastAgreementAt == agreed)
        #expect(try world.reader().identity()?.agreedAt == agreed?.seconds)
    }
}
