import PartnerModel
import SyncProtocol
import Testing

@testable import LedgerStore

/// What the feed tells of customers that join and leave.
@Suite struct JoinedFeedTests {
    @Test func `a joining is told as its row, then the registers at once, then what came after`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        try book.setLabel(0, "first")
        for _ in 0..<3 { try book.bill(0) }
        let joined = try book.assign(0, to: "mona")
        let key = book.customers[0].value
        let late = try book.bill(0)
        let page = try book.feed(scope, after: start)
        #expect(
            page.story == [
                "membership \(key)", "customer \(key)", "manager \(key)", "label \(key)", "bill_record \(late)",
            ])
        let row = try page.joining(of: book.customers[0])
        #expect(row.version == joined && row.fields.count == 2 && row.fields[1] == "3")
        let cursor = try Cursor(row.fields[0], key: [UInt8](repeating: 1, count: 32))
        #expect(cursor.sequence == joined && cursor.scope == scope)
        #expect(cursor.place == .joined(customer: key, entity: 0, key: 0))
        #expect(try page.received.isCheckpoint && page.received.sequence == book.head)
    }

    @Test func `of what happened to a customer before it joined nothing is told`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        try book.setLabel(0, "before")
        let gone = try book.bill(0)
        try book.delete(.billRecord, key: gone, of: 0)
        try book.setLabel(1, "of another")
        try book.assign(0, to: "mona")
        let page = try book.feed(scope, after: start)
        #expect(page.rows.allSatisfy { $0.key == book.customers[0].value && !$0.isTombstone })
        // The label stands in the joining, with its version of before.
        #expect(page.rows.filter { $0.entity == .label }.count == 1)
    }

    @Test func `a leaving is told as a tombstone, and then nothing of the customer`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.assign(0, to: "mona")
        let start = try book.head
        try book.setLabel(0, "last seen")
        try book.assign(0, to: nil)
        let left = try book.head
        try book.setLabel(0, "unseen")
        let page = try book.feed(scope, after: start)
        #expect(page.story == ["-membership \(book.customers[0].value)"] && page.rows[0].version == left)
        // One who comes later, after the leaving, is told nothing.
        #expect(try book.feed(scope, after: left).rows.isEmpty)
    }

    @Test func `joined, left and joined again is told in order, the last joining alone with its registers`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let start = try book.head
        try book.assign(0, to: "mona")
        let between = try book.head
        try book.assign(0, to: nil)
        try book.setLabel(0, "while away")
        let joined = try book.assign(0, to: "mona")
        let key = book.customers[0].value
        let expected = ["-membership \(key)", "membership \(key)", "customer \(key)", "manager \(key)", "label \(key)"]
        let page = try book.feed(scope, after: start)
        #expect(page.story == expected)
        #expect(try page.joining(of: book.customers[0]).version == joined)
        #expect(try book.feed(scope, after: between).story == expected)
    }

    @Test func `a joining is never cut inside a page, and each cursor line lets the rest follow`() throws {
        let book = try ScopeLedger(customers: 150)
        let scope = try book.scope("mona")
        let start = try book.head
        for index in 0..<150 {
            try book.assign(index, to: "mona")
            try book.setLabel(index, "x")
        }
        let page = try book.feed(scope, after: start)
        #expect(page.marks.count >= 5)
        for mark in page.marks {
            // What follows a mark begins with a joining or a change of its own, never with registers of one told above.
            let rest = try book.feed(scope, from: mark.cursor)
            #expect(rest.rows == Array(page.rows[mark.rows...]))
            #expect(rest.rows.first.map { $0.entity == .membership || $0.entity == .label } ?? true)
        }
    }

    @Test func `a page that is full ends after a whole joining`() throws {
        let book = try ScopeLedger(customers: 1700)
        let scope = try book.scope("mona")
        let start = try book.head
        try book.ledger.write { writer in
            for customer in book.customers {
                _ = try writer.set(.label("x"), of: customer, author: "t", at: ScopeLedger.now)
                _ = try writer.set(.manager("mona"), of: customer, author: "t", at: ScopeLedger.now)
            }
        }
        var cursor = try book.cursor(scope, at: start)
        var (pages, customers) = (0, 0)
        while true {
            let page = try book.feed(scope, from: cursor)
            pages += 1
            #expect(page.rows.first?.entity == .membership && page.rows.last?.entity == .label)
            customers += page.rows.count { $0.entity == .customer }
            cursor = page.received.cursor
            guard page.received.more else { break }
            #expect(!page.received.isCheckpoint && page.rows.count >= ProtocolLimits.pageRowsMax)
        }
        #expect(pages == 2 && customers == 1700)
    }

    @Test func `a scope of all customers is told nothing of joining`() throws {
        let book = try ScopeLedger()
        _ = try book.scope("mona")
        let start = try book.head
        try book.assign(0, to: "mona")
        #expect(try book.feed(1, after: start).story == ["manager \(book.customers[0].value)"])
    }
}
