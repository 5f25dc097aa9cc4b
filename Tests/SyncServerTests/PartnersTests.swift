import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Two partners in one server.
@Suite struct PartnersTests {
    private let server: TestServer
    /// Administrator of the second partner, whose account has the name of the first one's, and its ledger without
    /// customers.
    private let other: String
    private let partner: String

    init() throws {
        server = try TestServer()
        (partner, other) = try server.folder.addPartner(
            name: "Other", account: "admin", currency: "EUR", clock: server.clock, chance: CountingChance(seed: 9))
    }

    private func hello(_ token: String?) throws -> V1.Hello {
        try WireCoding.decode(
            V1.Hello.self, from: server.bytes(server.send("GET", "/sync/v1/hello", as: "admin", token: token)))
    }

    private func push(_ edit: V1.Edit) throws -> V1.Result? {
        let push = V1.Push(replica: TestServer.replica("admin"), incarnation: 1, edits: [edit])
        let response = server.send("POST", "/sync/v1/push", body: try WireCoding.encode(push), token: other)
        return try WireCoding.decode(V1.Results.self, from: server.bytes(response)).results.first
    }

    @Test func `a partner added beside a running server is served at once, under accounts of the same names`() throws {
        let (mine, theirs) = (try hello(nil), try hello(other))
        #expect(mine.member == theirs.member && mine.partner != theirs.partner && theirs.partner == partner)
        #expect(mine.partnerName == "P" && theirs.partnerName == "Other" && mine.epoch != theirs.epoch)
        server.core.tick()
        // A replica name is a partner's own: that of the first's member is not taken in the second.
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)], as: "admin")
        #expect(try push(try server.edit(1, TestServer.budget(5), customer: 0))?.code == .forbidden)
        #expect(try server.load(as: "admin").rows["budget"]?.count == 1)
    }

    @Test func `a cursor of one partner is in the other what any junk is`() throws {
        let cursor = try server.load(as: "admin").cursor
        func refusal(_ cursor: String) -> [UInt8] {
            let response = server.send(
                "GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]), token: other)
            #expect(response.status == 400)
            return server.bytes(response)
        }
        #expect(refusal(cursor) == refusal("f2-junk"))
    }

    @Test func `a customer or conflict of one partner is in the other what does not exist`() throws {
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let held = try server.push(
            [try server.edit(1, TestServer.budget(6), customer: 0)], as: "admin",
            replica: String(repeating: "a", count: 32))
        let conflict = try #require(held.first?.conflict?.value)
        func words(_ edit: V1.Edit) throws -> [String?] {
            let result = try push(edit)
            #expect(result?.code == .forbidden)
            return [result?.reason, result?.message, result?.next]
        }
        var junk = V1.Edit(number: 9, kind: "", customer: 999_999, base: 0, deviceTime: 1)
        junk.setIntent(TestServer.budget(5))
        let nothing = try words(junk)
        #expect(try words(try server.edit(2, TestServer.budget(5), customer: 1)) == nothing)
        #expect(try words(try server.edit(3, .decideConflict(ConflictKey(conflict), .mine), customer: 0)) == nothing)
        #expect(try words(try server.edit(4, .decideConflict(ConflictKey(999_999), .mine), customer: 0)) == nothing)
    }

    @Test func `a command on a folder of several partners needs to be told which`() throws {
        let error = #expect(throws: UserError.self) { try server.folder.onlyPartner() }
        #expect(error?.why.contains("(Other)") == true && error?.next.contains("--partner") == true)
        #expect(try DataFolder(server.folder.path, partner: partner).onlyPartner() == partner)
        #expect(throws: UserError.self) { try DataFolder(server.folder.path, partner: "../x").onlyPartner() }
    }
}
