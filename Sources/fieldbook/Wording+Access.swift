import ReplicaStore

extension Wording {
    static let connect = "connect and run: fieldbook sync"

    /// Since when nothing is shown, and why.
    static func text(_ lease: Lease, age: (Int64) -> String) -> String {
        let days = lease.days == 1 ? "a day" : "\(lease.days) days"
        return "the server was not reached since \(age(lease.contactAt)), and your partner allows \(days)"
    }

    /// What was taken from this machine, when, why, and what is left.
    static func text(_ record: WipeRecord, age: (Int64) -> String) -> String {
        let left =
            record.extent == .everything ? "data and edits were removed" : "the data was removed, your edits are kept"
        // The server's sentence says itself that the access is at its end.
        guard record.cause == .lease else { return "\(record.why), \(age(record.at)); \(left)" }
        return "the server was not reached for too long \(age(record.at)); \(left) (\(record.why))"
    }

    static func next(_ record: WipeRecord) -> String {
        switch (record.cause, record.extent) {
        case (.lease, _): connect
        case (.accessEnded, .image):
            "keep your edits with: fieldbook edits export FILE; ask an administrator for access"
        case (.accessEnded, .everything): "ask an administrator for access; with a new token: fieldbook login"
        }
    }
}
