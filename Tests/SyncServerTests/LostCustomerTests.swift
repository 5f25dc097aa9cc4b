import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// What a member is told of a customer that is no longer theirs, and what becomes of lists of an older version.
@Suite struct LostCustomerTests {
    @Test func `who lost the customer learns the end of the own edit and nobody else's values`() throws {
        let server = try TestServer()
        _ = try server.push([try server.edit(1, TestServer.budget(300), customer: 0)], as: "ana")
        let edit = try server.edit(1, TestServer.budget(500), customer: 0)
        let held = try server.push([edit], as: "mona")[0]
        #expect(held.code == .held && held.was != nil && held.otherBy == "ana")
        let key = ConflictKey(try #require(held.conflict).value)
        _ = try server.push([try server.edit(1, .withdrawManager, customer: 0, base: try manager(server))], as: "admin")
        let lost = try server.push([edit], as: "mona")[0]
        #expect(lost.code == .held && lost.was == nil && lost.became == nil && lost.otherBy == nil)
        let base = try #require(
            try server.push([try server.edit(9, TestServer.budget(300), customer: 0)], as: "admin")[0].version)
        let decision = try server.edit(2, .decideConflict(key, .mine), customer: 0, base: base.value)
        #expect(try server.push([decision], as: "admin")[0].code == .applied)
        let end = try server.push([edit], as: "mona")[0]
        #expect(end.code == .applied && end.was == nil && end.otherBy == nil && end.version != nil, "\(end)")
        let target = "/sync/v1/results?replica=\(TestServer.replica("mona"))&after=0"
        guard case .bytes(let bytes) = server.send("GET", target, as: "mona").body else {
            Issue.record("the results come in pieces")
            return
        }
        let body = String(decoding: bytes, as: UTF8.self)
        #expect(body.contains("\"applied\"") && !body.contains("300.00") && !body.contains("\"ana\""), "\(body)")
    }

    private func manager(_ server: TestServer) throws -> Int64 {
        let ledger = try Ledger.open(path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: false)
        defer { ledger.close() }
        return try ledger.read { try $0.register(.manager, of: server.customers[0]).version.value }
    }

    @Test func `a manager's list of an older version stays as it is until the member's role is given anew`() throws {
        let server = try TestServer()
        let path = server.folder.ledgerFile(try server.folder.onlyPartner())
        func ask(_ sql: String) throws -> [String] {
            let connection = try Connection(path: path, mode: .readWrite, durability: .full)
            defer { connection.close() }
            return try connection.statement(sql).rows { $0.text(0) }
        }
        func members() throws -> [String] {
            try ask(
                """
                SELECT c.customer_id FROM membership m JOIN customer c ON c.key = m.subject
                WHERE m."left" IS NULL ORDER BY 1
                """)
        }
        // As it was before scopes followed managers: a list, while the register names somebody else.
        _ = try ask("DELETE FROM scope_follows")
        _ = try ask("UPDATE manager SET account_name = 'ibrahim'")
        _ = try ServerCore(folder: server.folder, clock: server.clock, log: Logger(program: "test", level: .error))
        _ = try server.push([try server.edit(1, .assignManager("mona"), customer: 1)], as: "admin")
        #expect(try members() == ["c0"])
        // An administrator says that it is to follow the register.
        try server.folder.setRights(
            MemberPlan(account: "mona", rights: MemberRights(.manager)), clock: server.clock)
        #expect(try members() == ["c1"])
    }
}
