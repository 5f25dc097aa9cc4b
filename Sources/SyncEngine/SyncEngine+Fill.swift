import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncProtocol

/// What the fill machine asks for: old records of customers that joined, page by page on a lane of their own.
extension SyncEngine {
    func run(_ effect: FillMachine.Effect) {
        switch effect {
        case .fetchPage: fetchJoined()
        case .wake(let delay): wake(.fill, after: delay)
        }
    }

    private func fetchJoined() {
        do {
            guard let cursor = try store.fillCursor() else {
                if try askForEnds() { return }
                clear(.fill)
                heldBack.fill = false
                return stepFill(.nothingLeft)
            }
            guard mayFetchRecords(.fill) else {
                if try askForEnds() { return }
                clear(.fill)
                return stepFill(.nothingLeft)
            }
            send(.fill, .joinedPage(cursor: cursor), getPage("/sync/v1/joined", cursor))
        } catch {
            note(error, of: .fill, doing: "read how far the records of a customer are")
            fail(.fill, .local)
        }
    }

    /// Asks what became of held edits on customers that left; false when there is nothing to ask, or it was asked lately.
    private func askForEnds() throws -> Bool {
        let now = clock.monotonicNow()
        if let last = lastEnds, now - last < SyncEngine.endsInterval { return false }
        // Not before a greeting has told whose token this is.
        guard push.state != .unmet, push.state != .stopped, maySendEverything, let batch = try store.heldElsewhere()
        else { return false }
        lastEnds = now
        let numbers = batch.edits.map { EditNumber($0.number.value) }
        send(
            .fill, .ends(numbers),
            request("POST", "/sync/v1/push", query: [], body: try WireCoding.encode(batch)))
        return true
    }

    func receiveEnds(_ outcome: ExchangeOutcome, sent: [EditNumber]) throws {
        let what = "cannot ask what became of held edits"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let results = try? WireCoding.decode(V1.Results.self, from: bytes) else {
            throw replies.malformed("the results cannot be read; it is asked again", asking: what)
        }
        let recorded = try store.record(results, sent: sent)
        succeeded(.fill)
        // What waited behind an edit that has its end now can go.
        if recorded.held.count < sent.count { stepPush(.poked) }
        stepFill(.pageKept)
    }

    func receiveJoined(_ outcome: ExchangeOutcome, cursor: String) throws {
        let what = "cannot fetch the old records of a customer"
        let bytes: [UInt8]
        let isWhole: Bool
        do { (bytes, isWhole) = try replies.body(outcome, asking: what, isPage: true) } catch {
            guard error.code == .customerLeft else { throw error }
            // The feed says so too; until it has, the records count as missing.
            stepFill(.failed(.transient(retryAfter: nil)))
            return stepPull(.poked)
        }
        var page: ReceivedPage
        do { page = try ReceivedPage(bytes, kind: "joined/1", expectedCursor: cursor, isWhole: isWhole) } catch {
            throw replies.malformed(error.why, asking: what)
        }
        // The customer may have left, or joined anew, while the page was on its way: then nobody waits for it.
        guard try store.fillCursor() == cursor else { return stepFill(.pageKept) }
        let rows = try store.applyJoinedPage(&page)
        succeeded(.fill)
        if page.isCut, rows == 0 { throw replies.malformed("the page was cut before its first row", asking: what) }
        if try store.fillWaitsForFeed() { stepPull(.poked) }
        stepFill(.pageKept)
    }
}
