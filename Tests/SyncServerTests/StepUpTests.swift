import Diagnostics
import Digests
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

@Suite struct StepUpTests {
    private let server: TestServer
    private let secret = [UInt8](repeating: 7, count: 32)

    init() throws {
        server = try TestServer()
        #expect(try enrol("mona"))
    }

    @discardableResult
    private func enrol(_ account: String, remove: Bool = false) throws -> Bool {
        try server.folder.openDirectory().setStepUp(
            remove ? nil : secret, partner: try server.folder.onlyPartner(), account: account, at: 1)
    }

    private func code(steps: Int64 = 0) -> String {
        TOTP.code(secret: secret, step: server.clock.now().seconds / TOTP.stepSeconds + steps)
    }

    private var wrong: String { code(steps: 500) }

    /// The reply to a push of a budget of customer 0 above what a manager may set unconfirmed, and of another edit, with a code
    /// for the first.
    private func reply(
        _ number: Int64, _ code: String, for confirmed: Int64? = nil, base: Int64? = nil
    ) throws -> HTTPResponse {
        var push = V1.Push(
            replica: TestServer.replica("mona"), incarnation: 1,
            edits: [
                try server.edit(
                    number, TestServer.budget(2_000_000 + number), customer: 0, base: try base ?? version()),
                try server.edit(number + 1, .setLabel("l\(number)"), customer: 0),
            ])
        push.stepUp = V1.StepUp(number: confirmed ?? number, code: code)
        return server.send("POST", "/sync/v1/push", as: "mona", body: try WireCoding.encode(push))
    }

    private func push(_ number: Int64, _ code: String, base: Int64? = nil) throws -> [V1.Result] {
        try WireCoding.decode(V1.Results.self, from: server.bytes(try reply(number, code, base: base))).results
    }

    private func version() throws -> Int64 { try server.load(as: "mona").rows["budget"]?.values.first ?? 0 }

    @Test func `a good code lets its edit pass, once`() throws {
        let good = code()
        #expect(try push(1, good)[0].code == .applied)
        let again = try push(3, good)[0]
        #expect(again.code == .needsStepUp && again.message == "the code was not accepted" && again.sequence.value == 0)
        #expect(try push(5, code(steps: 1))[0].code == .applied)
    }

    @Test func `a wrong code puts off its own edit, stores nothing, and the others go on`() throws {
        let results = try push(1, wrong)
        #expect(results.map(\.code) == [.needsStepUp, .applied])
        #expect(try server.load(as: "mona").rows["budget"] == nil)
        #expect(try push(1, code()).map(\.code) == [.applied, .applied])
    }

    @Test func `a repeat after a lost reply needs no code and uses none up`() throws {
        let first = try push(1, code())
        for _ in 0..<9 { #expect(try push(1, wrong, base: 0) == first) }
        #expect(try push(3, code(steps: 1))[0].code == .applied)
    }

    @Test func `after five wrong codes even a good one waits, for ten minutes from the first of them`() throws {
        for number in 0..<5 {
            #expect(try push(1 + 2 * Int64(number), wrong)[0].message == "the code was not accepted")
            server.clock.advance(seconds: 60)
        }
        let until = Instant(seconds: server.clock.now().seconds - 300 + 600).rfc3339
        #expect(try push(11, code())[0].message?.contains("none is looked at before \(until)") == true)
        server.clock.advance(seconds: 299)
        #expect(try push(11, code())[0].code == .needsStepUp)
        server.clock.advance(seconds: 1)
        #expect(try push(11, code())[0].code == .applied)
    }

    @Test func `who has no authenticator is told who enrols it`() throws {
        #expect(try enrol("mona", remove: true))
        #expect(try !enrol("mona", remove: true))
        let result = try push(1, code())[0]
        #expect(result.code == .needsStepUp && result.next?.contains("member step-up mona") == true)
    }

    @Test func `a code for an edit that is not there is refused whole, and not looked at`() throws {
        let good = code()
        #expect(try reply(1, good, for: 9).status == 400)
        #expect(try push(1, good)[0].code == .applied)
    }

    @Test func `codes follow the machine's clock, not the ledger's`() throws {
        let ledger = try Ledger.open(
            path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: true)
        try ledger.write { try $0.setClockOffset(86_400) }
        ledger.close()
        #expect(try push(1, code())[0].code == .applied)
    }
}
