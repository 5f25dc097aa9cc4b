import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// What the history keeps of an edit that did not take effect.
@Suite struct AskedTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    /// The records of customer 1: action, what was asked for, what stands.
    private func records() throws -> [[String]] {
        func words(_ text: String) throws -> String {
            let state = try WireCoding.decode(V1.State.self, from: text).state()
            if case .budget(let budget) = state { return budget?.amount.shortText ?? "none" }
            if case .freezes(let freezes) = state { return freezes.map(\.reason).joined(separator: "+") }
            return StateWording.text(state)
        }
        let ledger = try Ledger.open(path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: false)
        defer { ledger.close() }
        return try ledger.read { try $0.history(of: server.customers[1], limit: 9) }.map { entry in
            [entry.action, try entry.asked.map(words) ?? "-", try words(entry.after)]
        }
    }

    private func base(_ results: [V1.Result]) throws -> Int64 { try #require(results.first?.version).value }

    @Test func `an overruled edit leaves what it asked for beside what stands`() throws {
        _ = try server.push([try server.edit(1, .assignManager("li"), customer: 1)], as: "admin")
        let late = try server.push([try server.edit(1, .assignManager("wu"), customer: 1)])
        #expect(late[0].code == .overruled && late[0].rule == "first-writer")
        #expect(try records() == [["applied", "-", "li"], ["overruled", "wu", "li"]])
    }

    @Test func `a held edit and a decision against it say what was asked for, one for it does not`() throws {
        let version = try base(try server.push([try server.edit(1, TestServer.budget(300), customer: 1)], as: "admin"))
        let held = try server.push([
            try server.edit(1, TestServer.budget(500), customer: 1),
            try server.edit(2, TestServer.budget(700), customer: 1),
        ])
        let keys = try held.map { ConflictKey(try #require($0.conflict).value) }
        let decided = try server.push(
            [
                try server.edit(2, .decideConflict(keys[0], .theirs), customer: 1, base: version),
                try server.edit(3, .decideConflict(keys[1], .mine), customer: 1, base: version),
            ], as: "admin")
        #expect(decided.map(\.code) == [.applied, .applied])
        #expect(
            try records() == [
                ["applied", "-", "300.00"], ["held", "500.00", "300.00"], ["held", "700.00", "300.00"],
                ["decided", "500.00", "300.00"], ["decided", "-", "700.00"],
            ])
    }

    @Test func `a deadline says what was asked for`() throws {
        _ = try server.push([try server.edit(1, TestServer.budget(300), customer: 1)], as: "admin")
        _ = try server.push([try server.edit(1, TestServer.budget(500), customer: 1)])
        server.clock.advance(seconds: 8 * 86_400)
        server.core.tick()
        #expect(try records().last == ["decided", "500.00", "300.00"])
    }

    @Test func `an adjustment asks for what its author saw come out, a freeze for one more`() throws {
        _ = try server.push([try server.edit(1, TestServer.budget(300), customer: 1)], as: "admin")
        var raise = try server.edit(1, .adjustBudget(delta: Money(major: 50) ?? .zero, validThrough: nil), customer: 1)
        raise.before = V1.State(
            .budget(Budget(amount: Money(major: 100) ?? .zero, type: .oneTime, onExhaustion: .manual)))
        raise.payloadHash = try raise.computedPayloadHash()
        let freeze = try server.edit(2, .freeze(.accountAndResources, reason: "fraud"), customer: 1)
        let results = try server.push([raise, freeze])
        #expect(results.map(\.code) == [.held, .held])
        #expect(try records().suffix(2) == [["held", "150.00", "300.00"], ["held", "fraud", ""]])
    }
}
