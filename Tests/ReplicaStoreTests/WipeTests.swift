import Diagnostics
import Glibc
import PartnerModel
import SQLiteKit
import TestKit
import Testing

@testable import ReplicaStore

/// What is taken from a machine is gone from its files, and a crash does not keep any of it.
@Suite struct WipeTests {
    /// A loaded replica with an edit on customer 1, an edit that was discarded, and a spooled page.
    private func filled() throws -> TestReplica {
        let replica = try TestReplica.loaded()
        _ = try replica.add(.setLabel("first-secret"))
        let gone = try replica.add(.setLabel("second-secret"), 2)
        try replica.store.discard(gone.number)
        replica.clock.advance(seconds: 60)
        try replica.feed(sequence: 12, end: .more, [.customer(4, name: "Spooled")])
        return replica
    }

    /// Names of the files in the replica's folder that hold a text.
    private func files(of path: String, with text: String) -> [String] {
        let pattern = Array(text.utf8)
        return names(path).filter { name in
            let bytes = readFile("\(path)/\(name)")
            guard bytes.count >= pattern.count else { return false }
            return (0...(bytes.count - pattern.count)).contains { start in
                bytes[start] == pattern[0] && bytes[start..<(start + pattern.count)].elementsEqual(pattern)
            }
        }
    }

    private func names(_ path: String) -> [String] { FileFacts.names(in: path) ?? [] }

    @Test func `a wiped image leaves no row of it in any file, and every edit as it was`() throws {
        let replica = try filled()
        let before = try replica.reader().edits(all: true)
        for name in ["Gamma", "Spooled"] { #expect(!files(of: replica.path, with: name).isEmpty, "\(name)") }
        let record = try replica.store.wipe(.image, .accessEnded, why: "left the company")
        #expect(record.isDone && !record.isReported && record.why == "left the company")
        for name in ["Gamma", "Spooled"] { #expect(files(of: replica.path, with: name).isEmpty, "\(name)") }
        #expect(names(replica.path).filter { $0.contains("generation") || $0.contains("replica") }.isEmpty)
        #expect(try replica.reader().edits(all: true) == before)
        #expect(try replica.store.pullPosition() == .nothing)
        #expect(throws: StoreError.self) { try replica.add(.setLabel("x")) }
    }

    @Test func `wiping everything leaves who the replica is, and no byte of an edit`() throws {
        let replica = try filled()
        let identity = try #require(try replica.reader().identity())
        #expect(!files(of: replica.path, with: "secret").isEmpty)
        #expect(try replica.store.wipe(.everything, .accessEnded, why: "lost").isDone)
        for text in ["secret", "Alpha", "Beta", "Gamma"] {
            #expect(files(of: replica.path, with: text).isEmpty, "\(text)")
        }
        #expect(try replica.reader().edits(all: true).isEmpty && replica.reader().identity() == identity)
        // A number that the server may have seen is never given to another edit.
        try replica.load("e1", sequence: 20, TestReplica.standardRows)
        #expect(try replica.add(.setLabel("new")).number.value == 3)
    }

    @Test(arguments: [WipeExtent.image, .everything], [0, 1, 2])
    func `a crash in the middle is gone on with at the next start`(
        extent: WipeExtent, steps: Int
    ) throws {
        let replica = try filled()
        // What is durable first, and then some of what follows.
        let record = WipeRecord(extent: extent, cause: .accessEnded, at: 5, why: "lost")
        let copy = replica.directory.file("copy")
        crashCopy(replica.path, copy)
        let files = ReplicaFiles(folder: copy)
        try files.write(record)
        if steps > 0 { unlink(files.link) }
        if steps > 1 { unlink(files.generation(1)) }
        let store = try ReplicaStore(directory: copy, clock: replica.clock, chance: replica.chance)
        defer { store.close() }
        #expect(store.wipeRecord?.isDone == true && store.wipeRecord?.at == 5)
        #expect(try store.pullPosition() == .nothing && files.numbers().isEmpty && files.liveNumber() == nil)
        #expect(self.files(of: copy, with: "secret").isEmpty == (extent == .everything))
        #expect(self.files(of: copy, with: "Gamma").isEmpty)
    }

    @Test func `a reader in the way keeps an emptied outbox from counting as wiped, until it is gone`() throws {
        let replica = try filled()
        let reader = try replica.plain(replica.outboxFile)
        #expect(
            code {
                try reader.read { _ in
                    _ = try reader.statement("SELECT count(*) FROM edit").first { $0.int64(0) }
                    _ = try replica.store.wipe(.everything, .accessEnded, why: "lost")
                }
            } == .locked)
        #expect(replica.store.wipeRecord?.isDone == false)
        reader.close()
        try replica.reopen()
        #expect(replica.store.wipeRecord?.isDone == true && files(of: replica.path, with: "secret").isEmpty)
    }

    @Test func `the same wipe again changes nothing, a larger one takes the rest, a smaller one gives nothing back`()
        throws
    {
        let replica = try filled()
        let first = try replica.store.wipe(.image, .accessEnded, why: "a")
        try replica.store.markWipeReported()
        replica.clock.advance(seconds: 10)
        let again = try replica.store.wipe(.image, .accessEnded, why: "b")
        #expect(again.at == first.at && again.isReported)
        let all = try replica.store.wipe(.everything, .accessEnded, why: "c")
        #expect(all.extent == .everything && all.at == first.at + 10 && !all.isReported)
        #expect(try replica.store.wipe(.image, .accessEnded, why: "d").extent == .everything)
    }

    @Test func `a member who is welcome again has no record of a wipe, and loads anew`() throws {
        let replica = try filled()
        _ = try replica.store.wipe(.image, .accessEnded, why: "a")
        _ = try replica.meet("e1")
        #expect(replica.store.wipeRecord == nil)
        try replica.load("e1", sequence: 20, TestReplica.standardRows)
        #expect(try replica.texts(replica.imageFile, "SELECT name FROM customer ORDER BY key").count == 3)
    }
}
