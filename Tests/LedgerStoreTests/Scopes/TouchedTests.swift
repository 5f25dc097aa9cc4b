import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import LedgerStore

/// Whom commits concern, as one look tells it.
@Suite struct TouchedTests {
    private let book: ScopeLedger
    private let mona: Int64
    private let karl: Int64

    init() throws {
        book = try ScopeLedger(customers: 4)
        mona = try book.scope("mona")
        karl = try book.scope("karl")
        try book.assign(0, to: "mona")
        try book.assign(1, to: "karl")
    }

    private func touched(_ change: () throws -> Void) throws -> FeedTouch {
        let before = try book.head
        try change()
        return try book.ledger.read { try $0.touched(after: before) }
    }

    @Test func `nothing that was committed concerns nobody`() throws {
        let touch = try touched {}
        #expect(!touch.isEverything && !touch.hasCustomers && touch.shared.isEmpty && touch.scopes.isEmpty)
        let head = try book.head
        #expect(try book.ledger.read { try $0.touched(after: nil) } == FeedTouch(after: head, sequence: head))
    }

    @Test func `a customer concerns the listed scope that holds it, and those of all customers`() throws {
        let touch = try touched { try book.setLabel(0, "new") }
        #expect(touch.scopes == [mona] && touch.hasCustomers && touch.shared.isEmpty)
        let nobodys = try touched { try book.setLabel(3, "new") }
        #expect(nobodys.scopes.isEmpty && nobodys.hasCustomers)
        let several = try touched {
            try book.setLabel(0, "newer")
            try book.setLabel(1, "newer")
            try book.bill(1)
        }
        #expect(several.scopes == [mona, karl])
    }

    @Test func `who joins and who leaves is concerned, also by one commit and without a row of the feed`() throws {
        #expect(try touched { try book.assign(2, to: "mona") }.scopes == [mona])
        #expect(try touched { try book.assign(2, to: "karl") }.scopes == [mona, karl])
        #expect(try touched { try book.assign(2, to: nil) }.scopes == [karl])
        #expect(try touched { try book.setFormer(0, true) }.scopes == [mona])
        let definition = ScopeDefinition(
            customers: .managed(by: ["karl", "kim"]), seesCoupons: false, seesBills: false, seesQuota: false)
        try book.assign(3, to: "kim")
        let widened = try touched {
            try book.ledger.write { _ = try $0.putScope(definition, replacing: karl, at: ScopeLedger.now) }
        }
        #expect(widened.scopes == [karl] && !widened.hasCustomers && widened.shared.isEmpty)
    }

    @Test func `rows of no customer are told by their kind`() throws {
        let touch = try touched {
            try book.ledger.write { writer in
                _ = try writer.put(
                    .cycle, key: 202_612, subject: Subject.everyone,
                    [.text("2026-12"), .text("estimate"), .integer(1)])
            }
        }
        #expect(touch.shared == [Subject.everyone] && !touch.hasCustomers)
    }

    @Test func `a row that changed many times, and too many rows, are no mistake`() throws {
        let touch = try touched { for index in 0..<50 { try book.setLabel(1, "\(index)") } }
        #expect(touch.scopes == [karl] && !touch.isEverything)
        let many = try touched {
            try book.ledger.write { writer in for _ in 0..<10_001 { _ = writer.takeSequence() } }
        }
        let scope = try #require(try book.ledger.read { try $0.scope(mona) })
        #expect(many.isEverything && many.concerns(scope))
        #expect(try book.ledger.read { try $0.touched(after: $0.state.sequence + 5) }.isEverything)
    }

    @Test func `a look goes by indexes and keeps to what was touched`() throws {
        _ = try touched {
            try book.assign(2, to: "mona")
            try book.setLabel(0, "x")
        }
        let connection = book.ledger.connection
        func plan(_ word: String) throws -> String {
            let text = try #require(
                connection.cachedTexts.first { $0.contains(word) && !$0.contains("EXPLAIN") })
            return try connection.prepare("EXPLAIN QUERY PLAN " + text).rows { $0.text(3) }.joined(separator: "; ")
        }
        #expect(try plan("GROUP BY subject").contains("SEARCH feed USING INTEGER PRIMARY KEY"))
        #expect(try plan("SELECT scope FROM membership").contains("membership_subject (subject=?"))
        let moved = try plan("m.joined > ?1)")
        #expect(moved.contains("membership_joined (scope=? AND joined>?)"), "\(moved)")
        #expect(moved.contains("membership_left (scope=? AND left>?)"), "\(moved)")
    }

    @Test func `a commit of another connection shows in the mark, one's own does not`() throws {
        let other = try Ledger.open(path: book.folder.file("l.db"), forWriting: false)
        defer { other.close() }
        let (own, mark) = (try book.ledger.commitsOfOthers(), try other.commitsOfOthers())
        try book.setLabel(0, "y")
        #expect(try book.ledger.commitsOfOthers() == own && other.commitsOfOthers() != mark)
        let after = try other.commitsOfOthers()
        #expect(try other.commitsOfOthers() == after)
    }
}
