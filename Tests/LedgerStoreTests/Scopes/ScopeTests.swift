import PartnerModel
import SyncProtocol
import Testing

@testable import LedgerStore

/// Who is a member of what, and since which sequence.
@Suite struct ScopeTests {
    @Test func `a customer joins the scope of its account manager and leaves it with the next one`() throws {
        let book = try ScopeLedger()
        let (mona, karl) = (try book.scope("mona"), try book.scope("karl"))
        #expect(try book.members(mona).isEmpty)
        // The register has its sequence, then the joining one of its own.
        var last = try book.assign(0, to: "mona")
        #expect(try book.members(mona) == [0: last] && book.members(karl).isEmpty)
        #expect(try book.head == last)
        let before = last
        last = try book.assign(0, to: "karl")
        #expect(last == before + 3)
        #expect(try book.members(mona).isEmpty && book.members(karl) == [0: last])
        last = try book.assign(0, to: nil)
        #expect(try book.members(mona).isEmpty && book.members(karl).isEmpty)
        #expect(last == before + 5)
        // An account that no scope follows, and the same once more, move nothing.
        last = try book.assign(0, to: "nobody")
        #expect(last == before + 6)
        last = try book.assign(1, to: "mona")
        #expect(try book.assign(1, to: "mona") == last + 1)
        #expect(try book.members(mona) == [1: last])
    }

    @Test func `a former customer is in nobody's book, and back in it when it is associated again`() throws {
        let book = try ScopeLedger()
        let mona = try book.scope("mona")
        let first = try book.assign(0, to: "mona")
        try book.setFormer(0, true)
        #expect(try book.members(mona).isEmpty)
        // Assigned while it is none: nobody sees it.
        try book.assign(0, to: "mona")
        #expect(try book.members(mona).isEmpty)
        try book.setFormer(0, false)
        let again = try book.head
        #expect(try book.members(mona) == [0: again])
        #expect(again > first)
    }

    @Test func `a director's scope holds the customers of all managers it follows, each once`() throws {
        let book = try ScopeLedger()
        let (first, second) = (try book.assign(0, to: "mona"), try book.assign(1, to: "karl"))
        let scope = try book.scope("mona", "karl")
        let joined = try book.members(scope)
        #expect(joined.keys.sorted() == [0, 1])
        #expect(joined.values.allSatisfy { $0 > second && $0 > first })
        // From one of its managers to the other it stays, as it joined.
        try book.assign(0, to: "karl")
        #expect(try book.members(scope) == joined)
        try book.assign(2, to: "mona")
        #expect(try book.members(scope).keys.sorted() == [0, 1, 2])
        // A manager less and another more: only those move.
        try book.assign(3, to: "lena")
        #expect(try book.scope("karl", "lena", replacing: scope) == scope)
        let after = try book.members(scope)
        #expect(after.keys.sorted() == [0, 1, 3] && after[0] == joined[0] && after[1] == joined[1])
        #expect(try book.found(scope).version == 1)
    }

    @Test func `the version of a scope rises with what it sees, not with whom`() throws {
        let book = try ScopeLedger()
        let scope = try book.scope("mona")
        try book.assign(0, to: "mona")
        #expect(try book.scope("mona", "karl", replacing: scope) == scope)
        #expect(try book.found(scope).version == 1)
        #expect(try book.scope("mona", replacing: scope, seesCoupons: true) == scope)
        #expect(try book.found(scope).version == 2 && book.found(scope).seesCoupons)
        #expect(try book.scope("mona", replacing: scope, seesCoupons: true) == scope)
        #expect(try book.found(scope).version == 2)
    }

    @Test func `the number of a scope that is gone is never given to another`() throws {
        let book = try ScopeLedger()
        try book.assign(0, to: "mona")
        var given: [Int64] = []
        var scope = try book.scope("mona")
        for _ in 0..<4 {
            given.append(scope)
            let whole = try book.define(.all, replacing: scope)
            #expect(try book.found(whole).isWhole)
            #expect(try book.ledger.read { try $0.scope(scope) } == nil)
            #expect(try book.members(scope).isEmpty)
            scope = try book.scope("mona", replacing: whole)
            #expect(try book.members(scope).keys.sorted() == [0])
        }
        #expect(Set(given).count == 4)
        // The scopes of all customers are shared by those who see the same.
        #expect(try book.define(.all, seesCoupons: true) == 1)
        #expect(try book.define(.all) == book.define(.all))
    }

    @Test func `a joining that is undone with its step leaves no member`() throws {
        let book = try ScopeLedger()
        let mona = try book.scope("mona")
        struct Stop: Error {}
        let before = try book.head
        try book.ledger.write { writer in
            try? writer.step {
                _ = try writer.set(.manager("mona"), of: book.customers[0], author: "t", at: ScopeLedger.now)
                throw Stop()
            }
        }
        #expect(try book.members(mona).isEmpty && book.head == before)
    }
}
