import ConflictRules
import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit

@testable import SyncServer

/// A server in this process: a data folder, members, and requests straight into its core.
final class TestServer {
    let directory = TemporaryDirectory()
    let folder: DataFolder
    let clock = FixedClock()
    let core: ServerCore
    private(set) var tokens: [String: String] = [:]
    let customers: [CustomerKey]

    /// Two reseller customers (0, 1) and a referral one (2), one bill record each, one coupon.
    init(log: Logger = Logger(program: "test", level: .error), parts: PartLimits = TestServer.parts) throws {
        folder = DataFolder(directory.file("data"))
        let chance = CountingChance()
        tokens["admin"] = try folder.initialize(
            partnerName: "P", account: "admin", currency: "USD", clock: clock, chance: chance)
        let ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: true)
        customers = try ledger.write { writer in try TestServer.fill(writer) }
        ledger.close()
        tokens["ana"] = try folder.addMember(
            account: "ana", role: .operator, customers: [], clock: clock, chance: chance)
        tokens["mona"] = try folder.addMember(
            account: "mona", role: .manager, customers: ["c0"], clock: clock, chance: chance)
        core = try ServerCore(folder: folder, clock: clock, log: log, parts: parts)
    }

    /// Whatever room this machine has.
    static let parts: PartLimits = {
        var limits = PartLimits()
        limits.freeBytesMin = 0
        return limits
    }()

    private static func fill(_ writer: LedgerWriter) throws -> [CustomerKey] {
        try writer.put(
            .cycle, key: 202_611, subject: Subject.everyone, [.text("2026-11"), .text("estimate"), .integer(1)])
        let product = writer.newKey()
        try writer.put(
            .product, key: product, subject: Subject.everyone,
            [.text("p"), .text("P"), .text("s"), .text("S"), .text("r"), .null, .null])
        return try (0..<3).map { index in
            let key = CustomerKey(writer.newKey())
            try writer.put(
                .customer, key: key.value, subject: key.value,
                [
                    .text("c\(index)"), .null, .text("account-\(index)"), .text("Customer \(index)"),
                    .text(index == 2 ? "referral" : "reseller"),
                    .integer(1), .integer(1), .text("2"), .null, .integer(0), .null,
                ])
            try writer.put(
                .billRecord, key: writer.newKey(), subject: key.value,
                [
                    .integer(key.value), .integer(202_611), .text("b\(index)"), .null, .integer(5), .integer(3),
                    .integer(product), .null, .null, .null,
                    .integer(9), .null, .null, .null, .text("USD"), .integer(10), .integer(0), .integer(10),
                    .integer(10), .integer(0), .integer(0),
                    .integer(0), .integer(0), .integer(0), .integer(0), .null, .null,
                ])
            try writer.put(
                .coupon, key: writer.newKey(), subject: Subject.coupons,
                [
                    .text("k\(index)"), .text("K"), .integer(2), .integer(key.value), .integer(1), .integer(5), .null,
                    .text("USD"), .integer(1), .integer(2),
                    .integer(2), .null, .null, .integer(0), .null,
                ])
            return key
        }
    }

    /// Adds a member and keeps its token.
    func addMember(_ account: String, _ role: MemberRole, customers: [String] = []) throws {
        tokens[account] = try folder.addMember(
            account: account, role: role, customers: customers, clock: clock, chance: CountingChance(seed: 99))
    }

    // MARK: Requests

    func send(
        _ method: String, _ target: String, as member: String? = "ana", body: [UInt8] = [], token: String? = nil,
        headers more: [(String, String)] = []
    ) -> HTTPResponse {
        var headers = HTTPHeaders()
        for (name, value) in more { headers.add(name, value) }
        if let token = token ?? member.flatMap({ tokens[$0] }) { headers.add("Authorization", "Bearer \(token)") }
        return core.handle(HTTPRequest(method: method, target: target, headers: headers, body: body))
    }

    func bytes(_ response: HTTPResponse) -> [UInt8] { (try? response.body.bytes()) ?? [] }

    func problem(_ response: HTTPResponse) throws -> V1.Problem {
        try WireCoding.decode(V1.Problem.self, from: bytes(response))
    }

    func push(_ edits: [V1.Edit], as member: String = "ana", replica: String? = nil) throws -> [V1.Result] {
        let push = V1.Push(replica: replica ?? TestServer.replica(member), incarnation: 1, edits: edits)
        let response = send("POST", "/sync/v1/push", as: member, body: try WireCoding.encode(push))
        return try WireCoding.decode(V1.Results.self, from: bytes(response)).results
    }

    static func replica(_ member: String) -> String { String(Hexed.of(member).prefix(32)) }

    private enum Hexed {
        static func of(_ text: String) -> String {
            let hex = text.utf8.map { String($0, radix: 16) }.joined()
            return hex + String(repeating: "0", count: 32)
        }
    }

    /// A wire edit with its payload hash.
    func edit(
        _ number: Int64, _ intent: EditIntent, customer: Int, base: Int64 = 0, predecessor: Int64? = nil
    ) throws -> V1.Edit {
        var edit = V1.Edit(number: number, kind: "", customer: customers[customer].value, base: base, deviceTime: 1)
        edit.setIntent(intent)
        edit.predecessor = predecessor.map { WireInteger($0) }
        edit.payloadHash = try edit.computedPayloadHash()
        return edit
    }

    static func budget(_ major: Int64) -> EditIntent {
        .setBudget(
            Budget(amount: Money(major: major) ?? .zero, type: .monthly, onExhaustion: .manual), validThrough: nil)
    }

    /// All rows that a member gets from a snapshot and the feed after it: entity name → keys.
    func load(as member: String) throws -> (rows: [String: [Int64: Int64]], cursor: String) {
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: bytes(send("POST", "/sync/v1/snapshot", as: member)))
        var cursor = plan.cursor
        var rows: [String: [Int64: Int64]] = [:]
        var kind = "snapshot/1"
        while true {
            let path = kind == "feed/1" ? "/sync/v1/changes" : "/sync/v1/snapshot/rows"
            let response = send("GET", Target.build(path: path, query: [("cursor", cursor)]), as: member)
            var page = try ReceivedPage(bytes(response), kind: kind, expectedCursor: cursor, isWhole: true)
            try page.forEachRow { row in
                rows[row.entity.name, default: [:]][row.key] = row.isTombstone ? nil : row.version
            }
            cursor = page.cursor
            if page.isCheckpoint { return (rows, cursor) }
            if !page.more { kind = "feed/1" }
        }
    }
}
