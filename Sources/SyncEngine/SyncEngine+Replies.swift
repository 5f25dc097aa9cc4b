import Diagnostics
import HTTPKit
import PartnerModel
import ReplicaStore
import SyncCore

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// How long a road goes on where records name entries that are not there, until a checkpoint is reached.
///
/// The server may have been mended meanwhile, and tells so in the feed: it is tried again first. What was lost on this side,
/// or in a part, comes with a new load. What that lacks too only the server can bring, and it is not loaded a third time.
struct EntryPatience {
    /// Refusals at which the image is loaded anew.
    static let refusalsMax = 3
    private var refusals = 0
    private var hasLoadedAnew = false
    /// The load has not begun yet.
    private var isLoadDue = false

    /// One more refusal; whether to load anew.
    mutating func refused() -> Bool {
        refusals += 1
        guard refusals >= EntryPatience.refusalsMax, !hasLoadedAnew else { return false }
        (hasLoadedAnew, isLoadDue) = (true, true)
        return true
    }

    /// A load begins; whether it is for entries that were missing.
    mutating func begins() -> Bool {
        defer { isLoadDue = false }
        return isLoadDue
    }
}

/// Outcomes of exchanges on their way in: each leads to one event of its lane's machine.
extension SyncEngine {
    func receive(_ id: Int, _ outcome: ExchangeOutcome) {
        // An outcome of an exchange that is over changes nothing.
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return }
        let (lane, _, purpose) = inFlight.remove(at: index)
        receiving = id
        defer { receiving = nil }
        do {
            if case .push(let numbers) = purpose, case .failed(let error) = outcome, error.isBeforeSending {
                try store.neverLeft(numbers)
            }
            switch purpose {
            case .hello(let echo): try receiveHello(outcome, echo: echo)
            case .rules(let hash, let then): try receiveRules(outcome, announced: hash, then: then)
            case .plan: try receivePlan(outcome)
            case .snapshotPage(let cursor): try receivePage(outcome, id, kind: "snapshot/1", cursor: cursor)
            case .feedPage(let cursor, let wait):
                try receivePage(outcome, id, kind: "feed/1", cursor: cursor, wait: wait)
            case .part(let kind, let cursor): try receivePart(outcome, id, kind: kind, cursor: cursor)
            case .push(let numbers): try receiveResults(outcome, id, sent: numbers)
            case .ack(let number): try receiveAck(outcome, number)
            case .ends(let numbers): try receiveEnds(outcome, sent: numbers)
            case .joinedPage(let cursor): try receiveJoined(outcome, cursor: cursor)
            case .wiped: try receiveWiped(outcome)
            }
        } catch let refusal as ReplyReader.Refusal {
            if let ended = refusal.ended, lane == .pull { return end(ended, refusal.problem, purpose) }
            if refusal.failure == .resyncRequired, lane == .pull { return beginAnew(refusal) }
            if refusal.failure == .resyncRequired, lane == .load { return dropLoad(refusal) }
            if lane == .pull, pull.state == .holding, refusal.failure == .transient(retryAfter: nil) {
                return loseHeld(refusal)
            }
            noteUnconfirmed(refusal.problem, id, wasSent: wasSent(outcome))
            let problem = named(refusal, purpose)
            tell(
                Trouble(
                    lane: lane, problem: problem, failure: refusal.failure, isReached: refusal.isReached,
                    needsPerson: refusal.needsPerson))
            if case .push(let numbers) = purpose, refusal.isReached { noteRefusal(refusal.failure, of: numbers) }
            fail(lane, refusal.failure, hasEnded: refusal.ended != nil)
        } catch let error as StoreError {
            noteUnconfirmed(problem(error), id, wasSent: true)
            note(error, of: lane, doing: "keep a reply")
            failKeeping(lane, error)
        } catch {
            note(error, of: lane, doing: "keep a reply")
            fail(lane, .local)
        }
    }

    private func end(_ ended: AccessEnded, _ problem: EngineStatus.Problem, _ purpose: Purpose) {
        do { try consider(ended, problem, asked: purpose) } catch {
            note(error, of: .pull, doing: "wipe the replica")
            fail(.pull, .local)
        }
    }

    /// The server wants the replica to be loaded anew: no failure, and who waits for a sync goes on waiting. It is told
    /// as a problem when no checkpoint was reached since the last time, for then the next try is put off.
    private func beginAnew(_ refusal: ReplyReader.Refusal) {
        log.log(.info, "load-anew", [("why", refusal.problem.why)])
        stepPull(.failed(.resyncRequired))
        tellPutOff(refusal)
    }

    /// What cuts a request that rests may leave others alone: no failure before one of those fails too.
    private func loseHeld(_ refusal: ReplyReader.Refusal) {
        log.log(.info, "held-request-lost", [("why", refusal.problem.why)])
        stepPull(.failed(refusal.failure))
    }

    func tellPutOff(_ refusal: ReplyReader.Refusal) {
        guard pull.state == .backingOff else { return }
        tell(Trouble(lane: .pull, problem: refusal.problem, failure: .resyncRequired, isReached: true))
    }

    /// What a person is told of a push that the server answered and did not take: with one edit alone, which it is.
    private func named(_ refusal: ReplyReader.Refusal, _ purpose: Purpose) -> EngineStatus.Problem {
        guard case .push(let numbers) = purpose, let first = numbers.first, refusals.isAlone, refusal.isReached else {
            return refusal.problem
        }
        return EngineStatus.Problem(
            what: "cannot push edit \(first.value)",
            why: "\(refusal.problem.why); it is tried alone, and the others go on without it",
            next:
                "look at it: fieldbook edits show \(first.value). The server's log says why; once that is mended it passes by itself"
        )
    }

    func fail(_ lane: Lane, _ failure: Failure, hasEnded: Bool = false) {
        status.failures += 1
        status.lastFailedExchange = max(status.lastFailedExchange, receiving ?? status.exchangesBegun + 1)
        let problem = troubles.last?.problem
        log.log(
            .info, "exchange-failed", [("lane", "\(lane)"), ("what", problem?.what ?? ""), ("why", problem?.why ?? "")])
        switch lane {
        case .pull: stepPull(.failed(failure))
        case .push:
            // By the next try it would be an old code.
            forgetCode()
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .loginDropsQueue, failure == .unauthenticated {
                for number in 1...20 { _ = try? store.discard(EditNumber(Int64(number))) }
            }
            #endif
            stepPush(.failed(failure))
            // Whether the token is refused altogether, or the access has ended, the pull side finds out.
            if failure == .unauthenticated || hasEnded { stepPull(.poked) }
        case .fill:
            stepFill(.failed(failure))
            if hasEnded { stepPull(.poked) }
        case .load: failLoad(failure, hasEnded: hasEnded)
        }
    }

    /// What came can't be kept. Where records go on naming what is not there, the image is loaded anew; not for old records of
    /// customers that joined, without which all else goes on.
    func failKeeping(_ lane: Lane, _ error: StoreError) {
        guard error.code == .entryMissing, lane != .fill, patience.refused() else {
            return fail(lane, failure(of: error))
        }
        let refusal = ReplyReader.Refusal(failure: .resyncRequired, problem: problem(error))
        switch lane {
        case .pull: beginAnew(refusal)
        case .fill, .load, .push:
            fail(lane, .local)
            dropLoad(refusal)
        }
    }

    func failure(of error: StoreError) -> Failure {
        switch error.code {
        case .badPage, .entryMissing: .transient(retryAfter: nil)
        case .otherServer, .otherUser: .final
        default: .local
        }
    }

    func succeeded(_ lane: Lane) {
        status.lastContactAt = clock.now()
        clear(lane)
        do { try store.noteContact() } catch { note(error, of: nil, doing: "keep the lease") }
    }
}
