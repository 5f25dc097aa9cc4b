import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// An edit that the server can't take, and a server that asks for quiet.
@Suite struct PoisonTests {
    private func failing(on number: EditNumber, _ world: EngineWorld) -> (HTTPRequest) -> HTTPResponse {
        { request in
            let push = try? WireCoding.decode(V1.Push.self, from: request.body)
            if push?.edits.contains(where: { $0.number.value == number.value }) == true {
                return problem(.internalError)
            }
            return world.server.core.handle(request)
        }
    }

    @Test func `an edit that fails every push with it is tried alone and the others pass`() throws {
        let world = try EngineWorld.synced()
        let first = try world.store.add(draft(setBudget(1), world))
        let second = try world.store.add(draft(setBudget(2), world, 1))
        let third = try world.store.add(draft(.freeze(.account, reason: "late"), world))
        world.engine.handle(.editAdded)
        for _ in 0..<12 where world.status.outbox.saved + world.status.outbox.sent > 1 {
            while world.asks(.push) == "/sync/v1/push" { try world.answer(.push, failing(on: second.number, world)) }
            if world.asks(.pull) != nil { try world.serve(.pull) }
            if world.shell.timers[1] != nil { try world.fire(.push) }
        }
        #expect(try world.state(first.number) != .sent && world.state(third.number) != .sent)
        #expect(try world.state(second.number) == .sent)
        // It is named, with where to look.
        #expect(world.status.lastProblem?.what == "cannot push edit \(second.number.value)")
        #expect(world.status.lastProblem?.next.contains("edits show \(second.number.value)") == true)
        // The server was mended.
        for _ in 0..<4 {
            try world.settle()
            if world.shell.timers[1] != nil { try world.fire(.push) }
        }
        try world.settle()
        #expect(try world.state(second.number) == .settled && world.status.phase == .inSync)
    }

    @Test func `edits do not cut short the pause that a server asked for, a person's sync does`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.answer(.push) { _ in problem(.busy, retryAfter: "120") }
        for amount in 1...5 { try world.edit(Int64(amount), 1) }
        #expect(world.shell.inFlight[1] == nil && (world.shell.timers[1] ?? .zero) >= .seconds(120))
        world.engine.handle(.syncRequested)
        #expect(world.asks(.push) == "/sync/v1/push")
        try world.settle()
        #expect(world.status.phase == .inSync)
    }

    @Test func `a link that comes up again and again does not undo the backoff each time`() throws {
        let world = try EngineWorld.synced()
        world.engine.handle(.linkCameUp)
        #expect(world.asks(.pull) == "/sync/v1/changes")
        try world.fail(.pull)
        for _ in 0..<5 { world.engine.handle(.linkCameUp) }
        #expect(world.shell.inFlight[0] == nil && world.engine.pull.state == .backingOff)
        world.clock.advance(seconds: 11)
        world.engine.handle(.linkCameUp)
        #expect(world.asks(.pull) == "/sync/v1/hello")
    }

    private func draft(_ intent: EditIntent, _ world: EngineWorld, _ customer: Int = 0) -> EditDraft {
        EditDraft(customer: world.server.customers[customer], intent: intent)
    }
}
