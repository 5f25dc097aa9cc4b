import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Attempts of a member to reach what is not theirs: by cursor, by id, by replica, by repeating what was sent. mona
/// sees customer 0 alone.
@Suite struct ReachAttackTests {
    private let server: TestServer
    private let mona = TestServer.replica("mona")

    init() throws { server = try TestServer() }

    private func page(_ path: String, _ cursor: String, as member: String = "mona") -> HTTPResponse {
        server.send("GET", Target.build(path: path, query: [("cursor", cursor)]), as: member)
    }

    /// A result without what tells two edits of one author apart.
    private func told(_ edit: V1.Edit) throws -> V1.Result {
        var result = try #require(try server.push([edit], as: "mona").first)
        result.number = WireInteger(0)
        return result
    }

    private func unknown(_ number: Int64, _ key: Int64, _ intent: EditIntent) throws -> V1.Edit {
        var edit = V1.Edit(number: number, kind: "", customer: key, base: 0, deviceTime: 1)
        edit.setIntent(intent)
        return edit
    }

    // MARK: Cursors

    @Test func `a cursor changed anywhere is refused, whatever it would say`() throws {
        let cursor = try server.load(as: "mona").cursor
        for (index, character) in cursor.enumerated() {
            var forged = Array(cursor)
            forged[index] = character == "1" ? "2" : "1"
            // What looks like the form before says only that one is to load anew.
            #expect([400, 410].contains(page("/sync/v1/changes", String(forged)).status))
        }
        let parts = cursor.split(separator: "-").map(String.init)
        for forged in [
            parts.dropLast().joined(separator: "-"), cursor + "0", cursor + cursor, "-", "f2------", "f9-1-1-1-1-1-1",
            "f2-\(parts[1])-1-1-9223372036854775807-0-\(parts[6])", String(repeating: "-", count: 100_000), "\u{0}",
            "🙂",
        ] {
            #expect([400, 410].contains(page("/sync/v1/changes", forged).status), "\(forged.prefix(20))")
            #expect([400, 410].contains(page("/sync/v1/snapshot/rows", forged).status), "\(forged.prefix(20))")
        }
    }

    @Test func `a cursor of another scope or kind brings no row`() throws {
        let (whole, own) = (try server.load(as: "ana").cursor, try server.load(as: "mona").cursor)
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot", as: "ana"))
        ).cursor
        for (path, cursor, member, code) in [
            ("/sync/v1/changes", whole, "mona", 410), ("/sync/v1/snapshot/rows", plan, "mona", 410),
            ("/sync/v1/changes", own, "ana", 410), ("/sync/v1/changes", plan, "ana", 400),
            ("/sync/v1/snapshot/rows", whole, "ana", 400),
        ] {
            let response = page(path, cursor, as: member)
            #expect(response.status == code)
            #expect(!String(decoding: server.bytes(response), as: UTF8.self).contains("account-"))
        }
    }

    @Test func `a forged cursor in an edit makes it older than any limit, and nothing else`() throws {
        var forged = try server.edit(1, .freeze(.account, reason: "r"), customer: 0)
        let cursor = try server.load(as: "mona").cursor
        forged.madeUpon = cursor.replacing("f2-", with: "f2-0")
        forged.payloadHash = try forged.computedPayloadHash()
        var bare = try server.edit(1, .freeze(.account, reason: "r"), customer: 0)
        bare.madeUpon = nil
        bare.payloadHash = try bare.computedPayloadHash()
        let other = try TestServer()
        let (first, second) = (try server.push([forged], as: "mona")[0], try other.push([bare], as: "mona")[0])
        #expect(first.code == second.code && first.message == second.message)
    }

    // MARK: Ids

    @Test func `a customer of another scope is told in the words of one that does not exist`() throws {
        let intents: [EditIntent] = [
            TestServer.budget(5), .adjustBudget(delta: Money(major: 1) ?? .zero, validThrough: nil),
            .freeze(.account, reason: "r"), .unfreeze(.account, reason: "r", seen: [1, 2]), .cancelDiscount,
            .assignManager("mona"), .withdrawManager, .setLabel("x"), .decideRequest(approve: true),
        ]
        var number: Int64 = 0
        for intent in intents {
            number += 2
            let foreign = try told(try server.edit(number, intent, customer: 1))
            let nothing = try told(try unknown(number + 1, 999_999, intent))
            #expect(foreign == nothing && foreign.code == .forbidden, "\(intent)")
            #expect(foreign.was == nil && foreign.became == nil && foreign.otherBy == nil && foreign.version == nil)
        }
        for key in [Int64.min, -1, 0, .max] {
            number += 2
            #expect(try told(try unknown(number, key, .setLabel("x"))).code == .forbidden)
        }
        #expect(try server.load(as: "ana").rows["label"] == nil)
    }

    @Test func `a conflict of another scope is told in the words of one that does not exist`() throws {
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 1)])
        let held = try server.push([try server.edit(1, TestServer.budget(6), customer: 1)], as: "admin")
        let key = ConflictKey(try #require(held.first?.conflict?.value))
        for choice in [ConflictChoice.mine, .theirs] {
            let number: Int64 = choice == .mine ? 10 : 20
            // Under the name of a customer that is theirs as well: the conflict's own customer counts.
            for (step, customer) in [0, 1].enumerated() {
                let foreign = try told(
                    try server.edit(number + Int64(step), .decideConflict(key, choice), customer: customer))
                let nothing = try told(
                    try server.edit(
                        number + Int64(step) + 5, .decideConflict(ConflictKey(999_999), choice), customer: customer))
                #expect(foreign == nothing && foreign.code == .forbidden)
            }
        }
        let version = try #require(try server.load(as: "ana").rows["budget"]?[server.customers[1].value])
        let decision = try server.edit(9, .decideConflict(key, .mine), customer: 1, base: version)
        #expect(try server.push([decision])[0].code == .applied)
    }

    @Test func `an edit in a group with one of another scope is not carried out, and says no more`() throws {
        var edits = [
            try server.edit(1, .setLabel("x"), customer: 0), try server.edit(2, .setLabel("y"), customer: 1),
        ]
        for index in edits.indices {
            edits[index].group = WireInteger(1)
            edits[index].groupSize = 2
            edits[index].payloadHash = try edits[index].computedPayloadHash()
        }
        let results = try server.push(edits, as: "mona")
        #expect(results.allSatisfy { $0.code == .rejected && $0.was == nil })
        #expect(try server.load(as: "ana").rows["label"] == nil)
    }

    // MARK: Replicas

    @Test func `the replica of another member takes no push, no acknowledgement and shows no result`() throws {
        let ana = TestServer.replica("ana")
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let push = try WireCoding.encode(
            V1.Push(replica: ana, incarnation: 9, edits: [try server.edit(2, .setLabel("x"), customer: 0)]))
        #expect(server.send("POST", "/sync/v1/push", as: "mona", body: push).status == 403)
        let ack = try WireCoding.encode(V1.Ack(replica: ana, upTo: 1))
        #expect(server.send("POST", "/sync/v1/ack", as: "mona", body: ack).status == 403)
        func results(_ replica: String) -> [UInt8] {
            server.bytes(server.send("GET", "/sync/v1/results?replica=\(replica)&after=0", as: "mona"))
        }
        #expect(results(ana) == results(String(repeating: "0", count: 32)))
        // What ana's edit made is no predecessor of mona's of the same number.
        let stacked = try server.edit(3, TestServer.budget(7), customer: 0, predecessor: 1)
        #expect(try server.push([stacked], as: "mona")[0].code == .retry)
        #expect(try server.push([try server.edit(2, .setLabel("own"), customer: 0)])[0].code == .applied)
    }

    @Test func `a push sent again has the same result, under another payload it is refused whole`() throws {
        func body(_ edits: [V1.Edit]) throws -> [UInt8] {
            try WireCoding.encode(V1.Push(replica: mona, incarnation: 1, edits: edits))
        }
        let push = try body([try server.edit(1, TestServer.budget(5), customer: 0)])
        let first = server.send("POST", "/sync/v1/push", as: "mona", body: push)
        for _ in 0..<5 {
            #expect(server.bytes(server.send("POST", "/sync/v1/push", as: "mona", body: push)) == server.bytes(first))
        }
        let changed = try body([
            try server.edit(2, .setLabel("new"), customer: 0), try server.edit(1, TestServer.budget(6), customer: 0),
        ])
        #expect(server.send("POST", "/sync/v1/push", as: "mona", body: changed).status == 409)
        let rows = try server.load(as: "mona").rows
        #expect(rows["label"] == nil && rows["budget"]?.count == 1)
        // A hash that lies does not let another payload pass for the old one.
        var lying = try server.edit(1, TestServer.budget(6), customer: 0)
        lying.payloadHash = try server.edit(1, TestServer.budget(5), customer: 0).payloadHash
        #expect(server.send("POST", "/sync/v1/push", as: "mona", body: try body([lying])).status == 409)
    }
}
