import Diagnostics
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import LocalAPI

/// Several edits in one request: as they were meant, within bounds, and nothing done of what is not understood.
@Suite struct LinkedEditsTests {
    private let edit =
        "{\"number\":\"0\",\"kind\":\"withdraw-manager\",\"customer\":\"1\",\"base\":\"0\","
        + "\"deviceTime\":\"0\",\"schema\":1}"

    private func body(_ more: String, link: String = "\"group\"") -> String {
        "{\"dryRun\":false,\"edit\":\(edit),\"more\":\(more),\"link\":\(link)}"
    }

    @Test(arguments: [nil, .group, .depends] as [Local.Link?])
    func `edits reach the daemon in their order, with what ties them`(link: Local.Link?) throws {
        let daemon = try LiveDaemon()
        let drafts = [EditIntent.withdrawManager, .assignManager("eve"), .setLabel("\u{1F3F7} gold")].map {
            Local.Draft($0, customer: CustomerKey(.max))
        }
        #expect(try daemon.client.add(drafts, link: link, dryRun: true) == Desk.reply)
        #expect(daemon.desk.calls == [.add(drafts, link, dryRun: true)])
    }

    @Test func `as many edits as are allowed go in one request, with the longest reasons`() throws {
        let daemon = try LiveDaemon()
        let reason = String(repeating: "\u{51BB}", count: 256)
        let drafts = (0..<Local.editsMax).map {
            Local.Draft(.freeze(.accountAndResources, reason: reason), customer: CustomerKey(Int64($0)))
        }
        #expect(try daemon.client.add(drafts, link: nil, dryRun: false) == Desk.reply)
        #expect(daemon.desk.calls.first == .add(drafts, nil, dryRun: false) && daemon.desk.calls.count == 1)
        let error = try #require(throws: UserError.self) {
            try daemon.client.add(
                (0...Local.editsMax).map { Local.Draft(.cancelDiscount, customer: CustomerKey(Int64($0))) }, link: nil,
                dryRun: false)
        }
        #expect(error.exitCode == .usage && error.why.contains("1000"), "\(error)")
        #expect(daemon.desk.calls.count == 1)
    }

    @Test func `a refusal of one edit begins with the place it was given`() throws {
        var refusal = Local.Failure(what: "not accepted", why: "too much", next: "less", exitCode: 65)
        refusal.position = 1
        let daemon = try LiveDaemon(refusal: refusal)
        let drafts = [EditIntent.setLabel("a"), .setLabel("b")].map { Local.Draft($0, customer: CustomerKey(1)) }
        func what(_ places: [String]) throws -> String {
            try #require(throws: UserError.self) {
                try daemon.client.add(drafts, link: nil, dryRun: false, places: places)
            }.what
        }
        #expect(try what(["line 3", "line 9"]) == "line 9: not accepted")
        #expect(try what([]) == "not accepted" && what(["line 3"]) == "not accepted")
    }

    @Test func `a request of which one edit or the link is not understood does nothing`() throws {
        let daemon = try LiveDaemon()
        let bodies = [
            body("[\(edit),{}]"), body("[\(edit.replacing("withdraw", with: "explode"))]"), body("{}"), body("7"),
            body("[\(edit)]", link: "\"chain\""), body("[\(edit)]", link: "\"\""), body("[\(edit)]", link: "3"),
            body("[\(edit)]", link: "\"GROUP\""), body("[null]"), body("[[\(edit)]]"),
            body(String(repeating: "[", count: 900_000)),
            body("[" + Array(repeating: edit, count: Local.editsMax).joined(separator: ",") + "]"),
        ]
        for body in bodies {
            let reply = try daemon.ask("POST", "/v1/edits", body: body)
            #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("cannot read the edit"), "\(reply.prefix(400))")
            #expect(reply.utf8.count < 1_000)
        }
        #expect(daemon.desk.calls.count == 0)
        let named = try daemon.ask("POST", "/v1/edits", body: bodies[1])
        #expect(named.contains("\"position\":1"), "\(named)")
    }

    @Test(arguments: ["discard", "resend", "undo"])
    func `a body of an action is read or refused, never passed over`(action: String) throws {
        let daemon = try LiveDaemon()
        for body in ["{", "[]", "null", "{\"dryRun\":1}", "{\"edit\":{}}", String(repeating: "[", count: 900_000)] {
            let reply = try daemon.ask("POST", "/v1/edits/1/\(action)", body: body)
            #expect(reply.hasPrefix("HTTP/1.1 400"), "\(body.prefix(20)): \(reply.prefix(400))")
        }
        #expect(daemon.desk.calls.count == 0)
        for body in ["", "{}", "{\"dryRun\":false,\"other\":1}"] {
            #expect(try daemon.ask("POST", "/v1/edits/1/\(action)", body: body).hasPrefix("HTTP/1.1 200"))
        }
        #expect(daemon.desk.calls.count == 3)
    }

    @Test func `a resending with arguments that are not understood does nothing`() throws {
        let daemon = try LiveDaemon()
        let unknown = edit.replacing("withdraw-manager", with: "set-budget")
        let reply = try daemon.ask("POST", "/v1/edits/1/resend", body: "{\"edit\":\(unknown)}")
        #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("not known"), "\(reply)")
        #expect(daemon.desk.calls.count == 0)
    }
}
