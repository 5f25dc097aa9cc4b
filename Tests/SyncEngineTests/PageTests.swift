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

/// Pages that are cut, damaged, stale or from elsewhere.
@Suite struct PageTests {
    /// A world at a checkpoint whose next feed page, already asked for, brings a budget of 300.
    private func waiting(rows: Int64 = 0) throws -> EngineWorld {
        let world = try EngineWorld.synced(rows: rows)
        try world.server.otherSets(300)
        world.engine.handle(.syncRequested)
        return world
    }

    private func cursor(_ world: EngineWorld) throws -> String {
        guard case .feed(let cursor) = try world.store.pullPosition() else { throw Missing(what: "a feed cursor") }
        return cursor
    }

    private func epoch(_ world: EngineWorld) throws -> String { try #require(world.store.identity.epoch) }

    /// The page that takes the cursor on to `end` with a budget of 999 for the first customer.
    private func forged(
        _ world: EngineWorld, kind: String = "feed/1", epoch: String? = nil, from start: String? = nil,
        to end: String = "forged", _ pageEnd: PageEnd = .checkpoint, form: RowForm = .packed
    ) throws -> [UInt8] {
        try pageBytes(
            kind, epoch: epoch ?? self.epoch(world), from: start ?? cursor(world), to: end, sequence: 900, pageEnd,
            [.budget(world.server.customers[0].value, version: 900, 999)], form: form)
    }

    /// After a reply that may not be used, nothing of it is kept and the road is open again.
    private func expectRefused(_ world: EngineWorld, _ reply: HTTPResponse) throws {
        let before = try cursor(world)
        try world.answer(.pull) { _ in reply }
        #expect(try cursor(world) == before && world.budget().confirmed != budget(999))
        #expect(world.status.phase == .failing && world.status.lastProblem != nil && world.shell.timers[0] != nil)
        try world.fire(.pull)
        try world.settle()
        #expect(try world.budget().confirmed == budget(300))
        #expect(world.status.phase == .inSync && world.status.lastProblem == nil)
    }

    /// Whether somebody else may write to the image.
    private func isFree(_ world: EngineWorld) throws -> Bool {
        let other = try Connection(
            path: "\(world.path)/replica.db", mode: .readWrite, durability: .normal, busyTimeoutMilliseconds: 0)
        defer { other.close() }
        do { try other.beginWrite() } catch { return false }
        other.rollBackWrite()
        return true
    }

    /// Two pages with more to come; the second is held.
    private func sendTwo(_ world: EngineWorld) throws {
        for end in ["one", "two"] {
            let page = try forged(world, to: end, .more)
            try world.answer(.pull) { _ in ours(200, page, type: V1.pageMediaType) }
        }
    }

    @Test func `what was applied ahead is let go of when the server refuses the rest for good`() throws {
        let world = try waiting()
        try sendTwo(world)
        #expect(try !isFree(world))
        try world.answer(.pull) { _ in ours(422) }
        #expect(try isFree(world) && world.status.phase == .blocked && cursor(world) == "two")
    }

    @Test func `pages are applied while the next one is on its way, and let go of when none comes`() throws {
        let world = try waiting()
        try sendTwo(world)
        #expect(
            try !isFree(world) && world.asks(.pull) == "/sync/v1/changes" && world.budget().confirmed != budget(999))
        try world.fail(.pull)
        #expect(try isFree(world) && cursor(world) == "two")
        let page = try forged(world, to: "three")
        try world.fire(.pull)
        if world.asks(.pull) == "/sync/v1/hello" { try world.serve(.pull) }
        try world.answer(.pull) { _ in ours(200, page, type: V1.pageMediaType) }
        #expect(try world.budget().confirmed == budget(999))
    }

    @Test func `pages are asked for packed, and those of a server that knows plain ones alone are taken`() throws {
        let world = try waiting()
        let page = try forged(world, form: .plain)
        var asked: String?
        try world.answer(.pull) { request in
            asked = request.query("rows")
            return ours(200, page, type: V1.pageMediaType)
        }
        #expect(asked == "packed")
        #expect(try world.budget().confirmed == budget(999))
    }

    @Test func `a page in a form that this build does not know is refused with what is wrong`() throws {
        let world = try waiting()
        let page = String(decoding: try forged(world), as: UTF8.self).replacing("\"packed\"", with: "\"folded\"")
        try world.answer(.pull) { _ in ours(200, Array(page.utf8), type: V1.pageMediaType) }
        #expect(world.status.lastProblem?.why == "the page writes its rows in a form that this build does not know")
    }

    @Test func `a page with one byte changed is refused`() throws {
        let world = try waiting()
        var page = try forged(world)
        let index = try #require(page.firstRange(of: Array("99900000000".utf8))?.lowerBound)
        page[index] = UInt8(ascii: "8")
        try expectRefused(world, ours(200, page, type: V1.pageMediaType))
    }

    @Test func `a page of another kind, place or history is refused`() throws {
        for variant in 0..<4 {
            let world = try waiting()
            let page =
                switch variant {
                case 0: try forged(world, kind: "snapshot/1")
                case 1: try forged(world, from: "elsewhere")
                case 2: try forged(world, epoch: "0123456789abcdef")
                default: Array("<html>Fieldbook</html>".utf8)
                }
            try expectRefused(world, ours(200, page, type: variant == 3 ? "text/html" : V1.pageMediaType))
        }
    }

    @Test func `a page whose cursor is empty, too long or does not move is refused`() throws {
        for end in ["", String(repeating: "c", count: ProtocolLimits.cursorBytesMax + 1)] {
            let world = try waiting()
            try expectRefused(world, ours(200, try forged(world, to: end), type: V1.pageMediaType))
        }
        let world = try waiting()
        try expectRefused(world, ours(200, try forged(world, to: try cursor(world), .more), type: V1.pageMediaType))
    }

    @Test func `a page of more bytes than a page can have is refused`() throws {
        let world = try waiting()
        let page = [UInt8](repeating: 0x20, count: ProtocolLimits.pageBytesMax + 1)
        try expectRefused(world, ours(200, page, type: V1.pageMediaType))
    }

    @Test func `an old page from a cache is refused and does not bring old values back`() throws {
        let world = try waiting()
        let asked = try #require(world.shell.inFlight[0]).request
        let old = world.server.core.handle(asked)
        try world.settle()
        try world.server.otherSets(400)
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in old }
        #expect(world.status.phase == .failing)
        #expect(try world.budget().confirmed == budget(300))
        try world.fire(.pull)
        try world.settle()
        #expect(try world.budget().confirmed == budget(400))
    }

    @Test func `a page cut anywhere is resumed or asked again, and nothing is lost`() throws {
        for part in [0, 1, 3, 6, 9] {
            let world = try EngineWorld(rows: 300)
            world.engine.handle(.start)
            try world.serve(.pull)
            try world.serve(.pull)
            try world.answer(.pull, keeping: { $0 * part / 10 }, world.server.core.handle)
            if world.shell.inFlight[0] == nil { try world.fire(.pull) }
            try world.settle()
            try world.server.addCoupons(200)
            world.engine.handle(.syncRequested)
            try world.answer(.pull, keeping: { $0 * part / 10 }, world.server.core.handle)
            #expect(try world.reader().coupons(customer: nil, limit: 1000).count == 300)
            if world.shell.inFlight[0] == nil { try world.fire(.pull) }
            try world.settle()
            #expect(try world.reader().coupons(customer: nil, limit: 1000).count == 500)
            #expect(world.status.phase == .inSync)
        }
    }

    @Test func `a page with a large part of its rows goes on at once from its last cursor line`() throws {
        let world = try EngineWorld(rows: 300)
        world.engine.handle(.start)
        try world.serve(.pull)
        try world.serve(.pull)
        try world.answer(.pull, keeping: { $0 * 9 / 10 }, world.server.core.handle)
        #expect(world.asks(.pull) == "/sync/v1/snapshot/rows" && world.status.loadRowsDone ?? 0 >= 128)
        #expect(world.status.failures == 0 && world.status.phase == .loading)
    }

    @Test(arguments: [ProblemCode.resyncRequired, .badRequest])
    func `a cursor that the server does not take leads to a new load`(code: ProblemCode) throws {
        let world = try waiting()
        let number = try world.edit(500, 1)
        // The server says either that it must be loaded anew, or that it never gave this cursor.
        try world.answer(.pull) { _ in problem(code) }
        #expect(try world.store.pullPosition() == .nothing && world.budget().version == .never)
        // At once, without a timer.
        #expect(world.asks(.pull) == "/sync/v1/hello")
        try world.settle()
        #expect(try world.budget().confirmed == budget(300) && world.state(number) == .settled)
        #expect(world.status.phase == .inSync)
    }

    @Test func `a server that lets load and refuses the feed each time is not hammered`() throws {
        let world = try waiting()
        var longest = Duration.zero
        for _ in 0..<30 {
            while let lane = world.busyLane {
                try world.answer(lane) { request in
                    request.path == "/sync/v1/changes" ? problem(.resyncRequired) : world.server.core.handle(request)
                }
            }
            longest = max(longest, try #require(world.shell.timers[0]))
            try world.fire(.pull)
        }
        #expect(longest > .seconds(60))
        try world.settle()
        #expect(world.status.phase == .inSync)
    }

    @Test func `a new history of the server is loaded, and what was sent to the old one goes again`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.server.fork("feedfeedfeedfeed")
        try world.settle()
        #expect(try epoch(world) == "feedfeedfeedfeed" && world.budget().confirmed == budget(500))
        #expect(try world.state(number) == .settled && world.status.phase == .inSync)
    }
}
