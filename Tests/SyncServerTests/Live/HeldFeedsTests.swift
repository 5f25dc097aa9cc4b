import LedgerStore
import PartnerModel
import Testing

@testable import SyncServer

/// The registry of those who wait, without a socket or a file.
@Suite struct HeldFeedsTests {
    private static let all = scope(1, isWhole: true)
    private static let partner = "p"

    private static func scope(
        _ number: Int64, isWhole: Bool = false, coupons: Bool = false, version: Int64 = 1
    ) -> Scope {
        Scope(
            number: number, version: version, isWhole: isWhole, seesCoupons: coupons, seesBills: false,
            seesQuota: false)
    }

    private static func found(_ scope: Scope, at sequence: Int64, epoch: String = "e") -> QuietFeed {
        QuietFeed(
            member: Member(partner: partner, account: "a", role: .operator, scope: scope.number), scope: scope,
            epoch: epoch, sequence: sequence, rules: "r")
    }

    private static func touch(
        _ after: Int64, _ sequence: Int64, shared: Set<Int64> = [], scopes: Set<Int64>? = nil
    ) -> FeedTouch {
        var touch = FeedTouch(after: after, sequence: sequence)
        touch.shared = shared
        touch.hasCustomers = scopes != nil
        touch.scopes = scopes ?? []
        return touch
    }

    private static func register(
        _ feeds: inout HeldFeeds, token: UInt8 = 0, deadline: Duration = .seconds(9)
    ) -> HeldFeeds.ID {
        feeds.register(partner: partner, token: [token], deadline: deadline).id
    }

    /// One that sleeps in a scope since a sequence.
    private static func sleeper(_ feeds: inout HeldFeeds, _ scope: Scope, at sequence: Int64) -> HeldFeeds.ID {
        let id = register(&feeds, token: UInt8(truncatingIfNeeded: feeds.count))
        #expect(feeds.settle(id, found(scope, at: sequence)) == .asleep)
        return id
    }

    @Test func `a change wakes the scopes that see it and no other`() {
        var feeds = HeldFeeds()
        let all = Self.sleeper(&feeds, Self.all, at: 10)
        let first = Self.sleeper(&feeds, Self.scope(2), at: 10)
        let second = Self.sleeper(&feeds, Self.scope(3, coupons: true), at: 10)
        var head: Int64 = 10
        func woken(_ shared: Set<Int64>, _ scopes: Set<Int64>?) -> [HeldFeeds.ID] {
            head += 1
            return feeds.touched(Self.partner, Self.touch(head - 1, head, shared: shared, scopes: scopes))
        }
        #expect(woken([], [2]) == [all, first] && woken([], [3]) == [all, second] && woken([], []) == [all])
        #expect(woken([Subject.everyone], nil) == [all, first, second])
        #expect(woken([Subject.coupons], nil) == [second] && woken([Subject.bills], nil) == [])
        #expect(woken([Subject.coupons], [2]) == [all, first, second])
        // A joining has no row but its sequence.
        var joined = Self.touch(head, head + 1)
        joined.scopes = [2]
        #expect(feeds.touched(Self.partner, joined) == [first])
        #expect(feeds.touched("another", Self.touch(0, 99, scopes: [2])) == [])
    }

    @Test func `who looked before a commit that was told already looks again`() {
        var feeds = HeldFeeds()
        _ = Self.sleeper(&feeds, Self.all, at: 10)
        let late = Self.register(&feeds, token: 9)
        #expect(feeds.touched(Self.partner, Self.touch(10, 11, scopes: [])).count == 1)
        #expect(feeds.settle(late, Self.found(Self.all, at: 10)) == .again)
        #expect(feeds.settle(late, Self.found(Self.all, at: 11)) == .asleep)
        // And who has seen it already is left asleep.
        #expect(feeds.touched(Self.partner, Self.touch(11, 11)) == [])
    }

    @Test func `the first look begins at the oldest of those who sleep, and wakes who came before it`() {
        var feeds = HeldFeeds()
        let one = Self.register(&feeds)
        #expect(feeds.start(Self.partner) == nil)
        _ = feeds.settle(one, Self.found(Self.scope(2), at: 20))
        #expect(feeds.start(Self.partner) == 20)
        let older = Self.register(&feeds, token: 1)
        _ = feeds.settle(older, Self.found(Self.scope(3), at: 15))
        // Looked up from 20, before the older one settled.
        #expect(feeds.touched(Self.partner, Self.touch(20, 20)) == [older])
        #expect(feeds.start(Self.partner) == 20)
    }

    @Test func `too much to tell apart, and sequences that went back, wake all`() {
        var feeds = HeldFeeds()
        let ids = [Self.sleeper(&feeds, Self.all, at: 10), Self.sleeper(&feeds, Self.scope(2), at: 10)]
        for head: Int64 in [90_000, 5] {
            var touch = FeedTouch(after: 10, sequence: head)
            touch.isEverything = true
            #expect(feeds.touched(Self.partner, touch) == ids)
        }
    }

    @Test func `another version of a scope, its end and another epoch wake those whose cursors they end`() {
        var feeds = HeldFeeds()
        let all = Self.sleeper(&feeds, Self.all, at: 10)
        let listed = Self.sleeper(&feeds, Self.scope(2), at: 10)
        func framed(_ scopes: [Scope], epoch: String = "e") -> [HeldFeeds.ID] {
            feeds.framed(Self.partner, ScopeFrame(epoch: epoch, scopes: Set(scopes)))
        }
        #expect(framed([Self.all, Self.scope(2)]) == [])
        let late = Self.register(&feeds, token: 9)
        #expect(framed([Self.all, Self.scope(2, version: 2)]) == [listed])
        #expect(feeds.settle(late, Self.found(Self.scope(2), at: 10)) == .again)
        feeds.beginLook(late)
        #expect(feeds.settle(late, Self.found(Self.scope(2, version: 2), at: 10)) == .asleep)
        #expect(framed([Self.all, Self.scope(2, version: 2)], epoch: "f") == [all, listed, late])
    }

    @Test func `who settles on an access from before a sweep looks again`() {
        var feeds = HeldFeeds()
        let sleeping = Self.sleeper(&feeds, Self.all, at: 10)
        let late = Self.register(&feeds, token: 9)
        #expect(feeds.beginSweep().map(\.id) == [sleeping])
        #expect(feeds.settle(late, Self.found(Self.all, at: 10)) == .again)
        feeds.beginLook(late)
        #expect(feeds.settle(late, Self.found(Self.all, at: 10)) == .asleep)
        #expect(feeds.beginSweep().map(\.id) == [sleeping, late])
    }

    @Test func `the oldest of a token, and of a partner, gives its place up`() {
        var limits = HeldFeeds.Limits()
        (limits.tokenMax, limits.partnerMax) = (2, 4)
        var feeds = HeldFeeds(limits: limits)
        func displaced(_ token: UInt8) -> HeldFeeds.ID? {
            feeds.register(partner: Self.partner, token: [token], deadline: .seconds(1)).displaced
        }
        #expect([displaced(1), displaced(1), displaced(2)] == [nil, nil, nil])
        #expect(displaced(1) == 1)
        #expect(feeds.settle(1, Self.found(Self.all, at: 1)) == .displaced)
        // Five by then: that of the token has gone from it, and is not chosen again.
        #expect(displaced(3) == 2)
        for id in feeds.ids { feeds.remove(id) }
        #expect(feeds.count == 0 && feeds.heldPartners.isEmpty && displaced(1) == nil)
    }

    @Test func `waits end in the order of their deadlines`() {
        var feeds = HeldFeeds()
        let ids = [5, 3, 9, 3].map { Self.register(&feeds, token: UInt8($0), deadline: .seconds($0)) }
        #expect(feeds.earliestDeadline == .seconds(3) && feeds.due(at: .seconds(2)) == [])
        #expect(feeds.due(at: .seconds(5)) == [ids[1], ids[3], ids[0]])
        feeds.remove(ids[1])
        #expect(feeds.due(at: .seconds(99)) == [ids[3], ids[0], ids[2]])
        feeds.remove(ids[1])
        #expect(feeds.count == 3)
    }
}
