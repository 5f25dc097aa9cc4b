import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// Refusals of the server, and replies that are none of its.
@Suite struct RefusalTests {
    @Test func `a refused token pauses, drops nothing, and a new token goes on`() throws {
        let world = try EngineWorld.synced()
        let first = try world.edit(500)
        let token = try world.server.renewToken()
        let second = try world.edit(600, 1)
        try world.settle()
        #expect(world.status.phase == .needsLogin && world.status.nextAttemptAt != nil)
        #expect(try world.state(first) == .sent && world.state(second) == .saved)
        #expect(world.status.lastProblem?.next.contains("fieldbook login") == true)
        let asked = world.shell.sent.count
        try world.fire(.pull)
        try world.settle()
        #expect(world.shell.sent.count == asked + 1 && world.status.phase == .needsLogin)
        try world.restart(token: token)
        try world.settle()
        #expect(try world.state(first) == .settled && world.state(second) == .settled && world.status.phase == .inSync)
    }

    @Test func `a push whose token was refused once goes on although the pull never stopped`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.answer(.push) { _ in problem(.unauthenticated) }
        try world.settle()
        #expect(world.status.phase == .needsLogin && world.engine.pull.state == .resting)
        let due = try #require(world.shell.timers[Lane.push.rawValue])
        #expect(world.status.nextAttemptAt == world.clock.now().advanced(by: due) && due >= .seconds(200))
        try world.fire(.push)
        try world.settle()
        #expect(try world.state(number) == .settled && world.status.phase == .inSync && world.status.lastProblem == nil)
    }

    @Test func `a person who asks for a sync need not wait for a refused push's timer`() throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.answer(.push) { _ in problem(.unauthenticated) }
        try world.settle()
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(try world.state(number) == .settled)
    }

    @Test(arguments: [ProblemCode.busy, .internalError, .tooLarge])
    func `a server that wants quiet is given it`(code: ProblemCode) throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.answer(.push) { _ in problem(code, retryAfter: "120") }
        #expect(world.shell.timers[Lane.push.rawValue] == .seconds(120))
        #expect(world.shell.inFlight[Lane.push.rawValue] == nil)
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in ours(429, retryAfter: "7200") }
        #expect(world.shell.timers[Lane.pull.rawValue] == .seconds(3600))
        try world.settle()
        #expect(try world.state(number) == .settled)
    }

    @Test(arguments: ["", "-5", "soon", "9999999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT"])
    func `a wish for quiet that cannot be read leaves our own delay`(text: String) throws {
        let world = try EngineWorld.synced()
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in problem(.busy, retryAfter: text) }
        #expect(try #require(world.shell.timers[Lane.pull.rawValue]) <= .seconds(2))
    }

    @Test func `delays grow with each failure and begin again after a success`() throws {
        let world = try EngineWorld.synced()
        var longest = Duration.zero
        for _ in 0..<30 {
            try world.fire(.pull)
            try world.answer(.pull) { _ in problem(.busy) }
            longest = max(longest, try #require(world.shell.timers[Lane.pull.rawValue]))
        }
        #expect(longest > .seconds(60) && longest <= .seconds(300))
        try world.fire(.pull)
        try world.settle()
        try world.fire(.pull)
        try world.answer(.pull) { _ in problem(.busy) }
        #expect(try #require(world.shell.timers[Lane.pull.rawValue]) <= .seconds(2))
    }

    @Test(arguments: [200, 204, 301, 302, 307, 401, 403, 407, 410, 511])
    func `what a captive portal answers is not taken for ours, whatever its status`(status: Int) throws {
        let world = try EngineWorld()
        var portal = HTTPResponse.json(status, Array("<html>log in</html>".utf8), type: "text/html")
        portal.headers.add("Location", "http://portal/login")
        world.engine.handle(.start)
        try world.answer(.pull) { _ in portal }
        #expect(world.status.phase == .offline && world.status.lastProblem?.next.contains("web page") == true)
        try world.fire(.pull)
        try world.settle()
        let number = try world.edit(500)
        try world.answer(.push) { _ in portal }
        #expect(try world.state(number) == .sent && world.status.phase == .offline)
        world.engine.handle(.syncRequested)
        try world.answer(.pull) { _ in portal }
        #expect(try world.store.pullPosition() != .nothing)
        world.engine.handle(.linkCameUp)
        try world.settle()
        #expect(try world.state(number) == .settled && world.status.phase == .inSync)
    }

    @Test(arguments: [.untrusted, .handshake, .alert, .proxy, .badSettings] as [HTTPError.Code])
    func `a way to the server that needs a person is told as failing, with what to do, and tried again`(
        code: HTTPError.Code
    ) throws {
        let world = try EngineWorld.synced()
        let number = try world.edit(500)
        try world.fail(.push, code)
        #expect(world.status.phase == .failing && world.status.lastProblem?.next.contains("tried again") == true)
        // Where nothing can have left, the edit is as it was before.
        #expect(try world.state(number) == (code == .alert ? .sent : .saved))
        try world.fire(.pull)
        try world.fail(.pull, code)
        #expect(world.status.phase == .failing)
        let wait = try #require(world.shell.timers[Lane.pull.rawValue])
        #expect(wait >= .seconds(1))
        try world.fire(.pull)
        #expect(world.status.phase == .failing)
        try world.settle()
        try world.fire(.push)
        try world.settle()
        #expect(try world.state(number) == .settled && world.status.phase == .inSync)
    }

    @Test func `a web server that was asked in the wrong scheme is told apart from a captive portal`() throws {
        let world = try EngineWorld()
        world.engine.handle(.start)
        try world.answer(.pull) { _ in
            .json(400, Array("<h1>The plain HTTP request was sent to HTTPS port</h1>".utf8), type: "text/html")
        }
        #expect(world.status.phase == .failing && world.status.lastProblem?.why.contains("speaks TLS") == true)
    }

    @Test func `a server of another partner is refused, and no edit goes to it`() throws {
        let world = try EngineWorld.synced()
        let other = try Backend(world.directory.file("other"), clock: world.clock, seed: 77)
        try world.fire(.pull)
        try world.fail(.pull)
        try world.fire(.pull)
        let foreign = HTTPHeaders.bearer(other.tokens["ana"] ?? "")
        try world.answer(.pull) { request in
            var asked = request
            asked.headers = foreign
            return other.core.handle(asked)
        }
        #expect(world.status.phase == .blocked && world.status.lastProblem?.why.contains("another partner") == true)
        let number = try world.edit(500)
        #expect(world.shell.inFlight.allSatisfy { $0 == nil })
        #expect(try world.state(number) == .saved)
        world.engine.handle(.syncRequested)
        try world.settle()
        #expect(try world.state(number) == .settled && world.status.phase == .inSync)
    }

    @Test func `a server of another version is told and nothing is lost`() throws {
        let world = try EngineWorld()
        world.engine.handle(.start)
        try world.answer(.pull) { request in
            let reply = world.server.core.handle(request)
            guard case .bytes(let bytes) = reply.body, var hello = try? WireCoding.decode(V1.Hello.self, from: bytes)
            else { return reply }
            hello.protocol = 2
            return ours(200, (try? WireCoding.encode(hello)) ?? [])
        }
        #expect(world.status.phase == .blocked && world.status.lastProblem?.why.contains("protocol 2") == true)
    }

    @Test func `a greeting that a cache had kept is not taken for another member's`() throws {
        let world = try EngineWorld()
        world.engine.handle(.start)
        var kept: HTTPResponse?
        try world.answer(.pull) { request in
            kept = world.server.core.handle(request)
            return kept ?? HTTPResponse(status: 500)
        }
        world.engine.handle(.stop)
        world.engine.handle(.start)
        try world.answer(.pull) { _ in kept ?? HTTPResponse(status: 500) }
        #expect(world.engine.push.state == .unmet && world.status.lastProblem?.why.contains("cache") == true)
    }
}
