import ConflictRules
import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// What a member may do changes while a request of theirs is held.
@Suite struct LiveAccessTests {
    private let bench: LiveBench
    private let partner: String

    init() throws {
        bench = try LiveBench()
        partner = try bench.server.folder.onlyPartner()
    }

    /// Holds a request, changes something, and gives the answer, which is to come within the bound.
    private func answer(as member: String = "ana", after change: () throws -> Void) throws -> LiveBench.Answer {
        let cursor = try bench.server.load(as: member).cursor
        let held = bench.hold(cursor, as: member)
        #expect(bench.isHeld(1))
        let began = SystemClock().monotonicNow()
        try change()
        let answer = try #require(bench.answer(held))
        #expect(SystemClock().monotonicNow() - began < LiveFeeds.pollEvery + .seconds(5))
        #expect(bench.isHeld(0))
        return answer
    }

    private func directory(_ change: (Directory) throws -> Void) throws {
        try change(bench.server.folder.openDirectory())
    }

    @Test func `a token that is told to wipe is told so while its request is held`() throws {
        let answer = try answer {
            try directory { _ = try $0.wipeTokens(partner: partner, account: "ana", .everything) }
        }
        let problem = try WireCoding.decode(V1.Problem.self, from: answer.body)
        #expect(answer.status == 403 && problem.wipe == "everything" && problem.member == "ana")
    }

    @Test func `a token that is revoked ends its request`() throws {
        let answer = try answer {
            try directory { _ = try $0.revokeTokens(partner: partner, account: "ana", at: 1) }
        }
        #expect(answer.status == 401)
    }

    @Test func `a member who is disabled is told so`() throws {
        let answer = try answer(as: "mona") {
            try directory { _ = try $0.setDisabled(1, partner: partner, account: "mona") }
        }
        #expect(answer.status == 403)
    }

    @Test func `another role brings what its scope brings`() throws {
        let answer = try answer(as: "mona") {
            try directory {
                try $0.put(Member(partner: partner, account: "mona", role: .operator, scope: 1))
            }
        }
        #expect(answer.status == 410)
    }

    @Test func `what listed scopes show changes, and their cursors end`() throws {
        let answer = try answer(as: "mona") {
            let ledger = try Ledger.open(path: bench.server.folder.ledgerFile(partner), forWriting: true)
            defer { ledger.close() }
            try ledger.write { try $0.setBillsSinceAssignment(true) }
        }
        #expect(answer.status == 410)
    }

    @Test func `a change of the directory that is none of theirs leaves those who wait asleep`() throws {
        let held = bench.hold(try bench.server.load(as: "ana").cursor)
        #expect(bench.isHeld(1))
        let woken = bench.live.woken
        _ = try bench.newToken("mona")
        // A later change that does concern somebody proves that the first was looked at.
        let other = bench.hold(try bench.server.load(as: "mona").cursor, as: "mona")
        #expect(bench.isHeld(2))
        try directory { _ = try $0.revokeTokens(partner: partner, account: "mona", at: 1) }
        #expect(bench.answer(other)?.status == 401)
        #expect(bench.isHeld(1) && bench.live.woken == woken + 1)
        try bench.push(customer: 0)
        #expect(bench.answer(held)?.status == 200)
    }

    @Test func `other rules are told of by an empty page`() throws {
        let before = bench.server.core.rules.current.hash
        let answer = try answer {
            let standard = String(decoding: RuleSet.standard.bytes, as: UTF8.self)
            writeFile(
                "\(bench.server.folder.path)/\(RulesInForce.fileName)",
                standard.replacing("\"version\": 2", with: "\"version\": 7", maxReplacements: 1))
            try bench.server.core.rules.reload()
        }
        #expect(answer.status == 200 && answer.headers[V1.rulesHeader]?.hasPrefix(before) == false)
    }
}
