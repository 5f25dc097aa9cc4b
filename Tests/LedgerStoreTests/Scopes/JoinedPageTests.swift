import PartnerModel
import SyncProtocol
import Testing

@testable import LedgerStore

/// The old records of a customer that joined, by their own cursor.
@Suite struct JoinedPageTests {
    /// A scope whose customer 0 joined with some records. Its cursor.
    private func join(_ book: ScopeLedger, _ scope: Int64, from start: Int64) throws -> String {
        try book.assign(0, to: "mona")
        return try book.feed(scope, after: start).joining(of: book.customers[0]).fields[0]
    }

    private func code(_ body: () throws -> Void) -> String {
        do { try body() } catch LedgerError.customerLeft { return "left" } catch LedgerError.cursorRefused {
            return "refused"
        } catch LedgerError.resyncRequired { return "resync" } catch { return "\(error)" }
        return "taken"
    }

    @Test func `the records as they were at the joining come, each once, and a page can be cut at every mark`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        let old = try (0..<400).map { _ in try book.bill(0) }
        try book.bill(1)
        let cursor = try join(book, scope, from: start)
        let page = try book.joined(scope, from: cursor)
        #expect(page.rows.map(\.key) == old && page.rows.allSatisfy { $0.entity == .billRecord })
        #expect(!page.received.more && !page.received.isCheckpoint && page.marks.count >= 5)
        for mark in page.marks {
            #expect(try book.joined(scope, from: mark.cursor).rows == Array(page.rows[mark.rows...]))
        }
    }

    @Test func `what was changed or deleted after the joining is left to the feed`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        let old = try (0..<4).map { _ in try book.bill(0) }
        let cursor = try join(book, scope, from: start)
        let joined = try book.head
        try book.bill(0, key: old[1])
        try book.delete(.billRecord, key: old[2], of: 0)
        let new = try book.bill(0)
        #expect(try book.joined(scope, from: cursor).rows.map(\.key) == [old[0], old[3]])
        #expect(
            try book.feed(scope, after: joined).story == [
                "bill_record \(old[1])", "-bill_record \(old[2])", "bill_record \(new)",
            ])
        // The page says how far the ledger was when it was read, so that the reader knows when both agree.
        #expect(try book.joined(scope, from: cursor).received.sequence == book.head)
    }

    @Test func `pages are short, and together hold every record`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        let old = try (0..<1500).map { _ in try book.bill(0) }
        var cursor = try join(book, scope, from: start)
        var (keys, pages): ([Int64], Int) = ([], 0)
        while true {
            let page = try book.joined(scope, from: cursor)
            #expect(page.received.bytes.count < 160 * 1024)
            keys += page.rows.map(\.key)
            pages += 1
            cursor = page.received.cursor
            guard page.received.more else { break }
        }
        #expect(keys == old && pages > 1)
    }

    @Test func `after a leaving, and after another joining, the cursor of the first is worth nothing`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        try book.bill(0)
        let cursor = try join(book, scope, from: start)
        #expect(code { _ = try book.joined(scope, from: cursor) } == "taken")
        try book.assign(0, to: nil)
        #expect(code { _ = try book.joined(scope, from: cursor) } == "left")
        try book.assign(0, to: "mona")
        #expect(code { _ = try book.joined(scope, from: cursor) } == "left")
        let second = try book.feed(scope, after: start).joining(of: book.customers[0]).fields[0]
        #expect(code { _ = try book.joined(scope, from: second) } == "taken")
    }

    @Test func `a cursor of another kind, scope or version is refused`() throws {
        let book = try ScopeLedger()
        let (scope, other) = (try book.scope("mona"), try book.scope("karl"))
        let start = try book.head
        try book.bill(0)
        let cursor = try join(book, scope, from: start)
        #expect(code { _ = try book.joined(scope, from: book.cursor(scope, at: start)) } == "refused")
        #expect(code { _ = try book.feed(scope, from: cursor) } == "refused")
        #expect(code { _ = try book.joined(other, from: cursor) } == "resync")
        #expect(code { _ = try book.joined(1, from: cursor) } == "resync")
        #expect(code { _ = try book.joined(scope, from: cursor.dropLast() + "x") } == "refused")
        _ = try book.scope("mona", replacing: scope, seesCoupons: true)
        #expect(code { _ = try book.joined(scope, from: cursor) } == "resync")
    }

    // MARK: Bills since the assignment

    @Test func `where a partner narrows them, bills from before the assignment come by no way`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.ledger.write { try $0.setBillsSinceAssignment(true) }
        let start = try book.head
        let assigned = ScopeLedger.now.seconds
        let before = try book.bill(0, consumed: assigned - 1)
        let since = try book.bill(0, consumed: assigned)
        let cursor = try join(book, scope, from: start)
        #expect(try book.feed(scope, after: start).joining(of: book.customers[0]).fields[1] == "1")
        #expect(try book.joined(scope, from: cursor).rows.map(\.key) == [since])
        #expect(try book.snapshot(scope).filter { $0.entity == .billRecord }.map(\.key) == [since])
        // Late corrections of both, in the feed.
        let joined = try book.head
        try book.bill(0, consumed: assigned - 1, key: before)
        try book.bill(0, consumed: assigned + 5, key: since)
        let late = try book.bill(0, consumed: assigned - 100)
        let story = try book.feed(scope, after: joined).rows.filter { !$0.isTombstone }
        #expect(story.map(\.key) == [since] && late > since)
        // One who sees all customers sees all of their bills.
        #expect(try book.feed(1, after: joined).rows.count == 3)
    }

    @Test func `a bill whose correction moves it before the assignment is taken back`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.ledger.write { try $0.setBillsSinceAssignment(true) }
        let bill = try book.bill(0, consumed: ScopeLedger.now.seconds + 1)
        try book.assign(0, to: "mona")
        let joined = try book.head
        try book.bill(0, consumed: ScopeLedger.now.seconds - 1, key: bill)
        #expect(try book.feed(scope, after: joined).story == ["-bill_record \(bill)"])
    }

    @Test func `a change of that policy makes listed scopes load anew, and no others`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.assign(0, to: "mona")
        let (mine, all) = (try book.cursor(scope, at: book.head), try book.cursor(1, at: book.head))
        try book.ledger.write { try $0.setBillsSinceAssignment(false) }
        #expect(code { _ = try book.feed(scope, from: mine) } == "taken")
        try book.ledger.write { try $0.setBillsSinceAssignment(true) }
        #expect(code { _ = try book.feed(scope, from: mine) } == "resync")
        #expect(code { _ = try book.feed(1, from: all) } == "taken")
        let next = try book.cursor(scope, at: book.head)
        try book.ledger.write { try $0.setBillsSinceAssignment(false) }
        #expect(code { _ = try book.feed(scope, from: next) } == "resync")
    }
}
