import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Loads that begin shortly after each other begin at one pin, where that loses nobody anything.
@Suite struct PinTests {
    /// 70 bill records and some rows more, so that one change is no more than 2 % of them.
    private let bench: PartBench

    init() throws { bench = try PartBench(bills: 70) }

    private func assign(to manager: String) throws {
        let at = Timestamp(seconds: bench.server.clock.now().seconds)
        try bench.write { _ = try $0.set(.manager(manager), of: bench.server.customers[1], author: "x", at: at) }
    }

    @Test func `members of one scope share a pin, and what changed since comes by the feed`() throws {
        let mine = try bench.plan()
        try bench.addRegions(1)
        bench.server.clock.advance(seconds: 60)
        let other = try bench.plan(as: "ben")
        #expect(other.cursor == mine.cursor && other.rows == mine.rows && other.sequence == mine.sequence)
        let (rows, _) = try bench.server.load(as: "ben")
        #expect(rows["region"]?.count == 1 && rows["bill_record"]?.count == 73)
        #expect(bench.core.loads.pins.counts == (1, 2))
    }

    @Test func `a pin is not shared when it is old, when much changed, or past a restart`() throws {
        let first = try bench.plan()
        bench.server.clock.advance(seconds: 14 * 60)
        #expect(try bench.plan().sequence == first.sequence)
        bench.server.clock.advance(seconds: 2 * 60)
        let second = try bench.plan()
        #expect(second.cursor != first.cursor)
        try bench.addRegions(3)
        let third = try bench.plan()
        #expect(third.sequence.value == second.sequence.value + 3)
        bench.server.clock.advance(seconds: 1)
        #expect(try bench.restarted().plan().cursor != third.cursor)
    }

    @Test func `a load never begins before what the client shows already`() throws {
        let pin = try bench.plan()
        try bench.addRegions(1)
        #expect(try bench.plan().sequence == pin.sequence)
        let (_, held) = try bench.server.load(as: "ana")
        #expect(try bench.plan(held: held).sequence.value == pin.sequence.value + 1)
        #expect(try bench.plan(held: pin.cursor).sequence.value == pin.sequence.value + 1)
        #expect(try bench.plan(held: "junk").sequence.value == pin.sequence.value + 1)
    }

    @Test func `another scope, and another version of one, has a pin of its own`() throws {
        let mine = try bench.plan(as: "mona")
        #expect(try bench.plan(as: "mona").cursor == mine.cursor)
        #expect(try bench.plan().cursor != mine.cursor)
        try bench.write { try $0.setBillsSinceAssignment(true) }
        let next = try bench.plan(as: "mona")
        #expect(next.cursor != mine.cursor && next.rows != mine.rows)
    }

    @Test func `a listed scope whose customers moved is pinned anew, and its load is right either way`() throws {
        // So many rows that the changes alone would let it be shared.
        try bench.addBills(230)
        let before = try bench.plan(as: "mona")
        try assign(to: "mona")
        let joined = try bench.plan(as: "mona")
        #expect(joined.sequence.value > before.sequence.value)
        #expect(try bench.server.load(as: "mona").rows["customer"]?.count == 2)
        try assign(to: "someone")
        let left = try bench.plan(as: "mona")
        #expect(left.sequence.value > joined.sequence.value)
        #expect(try bench.server.load(as: "mona").rows["customer"]?.count == 1)
        // A load that was pinned before both is told of them by its feed.
        for plan in [before, joined] {
            var cursor = plan.cursor
            var path = "/sync/v1/snapshot/rows"
            var lines: [Substring] = []
            repeat {
                let target = Target.build(path: path, query: [("cursor", cursor)])
                let bytes = bench.server.bytes(bench.server.send("GET", target, as: "mona"))
                let page = try ReceivedPage(
                    bytes, kind: path.hasSuffix("rows") ? "snapshot/1" : "feed/1", expectedCursor: cursor,
                    isWhole: true)
                lines += String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("[") }
                cursor = page.cursor
                if page.isCheckpoint { break }
                if !page.more { path = "/sync/v1/changes" }
            } while true
            let key = bench.server.customers[1].value
            #expect(!lines.contains { $0.contains("\"b1\"") } && lines.contains { $0.hasPrefix("[18,\(key),") })
        }
    }

    @Test func `the counters tell of loads and of what is kept for them`() throws {
        let first = try bench.firstPart()
        _ = try bench.firstPart(as: "ben")
        let whole = try bench.get(first)
        _ = try bench.get(first, as: "ben", range: "bytes=100-")
        let listener = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { _ in HTTPResponse(status: 200) }
        let text = bench.core.metrics(ListenerTraffic(listener))
        let sent = 4 * whole.bytes.count - 100
        for line in [
            "loads_total{pin=\"new\"} 1", "loads_total{pin=\"shared\"} 1", "parts_made_total 1",
            "parts_from_file_total 3", "parts_resumed_total 1", "parts_not_kept_total 0", "parts_kept 1",
            "parts_sent_bytes_total \(sent)", "parts_dropped_total{why=\"erased\"} 0",
            "parts_kept_bytes \(whole.bytes.count + PartFolder.labelBytes)",
        ] { #expect(text.contains("fieldbook_server_\(line)\n"), "\(line)") }
    }
}
