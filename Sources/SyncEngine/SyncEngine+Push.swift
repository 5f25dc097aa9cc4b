import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What the push machine asks for, and what becomes of the replies.
extension SyncEngine {
    func run(_ effect: PushMachine.Effect) {
        switch effect {
        case .sendNext: sendNext()
        case .wake(let delay): wake(.push, after: delay)
        }
    }

    /// Nothing is pushed before the next greeting that succeeds: the server there is not the one the edits are for.
    func holdPushes() {
        inFlight.removeAll { $0.lane == .push }
        forgetCode()
        clear(.push)
        stepPush(.stopped)
        stepPush(.started)
    }

    func sendNext() {
        do {
            if try sendConfirmed() { return }
            let isOpen = maySendEverything
            #if FIELDBOOK_DEFECTS
            if !isOpen, Defect.planted == .meterHoldsFreezes { return stepPush(.nothingToSend) }
            #endif
            if let batch = try store.nextPush(
                aloneAfter: refusals.isAlone ? refusals.last : nil, decisionsOnly: !isOpen)
            {
                let body = try WireCoding.encode(batch)
                let numbers = batch.edits.map { EditNumber($0.number.value) }
                send(.push, .push(numbers), request("POST", "/sync/v1/push", query: [], body: body))
            } else if isOpen, let number = try store.ackable() {
                let ack = V1.Ack(replica: store.identity.replica, upTo: number.value)
                send(.push, .ack(number), request("POST", "/sync/v1/ack", query: [], body: try WireCoding.encode(ack)))
            } else {
                clear(.push)
                heldBack.edits = try !isOpen && store.hasUndecisive()
                refusals = Refusals()
                stepPush(.nothingToSend)
            }
        } catch {
            note(error, of: .push, doing: "prepare a push")
            fail(.push, .local)
        }
    }

    func receiveResults(_ outcome: ExchangeOutcome, _ id: Int, sent: [EditNumber]) throws {
        let what = "cannot push edits"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let results = try? WireCoding.decode(V1.Results.self, from: bytes) else {
            throw replies.malformed("the results cannot be read; the edits are sent again", asking: what)
        }
        let recorded = try store.record(results, sent: sent)
        succeeded(.push)
        noteConfirmed(results, id)
        tellNews([], refused: recorded.dead)
        if let last = sent.last { refusals.last = last }
        log.log(
            .notice, "results",
            [
                ("final", "\(recorded.final.count)"), ("held", "\(recorded.held.count)"),
                ("dead", "\(recorded.dead.count)"),
                ("transient", "\(recorded.transient.count)"), ("surprising", "\(recorded.surprising.count)"),
            ])
        let madeProgress = recorded.transient.count < sent.count
        if !asksForRules(rulesMark(of: outcome), on: .push, then: .exchanged(madeProgress: madeProgress)) {
            exchanged(madeProgress: madeProgress)
        }
        // The feed brings what the edits became.
        stepPull(.nudged)
    }

    func exchanged(madeProgress: Bool) {
        stepPush(.exchanged(madeProgress: madeProgress))
        // A code does not wait for what the server put off.
        if code != nil, push.state == .backingOff { stepPush(.poked) }
    }

    /// Notes that the server answered a push and took none of it. When that goes on, edits are sent one by one, in turn.
    func noteRefusal(_ failure: Failure, of numbers: [EditNumber]) {
        switch failure {
        case .unauthenticated, .transient(retryAfter: .some), .local, .resyncRequired: return
        case .transient(retryAfter: nil), .final:
            // The first turn begins with the oldest, so that an author's order holds but for what is refused.
            refusals.last = refusals.isAlone ? numbers.last ?? refusals.last : EditNumber(0)
            refusals.count += 1
        }
    }

    func receiveAck(_ outcome: ExchangeOutcome, _ number: EditNumber) throws {
        _ = try replies.body(outcome, asking: "cannot acknowledge results")
        try store.markAcked(number)
        succeeded(.push)
        if !asksForRules(rulesMark(of: outcome), on: .push, then: .exchanged(madeProgress: true)) {
            exchanged(madeProgress: true)
        }
    }
}
