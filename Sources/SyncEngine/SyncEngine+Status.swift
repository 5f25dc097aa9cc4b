import Diagnostics
import ReplicaStore
import SyncCore

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What is told to people.
extension SyncEngine {
    /// Keeps a failure until its lane succeeds.
    func tell(_ trouble: Trouble) {
        clear(trouble.lane)
        troubles.append(trouble)
    }

    func clear(_ lane: Lane?) { troubles.removeAll { $0.lane == lane } }

    /// A failure of the store at work for a lane, or for the status.
    func note(_ error: any Error, of lane: Lane?, doing what: String) {
        let problem: EngineStatus.Problem
        let failure: Failure
        if let error = error as? StoreError {
            problem = self.problem(error)
            failure = self.failure(of: error)
        } else {
            problem = EngineStatus.Problem(what: "cannot \(what)", why: "\(error)", next: "it is tried again by itself")
            failure = .local
        }
        tell(Trouble(lane: lane, problem: problem, failure: failure, isReached: true))
        log.log(.error, "store-failed", [("what", what), ("why", problem.why)])
    }

    func problem(_ error: StoreError) -> EngineStatus.Problem {
        EngineStatus.Problem(
            what: error.what, why: error.why, next: error.next, isDenied: error.exitCode == .denied)
    }

    func refreshStatus() {
        do {
            status.outbox = try store.outboxCounts()
            let progress = store.loadProgress()
            (status.loadRowsDone, status.loadRowsTotal) = (progress?.done, progress?.total)
            status.joining = try store.fillProgress()
            status.appliedSequence = try store.appliedSequence()
            status.metering = metering
            clear(nil)
            noteAgreement()
        } catch { note(error, of: nil, doing: "read the outbox") }
        isAtNewCheckpoint = false
        status.lastProblem = troubles.last?.problem
        status.phase = phase
        tellLogin()
        status.lanes = Lane.allCases.map(standing)
        status.nextAttemptAt = status.nextAttempt(now: clock.now(), monotonic: clock.monotonicNow())
    }

    /// Everything known is here and everything made has its end: by the counts just read, at a checkpoint just reached.
    private func noteAgreement() {
        guard isAtNewCheckpoint, status.outbox.unsettled == 0, status.joining == nil, status.loadRowsDone == nil else {
            return
        }
        status.lastAgreementAt = status.lastCheckpointAt
    }

    func trouble(_ lane: Lane) -> Trouble? { troubles.last { $0.lane == lane } }

    private var phase: EngineStatus.Phase {
        let isUnreached = trouble(.pull)?.isReached == false
        let unreached: EngineStatus.Phase = trouble(.pull)?.needsPerson == true ? .failing : .offline
        switch pull.state {
        case .stopped: return .stopped
        case .planning, .loading: return .loading
        case .standingBy: return loadingPhase
        case .backingOff: return isUnreached ? unreached : .failing
        case .needsLogin: return .needsLogin
        case .blocked: return .blocked
        // A further try does not make it reached.
        case .greeting where isUnreached: return unreached
        case .greeting: return .syncing
        case .following: return status.loadRowsDone == nil ? .syncing : loadingPhase
        case .resting where pull.isDoubtful: return status.loadRowsDone == nil ? .syncing : loadingPhase
        case .resting, .holding: break
        }
        if push.state == .needsLogin { return .needsLogin }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .inSyncTooEarly { return .inSync }
        #endif
        let held = status.metering
        if status.loadRowsDone != nil, !held.somethingWaits { return loadingPhase }
        if status.outbox.moving > 0, !held.editsWait, !held.feedWaits { return sending }
        if held.somethingWaits { return .metered }
        if status.joining != nil { return .joining }
        return status.outbox.held + status.outbox.dead + status.outbox.behindPerson > 0 ? .needsPerson : .inSync
    }

    /// The phase while a load is under way.
    private var loadingPhase: EngineStatus.Phase {
        // Nothing is fetched, and there is no feed to follow either.
        if heldBack.load, load.state == .idle { return .metered }
        guard load.state == .backingOff, let trouble = trouble(.load) else { return .loading }
        return trouble.isReached || trouble.needsPerson ? .failing : .offline
    }

    /// The phase while edits wait to be sent or to be seen in the feed.
    private var sending: EngineStatus.Phase {
        guard push.state == .backingOff, let trouble = trouble(.push) else { return .sending }
        if trouble.failure == .final { return .blocked }
        return trouble.isReached || trouble.needsPerson ? .failing : .offline
    }
}
