import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// What the commands answer about edits on customers that left.
@Suite struct GoneCustomerTests {
    /// Edit 1 (budget of Alpha) took effect, 2 (freeze of Beta) is refused; then both customers left.
    private func desk() throws -> OfflineDesk {
        try OfflineDesk { store in
            let wanted: [(Int64, EditIntent)] = [
                (1, .setBudget(OfflineDesk.budget(500), validThrough: nil)), (2, .freeze(.account, reason: "late")),
            ]
            for (customer, intent) in wanted {
                _ = try store.add(EditDraft(customer: CustomerKey(customer), intent: intent))
            }
            var done = V1.Result(number: 1, code: .applied, epoch: "e1", sequence: 11, baseWasIntact: true)
            done.version = 11
            done.was = V1.State(RegisterState.budget(OfflineDesk.budget(100)))
            done.became = V1.State(RegisterState.budget(OfflineDesk.budget(500)))
            var refused = V1.Result(number: 2, code: .forbidden, epoch: "e1", sequence: 12, baseWasIntact: false)
            (refused.message, refused.reason) = ("it is not yours", "CBC.0151")
            try OfflineDesk.results(store, [refused, done])
            let rows = [PageRow(.membership, 1, version: 13), PageRow(.membership, 2, version: 14)]
            var page = try ReceivedPage(
                pageBytes("feed/1", epoch: "e1", from: "c", to: "d", sequence: 14, .checkpoint, rows), kind: "feed/1",
                expectedCursor: "c", isWhole: true)
            _ = try store.applyFeedPage(&page)
        }
    }

    @Test func `an edit whose customer is gone is told in words, with an empty name nowhere`() throws {
        let desk = try desk()
        let list = desk.run("edits", "list", "--all")
        #expect(list.code == 0 && list.output.contains("(not yours any more)"), "\(list)")
        #expect(list.output.contains("Beta") && !list.output.contains("Alpha"))
        let gone = "a customer that is not yours any more"
        let shown = desk.run("edits", "show", "1")
        #expect(shown.code == 0 && shown.output.contains("customer    \(gone)"), "\(shown)")
        #expect(!shown.output.contains("()") && shown.output.contains("500.00 monthly"))
        let explained = desk.run("edits", "explain", "1")
        #expect(explained.code == 0 && explained.output.contains("of \(gone)"), "\(explained)")
        let why = desk.run("why", "1")
        #expect(
            why.code == 0 && why.output.contains("not yours any more") && !why.output.contains("shows it"), "\(why)")
        let refused = desk.run("edits", "show", "2")
        #expect(refused.code == 0 && refused.output.contains("Beta (id-2)"), "\(refused)")
        #expect(desk.run("edits", "explain", "2").output.contains("it is not yours"))
    }

    @Test func `the customer itself is not known, and what would need it is refused`() throws {
        let desk = try desk()
        for words in [["customers", "show", "id-1"], ["history", "id-1"]] {
            let answer = desk.installation.run(words)
            #expect(answer.code == 65 && answer.errors.contains("id-1"), "\(answer)")
        }
        for words in [["edits", "undo", "1"], ["edits", "resend", "2"]] {
            let answer = desk.installation.run(words)
            #expect(answer.code == 65 && answer.output.isEmpty && !answer.errors.isEmpty, "\(answer)")
        }
        let discarded = desk.run("edits", "discard", "2")
        #expect(discarded.code == 0, "\(discarded)")
    }
}
