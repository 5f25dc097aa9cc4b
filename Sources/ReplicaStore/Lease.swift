import Diagnostics
import SQLiteKit

/// How long a replica may stand without contact, as the server says it with each greeting.
package struct LeaseTerms: Sendable, Hashable, Decodable {
    package let days: Int
    package let then: String
    package init(days: Int, then: String) {
        self.days = days
        self.then = then
    }
}

/// The lease of a replica: past its end nothing is shown and no edit is taken, until the next contact.
package struct Lease: Sendable, Hashable {
    /// Longer terms count as this many days.
    private static let daysMax: Int64 = 36_500
    private static let daySeconds: Int64 = 86_400

    package let days: Int64
    /// The image is removed at the end, not only locked.
    package let wipes: Bool
    /// Seconds since 1970 by the device: the last contact, and the latest time that was ever seen since.
    package let contactAt: Int64
    package let seenAt: Int64

    /// The moment it ends. A clock set back since the contact does not move it.
    package var endsAt: Int64 { contactAt + min(days, Lease.daysMax) * Lease.daySeconds }
    package func isOver(at now: Int64) -> Bool { max(now, seenAt) >= endsAt }
}

extension ReplicaStore {
    /// Time after which another contact is noted, or time that passed without one.
    private static let noteSeconds: Int64 = 3600

    /// Whether the lease is over by the latest time that was seen.
    package var isLocked: Bool { identity.lease?.isOver(at: clock.now().seconds) ?? false }

    /// Keeps what the server's greeting says of the lease; nil turns it off. Durable on return.
    package func keepLease(_ terms: LeaseTerms?) throws(StoreError) {
        let kept = identity.lease
        // A word of a newer server locks, which takes nothing away.
        let wipes = terms?.then == "wipe"
        guard kept?.days != terms.map({ Int64($0.days) }) || kept?.wipes != terms.map({ _ in wipes }) else { return }
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement(
                    "UPDATE identity SET lease_days = ?, lease_then = ? WHERE id = 1")
                try statement.bind(1, terms.map { Int64(max(1, $0.days)) })
                try statement.bind(2, terms.map { _ in wipes ? "wipe" : "lock" })
                try statement.run()
            }
            try readIdentity()
        }
    }

    /// Notes a contact other than a greeting, at most once an hour.
    package func noteContact() throws(StoreError) {
        guard let lease = identity.lease else { return }
        let now = clock.now().seconds
        guard now < lease.seenAt || now - lease.contactAt >= ReplicaStore.noteSeconds else { return }
        try StoreError.wrap { try note("UPDATE identity SET contact_at = ?1, seen_at = ?1 WHERE id = 1", now) }
    }

    /// Notes that time passed: what the clock says, or what ran since the last note if the clock was set back.
    package func noteTime(elapsed seconds: Int64) throws(StoreError) {
        guard let lease = identity.lease else { return }
        let now = max(clock.now().seconds, lease.seenAt + max(0, seconds))
        guard now > lease.seenAt else { return }
        try StoreError.wrap { try note("UPDATE identity SET seen_at = ?1 WHERE id = 1", now) }
    }

    private func note(_ sql: String, _ at: Int64) throws {
        try outbox.write { transaction in
            let statement = try transaction.statement(sql)
            try statement.bind(1, at)
            try statement.run()
        }
        try readIdentity()
    }

    private func readIdentity() throws { if let known = try rows.identity() { identity = known } }
}
