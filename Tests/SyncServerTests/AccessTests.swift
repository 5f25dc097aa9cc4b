import Diagnostics
import HTTPKit
import LedgerStore
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Tokens that end, change or tell a machine to wipe itself, as a client meets them.
@Suite struct AccessTests {
    private let server: TestServer
    private let partner: String

    init() throws {
        server = try TestServer()
        partner = try server.folder.onlyPartner()
    }

    private func status(_ token: String? = nil, as member: String = "ana") -> Int {
        server.send("GET", "/sync/v1/hello", as: member, token: token).status
    }

    private func rotated() throws -> V1.NewToken {
        try WireCoding.decode(V1.NewToken.self, from: server.bytes(server.send("POST", "/sync/v1/token")))
    }

    private func wiped(_ member: String) throws -> Int {
        server.send(
            "POST", "/sync/v1/wiped", as: member,
            body: try WireCoding.encode(V1.Wiped(replica: TestServer.replica(member)))
        ).status
    }

    @Test func `a member changes their token, and the old one opens for a day`() throws {
        let fresh = try rotated()
        #expect(fresh.expiresAt == nil && fresh.previousEndsAt.value == server.clock.now().seconds + 86_400)
        #expect(status() == 200 && status(fresh.token) == 200)
        server.clock.advance(seconds: 86_399)
        #expect(status() == 200)
        server.clock.advance(seconds: 1)
        let late = server.send("GET", "/sync/v1/hello")
        #expect(late.status == 401 && late.headers["WWW-Authenticate"] == "Bearer")
        #expect(try server.problem(late).detail.hasPrefix("the token expired on 20"))
        #expect(status(fresh.token) == 200)
    }

    @Test func `a replacement whose reply was lost ends when another is asked for, one in use does not`() throws {
        let lost = try rotated()
        let fresh = try rotated()
        #expect(status(lost.token) == 401 && status(fresh.token) == 200)
        let third = try rotated()
        #expect(status(fresh.token) == 200 && status(third.token) == 200)
    }

    @Test func `the edits that a replica queued under the old token are taken under the new one`() throws {
        let edit = try server.edit(1, TestServer.budget(5), customer: 0)
        let push = try WireCoding.encode(
            V1.Push(replica: TestServer.replica("ana"), incarnation: 1, edits: [edit]))
        let first = server.send("POST", "/sync/v1/push", body: push)
        let repeated = server.send("POST", "/sync/v1/push", body: push, token: try rotated().token)
        #expect(first.status == 200 && server.bytes(repeated) == server.bytes(first))
    }

    @Test func `a disabled member's machines are told what to remove, may confirm it and nothing else`() throws {
        let directory = try server.folder.openDirectory()
        #expect(status(as: "mona") == 200)
        #expect(try directory.setDisabled(1, partner: partner, account: "mona"))
        for route in Route.all where !route.isOpenToEnded {
            let response = server.send(route.method, route.path, as: "mona")
            let problem = try server.problem(response)
            #expect(response.status == 403 && problem.code == "access-ended" && problem.wipe == "image")
            #expect(response.headers["Fieldbook"] == "1" && response.headers[V1.epochHeader] == nil)
        }
        #expect(try directory.tokens(of: partner, account: "mona").map(\.wipedAt) == [nil])
        #expect(try wiped("mona") == 204)
        #expect(
            try directory.tokens(of: partner, account: "mona").map(\.wipedAt) == [server.clock.now().seconds])
        #expect(status() == 200)
        #expect(try directory.setDisabled(nil, partner: partner, account: "mona"))
        #expect(status(as: "mona") == 200)
        // The word of a replica that was not to wipe itself changes nothing.
        #expect(try wiped("mona") == 204)
        #expect(try directory.tokens(of: partner, account: "mona").map(\.wipedAt) == [nil])
    }

    @Test func `a token marked for a wipe says so, whatever the policy, until the machine has`() throws {
        let directory = try server.folder.openDirectory()
        #expect(try directory.wipeTokens(partner: partner, account: "ana", .everything) == 1)
        let problem = try server.problem(server.send("GET", "/sync/v1/changes?cursor=x"))
        #expect(problem.code == "access-ended" && problem.wipe == "everything")
        #expect(server.send("POST", "/sync/v1/token").status == 403)
        #expect(try wiped("ana") == 204)
        // A machine put back from a copy is told again.
        #expect(status() == 403)
    }

    @Test func `a malformed confirmation is refused and notes nothing`() throws {
        let directory = try server.folder.openDirectory()
        #expect(try directory.setDisabled(1, partner: partner, account: "mona"))
        for body in ["", "{}", #"{"replica":"x"}"#, #"{"replica":"../../etc/passwd0000000000000000"}"#] {
            #expect(server.send("POST", "/sync/v1/wiped", as: "mona", body: Array(body.utf8)).status == 400)
        }
        #expect(try directory.tokens(of: partner, account: "mona").map(\.wipedAt) == [nil])
        #expect(server.send("POST", "/sync/v1/wiped", as: nil).status == 401)
    }

    @Test func `the greeting carries the lease that the partner has set, at once`() throws {
        func lease() throws -> V1.Lease? {
            try WireCoding.decode(V1.Hello.self, from: server.bytes(server.send("GET", "/sync/v1/hello"))).lease
        }
        #expect(try lease() == nil)
        var policy = PartnerPolicy()
        let isSet = policy.set(.lease, "14d wipe")
        #expect(isSet)
        try server.folder.openDirectory().store(.lease, of: policy, partner: partner)
        #expect(try lease() == V1.Lease(days: 14, then: "wipe"))
    }
}
