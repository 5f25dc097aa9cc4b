import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SQLiteKit
import SyncProtocol
import SyncServer
import TestKit

/// A server in this process with two reseller customers; `rows` coupons make its pages long.
final class Backend {
    let folder: DataFolder
    let core: ServerCore
    let customers: [CustomerKey]
    private(set) var tokens: [String: String] = [:]
    private var editsOfOthers: Int64 = 0
    private let clock: FixedClock
    private let chance: CountingChance

    init(
        _ path: String, clock: FixedClock, seed: UInt64 = 1, rows: Int64 = 0, anaIs role: MemberRole = .operator
    ) throws {
        self.clock = clock
        chance = CountingChance(seed: seed)
        folder = DataFolder(path)
        _ = try folder.initialize(partnerName: "P", account: "admin", currency: "USD", clock: clock, chance: chance)
        let ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: true)
        customers = try ledger.write { writer in
            let keys = try (0..<2).map { try Backend.customer($0, writer) }
            for _ in 0..<rows { try Backend.coupon(writer, of: keys[0]) }
            return keys
        }
        ledger.close()
        for account in ["ana", "bo"] {
            tokens[account] = try folder.addMember(
                account: account, role: account == "ana" ? role : .operator, customers: [], clock: clock, chance: chance
            )
        }
        core = try ServerCore(folder: folder, clock: clock, log: Logger(program: "test", level: .error), waits: clock)
    }

    private static func customer(_ index: Int, _ writer: LedgerWriter) throws -> CustomerKey {
        let key = writer.newKey()
        _ = try writer.put(
            .customer, key: key, subject: key,
            [
                .text("c\(index)"), .null, .text("account-\(index)"), .text("Customer \(index)"), .text("reseller"),
                .integer(1), .integer(1), .text("2"), .null, .integer(0), .null,
            ])
        return CustomerKey(key)
    }

    private static func coupon(_ writer: LedgerWriter, of customer: CustomerKey) throws {
        let key = writer.newKey()
        _ = try writer.put(
            .coupon, key: key, subject: Subject.coupons,
            [
                .text("k\(key)"), .text("K"), .integer(2), .integer(customer.value), .integer(1), .integer(5), .null,
                .text("USD"), .integer(1), .integer(2), .integer(2), .null, .null, .integer(0), .null,
            ])
    }

    /// Runs `body` on the ledger as another program would.
    func onLedger<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
        let ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: true)
        defer { ledger.close() }
        return try ledger.write(body)
    }

    /// The vendor's console makes ana the manager of a customer.
    func assign(_ customer: Int) throws {
        let now = Timestamp(seconds: clock.now().seconds)
        try onLedger {
            _ = try SystemWriters(writer: $0, rulesVersion: 1, now: now).carryOut(
                .manager(customers[customer], "ana"))
        }
    }

    func addCoupons(_ count: Int) throws {
        try onLedger { for _ in 0..<count { try Backend.coupon($0, of: customers[0]) } }
    }

    /// Rows of a kind that a load brings in its parts.
    func addProducts(_ count: Int) throws {
        try onLedger { writer in
            for number in 0..<count {
                let texts = ["p-\(number)", "Server \(number)", "ecs", "Elastic", "vm"].map { LedgerValue.text($0) }
                try writer.put(
                    .product, key: writer.newKey(), subject: Subject.everyone, texts + [.null, .null])
            }
        }
    }

    /// Another history: what a restore from a copy leaves behind.
    func fork(_ epoch: String) throws {
        let path = folder.ledgerFile(try folder.onlyPartner())
        let connection = try Connection(path: path, mode: .readWrite, durability: .normal)
        defer { connection.close() }
        try connection.write {
            try $0.execute("UPDATE ledger_state SET epoch = '\(epoch)', epoch_ordinal = epoch_ordinal + 1")
        }
    }

    func budget(_ customer: Int = 0) throws -> Version {
        try onLedger { try $0.register(.budget, of: customers[customer]).version }
    }

    /// Another member sets the budget on what stands now.
    func otherSets(_ major: Int64, _ customer: Int = 0) throws {
        editsOfOthers += 1
        let base = try budget(customer)
        let key = customers[customer].value
        var edit = V1.Edit(number: editsOfOthers, kind: "", customer: key, base: base.value, deviceTime: 1)
        edit.setIntent(setBudget(major))
        edit.payloadHash = try edit.computedPayloadHash()
        let push = V1.Push(replica: String(repeating: "b", count: 32), incarnation: 1, edits: [edit])
        let headers = HTTPHeaders.bearer(tokens["bo"] ?? "")
        let body = try WireCoding.encode(push)
        let reply = core.handle(HTTPRequest(method: "POST", target: "/sync/v1/push", headers: headers, body: body))
        guard reply.status == 200 else { throw Missing(what: "the other's push") }
    }

    /// Takes ana's token away and gives a new one, which is also the return value.
    func renewToken() throws -> String {
        let directory = try folder.openDirectory()
        let partner = try folder.onlyPartner()
        _ = try directory.revokeTokens(partner: partner, account: "ana", at: clock.now().seconds)
        let token = "fbt_renewed_renewed_renewed_renewed_\(clock.now().seconds)"
        try directory.addToken(token, partner: partner, account: "ana", at: clock.now().seconds)
        return token
    }
}
