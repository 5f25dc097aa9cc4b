import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncProtocol
import TestKit
import Testing

@testable import SyncEngine

private let metered = Allowance.Terms(isMetered: true)

/// A metered world whose heads are here.
private func world(_ dailyBytes: Int64? = nil, rows: Int64 = 30) throws -> EngineWorld {
    let world = try EngineWorld(rows: rows, terms: Allowance.Terms(isMetered: true, dailyBytes: dailyBytes))
    world.engine.handle(.start)
    try world.settle()
    return world
}

/// The same, with the day's bytes used up and the last page of the feed a while ago.
private func usedUp() throws -> EngineWorld {
    let world = try world(1_000_000)
    world.shell.carriedBytes += 1_000_000
    world.engine.handle(.timePassed(.seconds(1)))
    try #require(world.status.metering.isUsedUp)
    return world
}

private func wait(_ world: EngineWorld, _ lane: Lane) -> LaneStanding.Wait? {
    world.status.lanes.first { $0.lane == lane }?.wait
}

@Suite struct MeteredTests {
    @Test func `a metered link brings heads and follows the feed, and says that records wait`() throws {
        let world = try world()
        #expect(world.status.phase == .metered && world.status.metering.recordsWait)
        #expect(!world.shell.sent.contains { $0.lane == .load })
        #expect(wait(world, .load) == .allowance && wait(world, .pull) == .poll)
        #expect(world.status.loadRowsDone != nil && world.status.lastAgreementAt == nil)
        try world.server.otherSets(300)
        try world.fire(.pull)
        try world.settle()
        #expect(try world.budget().confirmed == budget(300))
    }

    @Test func `the feed rests five minutes, and pages come in gzip`() throws {
        let world = try world()
        let rest = try #require(world.shell.timers[Lane.pull.rawValue])
        #expect(rest >= .seconds(225) && rest <= .seconds(300))
        let pages = world.shell.sent.filter { $0.request.path == "/sync/v1/changes" }
        #expect(!pages.isEmpty && pages.allSatisfy { $0.request.headers["Accept-Encoding"] == "gzip" })
        #expect(!world.engine.allowance.mayHold)
    }

    @Test func `records come when a person asks for them, and then it is in sync`() throws {
        let world = try world()
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(world.status.phase == .metered)
        world.engine.handle(.recordsRequested)
        #expect(world.asks(.load) == "/sync/v1/snapshot/rows" && !world.status.metering.recordsWait)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.loadRowsDone == nil)
        #expect(!world.status.metering.areRecordsAsked)
    }

    @Test func `what a person asked for outlives the process, until it is here`() throws {
        let world = try world()
        world.engine.handle(.recordsRequested)
        try world.restart()
        #expect(world.status.metering.areRecordsAsked)
        try world.settle()
        #expect(world.status.phase == .inSync && !world.status.metering.areRecordsAsked)
        try world.restart()
        #expect(!world.status.metering.areRecordsAsked)
    }

    @Test func `a link that is metered no more brings what waited`() throws {
        let world = try world()
        world.engine.handle(.settingsRead(PullMachine.Limits(), Allowance.Terms()))
        try world.settle()
        #expect(world.status.phase == .inSync && !world.status.metering.isMetered)
        #expect(!world.status.metering.somethingWaits && world.status.metering.used > 0)
    }

    @Test func `old records of a customer that joined wait until asked for`() throws {
        let world = try EngineWorld(anaIs: .manager, terms: Allowance.Terms())
        world.engine.handle(.start)
        try world.settle()
        world.engine.handle(.settingsRead(PullMachine.Limits(), metered))
        try world.settle()
        try world.server.assign(0)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.joining != nil && world.status.phase == .metered && wait(world, .fill) == .allowance)
        world.engine.handle(.recordsRequested)
        try world.settle()
        #expect(world.status.phase == .inSync)
    }

    // MARK: Used up

    @Test func `used up, a freeze goes and a label waits`() throws {
        let world = try usedUp()
        let label = try world.edit(.setLabel("gold"), 0)
        #expect(world.asks(.push) == nil && world.status.metering.editsWait && world.status.phase == .metered)
        #expect(wait(world, .push) == .allowance)
        let freeze = try world.edit(.freeze(.account, reason: "unpaid"), 1)
        #expect(world.asks(.push) == "/sync/v1/push")
        try world.serve(.push)
        #expect(try world.state(freeze) == .resulted && world.state(label) == .saved)
        #expect(world.asks(.push) == nil && world.status.metering.editsWait)
    }

    @Test func `used up, what the same customer's author made before goes with a decision, in its order`() throws {
        let world = try usedUp()
        let label = try world.edit(.setLabel("gold"), 0)
        try world.edit(500)
        let push = try #require(world.shell.inFlight[Lane.push.rawValue])
        let edits = try WireCoding.decode(V1.Push.self, from: push.request.body).edits
        #expect(edits.map(\.number.value) == [label.value, label.value + 1])
    }

    @Test func `used up, the feed is looked at after a quarter of an hour, a page at a time`() throws {
        let world = try usedUp()
        let before = world.shell.sent.count
        world.engine.handle(.linkCameUp)
        #expect(world.shell.sent.count == before && world.status.metering.feedWaits && wait(world, .pull) == .allowance)
        let rest = try #require(world.shell.timers[Lane.pull.rawValue])
        #expect(rest >= Allowance.frugalGap && rest <= Allowance.frugalRest)
        try world.fire(.pull)
        #expect(world.asks(.pull) == "/sync/v1/changes")
        try world.settle()
        #expect(!world.status.metering.feedWaits)
    }

    @Test func `used up beyond the reserve, the feed is not looked at, and the day's end brings it all`() throws {
        let world = try usedUp()
        world.shell.carriedBytes += Allowance.reserveMin
        try world.edit(.setLabel("gold"), 0)
        let before = world.shell.sent.count
        for _ in 0..<8 { try world.fire(.pull) }
        #expect(world.shell.sent.count == before && world.status.phase == .metered)
        let anew = try #require(world.status.metering.anewAt)
        #expect(anew.seconds % 86_400 == 0 && anew > world.clock.now())
        world.clock.advance(seconds: anew.seconds - world.clock.now().seconds)
        try world.fire(.pull)
        try world.settle()
        #expect(!world.status.metering.isUsedUp && world.status.outbox.unsettled == 0)
        #expect(world.status.metering.anewAt == nil && world.status.metering.used < 1_000_000)
    }

    @Test func `used up, a person's sync sends and looks once, and brings no records`() throws {
        let world = try usedUp()
        let label = try world.edit(.setLabel("gold"), 0)
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(try world.state(label) == .settled && world.status.metering.recordsWait)
        try world.edit(.setLabel("silver"), 0)
        #expect(world.asks(.push) == nil && world.status.metering.editsWait)
    }

    @Test func `what was used outlives a crash, but for the last part`() throws {
        let world = try usedUp()
        try world.restart()
        #expect(world.status.metering.isUsedUp)
        try world.settle()
        #expect(world.status.metering.feedWaits || world.status.lastCheckpointAt != nil)
    }

    @Test func `used up, a load that the feed waits for goes on the next day`() throws {
        let world = try world(1_000_000)
        world.engine.handle(.recordsRequested)
        try world.settle()
        // A server that knows the cursor no more: there is nothing to follow before a load has ended.
        try world.fire(.pull)
        world.shell.carriedBytes += 1_000_000
        try world.answer(.pull) { _ in problem(.resyncRequired) }
        while world.busyLane == .pull { try world.serve(.pull) }
        #expect(world.engine.pull.state == .standingBy && world.asks(.load) == nil)
        #expect(world.status.phase == .metered && wait(world, .load) == .allowance)
        #expect(world.shell.timers[Lane.load.rawValue] != nil)
        world.clock.advance(seconds: 86_400)
        try world.fire(.load)
        try world.settle()
        #expect(world.status.phase == .inSync)
    }
}
