import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What a page brings that is new, and what is not.
@Suite struct NoticeTests {
    /// The customers 1 and 2 with budgets of 100, of which 10 are used.
    private static let rows: [PageRow] = [
        .partner(), .cycle(), .customer(1, name: "Alpha"), .customer(2, name: "Beta"), .budget(1, version: 7, 100),
        .budget(2, version: 7, 100), usage(1, version: 8, 10), .freezes(2, version: 8, ids: [41]),
        quota(version: 8, used: 10),
    ]

    private static func usage(_ key: Int64, version: Int64, _ major: Int64) -> PageRow {
        PageRow(.usage, key, version: version, [.integer(major * Money.unitsPerMajor), 1])
    }

    /// The partner's quota of 100.
    private static func quota(version: Int64, used major: Int64) -> PageRow {
        PageRow(
            .quota, 1, version: version,
            [.integer(100 * Money.unitsPerMajor), .integer(major * Money.unitsPerMajor), "USD", 1])
    }

    private static func frozen(_ key: Int64, version: Int64, by author: String, cause: String = "manual") -> PageRow {
        let freeze =
            "[{\"at\":\"1\",\"by\":\"\(author)\",\"cause\":\"\(cause)\",\"id\":\"\(version)\","
            + "\"kind\":\"account\",\"reason\":\"r\"}]"
        return PageRow(.freezes, key, version: version, [.text(freeze), "account"])
    }

    private static func conflict(
        _ key: Int64, customer: Int64, version: Int64, status: String = "open", replica: String = "other",
        register: String = "budget"
    ) -> PageRow {
        PageRow(
            .conflict, key, version: version,
            [
                .integer(customer), .text(register), .text(replica), 1, .text(status), "{}", "{}", "{}", 9, "eva",
                "mona", "hold", 1, 5, nil, nil, nil, nil, nil, 6, nil, nil, nil, nil,
            ])
    }

    private func watched(_ rows: [PageRow] = NoticeTests.rows) throws -> TestReplica {
        let replica = try TestReplica()
        replica.store.isWatching = true
        _ = try replica.meet("e1")
        try replica.begin("e1", rows: Int64(rows.count))
        try replica.snapshot(end: .last, rows)
        #expect(try replica.feed(sequence: 10).notices == [])
        return replica
    }

    /// An error while notices are read may roll back the page's rows; the cursor may not move without them.
    @Test(arguments: [false, true]) func `a notice that cannot be read loses no rows`(isAhead: Bool) throws {
        let keys: ClosedRange<Int64> = 100...900
        func usage(_ key: Int64, version: Int64, _ major: Int64) -> PageRow {
            PageRow(.usage, key, version: version, [.integer(major * Money.unitsPerMajor), 1])
        }
        let replica = try TestReplica.loaded(
            [.partner(), .cycle()] + keys.map { .customer($0, name: "Name of some length \($0)") }
                + keys.map { .budget($0, version: 2, 100) } + keys.map { usage($0, version: 2, 1) })
        let disk = FaultDisk(folder: replica.path)
        defer { disk.unmount() }
        try replica.reopen()
        replica.store.isWatching = true
        var at: Int64 = 100
        for write in 44...53 {
            at += 10
            if isAhead {
                // The first of these goes into the file, the second is held and applied ahead.
                replica.clock.advance(seconds: 60)
                try replica.feed(sequence: at - 5, end: .more, [.customer(101, version: at - 5, name: "kept")])
                try replica.feed(sequence: at - 4, end: .more, [.customer(102, version: at - 4, name: "held")])
                try #require(replica.store.live?.ahead?.pages == 1)
            }
            let writing = isAhead ? replica.store.live?.ahead?.connection : replica.store.live?.connection
            try writing?.execute("PRAGMA cache_size = 12; PRAGMA cache_spill = 12")
            func storedCursor() throws -> String {
                try replica.texts(replica.imageFile, "SELECT fetched_cursor FROM meta")[0]
            }
            let (before, start) = (try storedCursor(), try replica.position())
            let changed = keys.filter { $0 % 7 == 0 }
            let page: [PageRow] =
                changed.map { .customer($0, version: at, name: "at \(at)") }
                + changed.map { .budget($0, version: at, 1000 + at) }
                + changed.map { usage($0, version: at, 2000 + 2 * at) }
            disk.fail(atWrite: write)
            _ = try? replica.feed(sequence: at, page)
            disk.heal()
            let names = try replica.texts(
                replica.imageFile, "SELECT DISTINCT name FROM customer WHERE key % 7 = 0 AND key >= 100")
            #expect(try storedCursor() == before || names == ["at \(at)"], "write \(write)")
            if try replica.position() == start { try replica.feed(sequence: at, page) }
        }
        replica.close()
    }

    /// Notices as words: kind, customer and what.
    private func told(_ outcome: ReplicaStore.PageOutcome) -> [String] {
        outcome.notices.map { notice in
            switch notice {
            case .conflict(let conflict):
                "conflict \(conflict.key.value) \(conflict.customer.accountName ?? "") \(conflict.isMine)"
            case .frozen(let customer, let freezes):
                "frozen \(customer.accountName ?? "") \(freezes.map { "\($0.author) \($0.cause)" })"
            case .budget(let customer, let share): "budget \(customer.accountName ?? "") \(share.percent) \(share.used)"
            case .quota(let share): "quota \(share.percent) \(share.used)"
            case .refused(let customer, let refusal): "refused \(customer.accountName ?? "") \(refusal.number.value)"
            }
        }
    }

    @Test func `a first load tells nothing, however much it brings, and neither do pages before its checkpoint`() throws
    {
        let replica = try TestReplica()
        replica.store.isWatching = true
        _ = try replica.meet("e1")
        try replica.begin("e1", rows: 9)
        try replica.snapshot(end: .last, NoticeTests.rows)
        let rows = [NoticeTests.frozen(1, version: 9, by: "ben"), NoticeTests.conflict(5, customer: 1, version: 9)]
        #expect(try told(replica.feed(sequence: 10, end: .more, rows)) == [])
        #expect(try told(replica.feed(sequence: 11, [NoticeTests.usage(1, version: 11, 100)])) == [])
        #expect(try told(replica.feed(sequence: 12, [NoticeTests.frozen(1, version: 12, by: "eva")])) != [])
    }

    @Test func `what pages before a checkpoint bring is told at the checkpoint, also when they are applied ahead`()
        throws
    {
        let replica = try watched()
        replica.clock.advance(seconds: 60)
        let frozen = NoticeTests.frozen(1, version: 11, by: "ben")
        #expect(try told(replica.feed(sequence: 11, end: .more, [frozen])) == [])
        let used = NoticeTests.usage(1, version: 12, 95)
        #expect(try told(replica.feed(sequence: 12, end: .more, [used])) == [])
        #expect(replica.store.live?.ahead?.pages == 1)
        let lifted = PageRow.freezes(2, version: 13, ids: [])
        #expect(
            try told(replica.feed(sequence: 13, [lifted])) == [
                "frozen account-1 [\"ben manual\"]", "budget account-1 90 95.00000000",
            ])
    }

    @Test func `a freeze by others or by a machine is told, one's own and a lifted one are not`() throws {
        let replica = try watched()
        #expect(try told(replica.feed(sequence: 11, [NoticeTests.frozen(1, version: 11, by: "ana")])) == [])
        #expect(
            try told(replica.feed(sequence: 12, [NoticeTests.frozen(1, version: 12, by: "ana", cause: "budget")]))
                == ["frozen account-1 [\"ana budget\"]"])
        #expect(
            try told(replica.feed(sequence: 13, [NoticeTests.frozen(2, version: 13, by: "ben")]))
                == ["frozen account-2 [\"ben manual\"]"])
        #expect(try told(replica.feed(sequence: 14, [.freezes(2, version: 14, ids: [])])) == [])
    }

    @Test func `a share of a budget is told once when it is reached, however it is reached`() throws {
        let replica = try watched()
        func used(_ sequence: Int64, _ major: Int64) throws -> [String] {
            try told(replica.feed(sequence: sequence, [NoticeTests.usage(1, version: sequence, major)]))
        }
        #expect(try used(11, 74) == [])
        #expect(try used(12, 75) == ["budget account-1 75 75.00000000"])
        #expect(try used(13, 89) == [])
        #expect(try used(14, 130) == ["budget account-1 100 130.00000000"])
        #expect(try used(15, 5) == [])
        #expect(
            try told(replica.feed(sequence: 16, [.budget(1, version: 16, 5)])) == ["budget account-1 100 5.00000000"])
        #expect(try told(replica.feed(sequence: 17, [.budget(1, version: 17, nil)])) == [])
        // The first usage that is known of a customer counts from nothing; several rows of a page are one change.
        let rows = [NoticeTests.usage(2, version: 18, 76), NoticeTests.usage(2, version: 19, 91)]
        #expect(try told(replica.feed(sequence: 19, rows)) == ["budget account-2 90 91.00000000"])
    }

    @Test func `the quota is told where the vendor warns and where it restricts`() throws {
        let replica = try watched()
        #expect(try told(replica.feed(sequence: 11, [NoticeTests.quota(version: 11, used: 80)])) == [])
        #expect(
            try told(replica.feed(sequence: 12, [NoticeTests.quota(version: 12, used: 81)])) == ["quota 80 81.00000000"]
        )
        #expect(
            try told(replica.feed(sequence: 13, [NoticeTests.quota(version: 13, used: 101)]))
                == ["quota 100 101.00000000"])
    }

    @Test func `a conflict is told when it opens, to its author and to who may decide it`() throws {
        let replica = try watched()
        let own = replica.store.identity.replica
        func page(_ sequence: Int64, _ row: PageRow) throws -> [String] {
            try told(replica.feed(sequence: sequence, [row]))
        }
        #expect(
            try page(11, NoticeTests.conflict(5, customer: 1, version: 11)) == ["conflict 5 account-1 false"])
        #expect(try page(12, NoticeTests.conflict(5, customer: 1, version: 12)) == [])
        #expect(try page(13, NoticeTests.conflict(5, customer: 1, version: 13, status: "decided")) == [])
        var hello = replica.hello("e1")
        hello.items = ["customers", "freezes"]
        _ = try replica.store.meet(hello, server: "http://s")
        #expect(try page(14, NoticeTests.conflict(6, customer: 1, version: 14)) == [])
        #expect(
            try page(15, NoticeTests.conflict(7, customer: 1, version: 15, register: "freezes"))
                == ["conflict 7 account-1 false"])
        #expect(
            try page(16, NoticeTests.conflict(8, customer: 1, version: 16, replica: own)) == [
                "conflict 8 account-1 true"
            ])
    }

    @Test func `a customer that joins brings no notice, whatever it brings`() throws {
        let replica = try watched()
        let rows: [PageRow] = [
            NoticeTests.frozen(4, version: 11, by: "ben"), .budget(4, version: 11, 100),
            NoticeTests.usage(4, version: 11, 99), NoticeTests.conflict(9, customer: 4, version: 11),
            PageRow(.membership, 4, version: 11, ["j4", 0]), .customer(4, version: 11, name: "Delta"),
        ]
        #expect(try told(replica.feed(sequence: 11, rows)) == [])
        #expect(try told(replica.feed(sequence: 12, [NoticeTests.frozen(4, version: 12, by: "eva")])).count == 1)
    }

    @Test(arguments: [false, true]) func `a load anew tells only what the old image did not show`(
        isOtherEpoch: Bool
    ) throws {
        let replica = try watched()
        try replica.feed(sequence: 11, [NoticeTests.conflict(5, customer: 1, version: 11)])
        try replica.store.forgetImage()
        let epoch = isOtherEpoch ? "e2" : "e1"
        if isOtherEpoch { _ = try replica.meet(epoch) }
        let news: [PageRow] = [
            NoticeTests.conflict(5, customer: 1, version: 11), .customer(4, version: 12, name: "Delta"),
            NoticeTests.frozen(4, version: 12, by: "ben"), NoticeTests.usage(2, version: 12, 95),
        ]
        try replica.begin(epoch, rows: 9)
        try replica.snapshot(epoch, end: .last, NoticeTests.rows + news)
        #expect(try told(replica.feed(epoch, sequence: 20)) == ["budget account-2 90 95.00000000"])
        #expect(try told(replica.feed(epoch, sequence: 21)) == [])
    }

    @Test func `nobody is told who does not watch`() throws {
        let replica = try watched()
        replica.store.isWatching = false
        #expect(try told(replica.feed(sequence: 11, [NoticeTests.frozen(1, version: 11, by: "ben")])) == [])
    }

    @Test func `a refused edit is told with its code, and an image that can't be read keeps no page back`() throws {
        let replica = try watched()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        #expect(try replica.record(result(1, .rejected)).dead == [EditNumber(1)])
        guard case .refused(let customer, let refusal)? = try replica.store.refusal(EditNumber(1)) else {
            Issue.record("it is not told")
            return
        }
        #expect(customer.accountName == "account-1" && refusal.code == .rejected && refusal.kind == .setBudget)
        #expect(try replica.store.refusal(EditNumber(2)) == nil)
        let bad = PageRow(.freezes, 1, version: 11, ["no list", "account"])
        #expect(try told(replica.feed(sequence: 11, [bad])) == [])
        #expect(try replica.texts(replica.imageFile, "SELECT freezes FROM freezes WHERE key = 1") == ["no list"])
    }
}
