import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import Testing

@testable import SyncServer

@Suite struct FeedTests {
    @Test func `a member gets everything of the scope and nothing else`() throws {
        let server = try TestServer()
        _ = try server.push([
            try server.edit(1, TestServer.budget(5), customer: 0),
            try server.edit(2, TestServer.budget(5), customer: 1),
        ])
        let whole = try server.load(as: "ana").rows
        #expect(whole["customer"]?.count == 3 && whole["coupon"]?.count == 3 && whole["bill_record"]?.count == 3)
        let own = try server.load(as: "mona").rows
        #expect(own["customer"].map { Array($0.keys) } == [server.customers[0].value])
        #expect(own["budget"]?.count == 1 && own["bill_record"]?.count == 1 && own["coupon"] == nil)
        #expect(own["product"]?.count == 1 && own["cycle"]?.count == 1)
    }

    @Test func `a form of rows that the server does not know is answered with plain rows`() throws {
        let server = try TestServer()
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot")))
        func page(_ rows: [(String, String)]) -> [UInt8] {
            let query = [("cursor", plan.cursor)] + rows
            return server.bytes(server.send("GET", Target.build(path: "/sync/v1/snapshot/rows", query: query)))
        }
        for other in ["plain", "folded", "", "PACKED"] { #expect(page([("rows", other)]) == page([])) }
        #expect(page([("rows", "packed")]) != page([]))
    }

    @Test func `changes between the pages of a snapshot come with the feed`() throws {
        let server = try TestServer()
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot")))
        _ = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        var (cursor, more, budgets) = (plan.cursor, true, 0)
        while more {
            let response = server.send(
                "GET", Target.build(path: "/sync/v1/snapshot/rows", query: [("cursor", cursor)]))
            var snapshot = try ReceivedPage(
                server.bytes(response), kind: "snapshot/1", expectedCursor: cursor, isWhole: true)
            try snapshot.forEachRow { if $0.entity == .budget { budgets += 1 } }
            #expect(budgets == 0 && !snapshot.isCheckpoint)
            (cursor, more) = (snapshot.cursor, snapshot.more)
        }
        let feed = server.send("GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]))
        var page = try ReceivedPage(server.bytes(feed), kind: "feed/1", expectedCursor: cursor, isWhole: true)
        try page.forEachRow { if $0.entity == .budget { budgets += 1 } }
        #expect(budgets == 1 && page.isCheckpoint)
    }

    @Test func `a row stands in the feed once, at its latest sequence`() throws {
        let server = try TestServer()
        let start = try server.load(as: "ana").cursor
        var base: Int64 = 0
        for number in 1...5 {
            base = try #require(
                try server.push([
                    try server.edit(Int64(number), TestServer.budget(Int64(number)), customer: 0, base: base)
                ])[0].version?.value)
        }
        let response = server.send("GET", Target.build(path: "/sync/v1/changes", query: [("cursor", start)]))
        let page = try ReceivedPage(server.bytes(response), kind: "feed/1", expectedCursor: start, isWhole: true)
        // The budget once, and a line of history for each edit.
        #expect(page.rowCount == 6 && page.sequence == base + 1)
    }

    @Test func `an empty poll is small and a checkpoint`() throws {
        let server = try TestServer()
        let cursor = try server.load(as: "ana").cursor
        let response = server.send("GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]))
        let page = try ReceivedPage(server.bytes(response), kind: "feed/1", expectedCursor: cursor, isWhole: true)
        #expect(page.rowCount == 0 && page.isCheckpoint && page.cursor == cursor)
    }

    @Test func `cursors that are damaged, foreign or of another scope are refused with the right status`() throws {
        let server = try TestServer()
        let cursor = try server.load(as: "ana").cursor
        func status(_ cursor: String, as member: String = "ana") -> Int {
            server.send("GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]), as: member).status
        }
        #expect(status(cursor) == 200)
        #expect(status(cursor + "0") == 400)
        #expect(status("junk") == 400)
        #expect(status(cursor, as: "mona") == 410)
        #expect(server.send("GET", "/sync/v1/changes").status == 400)
        let snapshot = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot"))
        ).cursor
        #expect(status(snapshot) == 400)
    }

    @Test func `results are given again to the member that made the edits, and to no other`() throws {
        let server = try TestServer()
        let first = try server.push([try server.edit(1, TestServer.budget(5), customer: 0)])
        let target = "/sync/v1/results?replica=\(TestServer.replica("ana"))&after=0"
        #expect(try WireCoding.decode(V1.Results.self, from: server.bytes(server.send("GET", target))).results == first)
        #expect(
            try WireCoding.decode(V1.Results.self, from: server.bytes(server.send("GET", target, as: "mona"))).results
                .isEmpty)
        let stolen = server.send(
            "POST", "/sync/v1/ack", as: "mona",
            body: try WireCoding.encode(V1.Ack(replica: TestServer.replica("ana"), upTo: 1)))
        #expect(stolen.status == 403)
    }

    @Test func `every reply names protocol, and once the member is known epoch and lineage`() throws {
        let server = try TestServer()
        for response in [server.send("GET", "/sync/v1/hello"), server.send("GET", "/sync/v1/changes")] {
            #expect(response.headers["Fieldbook"] == "1" && response.headers["Cache-Control"] == "no-store")
            #expect(response.headers[V1.epochHeader] != nil && response.headers[V1.lineageHeader] != nil)
        }
        let stranger = server.send("GET", "/sync/v1/hello", as: nil, token: "fbt_wrong")
        #expect(
            stranger.status == 401 && stranger.headers[V1.epochHeader] == nil
                && stranger.headers["WWW-Authenticate"] == "Bearer")
        #expect(server.send("GET", "/sync/v1/hello", as: nil).status == 401)
        #expect(server.send("GET", "/sync/v1/nothing").status == 404)
        #expect(server.send("DELETE", "/sync/v1/push").headers["Allow"] == "POST")
        #expect(server.send("GET", "/sync/v1/../v1/hello").status == 404)
    }

    @Test func `a body that is junk, too large or too long is refused and applies nothing`() throws {
        let server = try TestServer()
        func status(_ body: [UInt8]) -> Int { server.send("POST", "/sync/v1/push", body: body).status }
        #expect(status([]) == 400)
        #expect(status(Array("{".utf8)) == 400)
        #expect(status(Array("[]".utf8)) == 400)
        #expect(status([UInt8](repeating: 32, count: ProtocolLimits.pushBytesMax + 1)) == 413)
        let many = V1.Push(
            replica: TestServer.replica("ana"), incarnation: 1,
            edits: try (1...101).map { try server.edit(Int64($0), TestServer.budget(5), customer: 0) })
        #expect(status(try WireCoding.encode(many)) == 413)
        #expect(status(try WireCoding.encode(V1.Push(replica: "short", incarnation: 1, edits: []))) == 400)
        #expect(try server.load(as: "ana").rows["budget"] == nil)
    }
}
