import Diagnostics
import Glibc
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Requests that are held until there is something for them, over real sockets.
@Suite struct LiveFeedTests {
    private let bench: LiveBench

    init() throws { bench = try LiveBench() }

    @Test func `a push by one answers the request of another at once`() throws {
        var cursor = try bench.server.load(as: "ana").cursor
        var times: [Duration] = []
        for _ in 0..<5 {
            let held = bench.hold(cursor)
            #expect(bench.isHeld(1))
            let began = SystemClock().monotonicNow()
            try bench.push(customer: 0)
            let answer = try #require(bench.answer(held))
            times.append(SystemClock().monotonicNow() - began)
            let page = try bench.page(answer, after: cursor)
            #expect(answer.status == 200 && page.isCheckpoint && page.rows.contains("label \(bench.key(0))"))
            #expect(answer.headers["Fieldbook-Epoch"] != nil && answer.headers["Cache-Control"] == "no-store")
            cursor = page.cursor
        }
        // Sooner than any look that is made each second, even on a busy machine.
        #expect(try #require(times.min()) < .milliseconds(250), "\(times)")
        #expect(bench.isHeld(0))
    }

    @Test func `a page with rows is not held, nor one that is asked for without a time`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        for wait in [nil, "0"] {
            #expect(try bench.page(bench.get(cursor, wait: wait), after: cursor).rows.isEmpty)
        }
        try bench.push(customer: 0)
        #expect(try !bench.page(bench.get(cursor, wait: "300"), after: cursor).rows.isEmpty)
        #expect(bench.live.waitedOut == 0 && bench.isHeld(0))
    }

    @Test func `a wait that is over brings the empty page with a cursor that has moved on`() throws {
        let cursor = try bench.server.load(as: "mona").cursor
        let held = bench.hold(cursor, as: "mona", wait: "1")
        #expect(bench.isHeld(1))
        try bench.push(customer: 1)
        let answer = try #require(bench.answer(held))
        let page = try bench.page(answer, after: cursor)
        #expect(answer.took >= .seconds(1) && page.rows.isEmpty && page.isCheckpoint && page.cursor != cursor)
        #expect(bench.live.waitedOut == 1 && bench.live.held == 0)
    }

    @Test(arguments: ["-1", "301", "1.5", "x", "", "99999999999999999999"])
    func `a time that is none is refused`(_ wait: String) throws {
        let cursor = try bench.server.load(as: "ana").cursor
        let answer = try #require(bench.get(cursor, wait: wait))
        #expect(answer.status == 400 && String(decoding: answer.body, as: UTF8.self).contains("1 to 300 seconds"))
    }

    @Test func `a cursor that is refused, and a token that opens nothing, are answered at once`() throws {
        #expect(bench.get("junk")?.status == 400 && bench.get("junk", as: "nobody")?.status == 401)
        let cursor = try bench.server.load(as: "ana").cursor
        #expect(bench.get(cursor, as: "mona")?.status == 410)
        #expect(bench.isHeld(0))
    }

    @Test func `a change of a customer outside the scope wakes nobody`() throws {
        let cursor = try bench.server.load(as: "mona").cursor
        let held = bench.hold(cursor, as: "mona")
        #expect(bench.isHeld(1))
        let woken = bench.live.woken
        for count in 1...5 {
            // Who sees the customer is answered: by then the commit was looked at.
            let all = bench.hold(try bench.server.load(as: "ana").cursor)
            #expect(bench.isHeld(2))
            try bench.push(customer: 1)
            #expect(bench.answer(all)?.status == 200)
            #expect(bench.isHeld(1) && bench.live.woken == woken + Int64(count))
        }
        try bench.push(customer: 0)
        #expect(try bench.page(bench.answer(held), after: cursor).rows.contains("label \(bench.key(0))"))
        #expect(bench.live.woken == woken + 6)
    }

    @Test func `who joins and who leaves is told at once`() throws {
        var cursor = try bench.server.load(as: "mona").cursor
        for (manager, row) in [("mona", "membership \(bench.key(1))"), (nil, "membership \(bench.key(1))-")] {
            let held = bench.hold(cursor, as: "mona")
            #expect(bench.isHeld(1))
            try bench.command(.manager(bench.server.customers[1], manager))
            let page = try bench.page(bench.answer(held), after: cursor)
            #expect(page.rows.contains(row), "\(page.rows)")
            cursor = page.cursor
        }
    }

    @Test func `a command in another process wakes within the time it is said to`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        let held = bench.hold(cursor)
        #expect(bench.isHeld(1))
        let began = SystemClock().monotonicNow()
        try bench.command(.usage(bench.server.customers[0], Money(major: 7) ?? .zero))
        let answer = bench.answer(held)
        #expect(SystemClock().monotonicNow() - began < LiveFeeds.pollEvery + .seconds(5))
        #expect(try bench.page(answer, after: cursor).rows.contains("usage \(bench.key(0))"))
    }

    @Test func `two hundred who wait are all answered by one commit`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        let tokens = try (0..<25).map { _ in try bench.newToken("ana") }
        let held = (0..<200).map { bench.hold(cursor, token: tokens[$0 / 8]) }
        #expect(bench.isHeld(200))
        try bench.push(customer: 2)
        for one in held {
            #expect(try bench.page(bench.answer(one), after: cursor).rows.contains("label \(bench.key(2))"))
        }
        #expect(bench.isHeld(0))
    }

    @Test func `one more than a token may have answers the oldest with its empty page`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        var held = [bench.hold(cursor)]
        #expect(bench.isHeld(1))
        for count in 2...8 {
            held.append(bench.hold(cursor))
            #expect(bench.isHeld(count))
        }
        held.append(bench.hold(cursor))
        let answer = try #require(bench.answer(held[0]))
        #expect(try answer.status == 200 && bench.page(answer, after: cursor).rows.isEmpty && bench.isHeld(8))
    }

    @Test func `a client that leaves gives its place back`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        let descriptor = try bench.holdRaw(cursor)
        #expect(bench.isHeld(1))
        close(descriptor)
        #expect(bench.isHeld(0))
    }

    @Test func `a stop answers those who wait with their empty page`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        let held = bench.hold(cursor)
        #expect(bench.isHeld(1))
        bench.stop()
        let answer = try #require(bench.answer(held))
        #expect(try answer.status == 200 && bench.page(answer, after: cursor).rows.isEmpty)
    }

    @Test func `without a listener that holds, the answer comes at once`() throws {
        let cursor = try bench.server.load(as: "ana").cursor
        let target = Target.build(path: "/sync/v1/changes", query: [("cursor", cursor), ("wait", "300")])
        #expect(bench.server.send("GET", target).status == 200)
        bench.server.core.endHolding()
        #expect(bench.get(cursor, wait: "300")?.status == 200)
    }
}
