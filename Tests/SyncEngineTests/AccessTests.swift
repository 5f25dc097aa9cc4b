import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import TestKit
import Testing

/// A server that ends an access is obeyed at once, told so, and asked nothing more.
@Suite struct AccessTests {
    /// The server's answer to a request, of the member ana unless another is named, with the request's own word.
    private func ended(
        _ wipe: String?, _ world: EngineWorld, _ request: HTTPRequest, member account: String? = nil,
        echo: String? = nil
    ) -> HTTPResponse {
        let identity = world.store.identity
        var member = wipe.map { ",\"wipe\":\"\($0)\"" } ?? ""
        member += ",\"partner\":\"\(identity.partner ?? "")\",\"member\":\"\(account ?? identity.member ?? "")\""
        if let word = echo ?? request.query("echo") { member += ",\"echo\":\"\(word)\"" }
        let text = "{\"code\":\"access-ended\",\"detail\":\"the member is disabled\",\"next\":\"n\",\"status\":403,"
        return ours(403, Array("\(text)\"title\":\"t\",\"type\":\"about:blank\"\(member)}".utf8))
    }

    private func done(_ request: HTTPRequest) -> HTTPResponse { ours(204) }

    /// A world in sync with one edit queued whose access ends at the next look at the feed.
    private func endedWorld(_ wipe: String?) throws -> EngineWorld {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.fail(.push)
        try world.fire(.pull)
        // The feed's refusal makes it greet again, and the answer to the greeting is obeyed.
        try world.answer(.pull) { ended(wipe, world, $0) }
        #expect(world.store.wipeRecord == nil)
        try world.fire(.pull)
        try world.answer(.pull) { ended(wipe, world, $0) }
        return world
    }

    @Test func `nobody else's end takes anything, nor one that was told before`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.fail(.push)
        try world.fire(.pull)
        try world.fail(.pull)
        try world.fire(.pull)
        try world.answer(.pull) { ended("everything", world, $0, echo: "of-a-cache") }
        #expect(world.store.wipeRecord == nil && world.status.phase == .failing)
        try world.fire(.pull)
        try world.answer(.pull) { ended("everything", world, $0, member: "eve") }
        #expect(world.store.wipeRecord == nil && world.status.phase == .blocked)
        #expect(world.status.outbox.unsettled == 1 && world.asks(.push) == nil)
        #expect(try #require(world.status.lastProblem).why.contains("eve"))
    }

    @Test(arguments: ["image", nil, "a word of later"]) func `the image goes and the queue stays`(wipe: String?) throws
    {
        let world = try endedWorld(wipe)
        #expect(world.store.wipeRecord?.extent == .image && world.store.wipeRecord?.isDone == true)
        #expect(world.status.phase == .blocked && world.status.outbox.unsettled == 1)
        let problem = try #require(world.status.lastProblem)
        #expect(problem.why.contains("the member is disabled") && problem.next.contains("edits export"))
        #expect(throws: StoreError.self) { try world.reader().customer(world.server.customers[0]) }
    }

    @Test func `everything goes when the server asks for everything`() throws {
        let world = try endedWorld("everything")
        #expect(world.status.outbox.unsettled == 0 && world.status.phase == .blocked)
        #expect(try world.reader().edits(all: true).isEmpty)
    }

    @Test func `the server is told once, with the replica's name, and asked nothing more`() throws {
        let world = try endedWorld("image")
        #expect(world.asks(.pull) == "/sync/v1/wiped" && world.shell.inFlight[Lane.push.rawValue] == nil)
        let exchange = try world.answer(.pull, done)
        #expect(
            String(decoding: exchange.request.body, as: UTF8.self)
                == "{\"replica\":\"\(world.store.identity.replica)\"}")
        #expect(world.store.wipeRecord?.isReported == true)
        world.engine.handle(.timerFired(.pull))
        world.engine.handle(.timerFired(.push))
        world.engine.handle(.editAdded)
        #expect(world.asks(.pull) == nil && world.asks(.push) == nil && world.status.phase == .blocked)
    }

    @Test func `a report that does not arrive is sent again by a timer, and a try to sync goes before it`() throws {
        let world = try endedWorld("image")
        try world.fail(.pull)
        #expect(world.status.phase == .blocked)
        try world.fire(.pull)
        try world.answer(.pull) { _ in ours(503) }
        try world.fire(.pull)
        #expect(world.asks(.pull) == "/sync/v1/wiped")
        world.engine.handle(.syncRequested)
        #expect(world.asks(.pull) == "/sync/v1/hello")
        try world.answer(.pull) { ended("image", world, $0) }
        #expect(world.asks(.pull) == "/sync/v1/wiped")
        try world.answer(.pull, done)
        #expect(world.store.wipeRecord?.isReported == true)
    }

    @Test func `a report that our server does not take is not sent again`() throws {
        let world = try endedWorld("image")
        try world.answer(.pull) { _ in problem(.notFound) }
        #expect(world.shell.takeTimer(.pull) == nil || world.engine.pull.state == .blocked)
        world.engine.handle(.timerFired(.pull))
        #expect(world.asks(.pull) == nil)
    }

    @Test func `a push that is told of the end asks the pull side, which does the rest`() throws {
        let world = try EngineWorld.synced()
        try world.edit(500)
        try world.answer(.push) { ended("image", world, $0) }
        #expect(world.store.wipeRecord == nil && world.asks(.pull) == "/sync/v1/changes")
        try world.answer(.pull) { ended("image", world, $0) }
        try world.fire(.pull)
        try world.answer(.pull) { ended("image", world, $0) }
        #expect(world.store.wipeRecord?.isDone == true && world.status.phase == .blocked)
    }

    @Test func `whoever is no server of ours ends nobody's access`() throws {
        let world = try EngineWorld.synced()
        try world.fire(.pull)
        try world.answer(.pull) { _ in
            HTTPResponse.json(403, Array("{\"code\":\"access-ended\",\"wipe\":\"everything\"}".utf8))
        }
        #expect(world.store.wipeRecord == nil && world.status.phase == .offline)
        try world.fire(.pull)
        try world.answer(.pull) { _ in problem(.forbidden) }
        #expect(world.store.wipeRecord == nil && world.status.phase == .blocked)
    }

    @Test func `a member who is welcome again loads anew and the queue goes on`() throws {
        let world = try endedWorld("image")
        try world.answer(.pull, done)
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(world.status.phase == .inSync && world.store.wipeRecord == nil)
        #expect(try world.budget().confirmed == budget(500))
    }
}
