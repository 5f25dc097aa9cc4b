import ConflictRules
import Diagnostics
import HTTPKit
import ReplicaStore
import SyncProtocol
import SyncServer
import TestKit
import Testing

@testable import SyncEngine

/// Rules that change on a running server, and when an agent knows of it.
@Suite struct RulesChangeTests {
    private static let rules = "/sync/v1/rules"

    /// Puts the standard rules under another number into force on the running server; gives their hash.
    @discardableResult
    private func reload(_ world: EngineWorld, version: Int) throws -> String {
        let text = String(decoding: RuleSet.standard.bytes, as: UTF8.self)
            .replacing("\"version\": 2", with: "\"version\": \(version)", maxReplacements: 1)
        writeFile(world.directory.file("server") + "/" + RulesInForce.fileName, text)
        return try world.server.core.rules.reload().hash
    }

    private func asked(_ world: EngineWorld) -> Int {
        world.shell.sent.count { $0.request.target == RulesChangeTests.rules }
    }

    @Test func `an agent at rest knows of new rules with its next page, for one more request`() throws {
        let world = try EngineWorld.synced()
        let hash = try reload(world, version: 7)
        let before = world.shell.sent.count
        try world.fire(.pull)
        try world.settle()
        #expect(!world.store.wantsRules(hash: hash) && asked(world) == 1)
        #expect(world.shell.sent.count == before + 2)
        for _ in 0..<3 {
            try world.fire(.pull)
            try world.settle()
        }
        #expect(asked(world) == 1 && world.shell.sent.count == before + 5)
    }

    @Test func `the reply to a push tells of new rules, and the next push waits for them`() throws {
        let world = try EngineWorld.synced()
        let hash = try reload(world, version: 7)
        try world.edit(500)
        try world.serve(.push)
        try world.edit(600, 1)
        #expect(world.asks(.push) == RulesChangeTests.rules)
        try world.serve(.push)
        #expect(!world.store.wantsRules(hash: hash) && world.asks(.push) == "/sync/v1/push")
        try world.settle()
        #expect(asked(world) == 1)
        #expect(try world.budget().confirmed == budget(500) && world.budget(1).confirmed == budget(600))
        #expect(try world.reader().rules().version == 7)
    }

    @Test func `two lanes that learn of it at once ask once`() throws {
        let world = try EngineWorld.synced()
        try reload(world, version: 7)
        try world.edit(500)
        world.engine.handle(.syncRequested)
        try world.serve(.pull)
        try world.serve(.push)
        try world.settle()
        #expect(asked(world) == 1)
    }

    @Test func `rules that cannot be had stop nothing and are asked for again with the next greeting only`() throws {
        let world = try EngineWorld.synced()
        let hash = try reload(world, version: 7)
        let isDown = { (request: HTTPRequest) in
            request.path == RulesChangeTests.rules ? problem(.internalError) : world.server.core.handle(request)
        }
        for amount in 1...4 as ClosedRange<Int64> {
            try world.edit(amount * 100)
            while let lane = Lane.allCases.first(where: { world.asks($0) != nil }) { try world.answer(lane, isDown) }
        }
        #expect(asked(world) == 1 && world.store.wantsRules(hash: hash))
        #expect(try world.budget().confirmed == budget(400))
        try world.fire(.pull)
        try world.fail(.pull)
        try world.fire(.pull)
        try world.settle()
        #expect(asked(world) == 2 && !world.store.wantsRules(hash: hash))
    }

    @Test func `rules that changed once more while they were fetched are had with the next reply`() throws {
        let world = try EngineWorld.synced()
        try reload(world, version: 7)
        try world.fire(.pull)
        try world.serve(.pull)
        #expect(world.asks(.pull) == RulesChangeTests.rules)
        let hash = try reload(world, version: 8)
        try world.settle()
        #expect(world.store.wantsRules(hash: hash))
        try world.fire(.pull)
        try world.settle()
        #expect(!world.store.wantsRules(hash: hash) && asked(world) == 2)
    }

    @Test func `a mark of another vocabulary or of another form is passed over`() throws {
        let world = try EngineWorld.synced()
        let hash = try reload(world, version: 7)
        for mark in [
            "\(hash)@99", hash, "@1", "", "\(hash)@", "\(hash.uppercased())@1", String(repeating: "x", count: 64),
        ] {
            try world.fire(.pull)
            try world.answer(.pull) { request in
                var response = world.server.core.handle(request)
                var headers = HTTPHeaders()
                headers.add("Fieldbook", "1")
                headers.add(V1.epochHeader, response.headers[V1.epochHeader] ?? "")
                headers.add(V1.rulesHeader, mark)
                response.headers = headers
                return response
            }
            #expect(world.asks(.pull) == nil, "\(mark)")
        }
        #expect(asked(world) == 0)
    }
}
