import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import TestKit
import Testing

/// What the status says a lane waits for is what the lane's machine stands at, and what the shell was asked for.
@Suite struct WaitTests {
    private func standing(_ world: EngineWorld, _ lane: Lane) throws -> LaneStanding {
        try #require(world.status.lanes.first { $0.lane == lane })
    }

    /// Says by another road than the engine what a lane waits for: by the shell's exchange and timer, and the counts.
    private func check(_ world: EngineWorld, _ comment: Comment = "") throws {
        let monotonic = world.clock.monotonicNow()
        for lane in Lane.allCases {
            let standing = try standing(world, lane)
            let isInFlight = world.shell.inFlight[lane.rawValue] != nil
            #expect((standing.wait == .reply) == isInFlight, "\(comment) \(lane) \(standing)")
            let timed: [LaneStanding.Wait] = [.poll, .backoff, .pause, .login]
            if timed.contains(standing.wait) {
                let timer = try #require(world.shell.timers[lane.rawValue], "\(comment) \(lane) \(standing)")
                #expect(standing.deadline == world.shell.setAt[lane.rawValue] + timer)
                let until = try #require(standing.until(now: world.clock.now(), monotonic: monotonic))
                #expect(until.microseconds >= world.clock.now().microseconds || standing.deadline ?? .zero < monotonic)
            } else if standing.wait != .person {
                #expect(standing.deadline == nil, "\(comment) \(lane) \(standing)")
            }
        }
        let outbox = world.status.outbox
        let isOpen = outbox.unsettled > 0 || world.status.joining != nil
        #expect(world.status.phase != .inSync || !isOpen, "\(comment)")
        // Nothing open is left without a timer, an exchange or a name of what it waits for.
        let waits = world.status.lanes.map(\.wait)
        #expect(!isOpen || waits.contains { $0 != .nothing && $0 != .feed }, "\(comment) \(waits)")
        if outbox.moving > 0, waits[0] == .person { #expect(world.status.phase == .blocked, "\(comment)") }
    }

    private func expect(
        _ world: EngineWorld, _ lane: Lane, _ wait: LaneStanding.Wait, timed: Bool = false, failures: Int = 0
    ) throws {
        let standing = try standing(world, lane)
        #expect(standing.wait == wait && (standing.deadline != nil) == timed && standing.failures == failures)
        try check(world)
    }

    @Test func `the feed waits for a reply in every state that asks, and for its timer at rest`() throws {
        let world = try EngineWorld(rows: 300)
        #expect(world.status.lanes.isEmpty)
        world.engine.handle(.start)
        var seen: [PullMachine.State] = []
        while let lane = world.busyLane {
            if lane == .pull {
                seen.append(world.engine.pull.state)
                try expect(world, .pull, .reply)
            }
            try world.serve(lane)
        }
        #expect(Set(seen) == [.greeting, .planning, .loading, .following])
        try expect(world, .pull, .poll, timed: true)
        world.engine.handle(.stop)
        for lane in Lane.allCases { try expect(world, lane, .stopped) }
    }

    @Test func `a feed that failed waits for time, the server's pause, a login or a person`() throws {
        let world = try EngineWorld.synced()
        try world.fire(.pull)
        try world.fail(.pull)
        try expect(world, .pull, .backoff, timed: true, failures: 1)
        try world.fire(.pull)
        try world.answer(.pull) { _ in problem(.busy, retryAfter: "90") }
        try expect(world, .pull, .pause, timed: true, failures: 2)
        let until = try standing(world, .pull).until(
            now: world.clock.now(), monotonic: world.clock.monotonicNow())
        #expect(until == world.clock.now().advanced(by: .seconds(90)))
        try world.fire(.pull)
        try world.answer(.pull) { _ in problem(.unauthenticated) }
        try expect(world, .pull, .login, timed: true)
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in problem(.forbidden) }
        try expect(world, .pull, .person)
    }

    @Test func `edits wait for the greeting, a reply, the feed, a person or nothing`() throws {
        let world = try EngineWorld()
        world.engine.handle(.start)
        try expect(world, .push, .greeting)
        try world.settle()
        try expect(world, .push, .nothing)
        try world.server.otherSets(300)
        try world.edit(500)
        try expect(world, .push, .reply)
        try world.serve(.push)
        try world.settle()
        #expect(world.status.outbox.held == 1)
        try expect(world, .push, .person)
        try world.edit(100, 1)
        try world.serve(.push)
        while world.shell.inFlight[Lane.push.rawValue] != nil { try world.serve(.push) }
        #expect(world.status.outbox.resulted == 1)
        try expect(world, .push, .feed)
        try world.settle()
        try expect(world, .push, .person)
    }

    @Test func `edits that were not taken wait for time, the server's pause, a login or a person`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.fail(.push)
        try expect(world, .push, .backoff, timed: true, failures: 1)
        try world.fire(.push)
        try world.answer(.push) { _ in problem(.busy, retryAfter: "90") }
        try expect(world, .push, .pause, timed: true, failures: 2)
        try world.fire(.push)
        try world.answer(.push) { _ in problem(.keyMismatch) }
        try expect(world, .push, .person, timed: true, failures: 3)
        try world.fire(.push)
        try world.answer(.push) { _ in problem(.unauthenticated) }
        try expect(world, .push, .login, timed: true)
    }

    @Test func `old records that could not be had are asked for when the server is greeted again`() throws {
        let world = try EngineWorld(anaIs: .manager)
        world.engine.handle(.start)
        try world.settle()
        try world.server.assign(0)
        try world.fire(.pull)
        while world.shell.inFlight[Lane.fill.rawValue] == nil { try world.serve(.pull) }
        while world.busyLane == .pull { try world.serve(.pull) }
        for _ in 0..<6 {
            try world.fail(.fill)
            try world.fire(.fill)
        }
        try world.fail(.fill)
        try world.fire(.pull)
        try world.fail(.pull)
        try world.fire(.pull)
        #expect(world.asks(.pull) == "/sync/v1/hello" && world.asks(.fill) == nil)
        try world.serve(.pull)
        #expect(world.asks(.fill) == "/sync/v1/joined")
        try world.settle()
        #expect(world.status.phase == .inSync)
    }

    @Test func `old records of a customer that joined wait for a reply, time, a pause, the feed or nothing`() throws {
        let world = try EngineWorld(anaIs: .manager)
        world.engine.handle(.start)
        try expect(world, .fill, .nothing)
        try world.settle()
        try expect(world, .fill, .nothing)
        let agreed = world.status.lastAgreementAt
        try world.server.assign(0)
        try world.fire(.pull)
        while world.shell.inFlight[Lane.fill.rawValue] == nil { try world.serve(.pull) }
        try expect(world, .fill, .reply)
        try world.fail(.fill)
        try expect(world, .fill, .backoff, timed: true, failures: 1)
        try world.fire(.fill)
        try world.answer(.fill) { _ in problem(.busy, retryAfter: "60") }
        try expect(world, .fill, .pause, timed: true, failures: 2)
        try world.fire(.fill)
        try world.answer(.fill) { _ in problem(.unauthenticated) }
        #expect(world.status.phase == .joining)
        try expect(world, .fill, .feed)
        try world.fire(.pull)
        #expect(world.status.lastAgreementAt == agreed)
        try world.settle()
        try expect(world, .fill, .nothing)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.lastAgreementAt == world.clock.now())
    }

    @Test func `a wall clock that is set does not move the end of a waiting`() throws {
        let world = try EngineWorld.synced()
        let standing = try standing(world, .pull)
        let left = try #require(standing.deadline) - world.clock.monotonicNow()
        let nextYear = world.clock.now().advanced(by: .seconds(366 * 86_400))
        #expect(
            standing.until(now: nextYear, monotonic: world.clock.monotonicNow()) == nextYear.advanced(by: left))
    }

    /// A walk over whatever can happen, checked at every step.
    @Test(arguments: 0..<40) func `on any walk the status says what the machines and the shell stand at`(
        seed: UInt64
    ) throws {
        let world = try EngineWorld(rows: seed % 2 == 0 ? 0 : 300)
        let chance = CountingChance(seed: seed &* 7919 &+ 3)
        func pick(_ count: Int) -> Int { Int(chance.next() >> 33) % count }
        world.engine.handle(.start)
        for step in 0..<60 {
            let lane = Lane.allCases[pick(2)]
            let isInFlight = world.shell.inFlight[lane.rawValue] != nil
            switch pick(12) {
            case 0...4 where isInFlight: try world.serve(lane)
            case 5 where isInFlight: try world.fail(lane, [.refused, .timeout, .truncated][pick(3)])
            case 6 where isInFlight:
                let codes: [ProblemCode] = [.busy, .unauthenticated, .forbidden, .resyncRequired, .internalError]
                let code = codes[pick(codes.count)]
                try world.answer(lane) { _ in problem(code, retryAfter: pick(2) == 0 ? "60" : nil) }
            case 7 where world.shell.timers[lane.rawValue] != nil: try world.fire(lane)
            case 8 where world.status.appliedSequence != nil: try world.edit(Int64(100 + step), pick(2))
            case 9: world.engine.handle(.syncRequested)
            case 10: try world.server.otherSets(Int64(200 + step))
            case 11: world.clock.advance(seconds: 5)
            default: world.engine.handle(.linkCameUp)
            }
            try check(world, "seed \(seed), step \(step)")
        }
    }
}
