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
        let third = try world.edit(700)
        try world.settle()
        #expect(try world.state(second) == .saved && world.state(third) == .saved)
        #expect(world.status.phase == .needsPerson)
        #expect(world.status.outbox.unsent == 2 && world.status.outbox.behindHeld == 2)
        let free = try world.edit(100, 1)
        #expect(world.status.phase == .sending && world.status.outbox.behindHeld == 2)
        try world.settle()
        #expect(try world.state(free) == .settled && world.status.phase == .needsPerson)
    }

    @Test func `edits behind a held one are counted after a restart and go when it is decided`() throws {
        let world = try held()
        try world.edit(600)
        try world.restart()
        try world.settle()
        #expect(world.status.phase == .needsPerson && world.status.outbox.behindHeld == 1)
        let conflict = try #require(try world.reader().conflicts(onlyOpen: true).first)
        try world.edit(.decideConflict(conflict.key, .mine))
        #expect(world.status.phase == .sending)
        try world.settle()
        #expect(world.status.outbox.unsent == 0 && world.status.outbox.behindHeld == 0)
    }
}
