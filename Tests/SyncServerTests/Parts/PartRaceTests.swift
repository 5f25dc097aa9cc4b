import Diagnostics
import HTTPKit
import LedgerStore
import SyncProtocol
import Synchronization
import TestKit
import Testing
import ThreadKit

@testable import SyncServer

/// Parts asked for by many at once, over real sockets, while others write.
@Suite struct PartRaceTests {
    private let bench: PartBench
    private let http: HTTPServer

    init() throws {
        bench = try PartBench(bills: 300)
        let core = bench.core
        http = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { core.handle($0) }
        try http.start()
    }

    private func fetch(
        _ cursor: String, as member: String, range: String? = nil, tag: String? = nil
    ) -> PartBench.Reply? {
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: http.port))
        let request = bench.request(cursor, as: member, range: range, ifRange: tag)
        guard let reply = try? client.send(request, bodyLimit: ProtocolLimits.pageBytesMax) else { return nil }
        return PartBench.Reply(status: reply.status, headers: reply.headers, bytes: reply.body)
    }

    @Test func `sixteen threads that ask for one part get the same bytes, made once`() throws {
        defer { http.stop() }
        let first = try bench.firstPart()
        let replies = Monitor<[PartBench.Reply?]>([])
        // Parts of the load, and one that nobody has asked for.
        let second = try bench.end(try bench.get(first), after: first)
        #expect(!second.more)
        for name in bench.files { bench.remove(name) }
        let made = bench.store.counts.made
        let threads = (0..<16).compactMap { index in
            WorkerThread(stackBytes: 512 * 1024) {
                let reply = self.fetch(first, as: index % 2 == 0 ? "ana" : "ben")
                replies.withLock { $0.append(reply) }
            }
        }
        for index in 0..<20 {
            try bench.addRegions(1)
            if index == 10 { bench.core.tick() }
        }
        for thread in threads { thread.join() }
        let all = replies.withLock { $0 }
        #expect(threads.count == 16 && all.count == 16)
        #expect(Set(all.map { $0?.tag ?? "none" }).count == 1 && all.allSatisfy { $0?.status == 200 })
        #expect(all.allSatisfy { $0.map { PartBench.tag(of: $0.bytes) == $0.tag } ?? false })
        #expect(bench.store.counts.made == made + 1 && bench.files.count == 1)
    }

    @Test func `a writer commits while a part is being made, and the part is of before`() throws {
        defer { http.stop() }
        let first = try bench.firstPart()
        let partner = bench.partner
        let part = try bench.core.pool.withReader(partner) { ledger in
            try ledger.read { reader in
                let scope = try #require(try reader.scope(1))
                let identity = PartIdentity(
                    partner: partner, epoch: reader.state.epoch, scope: 1, scopeVersion: 1, pin: 1, at: 1, entity: 15,
                    key: 0, left: 0, rows: "json", coding: .identity)
                return try bench.store.part(identity, at: reader.state.sequence) {
                    let head = reader.state.sequence
                    try bench.addRegions(3)
                    #expect(try bench.write { $0.sequence } == head + 3)
                    return try reader.snapshotPage(first, scope: scope, serverTime: 1)
                }
            }
        }
        let page = String(decoding: try part.body.bytes(), as: UTF8.self)
        #expect(!page.contains("\"R\"") && page.contains("more-"))
    }

    @Test func `who waits too long for another that makes a part makes it itself, and keeps nothing`() throws {
        defer { http.stop() }
        var limits = TestServer.parts
        limits.patience = .milliseconds(1)
        let store = PartStore(folder: "\(bench.server.folder.path)/other", limits: limits, log: bench.core.log)
        let identity = PartIdentity(
            partner: "p", epoch: "e", scope: 1, scopeVersion: 1, pin: 1, at: 1, entity: 15, key: 0, left: 0,
            rows: "json", coding: .identity)
        let outer = try store.part(identity, at: 1) {
            let inner = try store.part(identity, at: 1) { [1, 2, 3] }
            guard case .bytes(let bytes) = inner.body else { throw LedgerError.damaged("it was kept") }
            return bytes + [4]
        }
        #expect(try outer.body.bytes() == [1, 2, 3, 4] && store.counts.made == 2 && store.counts.notKept == 1)
        // One that fails leaves the place free.
        var other = identity
        other.key = 1
        #expect(throws: LedgerError.self) { try store.part(other, at: 1) { throw LedgerError.damaged("x") } }
        #expect(try store.part(other, at: 1) { [5] }.body.bytes() == [5])
    }

    @Test func `a part that is cut on the way goes on over another connection`() throws {
        defer { http.stop() }
        let first = try bench.firstPart()
        let whole = try #require(fetch(first, as: "ana"))
        #expect(whole.headers["Content-Length"] == "\(whole.bytes.count)" && whole.bytes.count > 10_000)
        try bench.addRegions(5)
        let rest = try #require(fetch(first, as: "ben", range: "bytes=9000-", tag: whole.tag))
        #expect(rest.status == 206 && rest.headers["Content-Length"] == "\(whole.bytes.count - 9000)")
        #expect(Array(whole.bytes[..<9000]) + rest.bytes == whole.bytes)
    }
}
