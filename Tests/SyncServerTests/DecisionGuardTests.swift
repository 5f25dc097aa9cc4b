import ConflictRules
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Guards that a rule file puts before decisions on conflicts.
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

    @Test(arguments: [ConflictChoice.mine, .theirs]) func `who may not decide by the rules does not, whatever the choice`(
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
}
