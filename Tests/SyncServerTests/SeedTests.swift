import Digests
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

@Suite struct SeedTests {
    private let folder = TemporaryDirectory()

    @Test func `no member that the manual adds is an account manager of generated data already`() {
        let text = ["README.md", "Sources/Documentation.docc/Operating.md"].map(Documents.text).joined()
        let added = text.split(separator: "fieldbook-server member add ").dropFirst().compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        #expect(added.count >= 4 && added.filter(SeedWords.managers.contains) == [])
    }

    private func seeded(_ name: String, seed: UInt64) throws -> Ledger {
        let ledger = try Ledger.create(
            path: folder.file(name), epoch: "00aa", sealKey: [UInt8](repeating: 1, count: 32),
            partner: PartnerRow(
                name: "P", state: .active, currency: "USD", discountRange: BasisPoints(1)...BasisPoints(3000)))
        let plan = SeedPlan(customers: 60, bills: 3000, coupons: 40, seed: seed, openCycle: SeedPlan.defaultCycle)
        try ledger.write { try Seeder(plan: plan, writer: $0).run() }
        return ledger
    }

    private func hash(_ ledger: Ledger) throws -> String {
        var hash = SHA256()
        try ledger.read { reader in
            for entity in Entity.stored { try reader.forEachRow(of: entity) { hash.update($0) } }
        }
        return String(Hex.encode(hash.finalize()).prefix(16))
    }

    @Test func `the same seed gives the same rows, another one others`() throws {
        let first = try hash(try seeded("a.db", seed: 5))
        #expect(try hash(try seeded("b.db", seed: 5)) == first)
        #expect(try hash(try seeded("c.db", seed: 6)) != first)
    }

    @Test func `generated data has everything that real data has`() throws {
        let ledger = try seeded("a.db", seed: 5)
        try ledger.read { reader in
            var texts: [String: Int] = [:]
            var isExact = true
            try reader.forEachRow(of: .billRecord) { row in
                let values = String(decoding: row, as: UTF8.self).split(separator: ",").suffix(13).map {
                    Int64($0.filter { $0 != "]" })
                }
                // official, discount, payment, cash, credit, coupon, flexi, stored, debt, write-off, period type, count
                let amounts = values.dropFirst().compactMap { $0 }
                let (official, discount, payment) = (amounts[0], amounts[1], amounts[2])
                isExact = isExact && payment == amounts[3...9].reduce(0, +) && official - discount == payment
                texts[payment < 0 ? "refund" : "charge", default: 0] += 1
            }
            #expect(isExact && texts.count == 2)
            var freezes = ""
            try reader.forEachRow(of: .freezes) { freezes += String(decoding: $0, as: UTF8.self) }
            for cause in FreezeCause.allCases { #expect(freezes.contains(cause.rawValue), "\(cause)") }
            #expect(try reader.count(.discount) > 0 && reader.count(.coupon) == 40 && reader.count(.cycle) == 6)
        }
    }

    @Test func `a seed is taken once`() throws {
        let ledger = try seeded("a.db", seed: 5)
        let plan = SeedPlan(customers: 3, bills: 0, coupons: 0, seed: 5, openCycle: SeedPlan.defaultCycle)
        #expect(throws: (any Error).self) { try ledger.write { try Seeder(plan: plan, writer: $0).run() } }
    }
}
