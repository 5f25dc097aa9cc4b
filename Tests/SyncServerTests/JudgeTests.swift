import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import Testing

@testable import SyncServer

@Suite struct JudgeTests {
    @Test func `an edit on an intact base is applied and a repeat gets the same result and changes nothing`() throws {
        let server = try TestServer()
        let edit = try server.edit(1, TestServer.budget(5), customer: 0)
        let first = try server.push([edit])
        #expect(first[0].code == .applied)
        #expect(try server.push([edit]) == first)
        let head = try server.load(as: "ana").rows["budget"]
        #expect(head?.count == 1)
    }

    @Test func `the same number with another payload is refused whole and applies nothing`() throws {
        let server = try TestServer()
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let push = V1.Push(
            replica: TestServer.replica("ana"), incarnation: 1,
            edits: [
                try server.edit(2, TestServer.budget(7), customer: 1),
                try server.edit(1, TestServer.budget(6), customer: 0),
            ])
        let response = server.send("POST", "/sync/v1/push", body: try WireCoding.encode(push))
        #expect(response.status == 409)
        #expect(try server.problem(response).code == "key-mismatch")
        #expect(try server.load(as: "ana").rows["budget"]?.count == 1)
    }

    @Test func `numbers that never come, of edits set aside or combined, are missed by nobody`() throws {
        let server = try TestServer()
        let last = try server.edit(4, TestServer.budget(5), customer: 0)
        #expect(try server.push([last]).map(\.code) == [.applied])
        let ack = Array(#"{"replica":"\#(TestServer.replica("ana"))","upTo":"4"}"#.utf8)
        let acked = server.send("POST", "/sync/v1/ack", as: "ana", body: ack)
        #expect(acked.status == 200, "\(String(decoding: server.bytes(acked), as: UTF8.self))")
        #expect(try server.push([try server.edit(9, TestServer.budget(7), customer: 1)]).map(\.code) == [.applied])
    }

    @Test func `a moved base is held, equal values converge`() throws {
        let server = try TestServer()
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let results = try server.push(
            [
                try server.edit(1, TestServer.budget(6), customer: 0),
                try server.edit(2, TestServer.budget(5), customer: 0),
            ], as: "admin")
        #expect(results.map(\.code) == [.held, .noop])
        #expect(results[0].conflict != nil)
        #expect(try server.load(as: "ana").rows["conflict"]?.count == 1)
    }

    @Test func `an edit that is held though nobody touched its base says so and names nobody`() throws {
        let server = try TestServer()
        let first = try server.push(
            [try server.edit(1, .freeze(.account, reason: "r"), customer: 0)], as: "admin")
        let base = try #require(first[0].version?.value)
        // It was made upon nothing that the server knows, so it counts as old.
        let old = try server.edit(1, .freeze(.accountAndResources, reason: "r"), customer: 0, base: base)
        let held = try server.push([old])[0]
        #expect(held.code == .held && held.rule == "old-resources")
        let why = "nobody changed the freezes meanwhile, but the rule old-resources leaves this edit to a person"
        #expect(held.message == why)
        #expect(held.otherBy == nil && held.otherAt == nil)
        let late = try server.push(
            [try server.edit(2, .freeze(.accountAndResources, reason: "r"), customer: 0)])[0]
        #expect(late.rule == "late-resources" && late.otherBy == "admin")
        #expect(late.message?.hasPrefix("admin changed the freezes after the base of this edit; ") == true)
    }

    @Test func `a budget that was set while the author of a late one saw none is told in these words`() throws {
        let server = try TestServer()
        var late = try server.edit(1, TestServer.budget(6), customer: 0)
        late.before = V1.State(.budget(nil))
        late.payloadHash = try late.computedPayloadHash()
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)], as: "admin")
        let held = try server.push([late])[0]
        #expect(held.code == .held && held.rule == "type-changed")
        #expect(
            held.message
                == "admin set a budget while the author of this edit saw none; the rule type-changed leaves it to a person"
        )
        // Of an author who saw one, or whose view is not known, that is not said.
        var other = try server.edit(2, TestServer.budget(7), customer: 0)
        #expect(try server.push([other])[0].message?.hasPrefix("admin changed the budget after the base") == true)
        other = try server.edit(3, TestServer.budget(7), customer: 0)
        other.before = V1.State(.budget(Budget(amount: .zero, type: .oneTime, onExhaustion: .manual)))
        other.payloadHash = try other.computedPayloadHash()
        #expect(try server.push([other])[0].message?.hasPrefix("admin changed the budget after the base") == true)
    }

    @Test func `edits that build on each other pass together, and what builds on a held one waits`() throws {
        let server = try TestServer()
        let stack = try server.push([
            try server.edit(1, TestServer.budget(5), customer: 0),
            try server.edit(
                2, .adjustBudget(delta: Money(units: 100_000_000), validThrough: nil), customer: 0, predecessor: 1),
            try server.edit(3, TestServer.budget(9), customer: 0, predecessor: 2),
        ])
        #expect(stack.map(\.code) == [.applied, .applied, .applied])
        let other = try server.push(
            [
                try server.edit(1, TestServer.budget(1), customer: 0),
                try server.edit(2, TestServer.budget(2), customer: 0, predecessor: 1),
                try server.edit(3, .freeze(.account, reason: "r"), customer: 0),
            ], as: "admin")
        #expect(other.map(\.code) == [.held, .blocked, .applied])
    }

    @Test func `a stack passes no further when someone else came between`() throws {
        let server = try TestServer()
        let first = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let version = try #require(first[0].version?.value)
        _ = try server.push([try server.edit(1, TestServer.budget(6), customer: 0, base: version)], as: "admin")
        #expect(
            try server.push([try server.edit(2, TestServer.budget(7), customer: 0, predecessor: 1)])[0].code == .held)
    }

    @Test func `a back-and-forth change of the same value is still a moved base`() throws {
        let server = try TestServer()
        let first = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let base = try #require(first[0].version?.value)
        let away = try server.push([try server.edit(2, TestServer.budget(6), customer: 0, base: base)])
        _ = try server.push([
            try server.edit(3, TestServer.budget(5), customer: 0, base: try #require(away[0].version?.value))
        ])
        #expect(
            try server.push([try server.edit(1, TestServer.budget(8), customer: 0, base: base)], as: "admin")[0].code
                == .held)
    }

    @Test func `what depends on a refused edit is refused, and an unknown predecessor is retried`() throws {
        let server = try TestServer()
        let results = try server.push([
            try server.edit(1, TestServer.budget(0), customer: 0),
            try server.edit(2, TestServer.budget(2), customer: 0, predecessor: 1),
            try server.edit(3, TestServer.budget(3), customer: 1, predecessor: 77),
        ])
        #expect(results.map(\.code) == [.rejected, .rejected, .retry])
        #expect(results[1].reason == "FB.PREDECESSOR")
    }

    @Test func `limits are checked at arrival, with the vendor's codes`() throws {
        let server = try TestServer()
        let results = try server.push([
            try server.edit(1, TestServer.budget(5), customer: 2),
            try server.edit(2, .unfreeze(.account, reason: "r", seen: [1]), customer: 0),
        ])
        #expect(results[0].code == .rejected && results[0].reason == "CBC.99005024")
        // Nothing is frozen: what was asked is so.
        #expect(results[1].code == .noop)
    }

    @Test func `an unknown kind is unsupported and a forged hash refused, the others go on`() throws {
        let server = try TestServer()
        var strange = try server.edit(1, TestServer.budget(5), customer: 0)
        strange.kind = "paint-blue"
        strange.payloadHash = nil
        var forged = try server.edit(2, TestServer.budget(5), customer: 0)
        forged.amount = "6"
        let results = try server.push([strange, forged, try server.edit(3, TestServer.budget(7), customer: 0)])
        #expect(results.map(\.code) == [.unsupported, .rejected, .applied])
        #expect(results[1].reason == "FB.PAYLOAD")
    }

    @Test func `a customer of someone else and one that does not exist get the same answer`() throws {
        let server = try TestServer()
        let foreign = try server.push([try server.edit(1, TestServer.budget(5), customer: 1)], as: "mona")[0]
        var missing = try server.edit(2, TestServer.budget(5), customer: 1)
        missing.customer = 999_999
        missing.payloadHash = try missing.computedPayloadHash()
        let absent = try server.push([missing], as: "mona")[0]
        #expect(foreign.code == .forbidden && absent.code == .forbidden)
        #expect(foreign.message == absent.message && foreign.reason == absent.reason && foreign.conflict == nil)
    }

    // MARK: Decisions

    private func heldConflict(_ server: TestServer) throws -> (key: Int64, version: Int64) {
        let applied = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let held = try server.push([try server.edit(1, TestServer.budget(6), customer: 0)], as: "admin")
        return (try #require(held[0].conflict?.value), try #require(applied[0].version?.value))
    }

    private func decide(
        _ server: TestServer, _ number: Int64, _ key: Int64, _ choice: ConflictChoice, base: Int64,
        as member: String = "ana"
    ) throws -> V1.Result {
        try server.push(
            [try server.edit(number, .decideConflict(ConflictKey(key), choice), customer: 0, base: base)], as: member)[
                0]
    }

    @Test func `deciding mine carries the held edit out and gives it its end`() throws {
        let server = try TestServer()
        let (key, version) = try heldConflict(server)
        #expect(try decide(server, 2, key, .mine, base: version).code == .applied)
        let again = try server.push([try server.edit(1, TestServer.budget(6), customer: 0)], as: "admin")
        #expect(again[0].code == .applied && again[0].message?.contains("ana") == true)
    }

    @Test func `deciding theirs overrules the held edit, a third value merges`() throws {
        let first = try TestServer()
        let one = try heldConflict(first)
        #expect(try decide(first, 2, one.key, .theirs, base: one.version).code == .applied)
        #expect(
            try first.push([try first.edit(1, TestServer.budget(6), customer: 0)], as: "admin")[0].code == .overruled)
        let second = try TestServer()
        let two = try heldConflict(second)
        let value = ConflictChoice.budget(
            Budget(amount: Money(major: 9) ?? .zero, type: .monthly, onExhaustion: .manual))
        #expect(try decide(second, 2, two.key, value, base: two.version).code == .applied)
        #expect(
            try second.push([try second.edit(1, TestServer.budget(6), customer: 0)], as: "admin")[0].code == .merged)
    }

    @Test func `the first decision wins, the same one is no change, another is overruled`() throws {
        let server = try TestServer()
        let (key, version) = try heldConflict(server)
        _ = try decide(server, 2, key, .theirs, base: version)
        #expect(try decide(server, 2, key, .theirs, base: version, as: "admin").code == .noop)
        let late = try decide(server, 3, key, .mine, base: version, as: "admin")
        #expect(late.code == .overruled && late.message?.contains("ana") == true)
    }

    @Test func `a decision on values that moved since is turned down and the conflict shows the new ones`() throws {
        let server = try TestServer()
        let (key, version) = try heldConflict(server)
        _ = try server.push([try server.edit(2, TestServer.budget(7), customer: 0, base: version)])
        #expect(try decide(server, 3, key, .mine, base: version).code == .overruled)
        let state = try server.push([try server.edit(1, TestServer.budget(6), customer: 0)], as: "admin")
        #expect(state[0].code == .held)
    }

    @Test func `a conflict of someone else's customer cannot be decided and tells nothing`() throws {
        let server = try TestServer()
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 1)])
        let held = try server.push([try server.edit(1, TestServer.budget(6), customer: 1)], as: "admin")
        let key = try #require(held[0].conflict?.value)
        let foreign = try decide(server, 1, key, .mine, base: 1, as: "mona")
        let absent = try decide(server, 2, 987_654, .mine, base: 1, as: "mona")
        #expect(foreign.code == .forbidden && absent.code == .forbidden && foreign.message == absent.message)
    }
}
