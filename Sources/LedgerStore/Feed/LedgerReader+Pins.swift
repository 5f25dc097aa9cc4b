import SQLiteKit
package import SyncProtocol

/// The sequence that a load is pinned at, and what it will bring. Several loads may share one: the feed from the pin
/// brings each of them what changed since.
package struct SnapshotPin: Sendable, Hashable {
    package let sequence: Int64
    /// When it was made, seconds since 1970 by the ledger's clock.
    package let at: Int64
    package let rows: [V1.EntityCount]

    /// Rows of all entities.
    package var total: Int64 { rows.reduce(0) { $0 + $1.count.value } }
}

/// Where loads begin, and what may keep a part from being given again.
extension LedgerReader {
    /// Pins a load of the scope at the present sequence. Cost: one count an entity.
    package func newPin(scope: Scope, serverTime: Int64) throws -> SnapshotPin {
        var counts: [V1.EntityCount] = []
        let filters = ScopeFilter(scope, state)
        for entity in Entity.snapshotOrder {
            guard let filter = filters.condition(entity) else { continue }
            let statement = try connection.statement("SELECT count(*) FROM \(entity.name) e WHERE \(filter)")
            counts.append(V1.EntityCount(entity: entity.name, count: try statement.first { $0.int64(0) } ?? 0))
        }
        return SnapshotPin(sequence: state.sequence, at: serverTime, rows: counts)
    }

    /// What a load from a pin will bring, and whether a replica that stands at the cursor `held` holds what the scope
    /// does not show.
    package func snapshotPlan(scope: Scope, pin: SnapshotPin, held: String? = nil) throws -> V1.SnapshotPlan {
        let start = cursor(scope, .snapshot(entity: 0, key: 0), at: pin.sequence, pin.at)
        var plan = V1.SnapshotPlan(cursor: start, sequence: pin.sequence, rows: pin.rows)
        plan.feed = cursor(scope, .feed, at: pin.sequence, pin.at)
        plan.bulk = cursor(scope, .snapshot(entity: Entity.bulkPlace, key: 0), at: pin.sequence, pin.at)
        if let held, try narrows(scope, fromHeld: held) { plan.narrowed = true }
        return plan
    }

    /// What a load of the scope will bring, pinned at the present sequence.
    package func snapshotPlan(scope: Scope, held: String? = nil, serverTime: Int64) throws -> V1.SnapshotPlan {
        try snapshotPlan(scope: scope, pin: newPin(scope: scope, serverTime: serverTime), held: held)
    }

    /// Whether a load may begin at a pin of the scope that was made before: the feed from it is there and short, and
    /// it is not older than what the replica has seen by `held`. In a listed scope nobody may have joined or left since:
    /// a customer that joined comes by the feed, more slowly than in a snapshot. Cost: two look-ups.
    package func canShare(_ pin: SnapshotPin, scope: Scope, held: String?) throws -> Bool {
        let behind = state.sequence - pin.sequence
        guard behind >= 0, behind <= min(SnapshotPin.changesMax, pin.total / SnapshotPin.rowsAChange),
            pin.sequence >= state.lowWatermark
        else { return false }
        if let held, let cursor = try? Cursor(held, key: state.sealKey), cursor.epoch == state.epoch,
            cursor.sequence > pin.sequence
        {
            return false
        }
        guard !scope.isWhole else { return true }
        let joined = try connection.statement("SELECT 1 FROM membership WHERE scope = ? AND joined > ? LIMIT 1")
        try joined.bind(1, scope.number)
        try joined.bind(2, pin.sequence)
        return try joined.first { _ in true } == nil && lastLeft(scope: scope) <= pin.sequence
    }

    /// The last sequence at which a customer left the scope; 0 for none. What was made before may hold that customer.
    package func lastLeft(scope: Scope) throws -> Int64 {
        guard !scope.isWhole else { return 0 }
        let statement = try connection.statement(
            "SELECT max(\"left\") FROM membership WHERE scope = ? AND \"left\" IS NOT NULL")
        try statement.bind(1, scope.number)
        return try statement.first { $0.optionalInt64(0) ?? 0 } ?? 0
    }

    /// The last sequence after `sequence` at which contact data of a customer were erased or changed; nil for none.
    /// Cost: one look-up a row changed since.
    package func lastContactChange(after sequence: Int64) throws -> Int64? {
        let statement = try connection.statement("SELECT max(sequence) FROM feed WHERE sequence > ? AND entity = ?")
        try statement.bind(1, sequence)
        try statement.bind(2, Int64(Entity.contact.rawValue))
        return try statement.first { $0.optionalInt64(0) } ?? nil
    }
}

extension SnapshotPin {
    /// Changes after which a pin is too old to share: more of them cost a load more than it gains by shared parts.
    static let changesMax: Int64 = 10_000
    /// One change for so many rows: two in a hundred.
    static let rowsAChange: Int64 = 50
}
