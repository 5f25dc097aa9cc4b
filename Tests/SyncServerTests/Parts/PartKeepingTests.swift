import Diagnostics
import Glibc
import HTTPKit
import LedgerStore
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Kept parts are a cache with bounds: whatever becomes of them, loads go on.
@Suite struct PartKeepingTests {
    private func limits(bytes: Int) -> PartLimits {
        var limits = TestServer.parts
        limits.bytesMax = bytes
        return limits
    }

    private func identity(_ key: Int64, partner: String = "p") -> PartIdentity {
        PartIdentity(
            partner: partner, epoch: "e", scope: 1, scopeVersion: 1, pin: 1, at: 1, entity: 15, key: key, left: 0,
            rows: "json", coding: .identity)
    }

    @Test func `the least recently used parts go first, and the bound holds`() throws {
        let size = 1000 + PartFolder.labelBytes
        let bench = try PartBench(limits: limits(bytes: 3 * size))
        func ask(_ key: Int64) throws -> Bool {
            var isMade = false
            let part = try bench.store.part(identity(key), at: 1) {
                isMade = true
                return [UInt8](repeating: UInt8(key), count: 1000)
            }
            #expect(try part.body.bytes() == [UInt8](repeating: UInt8(key), count: 1000))
            return isMade
        }
        for key in 1...3 { #expect(try ask(Int64(key))) }
        #expect(try !ask(1))
        #expect(try ask(4), "the fourth takes the place of the second")
        #expect(try !ask(1) && !ask(3) && !ask(4))
        #expect(try ask(2))
        #expect(bench.store.kept == (3, 3 * size) && bench.files.count == 3)
        #expect(bench.store.counts.dropped == [.room: 2])
        // What would take everybody's place is not kept.
        let big = try bench.store.part(identity(9), at: 1) { [UInt8](repeating: 9, count: 3 * size) }
        #expect(big.count == 3 * size && bench.files.count == 3 && bench.store.counts.notKept == 1)
    }

    @Test func `an answer under way is whole though its part goes meanwhile`() throws {
        let bench = try PartBench(bills: 70)
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        let response = bench.core.handle(bench.request(first))
        for name in bench.files { unlink("\(bench.server.folder.partsFolder)/\(name)") }
        #expect(try response.body.bytes() == whole.bytes)
        // The next one finds it gone, and has it made anew.
        #expect(try bench.get(first).bytes == whole.bytes && bench.store.counts.dropped == [.damaged: 1])
        #expect(bench.files.count == 1)
    }

    @Test func `after a restart a part that was cut goes on, though its rows have changed`() throws {
        let bench = try PartBench(bills: 70)
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        try bench.write { writer in
            try writer.put(
                .product, key: 1, subject: 0,
                [.text("p"), .text("Renamed"), .text("s"), .text("S"), .text("r"), .null, .null])
        }
        let anew = try bench.restarted()
        let rest = try anew.get(first, range: "bytes=1000-", ifRange: whole.tag)
        #expect(rest.status == 206 && Array(whole.bytes[..<1000]) + rest.bytes == whole.bytes)
        #expect(anew.store.counts.made == 0)
        // Without its file it is another part: the client is given the whole of it.
        for name in anew.files { unlink("\(bench.server.folder.partsFolder)/\(name)") }
        let other = try anew.get(first, range: "bytes=1000-", ifRange: whole.tag)
        #expect(other.status == 200 && other.tag != whole.tag && !other.text.contains("\"P\""))
    }

    @Test func `strangers, torn and damaged files in the folder go, and no byte of them is sent`() throws {
        let bench = try PartBench(bills: 70)
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        let folder = bench.server.folder.partsFolder
        let name = try #require(bench.files.first)
        let file = readFile("\(folder)/\(name)")
        var damaged = file
        damaged[damaged.count - 300] ^= 1
        for (bytes, isKnown) in [(Array(file.dropLast()), false), (damaged, true), (Array(file[..<100]), false)] {
            writeFile("\(folder)/\(name)", bytes)
            writeFile("\(folder)/stranger", "x")
            writeFile("\(folder)/\(name).new-1-x", file)
            writeFile("\(folder)/\(String(repeating: "0", count: 64))", file)
            let anew = try bench.restarted()
            #expect(anew.files == (isKnown ? [name] : []))
            #expect(try anew.get(first).bytes == whole.bytes && anew.store.counts.made == 1)
        }
    }

    @Test func `a bound of nothing, a smaller one, and parts of a partner that is gone`() throws {
        let bench = try PartBench(bills: 70)
        let first = try bench.firstPart()
        let whole = try bench.get(first)
        _ = try bench.store.part(identity(1, partner: "gone"), at: 1) { [1, 2, 3] }
        #expect(bench.files.count == 2)
        bench.core.tick()
        #expect(bench.files.count == 1)
        let none = try bench.restarted(limits: limits(bytes: 0))
        #expect(try none.files.isEmpty && none.get(first).bytes == whole.bytes)
        let rest = try none.get(first, range: "bytes=7-", ifRange: whole.tag)
        #expect(rest.status == 206 && rest.bytes == Array(whole.bytes[7...]) && none.files.isEmpty)
    }

    @Test func `a disk that is full or takes nothing keeps nobody from loading`() throws {
        var full = TestServer.parts
        full.freeBytesMin = .max - (1 << 30)
        for limits in [full, TestServer.parts] {
            let bench = try PartBench(bills: 70, limits: limits)
            let folder = bench.server.folder.partsFolder
            if limits == TestServer.parts {
                // A file where the folder was: nothing can be made in it, whoever runs the test.
                rmdir(folder)
                writeFile(folder, "x")
            }
            let first = try bench.firstPart()
            let whole = try bench.get(first)
            let rest = try bench.get(first, range: "bytes=99-", ifRange: whole.tag)
            #expect(whole.status == 200 && rest.status == 206 && rest.bytes == Array(whole.bytes[99...]))
            #expect(bench.files.isEmpty && bench.store.counts.notKept == bench.store.counts.made)
            bench.core.tick()
        }
    }

    @Test func `a disk that has become full takes the kept parts back`() throws {
        var limits = TestServer.parts
        limits.freeBytesMin = .max - (1 << 30)
        let bench = try PartBench(bills: 70)
        _ = try bench.get(try bench.firstPart())
        let anew = try bench.restarted(limits: limits)
        #expect(anew.files.isEmpty && anew.store.counts.dropped == [.disk: 1])
    }

    @Test func `the folder is closed to others, whatever the mask`() throws {
        let bench = try PartBench(bills: 70)
        _ = try bench.get(try bench.firstPart())
        let folder = bench.server.folder.partsFolder
        #expect(FileFacts(folder)?.mode == 0o700)
        #expect(bench.files.map { FileFacts("\(folder)/\($0)")?.mode } == [0o600])
        chmod(folder, 0o755)
        #expect(FileFacts(try bench.restarted().server.folder.partsFolder)?.mode == 0o700)
    }
}
