import LocalAPI
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore
@testable import fieldbook

/// Each state of an edit and of the daemon has its words.
@Suite struct WhyStoryTests {
    private func status(_ phase: String, problem: Bool = false) -> Local.Status {
        var status = Local.Status(software: "t", processID: 1, startedAt: "s", phase: phase, server: "http://s")
        if problem { status.problem = Local.Failure(what: "W", why: "Y", next: "N", exitCode: 1) }
        return status
    }

    private func story(_ running: Local.Status?, _ counts: OutboxCounts = OutboxCounts()) -> WhyStory {
        let image = ImageState(
            isLoading: false, rowsDone: 1, rowsTotal: 1, checkpointAt: 5, epoch: "e", joining: nil)
        return WhyStory(running: running, counts: counts, image: image, conflicts: 0, time: DeskTime(now: 100))
    }

    @Test func `in sync there is no reason, and without a daemon it is the first`() {
        #expect(story(status("in-sync")).reasons.isEmpty)
        #expect(story(nil).reasons.first?.next == "fieldbook daemon start")
    }

    @Test func `while the server is being asked, nobody says that all is here`() {
        let reasons = story(status("syncing")).reasons
        #expect(reasons.count == 1 && reasons[0].why.contains("not known yet"))
    }

    @Test(arguments: ["offline", "failing", "blocked", "needs-login", "syncing"])
    func `a failure that stands is told with its cause and what to do`(phase: String) {
        let reasons = story(status(phase, problem: true)).reasons
        #expect(reasons.count == 1 && reasons[0].why.contains("Y"))
        #expect(reasons[0].next == (phase == "needs-login" ? "fieldbook login --server http://s" : "N"))
    }

    @Test func `each count of the outbox has its reason`() {
        var counts = OutboxCounts()
        (counts.saved, counts.held, counts.dead, counts.resulted, counts.waiting, counts.behindPerson) = (
            2, 1, 3, 1, 1, 1
        )
        let text = story(status("sending"), counts).reasons.map(\.why).joined(separator: "\n")
        for words in [
            "2 edits wait to be sent", "1 edit waits for a code or behind", "1 edit was accepted",
            "1 edit of yours is held",
            "3 edits of yours were refused",
        ] { #expect(text.contains(words), "\(words) in \(text)") }
    }

    @Test func `each state of an edit is explained, with a next step where there is one`() throws {
        let desk = try OfflineDesk { store in
            for _ in 0..<6 {
                _ = try store.add(EditDraft(customer: CustomerKey(1), intent: .freeze(.account, reason: "x")))
            }
            func result(_ number: Int64, _ code: ResultCode, _ sequence: Int64 = 0) -> V1.Result {
                var result = V1.Result(number: number, code: code, epoch: "e1", sequence: sequence, baseWasIntact: true)
                if code == .held { result.conflict = 9 }
                if code == .rejected { result.message = "too late" }
                return result
            }
            try OfflineDesk.results(
                store,
                [
                    result(1, .noop, 9), result(2, .rejected, 9), result(3, .held, 9), result(4, .applied, 99),
                    result(5, .blocked), result(6, .retry),
                ])
        }
        let edits = try desk.edits()
        let story = story(status("in-sync"))
        func words(_ number: Int) -> [WhyStory.Reason] {
            story.reasons(for: edits[number - 1], among: edits, end: edits[number - 1].number)
        }
        #expect(words(1)[0].why.contains("it is in sync"))
        #expect(words(2)[0].why.contains("too late") && words(2)[0].next?.contains("resend 2") == true)
        #expect(words(3)[0].next == "fieldbook conflicts show 9")
        #expect(words(4)[0].why.contains("accepted") && words(4)[0].next == nil)
        #expect(words(6)[0].why.contains("put it off"))
    }

    @Test func `an edit that needs a code names the command, whatever else is wrong`() throws {
        let desk = try OfflineDesk { _ = try $0.add(EditDraft(customer: CustomerKey(1), intent: .setLabel("x"))) }
        let made = try #require(try desk.edits().first)
        let edit = OutboxEdit(
            number: made.number, customer: made.customer, customerID: made.customerID, customerName: made.customerName,
            intent: made.intent, wire: made.wire, state: .waiting,
            result: V1.Result(number: 1, code: .needsStepUp, epoch: "e1", sequence: 0, baseWasIntact: true),
            savedAt: 1, firstSentAt: 1, sentCount: 1, resentAs: nil, undoneBy: nil, prediction: nil)
        let reasons = story(status("offline", problem: true)).reasons(for: edit, among: [edit], end: edit.number)
        #expect(reasons.map(\.next) == ["fieldbook edits confirm 1"])
    }

    @Test func `how far a first load is comes from its daemon, else from its file if that can be read`() {
        func image(_ rows: Int64?, isLoading: Bool = true) -> ImageState {
            ImageState(isLoading: isLoading, rowsDone: rows, rowsTotal: 9, checkpointAt: nil, epoch: "e", joining: nil)
        }
        var running = status("loading")
        #expect(Wording.loaded(image(3), nil) == "3 of 9 rows")
        #expect(Wording.loaded(image(nil), running) == "9 rows, on their way")
        (running.loadRowsDone, running.loadRowsTotal) = (WireInteger(4), WireInteger(8))
        #expect(Wording.loaded(image(nil), running) == "4 of 8 rows")
        #expect(Wording.loaded(image(3), running) == "4 of 8 rows")
        #expect(Wording.rowsLoaded(image(9, isLoading: false), running) == 9)
    }

    @Test func `an edit without an answer is told to be safe to send again`() throws {
        let desk = try OfflineDesk { store in
            _ = try store.add(EditDraft(customer: CustomerKey(1), intent: .freeze(.account, reason: "x")))
            _ = try store.nextPush()
        }
        let edits = try desk.edits()
        let reasons = story(status("in-sync")).reasons(for: edits[0], among: edits, end: edits[0].number)
        #expect(reasons.count == 1 && reasons[0].why.contains("carries it out only once"))
    }
}
