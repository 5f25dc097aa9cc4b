import HTTPKit
import PartnerModel
import ReplicaStore
import SyncEngine
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// Edits that a person confirms with a code.
@Suite struct ConfirmTests {
    private let world: EngineWorld
    private let edit: EditNumber
    private static let code = "271828"

    init() throws {
        world = try EngineWorld.synced()
        edit = try world.edit(500)
        try world.answer(.push, ConfirmTests.asking(world))
        #expect(try world.state(edit) == .waiting)
    }

    /// A server that asks for a code and takes one.
    private static func asking(_ world: EngineWorld) -> (HTTPRequest) -> HTTPResponse {
        { request in
            guard let push = try? WireCoding.decode(V1.Push.self, from: request.body),
                let first = push.edits.first, push.stepUp?.code != code
            else {
                var bare = request
                if var push = try? WireCoding.decode(V1.Push.self, from: request.body) {
                    push.stepUp = nil
                    bare = HTTPRequest(
                        method: request.method, target: request.target, headers: request.headers,
                        body: (try? WireCoding.encode(push)) ?? [])
                }
                return world.server.core.handle(bare)
            }
            let results = push.edits.map { edit in
                V1.Result(
                    number: edit.number.value, code: edit.number == first.number ? .needsStepUp : .retry, epoch: "e",
                    sequence: 0, baseWasIntact: false)
            }
            let body =
                (try? WireCoding.encode(V1.Results(epoch: world.store.identity.epoch ?? "", results: results))) ?? []
            return ours(200, body)
        }
    }

    /// An edit of another customer, which needs no code and is sent at once.
    private func another() throws -> EditNumber { try world.edit(7, 1) }

    private func confirm(_ code: String = code, _ number: EditNumber? = nil) {
        world.engine.handle(.confirm(number ?? edit, code: code))
    }

    private var sent: V1.Push? {
        world.shell.inFlight[Lane.push.rawValue].flatMap {
            try? WireCoding.decode(V1.Push.self, from: $0.request.body)
        }
    }

    private var failure: EngineStatus.Problem? {
        guard case .failed(let problem) = world.status.confirmation?.outcome else { return nil }
        return problem
    }

    @Test func `a code goes out at once with its edit alone, and its result is told`() throws {
        let other = try another()
        #expect(sent?.stepUp == nil && sent?.edits.map(\.number.value) == [other.value])
        try world.answer(.push, world.server.core.handle)
        confirm()
        #expect(sent?.stepUp == V1.StepUp(number: edit.value, code: ConfirmTests.code))
        #expect(sent?.edits.map(\.number.value) == [edit.value])
        try world.answer(.push, ConfirmTests.asking(world))
        guard case .result(let result) = world.status.confirmation?.outcome else { throw Missing(what: "a result") }
        #expect(result.code == .applied && result.number.value == edit.value)
        // What goes out next has no code.
        #expect(sent?.stepUp == nil)
        try world.settle()
        #expect(try world.state(edit) == .settled && world.state(other) == .settled)
    }

    @Test func `a code that was not accepted is forgotten, and the next one is another try`() throws {
        confirm("000000")
        try world.answer(.push, ConfirmTests.asking(world))
        guard case .result(let result) = world.status.confirmation?.outcome else { throw Missing(what: "a result") }
        #expect(result.code == .needsStepUp && world.status.confirmation?.count == 1)
        // It is not sent again before there is another code.
        #expect(sent == nil && world.status.outbox.behindPerson == 1)
        confirm()
        try world.answer(.push, ConfirmTests.asking(world))
        #expect(world.status.confirmation?.count == 2 && failure == nil)
    }

    @Test func `a code waits for the push under way and for nothing else`() throws {
        _ = try another()
        confirm()
        #expect(sent?.stepUp == nil && world.status.confirmation == nil)
        confirm("000000")
        #expect(failure?.why == "another code is on its way")
        try world.answer(.push, world.server.core.handle)
        #expect(sent?.stepUp?.code == ConfirmTests.code)
    }

    @Test func `who is offline is refused at once, and the code is never sent later`() throws {
        world.engine.handle(.syncRequested)
        try world.fail(.pull)
        if sent != nil { try world.fail(.push) }
        confirm()
        #expect(failure?.why == "the server cannot be reached now")
        if world.shell.timers[0] != nil { try world.fire(.pull) }
        try world.settle()
        #expect(world.shell.sent.allSatisfy { !String(decoding: $0.request.body, as: UTF8.self).contains("271828") })
    }

    @Test func `a push under way that fails takes the waiting code with it`() throws {
        _ = try another()
        confirm()
        try world.fail(.push)
        #expect(failure?.why == "the code was not sent, or its reply not kept")
        try world.fire(.push)
        #expect(sent != nil && sent?.stepUp == nil)
    }

    @Test func `a lost reply is told as such and the edit goes on without the code`() throws {
        confirm()
        try world.fail(.push, .timeout)
        #expect(failure?.next.contains("it may have arrived") == true)
        try world.fire(.push)
        #expect(sent?.edits.first?.number.value == edit.value && sent?.stepUp == nil)
    }

    @Test func `an edit that does not wait to be sent can't be confirmed`() throws {
        confirm(ConfirmTests.code, EditNumber(99))
        #expect(failure?.why == "it does not wait to be sent")
        #expect(sent?.stepUp == nil)
    }

    @Test func `a code is in no file of the replica`() throws {
        confirm("314159")
        try world.answer(.push, ConfirmTests.asking(world))
        for name in ["outbox.db", "outbox.db-wal", "replica.db", "replica.db-wal"] {
            #expect(!String(decoding: readFile("\(world.path)/\(name)"), as: UTF8.self).contains("314159"), "\(name)")
        }
    }
}
