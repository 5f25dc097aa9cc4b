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

/// Parts and pages that are not what they say: refused with the reason, nothing of them kept, and the road goes on.
@Suite struct BadPartTests {
    /// What may be wrong with a reply, and how the status says it.
    enum Damage: String, CaseIterable, CustomStringConvertible {
        case byteChanged, rowLost, shortButWhole, gzipDamaged, gzipBomb, entryMissing, emptyBody
        var description: String { rawValue }
        var isOfGzip: Bool { self == .gzipDamaged || self == .gzipBomb }

        var why: String {
            switch self {
            case .byteChanged: "fails its digest"
            case .rowLost: "another number of rows"
            case .shortButWhole: "ends before its first cursor line"
            case .gzipDamaged, .gzipBomb: "gzip is damaged, or holds more than a part may"
            case .entryMissing: "does not begin with entity and mask"
            case .emptyBody: "no header line"
            }
        }

        func applied(to page: [UInt8]) throws -> [UInt8] {
            let text = String(decoding: page, as: UTF8.self)
            var lines = text.split(separator: "\n").map(String.init)
            let row = lines.firstIndex { $0.hasPrefix("[") } ?? 0
            switch self {
            case .byteChanged: return Array(text.replacing("Server 1\"", with: "Server 2\"").utf8)
            case .rowLost:
                lines.remove(at: row)
                return Array((lines.joined(separator: "\n") + "\n").utf8)
            case .shortButWhole: return Array((lines.prefix(row + 1).joined(separator: "\n") + "\n").utf8)
            case .gzipDamaged:
                var coded = page
                coded[coded.count / 2] ^= 0xFF
                return coded
            case .gzipBomb:
                return try #require(
                    Zlib.load()?.gzip([UInt8](repeating: 0x20, count: ProtocolLimits.pageBytesMax * 8)))
            case .entryMissing:
                // The header names the entities that rows are numbered by; the one of products and all after it go.
                let from = try #require(text.firstRange(of: ",{\"columns\":[\"product_id\""))
                let to = try #require(text.firstRange(of: "],\"epoch\""))
                return Array((text[..<from.lowerBound] + text[to.lowerBound...]).utf8)
            case .emptyBody: return []
            }
        }
    }

    /// A world whose heads are here and whose first part is asked for, in gzip when its link is slow.
    private func heads(isSlow: Bool) throws -> EngineWorld {
        let world = try EngineWorld()
        if isSlow { world.shell.linkSpeed = 6000 }
        try world.server.addProducts(200)
        world.engine.handle(.start)
        while world.asks(.load) == nil { try world.serve(.pull) }
        return world
    }

    private func spoil(_ lane: Lane, _ damage: Damage, _ world: EngineWorld) throws {
        let exchange = try #require(world.shell.inFlight[lane.rawValue])
        let bytes = try damage.applied(to: world.server.core.handle(exchange.request).body.bytes())
        try world.answer(lane) { _ in
            var reply = ours(200, bytes, type: V1.pageMediaType)
            if damage.isOfGzip { reply.headers.add("Content-Encoding", "gzip") }
            return reply
        }
    }

    @Test(arguments: Damage.allCases) func `a part is refused, and the load goes on from where it stood`(
        damage: Damage
    ) throws {
        let world = try heads(isSlow: damage.isOfGzip)
        let before = world.store.loadProgress()?.done
        try spoil(.load, damage, world)
        #expect(
            world.status.lastProblem?.why.contains(damage.why) == true,
            "\(String(describing: world.status.lastProblem))")
        #expect(world.status.phase == .failing && world.store.loadProgress()?.done == before)
        try world.fire(.load)
        try world.settle()
        #expect(world.status.phase == .inSync && world.status.lastProblem == nil)
        #expect(try products(world) == 200)
    }

    @Test(arguments: [false, true]) func `a whole part whose hash is not that of its tag is refused`(
        isSlow: Bool
    ) throws {
        let world = try heads(isSlow: isSlow)
        let before = world.store.loadProgress()?.done
        try world.answer(.load) { request in
            let reply = world.server.core.handle(request)
            let tag = reply.headers["ETag"] ?? ""
            // Another part of the same place: each line and sum of it is right.
            return reply.tagged(String(tag.dropLast(2)) + (tag.dropLast().last == "0" ? "1\"" : "0\""))
        }
        let why = "do not have the hash that its tag says"
        #expect(
            world.status.lastProblem?.why.contains(why) == true, "\(String(describing: world.status.lastProblem))")
        #expect(world.status.phase == .failing && world.store.loadProgress()?.done == before)
        try world.fire(.load)
        try world.settle()
        #expect(try world.status.phase == .inSync && products(world) == 200)
    }

    @Test(arguments: [nil, "W/\"0\"", "\"as it pleases\""]) func `a tag that is no hash says nothing of a whole part`(
        tag: String?
    ) throws {
        let world = try heads(isSlow: false)
        try world.answer(.load) { world.server.core.handle($0).tagged(tag) }
        try world.settle()
        #expect(try world.status.phase == .inSync && world.status.failures == 0 && products(world) == 200)
    }

    @Test(arguments: [Damage.byteChanged, .rowLost, .shortButWhole, .entryMissing, .emptyBody])
    func `a page of the feed is refused, and the feed goes on from where it stood`(damage: Damage) throws {
        let world = try EngineWorld.synced()
        try world.server.addProducts(200)
        world.engine.handle(.syncRequested)
        let before = try world.store.pullPosition()
        try spoil(.pull, damage, world)
        #expect(
            world.status.lastProblem?.why.contains(damage.why) == true,
            "\(String(describing: world.status.lastProblem))")
        #expect(try world.store.pullPosition() == before && products(world) == 0 && world.status.phase == .failing)
        try world.fire(.pull)
        try world.settle()
        #expect(try world.status.phase == .inSync && products(world) == 200)
    }

    @Test func `a page that was kept and holds a row that is none begins the feed anew from the last checkpoint`()
        throws
    {
        let world = try EngineWorld.synced()
        try world.server.otherSets(300)
        world.engine.handle(.syncRequested)
        guard case .feed(let start) = try world.store.pullPosition() else { throw Missing(what: "a feed cursor") }
        let epoch = try #require(world.store.identity.epoch)
        let bad = PageRow(.usage, world.server.customers[0].value, version: 900, ["not a number", 1])
        let page = try pageBytes("feed/1", epoch: epoch, from: start, to: "kept", sequence: 900, .more, [bad])
        try world.answer(.pull) { _ in ours(200, page, type: V1.pageMediaType) }
        #expect(try world.store.pullPosition() == .feed(cursor: "kept") && world.status.phase == .syncing)
        let end = try pageBytes("feed/1", epoch: epoch, from: "kept", to: "end", sequence: 901, .checkpoint, [])
        try world.answer(.pull) { _ in ours(200, end, type: V1.pageMediaType) }
        #expect(world.status.lastProblem?.why.contains("the wrong type in amount") == true)
        #expect(try world.store.pullPosition() == .feed(cursor: start) && world.status.phase == .failing)
        try world.fire(.pull)
        try world.settle()
        #expect(try world.budget().confirmed == budget(300) && world.status.phase == .inSync)
    }

    private func products(_ world: EngineWorld) throws -> Int {
        let image = try Connection(path: "\(world.path)/replica.db", mode: .readOnly, durability: .reader)
        defer { image.close() }
        return try image.statement("SELECT count(*) FROM product").first { Int($0.int64(0)) } ?? -1
    }
}

extension HTTPResponse {
    /// The same with another tag, or none.
    fileprivate func tagged(_ tag: String?) -> HTTPResponse {
        var response = self
        response.headers = HTTPHeaders()
        for field in headers.fields where field.name != "ETag" { response.headers.add(field.name, field.value) }
        if let tag { response.headers.add("ETag", tag) }
        return response
    }
}
