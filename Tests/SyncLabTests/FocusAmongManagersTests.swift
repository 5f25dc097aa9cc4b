import Glibc
import LedgerStore
import PartnerModel
import ReplicaStore
import SQLiteKit
import SyncEngine
import SyncLab
import SyncServer
import TestKit
import Testing

/// Real bills divided among account managers: what they see adds up to what their partner sees, to the last decimal.
@Suite struct FocusAmongManagersTests {
    /// Sums of a customer's amount columns in units of 10^-8, and its number of records.
    private typealias Sums = [Int64: [Int64]]

    private static let managers = ["xu", "yan", "zoe"]
    private static let amounts = [
        "official", "discount", "payment", "cash", "credit", "coupon", "flexi", "stored_value", "debt", "writeoff",
    ]

    private var sample: String? {
        // Beside the repository, where it was checked out with the shared data.
        var folder = #filePath
        for _ in 0..<4 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        let path = "\(folder)/shared/data/focus_sample.csv"
        return access(path, R_OK) == 0 ? path : nil
    }

    /// A FOCUS file of 40 sub-accounts: up to 15 decimals, credits, two cycles, absent values.
    private func generated() -> String {
        let chance = CountingChance(seed: 12)
        func below(_ count: UInt64) -> UInt64 { (chance.next() >> 8) % count }
        func amount() -> String {
            let decimals = String(repeating: "0", count: Int(below(9))) + "\(below(9_999_999))"
            return "\(below(10) == 0 ? "-" : "")\(below(3) == 0 ? below(90_000) : below(3)).\(decimals)"
        }
        var lines = [
            "BilledCost,ListCost,BillingPeriodStart,BillingCurrency,ChargeCategory,ChargePeriodStart,SubAccountId,"
                + "SubAccountName,ServiceName,SkuId,SkuPriceId,RegionId,RegionName,ResourceId,ConsumedQuantity,ConsumedUnit,Id"
        ]
        for id in 1...1_200 {
            let (account, month) = (100 + below(40), below(5) == 0 ? "10" : "09")
            let resource = below(3) == 0 ? "NULL" : "res-\(account)-\(below(4))"
            lines.append(
                "\(amount()),\(amount()),2024-\(month)-01 00:00:00,USD,Usage,2024-\(month)-18 22:00:00,\(account),"
                    + "Account \(account),Service \(below(6)),S\(below(6)),P\(below(9)),r\(below(3)),Region,\(resource),"
                    + "\(below(9)).5,Hours,\(id)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One office, an administrator, and three managers among whom all customers are divided.
    private final class Book {
        let folder = TemporaryDirectory()
        let office: Office
        let ana: Desk
        let customers: [Int64]
        private(set) var desks: [String: Desk] = [:]

        init(_ file: String) throws {
            office = try Office(folder: folder.path)
            let options = FocusImport.Options(
                association: .reseller, isStrict: true, openCycle: nil, now: office.now.seconds)
            _ = try FocusImport.run(file: file, into: office.ledger, options: options)
            let found = try sources(office)
            customers = found.map(\.key)
            ana = try office.desk("admin")
            for (place, account) in managers.enumerated() {
                let own = found.enumerated().filter { $0.offset % 3 == place }.map(\.element.source)
                desks[account] = try office.desk(account, role: .manager, customers: own)
            }
            for desk in desks.values + [ana] { desk.start() }
            try office.settle()
        }

        deinit { office.close() }
    }

    private static func sources(_ office: Office) throws -> [(key: Int64, source: String)] {
        let path = office.folder.ledgerFile(try office.folder.onlyPartner())
        let connection = try Connection(path: path, mode: .readWrite, durability: .reader)
        return try connection.statement("SELECT key, source_id FROM customer ORDER BY key").rows {
            ($0.int64(0), $0.text(1))
        }
    }

    private func sums(_ path: String) throws -> Sums {
        let connection = try Connection(path: path, mode: .readWrite, durability: .reader)
        defer { connection.close() }
        let columns = Self.amounts.map { "sum(\($0)_amount)" }.joined(separator: ", ")
        let rows = try connection.statement("SELECT customer, count(*), \(columns) FROM bill_record GROUP BY customer")
            .rows { row in (row.int64(0), (0...Self.amounts.count).map { row.int64($0 + 1) }) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    private func total(_ sums: Sums) -> [Int64] {
        sums.values.reduce(into: Array(repeating: 0, count: Self.amounts.count + 1)) { total, row in
            for index in total.indices { total[index] += row[index] }
        }
    }

    /// Each manager has just the customers that are theirs, and with those of nobody they are the partner's.
    private func check(_ book: Book, nobodys: Set<Int64> = []) throws {
        let path = book.office.folder.ledgerFile(try book.office.folder.onlyPartner())
        let partner = try sums(path)
        #expect(try sums("\(book.ana.folder)/replica.db") == partner)
        var seen = partner.filter { nobodys.contains($0.key) }
        for (account, desk) in book.desks {
            let own = try sums("\(desk.folder)/replica.db")
            #expect(seen.keys.allSatisfy { own[$0] == nil }, "\(account) sees another's customer")
            seen.merge(own) { first, _ in first }
            #expect(try desk.store.fillProgress() == nil)
            let member = try #require(
                try book.office.folder.openDirectory().members(of: book.office.folder.onlyPartner())
                    .first { $0.account == account })
            let differences = try book.office.ledger.differences(
                toReplica: "\(desk.folder)/replica.db", scope: member.scope)
            #expect(differences.allSatisfy { $0.missing == 0 && $0.extra == 0 }, "\(account): \(differences)")
        }
        #expect(seen == partner)
        #expect(total(seen) == total(partner) && total(partner)[3] != 0)
    }

    private func divide(_ file: String) throws {
        let book = try Book(file)
        try check(book)
        let (office, moved) = (book.office, book.customers.prefix(6).map { CustomerKey($0) })
        let to = Self.managers
        // Round about, two at once, to nobody, back to where they were, and twice between two looks.
        for moves in [
            [(moved[0], to[1])], [(moved[0], to[2]), (moved[1], to[0])], [(moved[2], nil), (moved[3], to[1])],
            [(moved[0], to[0]), (moved[1], to[1]), (moved[2], to[2])], [(moved[4], to[0]), (moved[4], to[1])],
            [(moved[5], to[0]), (moved[5], to[2])],
        ] as [[(CustomerKey, String?)]] {
            for (customer, account) in moves { try office.carryOut(.manager(customer, account)) }
            try office.settle()
            let nobodys = moves.filter { $0.1 == nil }.map(\.0.value)
            try check(book, nobodys: Set(nobodys))
        }
    }

    @Test func `the sums of three managers of a generated file are their partner's, whoever has which customer`() throws
    {
        let folder = TemporaryDirectory()
        writeFile(folder.file("generated.csv"), generated())
        try divide(folder.file("generated.csv"))
    }

    @Test func `the sums of three managers of a real file are their partner's, whoever has which customer`() throws {
        guard let sample else {
            print("skipped: shared/data/focus_sample.csv is not beside the repository")
            return
        }
        try divide(sample)
    }
}
