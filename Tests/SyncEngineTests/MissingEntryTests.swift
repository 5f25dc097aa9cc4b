import HTTPKit
import LedgerStore
import PartnerModel
import ReplicaStore
import SQLiteKit
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// Bill records that name what never comes, on both roads: refused with the reason, nothing of them shown, and the road goes on.
@Suite struct MissingEntryTests {
    /// What records of the server's first customer name, as the server has it.
    private static let entries: [(entity: Entity, key: Int64, values: [LedgerValue])] = [
        (.cycle, 202_611, [.text("2026-11"), .text("estimate"), .integer(1)]),
        (
            .product, 901,
            [.text("p"), .text("Server"), .text("ecs"), .text("Elastic"), .text("vm"), .null, .null]
        ),
        (.region, 902, [.text("r-1"), .text("North")]),
        (.resource, 903, [.integer(1), .text("vm-1"), .null]),
    ]

    private static func put(_ entity: Entity, _ world: EngineWorld) throws {
        let customer = world.server.customers[0].value
        guard let entry = entries.first(where: { $0.entity == entity }) else { throw Missing(what: entity.name) }
        var values = entry.values
        if entity == .resource { values[0] = .integer(customer) }
        try world.server.onLedger {
            _ = try $0.put(
                entity, key: entry.key, subject: entity == .resource ? customer : Subject.everyone, values)
        }
    }

    /// Records that name all of them.
    private static func putBills(_ count: Int64, _ world: EngineWorld) throws {
        let customer = world.server.customers[0].value
        try world.server.onLedger { writer in
            for _ in 0..<count {
                let key = writer.newKey()
                _ = try writer.put(
                    .billRecord, key: key, subject: customer,
                    [
                        .integer(customer), .integer(202_611), .text("b\(key)"), .null, .integer(5), .integer(3),
                        .integer(901), .integer(902), .integer(903), .null, .integer(1_793_000_000), .null, .null,
                        .null, .text("USD"),
                    ] + [LedgerValue](repeating: .integer(1), count: 10) + [.null, .null])
            }
        }
    }

    /// The server forgets a row without a word, as no server of ours does.
    private static func lose(_ entity: Entity, _ world: EngineWorld) throws {
        let ledger = world.server.folder.ledgerFile(try world.server.folder.onlyPartner())
        let connection = try Connection(path: ledger, mode: .readWrite, durability: .normal)
        defer { connection.close() }
        // The ledger itself refuses to.
        try connection.execute("PRAGMA foreign_keys = OFF")
        try connection.write {
            try $0.execute(
                """
                DELETE FROM \(entity.name) WHERE key > 900;
                DELETE FROM feed WHERE entity = \(entity.rawValue) AND key > 900
                """)
        }
    }

    private static func world(bills: Int64, without lost: Entity? = nil) throws -> EngineWorld {
        let world = try EngineWorld()
        for entry in entries { try put(entry.entity, world) }
        if bills > 0 { try putBills(bills, world) }
        if let lost { try lose(lost, world) }
        world.engine.handle(.start)
        return world
    }

    private func bills(_ world: EngineWorld) throws -> Int {
        try world.reader().bills(customer: nil, cycle: nil, limit: 99).count
    }

    private func expectTold(
        _ words: String, _ world: EngineWorld, _ source: SourceLocation = #_sourceLocation
    ) {
        let problem = world.status.lastProblem
        #expect(world.status.phase == .failing, sourceLocation: source)
        #expect(problem?.why.contains(words) == true, "\(String(describing: problem))", sourceLocation: source)
    }

    private func plans(_ world: EngineWorld) -> Int {
        world.shell.sent.filter { $0.request.target.hasPrefix("/sync/v1/snapshot") && $0.request.method == "POST" }
            .count
    }

    /// Lets the lane try again until it is at rest or has failed.
    private func again(_ lane: Lane, _ world: EngineWorld) throws {
        try world.fire(lane)
        try world.settle()
    }

    // MARK: Loads

    @Test(arguments: [Entity.cycle, .product, .region, .resource])
    func `a load whose records name what the server lost is not shown, and told`(entity: Entity) throws {
        let world = try Self.world(bills: 12, without: entity)
        try world.settle()
        expectTold("12 bill records name the \(entity.name) 90", world, isCycle: entity == .cycle)
        #expect(try bills(world) == 0 && world.reader().imageState()?.isLoading == true)
        // The heads go on meanwhile.
        try world.server.otherSets(300)
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(try world.budget().confirmed == budget(300))
        try Self.put(entity, world)
        while world.status.phase != .inSync { try again(.load, world) }
        #expect(try bills(world) == 12 && world.status.lastProblem == nil && plans(world) == 1)
    }

    private func expectTold(_ words: String, _ world: EngineWorld, isCycle: Bool) {
        expectTold(isCycle ? "12 bill records name the cycle 202611" : words, world)
    }

    @Test func `a load that lacks an entry again and again is loaded anew once, and then waits for the server`() throws
    {
        let world = try Self.world(bills: 3, without: .product)
        try world.settle()
        for _ in 0..<2 {
            #expect(plans(world) == 1)
            expectTold("3 bill records name the product 901", world)
            try again(.load, world)
        }
        #expect(plans(world) == 2)
        for round in 1...3 {
            expectTold("3 bill records name the product 901", world)
            // That the heads are at a checkpoint is no news of the load.
            try world.server.otherSets(Int64(round))
            try again(.pull, world)
            #expect(try world.budget().confirmed == budget(Int64(round)))
            for _ in 0..<3 { try again(.load, world) }
        }
        #expect(try plans(world) == 2 && bills(world) == 0)
        try Self.put(.product, world)
        try again(.load, world)
        #expect(try world.status.phase == .inSync && bills(world) == 3)
        // The next time begins from the beginning.
        try Self.lose(.product, world)
        try world.store.forgetImage()
        world.engine.handle(.syncRequested)
        try world.settle()
        for _ in 0..<2 {
            #expect(plans(world) == 3)
            expectTold("3 bill records name the product 901", world)
            try again(.load, world)
        }
        try again(.pull, world)
        #expect(plans(world) == 4)
    }

    @Test func `a part that lost an entry on the way is made good by a new load`() throws {
        let world = try Self.world(bills: 3)
        while world.asks(.load) == nil { try world.serve(.pull) }
        let exchange = try #require(world.shell.inFlight[Lane.load.rawValue])
        try Self.lose(.region, world)
        let bytes = try world.server.core.handle(exchange.request).body.bytes()
        try Self.put(.region, world)
        // The server has it, and says so in no feed.
        try moveToPin(.region, world)
        try world.answer(.load) { _ in ours(200, bytes, type: V1.pageMediaType) }
        try world.settle()
        for _ in 0..<2 {
            expectTold("3 bill records name the region 902", world)
            try again(.load, world)
        }
        try world.settle()
        #expect(try world.status.phase == .inSync && bills(world) == 3 && plans(world) == 2)
    }

    /// Has the row of an entry stand where it always stood.
    private func moveToPin(_ entity: Entity, _ world: EngineWorld) throws {
        let ledger = world.server.folder.ledgerFile(try world.server.folder.onlyPartner())
        let connection = try Connection(path: ledger, mode: .readWrite, durability: .normal)
        defer { connection.close() }
        try connection.write {
            try $0.execute(
                """
                UPDATE \(entity.name) SET version = 1 WHERE key > 900;
                DELETE FROM feed WHERE entity = \(entity.rawValue) AND key > 900
                """)
        }
    }

    // MARK: The feed

    @Test(arguments: [Entity.cycle, .product, .region, .resource])
    func `a checkpoint whose records name what the server lost is not taken, and told`(entity: Entity) throws {
        let world = try Self.world(bills: 0, without: entity)
        try world.settle()
        #expect(world.status.phase == .inSync)
        let before = (try world.store.pullPosition(), try world.store.appliedSequence())
        try Self.put(entity, world)
        try Self.putBills(4, world)
        try Self.lose(entity, world)
        try world.server.otherSets(300)
        world.engine.handle(.syncRequested)
        try world.settle()
        expectTold("4 bill records name the \(entity.name) ", world)
        #expect(try bills(world) == 0 && world.budget().confirmed != budget(300))
        #expect(try world.store.pullPosition() == before.0 && world.store.appliedSequence() == before.1)
        try Self.put(entity, world)
        try again(.pull, world)
        #expect(try world.status.phase == .inSync && bills(world) == 4 && plans(world) == 1)
        #expect(try world.budget().confirmed == budget(300) && world.status.lastProblem == nil)
    }

    @Test func `a replica that lost an entry itself is loaded anew`() throws {
        let world = try Self.world(bills: 3)
        try world.settle()
        // The file is damaged while nobody looks.
        world.store.close()
        let image = try Connection(path: "\(world.path)/replica.db", mode: .readWrite, durability: .normal)
        try image.write { try $0.execute("DELETE FROM product") }
        image.close()
        try world.restart()
        try world.settle()
        try Self.putBills(1, world)
        world.engine.handle(.syncRequested)
        try world.settle()
        for _ in 0..<2 {
            expectTold("4 bill records name the product 901", world)
            #expect(try bills(world) == 3 && plans(world) == 0)
            try again(.pull, world)
        }
        #expect(try world.status.phase == .inSync && bills(world) == 4 && plans(world) == 1)
    }

    @Test func `what is shown stays while a load in its place lacks an entry`() throws {
        let world = try Self.world(bills: 3)
        try world.settle()
        try Self.putBills(1, world)
        try Self.lose(.resource, world)
        try world.store.forgetImage()
        world.engine.handle(.syncRequested)
        try world.settle()
        expectTold("4 bill records name the resource 903", world)
        #expect(try bills(world) == 3 && world.status.loadRowsDone != nil)
        try Self.put(.resource, world)
        try again(.load, world)
        #expect(try bills(world) == 4 && world.status.phase == .inSync)
    }

    @Test func `old records of a customer that joined and lack an entry hold up nobody else`() throws {
        let world = try EngineWorld(anaIs: .manager)
        for entry in Self.entries { try Self.put(entry.entity, world) }
        try Self.putBills(1, world)
        try Self.lose(.product, world)
        try world.server.assign(1)
        world.engine.handle(.start)
        try world.settle()
        #expect(world.status.phase == .inSync)
        let before = plans(world)
        try world.server.assign(0)
        try again(.pull, world)
        for round in 1...4 {
            #expect(world.status.lastProblem?.why.contains("1 bill record names the product 901") == true)
            try again(.fill, world)
            #expect(try world.store.isFollowing() && plans(world) == before, "round \(round)")
        }
        try world.server.otherSets(300)
        try again(.pull, world)
        #expect(try world.budget().confirmed == budget(300) && bills(world) == 0)
        try Self.put(.product, world)
        try again(.pull, world)
        try again(.fill, world)
        #expect(try bills(world) == 1 && world.status.phase == .inSync)
    }
}
