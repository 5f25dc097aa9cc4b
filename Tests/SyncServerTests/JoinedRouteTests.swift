import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import Testing

@testable import SyncServer

/// `/sync/v1/joined` gives the records of a customer to the member that it joined, and to nobody else.
@Suite struct JoinedRouteTests {
    private func ask(_ server: TestServer, _ cursor: String?, as member: String = "mona") -> HTTPResponse {
        let query = cursor.map { [("cursor", $0)] } ?? []
        return server.send("GET", Target.build(path: "/sync/v1/joined", query: query), as: member)
    }

    /// Gives the second customer to mona by an edit of an administrator; the cursor of its records, from mona's feed.
    private func join(_ server: TestServer) throws -> String {
        let start = try server.load(as: "mona").cursor
        let result = try server.push([try server.edit(1, .assignManager("mona"), customer: 1)], as: "admin")
        #expect(result.map(\.code) == [.applied])
        let response = server.send(
            "GET", Target.build(path: "/sync/v1/changes", query: [("cursor", start)]), as: "mona")
        var page = try ReceivedPage(server.bytes(response), kind: "feed/1", expectedCursor: start, isWhole: true)
        var found: String?
        try page.forEachRow { if $0.entity == .membership { found = $0.text(0) } }
        return try #require(found)
    }

    @Test func `a member gets the old records of a customer that joined, and of no other`() throws {
        let server = try TestServer()
        let cursor = try join(server)
        let response = ask(server, cursor)
        #expect(response.status == 200 && response.headers[V1.epochHeader] != nil)
        var page = try ReceivedPage(server.bytes(response), kind: "joined/1", expectedCursor: cursor, isWhole: true)
        #expect(!page.more && page.rowCount >= 1)
        try page.forEachRow { row in
            #expect(Entity.records.contains(row.entity) && row.integer(0) == server.customers[1].value)
        }
    }

    @Test func `no cursor, a feed's, a snapshot's and a forged one are refused as bad requests`() throws {
        let server = try TestServer()
        let cursor = try join(server)
        let feed = try server.load(as: "mona").cursor
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot", as: "mona")))
        // The same place under another customer's key, with the seal of the first.
        var parts = cursor.split(separator: "-").map(String.init)
        parts[parts.count - 2] = "\(server.customers[2].value)"
        for bad in [nil, "", "junk", feed, plan.cursor, cursor + "0", parts.joined(separator: "-")] {
            let response = ask(server, bad)
            #expect(response.status == 400, "\(bad ?? "none")")
            #expect(try server.problem(response).code == "bad-request")
        }
        #expect(
            server.send("GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]), as: "mona").status
                == 400)
    }

    @Test func `another member, one who sees all, and another partner's server take the cursor for nothing`() throws {
        let server = try TestServer()
        let cursor = try join(server)
        #expect(ask(server, cursor, as: "ana").status == 410)
        #expect(ask(server, cursor, as: "admin").status == 410)
        #expect(
            server.send("GET", Target.build(path: "/sync/v1/joined", query: [("cursor", cursor)]), as: nil).status
                == 401)
        // A cursor that another ledger sealed, for the same numbers.
        let position = try Cursor(
            cursor,
            key: Ledger.open(path: server.folder.ledgerFile(server.folder.onlyPartner()), forWriting: false)
                .read { $0.state.sealKey })
        let foreign = position.text(key: [UInt8](repeating: 7, count: 32))
        #expect(ask(server, foreign).status == 400)
    }

    @Test func `once the customer left the answer says so, and joining again does not revive the cursor`() throws {
        let server = try TestServer()
        let cursor = try join(server)
        let base = try #require(try server.load(as: "ana").rows["manager"]?[server.customers[1].value])
        let left = try server.push([try server.edit(2, .withdrawManager, customer: 1, base: base)], as: "admin")
        #expect(left.map(\.code) == [.applied])
        var response = ask(server, cursor)
        #expect(try response.status == 410 && server.problem(response).code == "customer-left")
        let again = try #require(left[0].version?.value)
        _ = try server.push([try server.edit(3, .assignManager("mona"), customer: 1, base: again)], as: "admin")
        response = ask(server, cursor)
        #expect(try server.problem(response).code == "customer-left")
    }
}
