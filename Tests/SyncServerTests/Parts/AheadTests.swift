import Digests
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing
import ThreadKit

@testable import SyncServer

/// Parts are made before they are asked for: the same ones, each once, and never far ahead.
@Suite struct AheadTests {
    /// Enough for a few parts of a load, each filled by a few rows with long names.
    private func bench(limits: PartLimits = TestServer.parts) throws -> PartBench {
        let bench = try PartBench(limits: limits)
        let name = String(repeating: "n", count: 200_000)
        try bench.write { writer in
            for _ in 0..<60 {
                let key = writer.newKey()
                try writer.put(
                    .resource, key: key, subject: bench.server.customers[0].value,
                    [.integer(bench.server.customers[0].value), .text("r\(key)"), .text(name)])
            }
        }
        return bench
    }

    private func identity(_ key: Int64, pin: Int64 = 1) -> PartIdentity {
        PartIdentity(
            partner: "p", epoch: "e", scope: 1, scopeVersion: 1, pin: pin, at: 1, entity: 15, key: key, left: 0,
            rows: "plain", coding: .identity)
    }

    private func closing(_ cursor: String, more: Bool = true) -> V1.PageClosing {
        V1.PageClosing(cursor: cursor, sequence: 1, count: 1, digest: "", more: more, checkpoint: false)
    }

    /// Makes what is to be made next, if anything, as part `key` with `key + 1` behind it.
    private func make(_ key: Int64, _ loads: inout PartsAhead.Loads) -> String? {
        guard let job = loads.next() else { return nil }
        loads.finished(job, (PartsAhead.Place(identity(key)), closing("c\(key + 1)")))
        return job.cursor
    }

    @Test func `a load is followed from the first part made for it, so far ahead and no further`() throws {
        var loads = PartsAhead.Loads()
        loads.asked(identity(0))
        #expect(loads.next() == nil)
        loads.made(identity(0), closing("c1"))
        let most = Int64(PartsAhead.aheadMax)
        for key in 1...most { #expect(make(key, &loads) == "c\(key)") }
        #expect(loads.next() == nil && loads.ahead(of: identity(0)) == PartsAhead.aheadMax)
        // Who is furthest decides; who comes after changes nothing.
        loads.asked(identity(2))
        loads.asked(identity(1))
        #expect(loads.ahead(of: identity(0)) == PartsAhead.aheadMax - 2)
        #expect(make(most + 1, &loads) == "c\(most + 1)" && make(most + 2, &loads) == "c\(most + 2)")
        #expect(loads.next() == nil)
        // Who is behind and had a part made anew does not turn it back.
        loads.made(identity(1), closing("c2"))
        #expect(loads.next() == nil)
    }

    @Test func `the part that is asked for while it is made is not ahead any more`() throws {
        var loads = PartsAhead.Loads()
        loads.made(identity(0), closing("c1"))
        let job = try #require(loads.next())
        loads.asked(identity(1))
        loads.finished(job, (PartsAhead.Place(identity(1)), closing("c2")))
        #expect(loads.ahead(of: identity(1)) == 0 && loads.next()?.cursor == "c2")
        // A request made it first: what came of the job is of no interest.
        let late = try #require(loads.next())
        loads.made(identity(2), closing("c3"))
        loads.finished(late, nil)
        #expect(loads.next()?.cursor == "c3")
    }

    @Test func `a load ends with its last part, and with one that can't be made`() throws {
        var loads = PartsAhead.Loads()
        loads.made(identity(0), closing("c1"))
        loads.finished(try #require(loads.next()), (PartsAhead.Place(identity(1)), closing("end", more: false)))
        loads.asked(identity(1))
        #expect(loads.next() == nil)
        loads.made(identity(0, pin: 2), closing("d1"))
        loads.finished(try #require(loads.next()), nil)
        #expect(loads.next() == nil)
        // Of too many loads the one that was asked for longest ago is followed no more.
        for pin in 10...Int64(10 + PartsAhead.loadsMax) { loads.made(identity(0, pin: pin), closing("l\(pin)")) }
        loads.asked(identity(0, pin: 10))
        #expect(loads.next()?.cursor == "l\(10 + PartsAhead.loadsMax)")
        loads.asked(identity(0, pin: 11))
        #expect(loads.next()?.cursor == "l11")
    }

    @Test func `the next parts are there before they are asked for, byte for byte, and each was made once`() throws {
        let bench = try bench()
        let first = try bench.firstPart()
        for name in bench.files { bench.remove(name) }
        bench.core.beginMakingAhead()
        defer { bench.core.endMakingAhead() }
        let before = bench.store.counts.made
        _ = try bench.get(first)
        #expect(eventually { bench.store.counts.made == before + 1 + Int64(PartsAhead.aheadMax) })
        let replies = try bench.parts(from: first)
        #expect(replies.count > PartsAhead.aheadMax + 3)
        #expect(bench.store.counts.made == before + Int64(replies.count) && bench.store.counts.notKept == 0)
        // Without the thread every part is made for who asks: the same bytes.
        bench.core.endMakingAhead()
        for name in bench.files { bench.remove(name) }
        let alone = try bench.restarted()
        #expect(try alone.parts(from: first).map(\.bytes) == replies.map(\.bytes))
        #expect(alone.store.counts.made == Int64(replies.count))
    }

    @Test func `many that load at once while parts are made ahead get the same bytes, made once`() throws {
        let bench = try bench()
        let first = try bench.firstPart()
        bench.core.beginMakingAhead()
        defer { bench.core.endMakingAhead() }
        let loads = Monitor<[[[UInt8]]]>([])
        let threads = (0..<6).compactMap { index in
            WorkerThread(stackBytes: 512 * 1024) {
                let parts = try? bench.parts(from: first, as: index % 2 == 0 ? "ana" : "ben")
                loads.withLock { $0.append(parts?.map(\.bytes) ?? []) }
            }
        }
        for thread in threads { thread.join() }
        let all = loads.withLock { $0 }
        #expect(all.count == 6 && Set(all).count == 1 && (all.first?.count ?? 0) > 5)
        #expect(bench.store.counts.made == Int64(all.first?.count ?? 0))
    }

    @Test func `where what is made ahead finds no room none is made`() throws {
        var limits = TestServer.parts
        limits.bytesMax = 4 << 20
        let bench = try bench(limits: limits)
        bench.core.beginMakingAhead()
        defer { bench.core.endMakingAhead() }
        #expect(!bench.core.loads.ahead.isRunning)
        let kept = try self.bench()
        kept.core.beginMakingAhead()
        #expect(kept.core.loads.ahead.isRunning)
        kept.core.endMakingAhead()
        kept.core.endMakingAhead()
        #expect(!kept.core.loads.ahead.isRunning)
    }

    @Test func `the system's digest is ours`() {
        for count in [0, 1, 55, 56, 63, 64, 65, 119, 1000, 65_537] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
            #expect(SystemDigest.sha256(bytes) ?? SHA256.digest(bytes) == SHA256.digest(bytes), "\(count) bytes")
        }
    }
}
