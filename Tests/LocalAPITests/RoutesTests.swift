import Diagnostics
import Glibc
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import HTTPKit
@testable import LocalAPI

@Suite struct RoutesTests {
    static let budget = Budget(amount: Money(units: 1_234_500_000_000), type: .oneTime, onExhaustion: .freeze)
    static let discount = Discount(
        percent: BasisPoints(1250), validFrom: Timestamp(seconds: 1), validUntil: Timestamp(seconds: 2))

    @Test(arguments: ["{}", "{\"code\":\"12345\"}", "{\"code\":\"12345x\"}", "{\"code\":123456}", ""])
    func `what is no code never reaches the daemon`(body: String) throws {
        let daemon = try LiveDaemon()
        let reply = try daemon.ask("POST", "/v1/edits/1/confirm", body: body)
        #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("six digits"), "\(reply)")
        #expect(daemon.desk.calls == [])
    }

    @Test(
        arguments: [
            .setBudget(budget, validThrough: BillingCycle("2026-12")), .setBudget(budget, validThrough: nil),
            .adjustBudget(delta: Money(units: -1), validThrough: nil),
            .freeze(.accountAndResources, reason: "é \"x\"\\\n"),
            .unfreeze(.account, reason: "r", seen: []), .setDiscount(discount), .cancelDiscount,
            .decideConflict(ConflictKey(.max), .mine), .decideConflict(ConflictKey(1), .theirs),
            .decideConflict(ConflictKey(1), .budget(budget)), .decideConflict(ConflictKey(1), .discount(discount)),
            .assignManager("eve"), .withdrawManager, .setLabel("gold"), .setLabel(nil), .decideRequest(approve: false),
        ] as [EditIntent])
    func `every kind of edit reaches the daemon as it was meant`(intent: EditIntent) throws {
        let daemon = try LiveDaemon()
        let draft = Local.Draft(intent, customer: CustomerKey(.max))
        for dryRun in [false, true] {
            let reply = try daemon.client.add(intent, customer: CustomerKey(.max), dryRun: dryRun)
            #expect(reply == Desk.reply)
            #expect(daemon.desk.calls.last == .add([draft], nil, dryRun: dryRun))
        }
    }

    @Test func `every other request reaches the daemon, and its answer the program`() throws {
        let daemon = try LiveDaemon()
        #expect(try daemon.client.status() == Desk.status)
        #expect(try daemon.client.statusIfRunning() == Desk.status)
        try daemon.client.sync()
        try daemon.client.sync(records: true)
        #expect(try daemon.client.waitForSync(seconds: 600).reached)
        #expect(try daemon.client.discard(EditNumber(5)) == [EditNumber(5), EditNumber(.max)])
        try daemon.client.discard(EditNumber(.max), dryRun: true)
        #expect(try daemon.client.resend(EditNumber(1)) == Desk.reply)
        #expect(try daemon.client.resend(EditNumber(1), as: .cancelDiscount, dryRun: true) == Desk.reply)
        #expect(try daemon.client.undo(EditNumber(2)) == Desk.reply)
        #expect(try daemon.client.undo(EditNumber(2), dryRun: true) == Desk.reply)
        #expect(try daemon.client.confirm(EditNumber(2), code: "123456").result == Desk.result)
        #expect(
            daemon.desk.calls == [
                .sync, .syncRecords, .wait(600), .discard(EditNumber(5), dryRun: false),
                .discard(EditNumber(.max), dryRun: true),
                .resend(EditNumber(1), nil, dryRun: false), .resend(EditNumber(1), .cancelDiscount, dryRun: true),
                .undo(EditNumber(2), dryRun: false), .undo(EditNumber(2), dryRun: true),
                .confirm(EditNumber(2), "123456"),
            ])
    }

    @Test func `an edit is answered once everybody can read it, and a refusal at once`() throws {
        let daemon = try LiveDaemon()
        _ = try daemon.client.add(.setLabel("gold"), customer: CustomerKey(1), dryRun: false)
        #expect(daemon.desk.shown == 1)
        let refused = try LiveDaemon(refusal: Local.Failure(what: "w", why: "y", next: "n", exitCode: 65))
        _ = try? refused.client.add(.setLabel("gold"), customer: CustomerKey(1), dryRun: false)
        #expect(refused.desk.shown == 0)
    }

    @Test func `a refusal comes with its words and its exit code`() throws {
        let refusal = Local.Failure(
            what: "the edit is not accepted", why: "too much", next: "give less", exitCode: 65, code: "CBC.0101")
        let daemon = try LiveDaemon(refusal: refusal)
        let tries: [() throws -> Void] = [
            { _ = try daemon.client.add(.cancelDiscount, customer: CustomerKey(1), dryRun: false) },
            { try daemon.client.discard(EditNumber(1)) }, { _ = try daemon.client.resend(EditNumber(1)) },
            { _ = try daemon.client.undo(EditNumber(1)) },
            { _ = try daemon.client.confirm(EditNumber(1), code: "123456") },
        ]
        for attempt in tries {
            let error = try #require(throws: UserError.self) { try attempt() }
            #expect(error.exitCode == .refused)
            #expect([error.what, error.why, error.next] == ["the edit is not accepted", "too much", "give less"])
        }
        let reply = try daemon.ask("POST", "/v1/edits/1/discard")
        #expect(reply.hasPrefix("HTTP/1.1 422") && reply.contains("\"code\":\"CBC.0101\""))
    }

    @Test(
        arguments: [
            "/", "/v1", "/v1/", "/v1/statuses", "/v2/status", "/v1/status/", "//v1/status", "/v1/edits/", "/v1/edits/1",
            "/v1/edits/1/", "/v1/edits/1/explode", "/v1/edits/1/discard/", "/v1//edits/1/discard", "/v1/../v1/status",
            "/v1/%2e%2e/status", "/%00", "/%FF", "/%zz",
        ], ["GET", "POST", "DELETE"])
    func `a path that there is not is told as such`(path: String, method: String) throws {
        let reply = try LiveDaemon().ask(method, path)
        #expect(reply.hasPrefix("HTTP/1.1 404") && reply.contains("nothing at this path"), "\(reply)")
        #expect(reply.contains("\r\nFieldbook-API: 4\r\n"))
    }

    @Test(arguments: [
        ("/v1/status", "GET"), ("/v1/sync", "POST"), ("/v1/sync/wait?seconds=1", "GET"), ("/v1/edits", "POST"),
        ("/v1/edits/1/discard", "POST"), ("/v1/edits/1/resend", "POST"), ("/v1/edits/1/confirm", "POST"),
        ("/v1/edits/1/undo", "POST"),
    ])
    func `another method than the path takes is refused with the one it takes`(path: String, method: String) throws {
        let daemon = try LiveDaemon()
        for other in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "X"] where other != method {
            let reply = try daemon.ask(other, path)
            #expect(reply.hasPrefix("HTTP/1.1 405"), "\(other): \(reply)")
            #expect(reply.contains("\r\nAllow: \(method)\r\n") && reply.contains("this path takes \(method)"))
        }
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test(arguments: ["0", "-1", "+", "9223372036854775808", "1e3", "%31x", "x"])
    func `what is no edit number is not guessed`(text: String) throws {
        let daemon = try LiveDaemon()
        let reply = try daemon.ask("POST", "/v1/edits/\(text)/discard")
        #expect(reply.hasPrefix("HTTP/1.1 404") && reply.contains("no edit number"), "\(reply)")
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test(arguments: [
        "", "?seconds=", "?seconds=0", "?seconds=601", "?seconds=-1", "?seconds=1.5", "?seconds=x", "?second=1",
    ])
    func `a wait without a bound that makes sense is refused`(query: String) throws {
        let daemon = try LiveDaemon()
        let reply = try daemon.ask("GET", "/v1/sync/wait\(query)")
        #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("seconds must be 1 to 600"), "\(reply)")
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test(
        arguments: [
            "", "{", "[]", "null", "\u{0}", "{\"dryRun\":true}", "{\"edit\":{},\"dryRun\":false}",
            "{\"dryRun\":false,\"edit\":{\"number\":\"0\",\"kind\":\"explode\",\"customer\":\"1\",\"base\":\"0\",\"deviceTime\":\"0\",\"schema\":1}}",
            "{\"dryRun\":false,\"edit\":{\"number\":\"0\",\"kind\":\"cancel-discount\",\"customer\":\"1\",\"base\":\"0\",\"deviceTime\":\"0\",\"schema\":2}}",
            "{\"dryRun\":false,\"edit\":{\"number\":\"0\",\"kind\":\"cancel-discount\",\"customer\":1,\"base\":\"0\",\"deviceTime\":\"0\",\"schema\":1}}",
            "{\"dryRun\":false,\"edit\":{\"number\":\"0\",\"kind\":\"freeze\",\"customer\":\"1\",\"base\":\"0\",\"deviceTime\":\"0\",\"schema\":1}}",
            String(repeating: "[", count: 60_000),
        ])
    func `a body that is no edit is refused and nothing is done`(body: String) throws {
        let daemon = try LiveDaemon()
        let reply = try daemon.ask("POST", "/v1/edits", body: body)
        #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("cannot read the edit"), "\(reply.prefix(500))")
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test func `only the owner of the daemon and root are served`() {
        let server = LocalAPIServer(handler: Desk())
        for (user, status) in [(getuid(), 200), (0, 200), (getuid() &+ 1, 403), (UInt32.max, 403)] as [(UInt32, Int)] {
            var request = HTTPRequest(method: "GET", target: "/v1/status")
            request.peer = PeerCredentials(processID: 1, userID: user)
            #expect(server.handle(request).status == status, "user \(user)")
        }
        // Without a peer it did not come over the socket.
        #expect(server.handle(HTTPRequest(method: "GET", target: "/v1/status")).status == 403)
    }
}
