import ConflictRules
import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Guards and decisions on conflicts: those that a file puts before decisions, and those of the edit decided upon.
@Suite struct DecisionGuardTests {
    private let server: TestServer
    private let conflict: ConflictKey
    private let base: Int64

    /// A conflict on the budget of customer 0, under rules by which decisions have one guard.
    private init(deciding guardText: String) throws {
        server = try TestServer()
        let first = try server.push([try server.edit(1, TestServer.budget(500), customer: 0)], as: "admin")[0]
        let held = try server.push([try server.edit(1, TestServer.budget(300), customer: 0)])[0]
        conflict = ConflictKey(try #require(held.conflict).value)
        base = try #require(first.version).value
        let text = String(decoding: RuleSet.standard.bytes, as: UTF8.self)
        let parts = text.split(separator: "\"guard\": [],", omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let bytes = Array("\(parts[0])\"guard\": [\(guardText)],\(parts[1])".utf8)
        writeFile("\(server.folder.path)/\(RulesInForce.fileName)", bytes)
        try server.core.rules.reload()
    }

    init() throws { try self.init(deciding: #"{ "guard": "role", "in": ["administrator"] }"#) }

    private func decide(_ number: Int64, _ choice: ConflictChoice, as member: String) throws -> V1.Result {
        let edit = try server.edit(number, .decideConflict(conflict, choice), customer: 0, base: base)
        return try server.push([edit], as: member)[0]
    }

    @Test(arguments: [ConflictChoice.mine, .theirs])
    func `who may not decide by the rules does not, whatever the choice`(
        choice: ConflictChoice
    ) throws {
        let refused = try decide(2, choice, as: "ana")
        #expect(refused.code == .forbidden && refused.reason == "FB.ROLE" && refused.rule == "role")
        #expect(try decide(2, .theirs, as: "admin").code == .applied)
    }

    @Test func `a decision that needs a code is put off, and says by which guard`() throws {
        let tests = try DecisionGuardTests(
            deciding: #"{ "guard": "role", "in": ["administrator"], "else": "step-up" }"#)
        let result = try tests.decide(2, .theirs, as: "ana")
        #expect(result.code == .needsStepUp && result.reason == "FB.ROLE" && result.rule == "role")
        #expect(try tests.decide(2, .theirs, as: "admin").code == .applied)
    }

    @Test func `a promise outside the range is not decided into force, however often the range moved`() throws {
        let server = try TestServer()
        func setRange(_ high: Int64) throws {
            let path = server.folder.ledgerFile(try server.folder.onlyPartner())
            let ledger = try Ledger.open(path: path, forWriting: true)
            defer { ledger.close() }
            let now = Timestamp(seconds: server.clock.now().seconds)
            _ = try ledger.write { writer in
                try SystemWriters(writer: writer, rulesVersion: 2, now: now).carryOut(
                    .range(BasisPoints(1)...BasisPoints(high)))
            }
        }
        func push(_ number: Int64, _ intent: EditIntent, upon cursor: String) throws -> V1.Result {
            var edit = try server.edit(number, intent, customer: 2)
            edit.madeUpon = cursor
            edit.payloadHash = try edit.computedPayloadHash()
            return try server.push([edit])[0]
        }
        let now = server.clock.now().seconds
        let promise = Discount(
            percent: BasisPoints(2500), validFrom: Timestamp(seconds: now), validUntil: Timestamp(seconds: now + 86_400)
        )
        let before = try server.load(as: "ana").cursor
        try setRange(2000)
        let held = try push(1, .setDiscount(promise), upon: before)
        #expect(held.code == .held && held.rule == "authorised-range")
        let key = ConflictKey(try #require(held.conflict).value)
        let seen = try server.load(as: "ana").cursor
        #expect(try push(2, .decideConflict(key, .mine), upon: seen).reason == "FB.DISCOUNT_RANGE")
        try setRange(1000)
        #expect(try push(3, .decideConflict(key, .mine), upon: seen).reason == "FB.DISCOUNT_RANGE")
        try setRange(3000)
        #expect(try push(4, .decideConflict(key, .mine), upon: seen).code == .applied)
    }
}
