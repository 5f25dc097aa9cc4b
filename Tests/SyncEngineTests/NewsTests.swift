import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import TestKit
import Testing

/// What the engine tells of, and how often.
@Suite struct NewsTests {
    private func watched() throws -> EngineWorld {
        let world = try EngineWorld.synced()
        world.store.isWatching = true
        return world
    }

    private func logins(_ world: EngineWorld) -> Int {
        world.shell.news.filter { if case .loginNeeded = $0 { true } else { false } }.count
    }

    @Test func `a log-in is told once until a sync was reached again`() throws {
        let world = try watched()
        for _ in 0..<4 {
            try world.fire(.pull)
            try world.answer(.pull) { _ in problem(.unauthenticated) }
        }
        #expect(world.status.phase == .needsLogin && logins(world) == 1)
        try world.fire(.pull)
        try world.settle()
        #expect(world.status.phase == .inSync && logins(world) == 1)
        try world.fire(.pull)
        try world.answer(.pull) { _ in problem(.unauthenticated) }
        #expect(logins(world) == 2)
        guard case .loginNeeded(let told)? = world.shell.news.last else {
            Issue.record("something else was told")
            return
        }
        #expect(told.next.contains("fieldbook login"))
    }

    @Test func `an edit that a push refuses is told with its number, and to nobody who does not watch`() throws {
        for isWatching in [true, false] {
            let world = try watched()
            world.store.isWatching = isWatching
            let number = try world.edit(500)
            try world.answer(.push) { _ in
                var result = V1.Result(
                    number: number.value, code: .rejected, epoch: world.store.identity.epoch ?? "", sequence: 1,
                    baseWasIntact: true)
                result.message = "no"
                let body = V1.Results(epoch: world.store.identity.epoch ?? "", results: [result])
                return ours(200, (try? WireCoding.encode(body)) ?? [])
            }
            try world.settle()
            #expect(try world.state(number) == .dead)
            var refused: [EditNumber] = []
            for case .notices(let notices) in world.shell.news {
                for case .refused(_, let refusal) in notices { refused.append(refusal.number) }
            }
            #expect(refused == (isWatching ? [number] : []))
        }
    }
}
