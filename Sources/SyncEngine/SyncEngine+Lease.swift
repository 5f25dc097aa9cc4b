import Diagnostics
import ReplicaStore
import SyncProtocol

/// The part of a greeting that is about the lease.
struct LeaseInGreeting: Decodable { let lease: LeaseTerms? }

extension SyncEngine {
    /// Looks whether the time without contact is over. `elapsed` is what ran since the last look.
    func checkLease(elapsed: Duration) {
        do {
            try store.noteTime(elapsed: elapsed.components.seconds)
            guard let lease = store.identity.lease, store.isLocked else { return }
            guard lease.wipes else { return log.log(.notice, "locked", [("since", "\(lease.endsAt)")]) }
            if store.wipeRecord?.isDone == true, try store.pullPosition() == .nothing { return }
            let since = Instant(seconds: lease.contactAt).rfc3339
            _ = try store.wipe(
                .image, .lease,
                why: "no contact since \(since), \(lease.days == 1 ? "a day is" : "\(lease.days) days are") allowed")
            log.log(.error, "lease-over", [("wiped", "image")])
        } catch { note(error, of: nil, doing: "keep the lease") }
    }
}
