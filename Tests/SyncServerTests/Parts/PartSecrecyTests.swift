import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import Synchronization
import Testing

@testable import SyncServer

/// A kept part is given only to those who would be given its rows now, and nothing that was erased stays in one.
@Suite struct PartSecrecyTests {
    private let bench: PartBench

    init() throws { bench = try PartBench(bills: 70) }

    private func push(_ number: Int64, _ intent: EditIntent, customer: Int) throws {
        let edit = try bench.server.edit(number, intent, customer: customer)
        #expect(try bench.server.push([edit], as: "admin").map(\.code) == [.applied])
    }

    private func assign(_ customer: Int, to manager: String) throws {
        try bench.write {
            _ = try $0.set(
                .manager(manager), of: bench.server.customers[customer], author: "x", at: Timestamp(seconds: 9))
        }
    }

    private func putContact() throws {
        let key = bench.server.customers[2].value
        try bench.write {
            _ = try $0.put(
                .contact, key: key, subject: key, [.text("+8613800001111"), .text("0086"), .text("who@example.com")])
        }
    }

    private func eraseContact() throws {
        let key = bench.server.customers[2].value
        try bench.write { try $0.delete(.contact, key: key, subject: key) }
    }

    @Test func `a customer that left is in no part that is given from then on`() throws {
        try assign(1, to: "mona")
        let first = try bench.firstPart(as: "mona")
        let before = try bench.get(first, as: "mona")
        #expect(before.text.contains("\"b1\"") && before.text.contains("\"b0\""))
        try assign(1, to: "someone")
        for range in [nil, "bytes=10-"] {
            let after = try bench.get(first, as: "mona", range: range, ifRange: before.tag)
            #expect(after.status == 200 && after.tag != before.tag)
            #expect(!after.text.contains("\"b1\"") && after.text.contains("\"b0\""))
        }
        #expect(!bench.content.contains("\"b1\"") && bench.files.count == 1)
        #expect(bench.store.counts.dropped == [.unusable: 1])
        // The feed from the pin tells of the leaving, whichever parts came before it.
        let cursor = try bench.end(before, after: first).cursor
        let feed = bench.server.send(
            "GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]), as: "mona")
        #expect(
            String(decoding: bench.server.bytes(feed), as: UTF8.self).contains(
                "\n[18,\(bench.server.customers[1].value),"))
    }

    @Test func `a member of another scope, or of none any more, is given no part`() throws {
        let first = try bench.firstPart()
        _ = try bench.get(first)
        #expect(try bench.get(first, as: "mona").status == 410)
        #expect(try bench.server.folder.openDirectory().setDisabled(1, partner: bench.partner, account: "ben"))
        #expect(try bench.get(first, as: "ben").status == 403)
        #expect(bench.core.handle(HTTPRequest(method: "GET", target: bench.request(first).target)).status == 401)
    }

    @Test func `a scope that shows less has parts of its own, and the old ones go`() throws {
        let first = try bench.firstPart(as: "mona")
        _ = try bench.get(first, as: "mona")
        try bench.write { try $0.setBillsSinceAssignment(true) }
        #expect(try bench.get(first, as: "mona").status == 410)
        let next = try bench.firstPart(as: "mona")
        #expect(try !bench.get(next, as: "mona").text.contains("\"b0\"") && bench.files.count == 1)
    }

    @Test func `contact data are in no file, and an erasure by anyone takes all parts of the partner`() throws {
        try putContact()
        let first = try bench.firstPart()
        for member in ["ana", "mona"] { _ = try bench.get(try bench.firstPart(as: member), as: member) }
        let secrets = ["+8613800001111", "who@example.com", "Customer 2", "account-2"]
        #expect(bench.files.count == 2 && !secrets.contains { bench.content.contains($0) })
        // By a command on the folder; the server sees it with its next look.
        try eraseContact()
        bench.core.tick()
        #expect(bench.files.isEmpty && bench.store.counts.dropped == [.erased: 2])
        #expect(try bench.get(first).status == 200 && bench.files.count == 1)
        // By a member's push: before it is answered.
        try putContact()
        try eraseContact()
        try push(1, .setLabel("x"), customer: 1)
        #expect(bench.files.isEmpty)
        // By a command while no server ran.
        _ = try bench.get(first)
        try putContact()
        try eraseContact()
        #expect(bench.files.count == 1)
        #expect(try bench.restarted().files.isEmpty)
    }

    @Test func `a part that was being made while a contact was erased is not kept`() throws {
        let first = try bench.firstPart()
        _ = try bench.get(first)
        var identity = PartIdentity(
            partner: bench.partner, epoch: "e", scope: 1, scopeVersion: 1, pin: 1, at: 1, entity: 15, key: 0, left: 0,
            rows: "json", coding: .identity)
        let sequence = try bench.write { $0.sequence }
        let part = try bench.store.part(identity, at: sequence) {
            try putContact()
            try eraseContact()
            bench.core.tick()
            return Array("rows from before".utf8)
        }
        #expect(try part.body.bytes() == Array("rows from before".utf8) && bench.files.isEmpty)
        identity.key = 1
        _ = try bench.store.part(identity, at: sequence + 10) { [1] }
        #expect(bench.files.count == 1)
    }

    @Test func `parts of a state that the ledger does not have any more are gone after a start`() throws {
        let first = try bench.firstPart()
        _ = try bench.get(first)
        var identity = PartIdentity(
            partner: bench.partner, epoch: try bench.write { $0.state.epoch }, scope: 1, scopeVersion: 1, pin: 1, at: 1,
            entity: 15, key: 0, left: 0, rows: "json", coding: .identity)
        // As after a restore: made at a sequence that this ledger has not come to.
        _ = try bench.store.part(identity, at: 1_000_000) { [1] }
        identity.epoch = "another"
        _ = try bench.store.part(identity, at: 10) { [1] }
        identity = PartIdentity(
            partner: bench.partner, epoch: try bench.write { $0.state.epoch }, scope: 77, scopeVersion: 1, pin: 1,
            at: 1,
            entity: 15, key: 0, left: 0, rows: "json", coding: .identity)
        _ = try bench.store.part(identity, at: 10) { [1] }
        #expect(bench.files.count == 4)
        #expect(try bench.restarted().files.count == 1)
    }
}
