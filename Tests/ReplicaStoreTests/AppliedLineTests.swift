import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// A line of a file makes one edit, whatever ends in between.
@Suite struct AppliedLineTests {
    private func draft(_ key: String, _ label: String, _ customer: Int64 = 1) -> EditDraft {
        EditDraft(
            customer: CustomerKey(customer), intent: .setLabel(label), line: LineMark(key: key, digest: "d\(label)"))
    }

    @Test func `an edit and its line are kept together and found after a restart`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.store.add([draft("k1", "a"), draft("k2", "b", 2)], link: .none)
        try replica.reopen()
        let line = try #require(try replica.reader().appliedLine("k2"))
        #expect(line == AppliedLine(digest: "db", edit: EditNumber(2), state: .saved))
        #expect(try replica.reader().appliedLine("k3") == nil)
        try replica.push()
        #expect(try replica.reader().appliedLine("k1")?.state == .sent)
    }

    @Test(arguments: [EditLink.none, .group])
    func `a line that made its edit refuses the request with its position and nothing is kept`(link: EditLink) throws {
        let replica = try TestReplica.loaded()
        _ = try replica.store.add([draft("k1", "a")], link: .none)
        for isDry in [true, false] {
            let error = try #require(throws: StoreError.self) {
                let drafts = [draft("k2", "b"), draft("k1", "a")]
                _ =
                    isDry
                    ? try replica.store.check(drafts, link: link).count
                    : try replica.store.add(drafts, link: link).count
            }
            #expect(error.position == 1 && error.why == "it was made already, as edit 1", "\(error)")
        }
        #expect(try replica.reader().edits(all: true).count == 1)
        #expect(try replica.reader().appliedLine("k2") == nil)
        // The same line twice in one request makes none.
        #expect(throws: StoreError.self) { try replica.store.add([draft("k2", "b"), draft("k2", "c")], link: .none) }
        #expect(try replica.reader().edits(all: true).count == 1)
    }

    @Test func `an edit without a line is made as often as it is asked for`() throws {
        let replica = try TestReplica.loaded()
        for _ in 0..<3 { _ = try replica.add(.setLabel("a")) }
        #expect(try replica.reader().edits(all: true).count == 3)
        #expect(try replica.texts(replica.outboxFile, "SELECT key FROM applied_line") == [])
    }

    @Test func `a line that was combined or discarded stays made`() throws {
        let replica = try TestReplica.loaded()
        for key in ["k1", "k2"] {
            let delta = EditIntent.adjustBudget(delta: Money(units: 100_000_000), validThrough: nil)
            let mark = LineMark(key: key, digest: "d")
            _ = try replica.store.add([EditDraft(customer: CustomerKey(1), intent: delta, line: mark)], link: .none)
        }
        #expect(try replica.reader().appliedLine("k1")?.state == .combined)
        _ = try replica.store.discard(EditNumber(2), dryRun: false)
        #expect(try replica.reader().appliedLine("k2")?.state == .discarded)
    }
}
