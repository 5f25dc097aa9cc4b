import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What changed since a person last looked, and what asks for attention.
@Suite struct NewsTests {
    private static func line(
        _ key: Int64, customer: Int64 = 1, at: Int64 = 1_795_000_000, by author: String = "ben", replica: String? = nil
    ) -> PageRow {
        let before = #"{"register":"label","label":"a"}"#
        return PageRow(
            .history, key, version: key,
            [
                .integer(customer), .integer(at), "label", .text(author), "applied", .text(before), .text(before), "r",
                1, replica.map { .text($0) } ?? nil, nil, nil, nil,
            ])
    }

    private func lines(_ news: News) -> [String] { news.lines.map { "\($0.customer.name) by \($0.line.author)" } }

    @Test func `since a mark come the lines after it, newest first, and none of this replica's own`() throws {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 900, [NewsTests.line(900)])
        let mark = try #require(try replica.reader().newsMark(at: 5))
        let own = replica.store.identity.replica
        try replica.feed(
            sequence: 905,
            [
                NewsTests.line(901, by: "cho"), NewsTests.line(902, customer: 2, by: "dan", replica: "other"),
                NewsTests.line(903, by: "ana", replica: own),
            ])
        let news = try replica.reader().news(since: mark, orFrom: 0, limit: 10)
        #expect(lines(news) == ["Beta by dan", "Alpha by cho"] && news.lineCount == 2)
        let short = try replica.reader().news(since: mark, orFrom: 0, limit: 1)
        #expect(lines(short) == ["Beta by dan"] && short.lineCount == 2)
        let now = try replica.reader().newsMark(at: 6)
        #expect(try replica.reader().news(since: now, orFrom: 0, limit: 10).isEmpty)
    }

    @Test func `what is past the bound is not counted, and said to be more`() throws {
        let replica = try TestReplica.settled()
        let mark = try replica.reader().newsMark(at: 5)
        let most = Int64(News.countMax)
        try replica.feed(sequence: 2000, (0..<most).map { NewsTests.line(1000 + $0) })
        let all = try replica.reader().news(since: mark, orFrom: 0, limit: 5)
        #expect(all.lineCount == News.countMax && !all.isCutShort && all.lines.count == 5)
        try replica.feed(sequence: 3000, [NewsTests.line(2500)])
        let more = try replica.reader().news(since: mark, orFrom: 0, limit: 5)
        #expect(more.lineCount == News.countMax && more.isCutShort)
        // Who asks for more lines has them counted as far.
        let wide = try replica.reader().news(since: mark, orFrom: 0, limit: 1000)
        #expect(wide.lineCount == News.countMax + 1 && !wide.isCutShort && wide.lines.count == News.countMax + 1)
    }

    @Test func `without a mark, or with one of another history, the moment decides`() throws {
        let replica = try TestReplica.settled()
        try replica.feed(sequence: 902, [NewsTests.line(901, at: 100), NewsTests.line(902, at: 200, by: "cho")])
        let foreign = NewsMark(epoch: "other", line: WireInteger(999), sequence: WireInteger(999), at: WireInteger(1))
        for mark in [nil, foreign] {
            #expect(try lines(replica.reader().news(since: mark, orFrom: 150, limit: 10)) == ["Alpha by cho"])
            #expect(try replica.reader().news(since: mark, orFrom: 100, limit: 10).lineCount == 2)
        }
    }

    @Test func `customers that joined and cycles that became final since the mark are news`() throws {
        let replica = try TestReplica.settled()
        let mark = try replica.reader().newsMark(at: 5)
        let final = PageRow(.cycle, 202_610, version: 12, ["2026-10", "final", 77])
        try replica.feed(sequence: 13, Wanderer.joins(at: 11) + [final])
        let news = try replica.reader().news(since: mark, orFrom: 0, limit: 10)
        #expect(news.joined.map(\.name) == ["Wanderer Limited"] && news.cycles.map(\.cycle) == ["2026-10"])
        #expect(try replica.reader().news(since: replica.reader().newsMark(at: 6), orFrom: 0, limit: 9).isEmpty)
    }

    @Test func `before anything is loaded there is no mark`() throws {
        let replica = try TestReplica()
        #expect(try replica.reader().newsMark(at: 5) == nil)
    }

    @Test func `budgets from three quarters on come with their mark, the most used first`() throws {
        func used(_ key: Int64, _ units: Int64) -> PageRow {
            PageRow(.usage, key, version: 12, [.integer(units * Money.unitsPerMajor), 9])
        }
        let replica = try TestReplica.loaded(
            [.partner(), .cycle()] + (1...5).map { .customer($0, name: "C\($0)") }
                + (1...5).map { .budget($0, version: 7, 100) }
                + [used(1, 74), used(2, 75), used(3, 100), used(4, 99), used(5, 250)])
        let found = try replica.reader().attention(now: 0, limit: 10)
        #expect(found.budgets.map(\.customer.name) == ["C5", "C3", "C4", "C2"] && found.budgetCount == 4)
        #expect(found.budgets.map(\.mark) == [.exhausted, .exhausted, .nineTenths, .threeQuarters])
        let one = try replica.reader().attention(now: 0, limit: 1)
        #expect(one.budgets.map(\.customer.name) == ["C5"] && one.budgetCount == 4)
    }

    @Test func `freezes, requests, and usable coupons that end within the days are told`() throws {
        func coupon(_ key: Int64, status: Int64 = 2, expires: Int64, frozen: Int64 = 0) -> PageRow {
            PageRow(
                .coupon, key, version: 3,
                [
                    .text("k\(key)"), "C", .integer(status), 1, 1, 500, 500, "USD", 1, .integer(expires), 1, nil, nil,
                    .integer(frozen), nil,
                ])
        }
        let day: Int64 = 86_400
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [
                .freezes(2, version: 8, ids: [41]), coupon(70, expires: 31 * day), coupon(71, expires: 30 * day),
                coupon(72, expires: 2 * day), coupon(73, status: 3, expires: day), coupon(74, expires: 0),
                coupon(75, expires: day, frozen: 1),
                PageRow(.request, 3, version: 9, ["disassociate", "pending", "", 1, nil, nil]),
                PageRow(.request, 2, version: 9, ["associate", "approved", "", 1, nil, nil]),
            ])
        let found = try replica.reader().attention(now: 0, limit: 10)
        #expect(found.coupons.map(\.couponID) == ["k72", "k71"] && found.couponCount == 2)
        #expect(found.freezes.map(\.customer.name) == ["Beta"] && found.freezes.first?.kind == .account)
        #expect(found.requests == 1 && found.quota == nil)
    }
}
