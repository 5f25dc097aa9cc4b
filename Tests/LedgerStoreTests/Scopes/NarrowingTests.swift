import PartnerModel
import SyncProtocol
import Testing

@testable import LedgerStore

/// Whether a replica that loads anew may keep showing what it has.
@Suite struct NarrowingTests {
    private func narrowed(_ book: ScopeLedger, _ scope: Int64, held: String?) throws -> Bool? {
        let found = try book.found(scope)
        return try book.ledger.read { try $0.snapshotPlan(scope: found, held: held, serverTime: 7).narrowed }
    }

    @Test func `a first load and one of the same scope keep what is there`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.assign(0, to: "mona")
        #expect(try narrowed(book, scope, held: nil) == nil)
        #expect(try narrowed(book, scope, held: book.cursor(scope, at: book.head)) == nil)
    }

    @Test func `from all customers to some is narrower, and from some to all is not`() throws {
        let book = try ScopeLedger()
        let all = try book.define(.all, seesCoupons: true)
        let wide = try book.cursor(all, at: book.head)
        let some = try book.scope("mona", replacing: all, seesCoupons: true)
        #expect(try narrowed(book, some, held: wide) == true)
        let narrow = try book.cursor(some, at: book.head)
        let again = try book.define(.all, replacing: some, seesCoupons: true)
        #expect(try narrowed(book, again, held: narrow) == nil)
    }

    @Test(arguments: [true, false])
    func `a figure of the partner's that is no longer shown is narrower, a new one is not`(isAll: Bool) throws {
        let book = try ScopeLedger()
        let customers: ScopeDefinition.Customers = isAll ? .all : .managed(by: ["mona"])
        let with = try book.define(customers, seesCoupons: true)
        let more = try book.cursor(with, at: book.head)
        let without = try book.define(customers, replacing: with)
        #expect(try narrowed(book, without, held: more) == true)
        let less = try book.cursor(without, at: book.head)
        let back = try book.define(customers, replacing: without, seesCoupons: true)
        #expect(try narrowed(book, back, held: less) == nil)
    }

    @Test func `a listed scope that grows wide and loses its coupons at once is narrower`() throws {
        let book = try ScopeLedger()
        let listed = try book.scope("mona", seesCoupons: true)
        let held = try book.cursor(listed, at: book.head)
        #expect(try narrowed(book, book.define(.all, replacing: listed), held: held) == true)
    }

    @Test func `a customer that left since counts, one that left before does not`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.assign(0, to: "mona")
        try book.assign(1, to: "mona")
        try book.assign(1, to: nil)
        let held = try book.cursor(scope, at: book.head)
        _ = try book.scope("mona", replacing: scope, seesCoupons: true)
        #expect(try narrowed(book, scope, held: held) == nil)
        try book.assign(0, to: nil)
        #expect(try narrowed(book, scope, held: held) == true)
    }

    @Test func `bills since the assignment are narrower than all, and all are not narrower`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        let all = try book.cursor(scope, at: book.head)
        try book.ledger.write { try $0.setBillsSinceAssignment(true) }
        #expect(try narrowed(book, scope, held: all) == true)
        let since = try book.cursor(scope, at: book.head)
        try book.ledger.write { try $0.setBillsSinceAssignment(false) }
        #expect(try narrowed(book, scope, held: since) == nil)
        // The way round leads back to what the first cursor showed.
        #expect(try narrowed(book, scope, held: all) == nil)
    }

    @Test func `a scope that nothing is known of counts as a wider one, and a text that is no cursor as nothing`()
        throws
    {
        let book = try ScopeLedger()
        let listed = try book.scope("mona")
        let text = try book.ledger.read {
            Cursor(epoch: "00aa", scope: 99, scopeVersion: 3, sequence: 0, at: 5, place: .feed).text(
                key: $0.state.sealKey)
        }
        #expect(try narrowed(book, listed, held: text) == true)
        let otherEpoch = try book.ledger.read {
            Cursor(epoch: "00bb", scope: 99, scopeVersion: 3, sequence: 0, at: 5, place: .feed).text(
                key: $0.state.sealKey)
        }
        for held in [otherEpoch, "junk", "", String(text.dropLast()) + "0"] {
            #expect(try narrowed(book, listed, held: held) == nil)
        }
    }
}
