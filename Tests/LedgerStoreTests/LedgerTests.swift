import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@Suite struct LedgerTests {
    private let folder = TemporaryDirectory()

    private func make() throws -> Ledger {
        try Ledger.create(
            path: folder.file("l.db"), epoch: "00aa", sealKey: [UInt8](repeating: 1, count: 32),
            partner: PartnerRow(
                name: "P", state: .active, currency: "USD", discountRange: BasisPoints(1)...BasisPoints(100)))
    }

    @Test func `sequences rise by one a row and a failed write gives none away`() throws {
        let ledger = try make()
        struct Stop: Error {}
        let before = try ledger.read { $0.state.sequence }
        #expect(throws: Stop.self) {
            try ledger.write { writer in
                try writer.put(.region, key: 1, subject: Subject.everyone, [.text("a"), .text("A")])
                throw Stop()
            }
        }
        #expect(try ledger.read { $0.state.sequence } == before)
        let version = try ledger.write {
            try $0.put(.region, key: 1, subject: Subject.everyone, [.text("a"), .text("A")])
        }
        #expect(version.value == before + 1)
    }

    @Test func `a step that fails gives back its sequences and keys`() throws {
        let ledger = try make()
        struct Stop: Error {}
        try ledger.write { writer in
            let before = writer.sequence
            try? writer.step {
                _ = writer.newKey()
                try writer.put(.region, key: 7, subject: Subject.everyone, [.text("a"), .text("A")])
                throw Stop()
            }
            #expect(writer.sequence == before)
        }
        #expect(try ledger.read { try $0.count(.region) } == 0)
    }

    @Test func `a deleted row leaves a tombstone in the feed`() throws {
        let ledger = try make()
        _ = try ledger.write { try $0.put(.region, key: 9, subject: Subject.everyone, [.text("a"), .text("A")]) }
        try ledger.write { try $0.delete(.region, key: 9, subject: Subject.everyone) }
        let page = try ledger.read { reader -> [UInt8] in
            guard let scope = try reader.scope(1) else { return [] }
            let start = Cursor(epoch: "00aa", scope: 1, scopeVersion: 1, sequence: 0, at: 5, place: .feed).text(
                key: reader.state.sealKey)
            return try reader.feedPage(start, scope: scope, serverTime: 0)
        }
        #expect(String(decoding: page, as: UTF8.self).contains("[\(Entity.region.rawValue),9,3]"))
    }

    @Test func `the rows of a plain page are what SQLite writes as JSON`() throws {
        let ledger = try make()
        let texts =
            ["", "plain", "quote\" back\\ slash/", "华为 é 😀"] + (1..<32).map { "\(UnicodeScalar(UInt8($0)))" }
        try ledger.write { writer in
            for (key, text) in texts.enumerated() {
                try writer.put(
                    .region, key: Int64(key + 1), subject: Subject.everyone, [.text(text), .text(text + "12345678")])
            }
            let amounts: [LedgerValue] = [.integer(.min), .integer(.max), .text("USD"), .integer(-1)]
            try writer.put(.quota, key: 1, subject: Subject.everyone, amounts)
        }
        try ledger.read { reader in
            let scope = try #require(try reader.scope(1))
            let plan = try reader.snapshotPlan(scope: scope, serverTime: 0)
            var (bytes, cursor, more) = ([UInt8](), plan.cursor, true)
            while more {
                let part = try reader.snapshotPage(cursor, scope: scope, serverTime: 0)
                let page = try ReceivedPage(part, kind: "snapshot/1", expectedCursor: cursor, isWhole: true)
                (bytes, cursor, more) = (bytes + part, page.cursor, page.more)
            }
            var expected: [String] = []
            for entity in Entity.snapshotOrder {
                try reader.forEachRow(of: entity) { expected.append(String(decoding: $0, as: UTF8.self)) }
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("[") }
            #expect(lines.map(String.init) == expected && expected.count > texts.count)
        }
    }

    @Test func `the tables hold exactly the columns of the wire`() throws {
        let ledger = try make()
        try ledger.read { reader in for entity in Entity.stored { try reader.forEachRow(of: entity) { _ in } } }
    }
}
