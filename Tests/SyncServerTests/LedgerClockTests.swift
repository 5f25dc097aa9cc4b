import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

@Suite struct LedgerClockTests {
    /// Moves the ledger's clock in another connection, as another process does.
    private func advance(_ server: TestServer, seconds: Int64) throws {
        let ledger = try Ledger.open(
            path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: true)
        defer { ledger.close() }
        try ledger.write { try $0.setClockOffset(seconds) }
    }

    @Test func `a clock that was moved on is the server's time from the next request`() throws {
        let server = try TestServer()
        func serverTime() throws -> Int64 {
            let body = server.bytes(server.send("GET", "/sync/v1/hello"))
            return try WireCoding.decode(V1.Hello.self, from: body).serverTime.value
        }
        let before = try serverTime()
        try advance(server, seconds: 3 * 86_400)
        #expect(try serverTime() == before + 3 * 86_400)
        try advance(server, seconds: 0)
        #expect(try serverTime() == before)
    }

    @Test func `edits are judged by the ledger's clock`() throws {
        let server = try TestServer()
        let cycle = BillingCycle(containing: server.clock.now().seconds)
        let budget = Budget(amount: Money(major: 5) ?? .zero, type: .monthly, onExhaustion: .manual)
        let intent = EditIntent.setBudget(budget, validThrough: cycle)
        #expect(try server.push([try server.edit(1, intent, customer: 0)])[0].code == .applied)
        try advance(server, seconds: 40 * 86_400)
        let late = try server.push([try server.edit(2, intent, customer: 1)])[0]
        #expect(late.code == .expired && late.reason == "FB.EXPIRED")
    }
}
