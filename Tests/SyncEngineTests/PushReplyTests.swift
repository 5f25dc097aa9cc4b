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

/// Replies to a push that do not fit it, a disk that fails, and outcomes and timers that come late.
@Suite struct PushReplyTests {
    /// The server's reply to the push in flight with its results changed.
    private func changed(_ world: EngineWorld, _ change: (inout V1.Results) -> Void) throws -> HTTPResponse {
        let reply = world.server.core.handle(try #require(world.shell.inFlight[1]).request)
        guard case .bytes(let bytes) = reply.body else { throw Missing(what: "a body") }
        var results = try WireCoding.decode(V1.Results.self, from: bytes)
        change(&results)
        return ours(200, try WireCoding.encode(results))
    }

    /// A world with a push of the edits 1 and 2 in flight.
    private func pushing() throws -> EngineWorld {
        let world = try EngineWorld.synced()
        for customer in world.server.customers {
            _ = try world.store.add(EditDraft(customer: customer, intent: setBudget(500)))
        }
        world.engine.handle(.editAdded)
        return world
    }

    @Test func `results in another order are taken`() throws {
        let world = try pushing()
        let reply = try changed(world) { $0.results.reverse() }
        try world.answer(.push) { _ in reply }
        #expect(world.status.outbox.resulted == 2 && world.status.outbox.sent == 0)
    }

    @Test(arguments: ["fewer", "more", "unknown", "twice", "none", "cut", "text"])
    func `results that are not for the edits sent are refused whole, and the edits sent again`(kind: String) throws {
        let world = try pushing()
        var reply = try changed(world) { results in
            switch kind {
            case "fewer": results.results.removeLast()
            case "more":
                results.results.append(
                    V1.Result(number: 3, code: .applied, epoch: results.epoch, sequence: 1, baseWasIntact: true))
            case "unknown": results.results[1].number = 99
            case "twice": results.results[1] = results.results[0]
            case "none": results.results = []
            default: break
            }
        }
        if kind == "text" { reply = ours(200, Array("done".utf8)) }
        let first = try world.answer(.push, keeping: kind == "cut" ? { $0 - 10 } : nil) { _ in reply }
        #expect(world.status.outbox.sent == 2 && world.status.phase == .failing && world.status.lastProblem != nil)
        let versions = try (0..<2).map { try world.server.budget($0) }
        try world.fire(.push)
        let second = try world.serve(.push)
        #expect(first.request.body == second.request.body)
        try world.settle()
        #expect(try (0..<2).map { try world.server.budget($0) } == versions)
        #expect(world.status.outbox.unsettled == 0 && world.status.phase == .inSync)
    }

    @Test func `edits that the server puts off wait for a timer and go again`() throws {
        let world = try pushing()
        let reply = try changed(world) { results in
            for index in results.results.indices { results.results[index].code = .retry }
        }
        try world.answer(.push) { _ in reply }
        #expect(world.status.outbox.waiting == 2 && world.shell.inFlight[1] == nil && world.shell.timers[1] != nil)
        try world.settle()
        #expect(world.status.phase == .sending)
        try world.fire(.push)
        try world.settle()
        #expect(world.status.phase == .inSync)
    }

    @Test func `a lost acknowledgement is sent again`() throws {
        let world = try pushing()
        try world.serve(.push)
        try world.serve(.pull)
        #expect(world.asks(.push) == "/sync/v1/ack")
        try world.answer(.push, keeping: { _ in 0 }, world.server.core.handle)
        try world.fire(.push)
        #expect(world.asks(.push) == "/sync/v1/ack")
        try world.settle()
        #expect(try world.store.ackable() == nil && world.status.lastProblem == nil)
    }

    @Test func `a full disk is told, waits and goes on after`() throws {
        let world = try EngineWorld(onFaultDisk: true)
        let disk = try #require(world.disk)
        world.engine.handle(.start)
        try world.settle()
        try world.server.addCoupons(2000)
        let known = try world.reader().coupons(customer: nil, limit: 5000).count
        world.engine.handle(.syncRequested)
        disk.isFull = true
        try world.serve(.pull)
        #expect(world.status.phase == .failing && world.status.lastProblem?.next.contains("disk space") == true)
        #expect(world.status.nextAttemptAt != nil && world.status.failures == 1)
        #expect(try world.reader().coupons(customer: nil, limit: 5000).count == known)
        disk.isFull = false
        try world.fire(.pull)
        try world.settle()
        #expect(try world.reader().coupons(customer: nil, limit: 5000).count == known + 2000)
        #expect(world.status.phase == .inSync && world.status.lastProblem == nil)
    }

    @Test func `an edit whose sending cannot be noted is not sent, and goes when it can`() throws {
        let world = try EngineWorld(onFaultDisk: true)
        let disk = try #require(world.disk)
        world.engine.handle(.start)
        try world.settle()
        let edit = try world.store.add(EditDraft(customer: world.server.customers[0], intent: setBudget(500)))
        disk.fail(atWrite: 1)
        world.engine.handle(.editAdded)
        #expect(world.shell.inFlight[1] == nil && world.status.phase == .failing && world.status.failures == 1)
        #expect(try world.state(edit.number) == .saved)
        try world.fire(.push)
        try world.settle()
        #expect(try world.state(edit.number) == .settled && world.status.phase == .inSync)
    }

    @Test func `a request for a sync ends a back-off, and the old timer does no harm`() throws {
        let world = try pushing()
        try world.answer(.push) { _ in problem(.busy) }
        world.engine.handle(.syncRequested)
        #expect(world.asks(.push) == "/sync/v1/push" && world.asks(.pull) == "/sync/v1/changes")
        let sent = world.shell.sent.count
        world.engine.handle(.timerFired(.push))
        world.engine.handle(.timerFired(.pull))
        #expect(world.shell.sent.count == sent)
        try world.settle()
        world.engine.handle(.timerFired(.push))
        #expect(world.shell.inFlight[1] == nil && world.status.phase == .inSync)
    }

    @Test func `an outcome of an exchange that is over changes nothing`() throws {
        let world = try pushing()
        let old = try #require(world.shell.inFlight[1])
        world.engine.handle(.stop)
        let late = ExchangeOutcome.reply(status: 200, headers: HTTPHeaders(), body: [], isWhole: true)
        world.engine.handle(.outcome(exchange: old.id, late))
        #expect(world.status.phase == .stopped && world.status.outbox.sent == 2 && world.status.lastProblem == nil)
        world.engine.handle(.start)
        world.engine.handle(.outcome(exchange: old.id, late))
        world.engine.handle(.outcome(exchange: 999, late))
        #expect(world.status.phase == .syncing && world.status.failures == 0)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.outbox.unsettled == 0)
    }
}
