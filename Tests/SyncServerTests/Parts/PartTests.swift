import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// A part of a load has the same bytes for all who ask for it, and is resumed to the byte.
@Suite struct PartTests {
    private let bench: PartBench

    init() throws { bench = try PartBench(bills: 70) }

    @Test func `members of one scope get the same bytes, whose tag is their hash`() throws {
        let first = try bench.firstPart()
        let mine = try bench.get(first)
        #expect(mine.status == 200 && mine.tag == PartBench.tag(of: mine.bytes))
        #expect(mine.headers["Accept-Ranges"] == "bytes" && mine.headers["Vary"] == "Accept-Encoding")
        #expect(mine.headers["Content-Type"] == V1.pageMediaType)
        // Another member's load begins at the same pin.
        #expect(try bench.firstPart(as: "ben") == first)
        #expect(try bench.get(first, as: "ben").bytes == mine.bytes)
        #expect(bench.store.counts.made == 1 && bench.files.count == 1)
    }

    @Test func `the bytes stay while the ledger changes, and the feed from the pin brings the rest`() throws {
        let first = try bench.firstPart()
        let before = try bench.get(first)
        try bench.write { writer in
            try writer.put(.region, key: writer.newKey(), subject: 0, [.text("new"), .text("New")])
            try writer.put(
                .product, key: 1, subject: 0,
                [.text("p"), .text("Renamed"), .text("s"), .text("S"), .text("r"), .null, .null])
        }
        for member in ["ana", "ben"] { #expect(try bench.get(first, as: member).bytes == before.bytes) }
        let cursor = try bench.end(before, after: first).cursor
        let feed = bench.server.send("GET", Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)]))
        let page = String(decoding: try feed.body.bytes(), as: UTF8.self)
        #expect(page.contains("\"New\"") && page.contains("\"Renamed\"") && !before.text.contains("Renamed"))
    }

    @Test func `a part goes on at any byte of it, and both halves are the whole`() throws {
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        let tag = try #require(whole.tag)
        let length = whole.bytes.count
        for place in Array(stride(from: 0, to: length, by: 97)) + [length - 1] {
            let rest = try bench.get(first, range: "bytes=\(place)-", ifRange: tag)
            #expect(rest.status == 206 && rest.tag == tag)
            #expect(rest.headers["Content-Range"] == "bytes \(place)-\(length - 1)/\(length)")
            #expect(Array(whole.bytes[..<place]) + rest.bytes == whole.bytes)
        }
        #expect(bench.store.counts.made == 1)
    }

    @Test func `every offset of a part gives its rest, from a file and from memory`() throws {
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        let identity = PartIdentity(
            partner: bench.partner, epoch: "e", scope: 1, scopeVersion: 1, pin: 1, at: 1, entity: 15, key: 0, left: 0,
            rows: "json", coding: .identity)
        let kept = try bench.store.part(identity, at: 1000) { whole.bytes }
        let made = PartStore.Part(body: .bytes(whole.bytes), count: whole.bytes.count, hash: kept.hash)
        for part in [kept, made] {
            for place in 0..<whole.bytes.count {
                var request = bench.request(first, range: "bytes=\(place)-")
                if place % 2 == 0 { request = bench.request(first, range: "bytes=\(place)-", ifRange: part.tag) }
                let reply = PartReply.reply(part, coding: .identity, to: request, bench.store)
                #expect(reply.status == 206)
                let rest = try reply.body.bytes()
                guard rest.count == whole.bytes.count - place, rest == Array(whole.bytes[place...]) else {
                    Issue.record("the rest from \(place) is another")
                    return
                }
            }
        }
    }

    @Test func `a range of other bytes is not joined to these`() throws {
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        for tag in ["\"\(String(repeating: "0", count: 64))\"", "W/\(whole.tag ?? "")"] {
            let reply = try bench.get(first, range: "bytes=10-", ifRange: tag)
            #expect(reply.status == 200 && reply.bytes == whole.bytes && reply.headers["Content-Range"] == nil)
        }
        let several = try bench.get(first, range: "bytes=0-1,5-9", ifRange: whole.tag)
        #expect(several.status == 200 && several.bytes == whole.bytes)
    }

    @Test func `a range past the end is refused with the length`() throws {
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        for range in ["bytes=\(whole.bytes.count)-", "bytes=x-", "bytes=9-2"] {
            let reply = try bench.get(first, range: range, ifRange: whole.tag)
            #expect(reply.status == 416 && reply.headers["Content-Range"] == "bytes */\(whole.bytes.count)")
            #expect(reply.text.contains("range-not-satisfiable") && reply.tag == whole.tag)
        }
    }

    @Test func `pages of heads are no parts, and none of them is kept`() throws {
        let cursor = try bench.plan().cursor
        let heads = try bench.get(cursor, range: "bytes=5-")
        #expect(heads.status == 200 && heads.tag == nil && heads.text.contains("Customer 0"))
        let end = try bench.end(heads, after: cursor)
        #expect(end.more && bench.files.isEmpty)
        #expect(try bench.get(end.cursor).tag != nil && !bench.content.contains("Customer 0"))
        #expect(bench.files.count == 1)
    }

    @Test func `parts one after another bring every row of the bulk once`() throws {
        try bench.addBills(200)
        let replies = try bench.parts(from: bench.firstPart())
        let keys = replies.flatMap { $0.text.split(separator: "\n") }.filter { $0.hasPrefix("[15,") }
        #expect(keys.count == 273 && Set(keys).count == 273)
    }

    @Test func `the gzip form is a part of its own, for those who take it`() throws {
        let bench = try PartBench(bills: 20)
        let store = PartStore(
            folder: "\(bench.server.folder.path)/other", limits: TestServer.parts,
            compress: { Array("gz".utf8) + $0.reversed() }, log: bench.core.log)
        let core = ServerCoreWithParts(bench, store)
        let first = try bench.firstPart()
        let plain = try core.get(first, coding: nil)
        for coding in ["gzip", "br, gzip;q=0.5", "x-gzip"] {
            let coded = try core.get(first, coding: coding)
            #expect(coded.headers["Content-Encoding"] == "gzip" && coded.tag != plain.tag)
            #expect(coded.bytes == Array("gz".utf8) + plain.bytes.reversed())
        }
        for coding in ["gzip;q=0", "br", "gzip; q=0.000"] {
            let other = try core.get(first, coding: coding)
            #expect(other.headers["Content-Encoding"] == nil && other.bytes == plain.bytes)
        }
        #expect(store.counts.made == 2)
    }
}

/// The route of parts over another store of parts.
private struct ServerCoreWithParts {
    let bench: PartBench
    let store: PartStore

    init(_ bench: PartBench, _ store: PartStore) { (self.bench, self.store) = (bench, store) }

    func get(_ cursor: String, coding: String?) throws -> PartBench.Reply {
        let response = try bench.core.pool.withReader(bench.partner) { ledger in
            try ledger.read { reader in
                try Routes(
                    member: Member(partner: bench.partner, account: "ana", role: .operator, scope: 1),
                    policy: { throw LedgerError.damaged("not asked for") },
                    request: bench.request(cursor, coding: coding),
                    rules: bench.core.rules.current, now: bench.server.clock.now(), monotonicNow: .zero,
                    loads: Loads(parts: store), confirm: { _ in .notEnrolled }, judged: { _ in }
                ).snapshotRows(reader)
            }
        }
        return PartBench.Reply(
            status: response.status, headers: response.headers, bytes: try response.body.bytes())
    }
}
