/// Integer key that the ledger minted for one customer of a partner. Never reused.
package struct CustomerKey: Sendable, Hashable, Comparable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
    package static func < (left: CustomerKey, right: CustomerKey) -> Bool { left.value < right.value }
}

/// Sequence of a register's last change within a feed epoch; 0 = never written.
package struct Version: Sendable, Hashable, Comparable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
    package static let never = Version(0)
    package static func < (left: Version, right: Version) -> Bool { left.value < right.value }
}

/// Number of an edit in its replica's outbox, counted from 1. With the replica's identity it is the idempotency key.
package struct EditNumber: Sendable, Hashable, Comparable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
    package static func < (left: EditNumber, right: EditNumber) -> Bool { left.value < right.value }
}

/// Integer key of a conflict row in the ledger.
package struct ConflictKey: Sendable, Hashable, Comparable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
    package static func < (left: ConflictKey, right: ConflictKey) -> Bool { left.value < right.value }
}

/// A moment as whole seconds since 1970 UTC, the precision of the domain's timestamps.
package struct Timestamp: Sendable, Hashable, Comparable {
    package let seconds: Int64
    package init(seconds: Int64) { self.seconds = seconds }
    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }
}
