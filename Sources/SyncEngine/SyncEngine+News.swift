import PartnerModel
import ReplicaStore

/// What came in that a person may want to be told of: the one place that makes it out of what the engine did.
extension SyncEngine {
    /// Tells what a page or a push brought. Nobody is told when the store does not watch.
    func tellNews(_ notices: [Notice], refused: [EditNumber]) {
        guard store.isWatching else { return }
        // An edit that can't be read again is told by its state.
        let refusals = refused.compactMap { try? store.refusal($0) }
        if !(notices + refusals).isEmpty { shell?.noticed(.notices(notices + refusals)) }
    }

    /// Tells once that a log-in is needed, and again only after a sync was reached: each further try is refused too.
    func tellLogin() {
        switch status.phase {
        case .needsLogin where !isLoginTold:
            isLoginTold = true
            guard store.isWatching, let problem = status.lastProblem else { return }
            shell?.noticed(.loginNeeded(problem))
        case .inSync, .needsPerson, .loading, .joining: isLoginTold = false
        default: break
        }
    }
}
