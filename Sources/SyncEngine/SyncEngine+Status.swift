import Diagnostics
import ReplicaStore
import SyncCore

/// What is told to people.
extension SyncEngine {
    func note(_ error: any Error, doing what: String) {
        if let error = error as? StoreError {
            status.lastProblem = EngineStatus.Problem(what: error.what, why: error.why, next: error.next)
        } else {
            status.lastProblem = EngineStatus.Problem(what: "cannot \(what)", why: "\(error)", next: "it is tried again by itself")
        }
        log.log(.error, "store-failed", [("what", what), ("why", status.lastProblem?.why ?? "")])
    }

    func refreshStatus() {
        do {
            status.outbox = try store.outboxCounts()
            if case .loading(_, let done, let total) = try store.pullPosition() {
                (status.loadRowsDone, status.loadRowsTotal) = (done, total)
            } else {
                (status.loadRowsDone, status.loadRowsTotal) = (nil, nil)
            }
        } catch { note(error, doing: "read the outbox") }
        status.phase = phase
        if pull.state != .resting, pull.state != .backingOff, pull.state != .needsLogin { status.nextAttemptAt = nil }
    }

    var phase: EngineStatus.Phase {
        switch pull.state {
        case .stopped: return .stopped
        case .planning, .loading: return .loading
        case .backingOff: return .offline
        case .needsLogin: return .needsLogin
        case .blocked: return .blocked
        case .greeting, .following: return .syncing
        case .resting: break
        }
        if push.state == .needsLogin { return .needsLogin }
        let outbox = status.outbox
        if outbox.moving > 0 { return .sending }
        return outbox.held + outbox.dead > 0 ? .needsPerson : .inSync
    }
}
