import SQLiteKit
package import SyncProtocol

/// How an entity of a replica differs from the truth.
package struct EntityDifference: Sendable, Hashable {
    package let entity: Entity
    /// Rows that the scope sees.
    package let rows: Int64
    /// Rows of the truth that the replica lacks or has otherwise.
    package let missing: Int64
    /// Rows of the replica that the truth lacks or has otherwise.
    package let extra: Int64
}

extension Ledger {
    /// Compares a replica's file with what a scope sees, whole rows with their versions. Reads both, changes neither; tells
    /// `progress` how many of all entities are done.
    package func differences(
        toReplica path: String, scope number: Int64, progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) throws -> [EntityDifference] {
        let attach = try connection.statement("ATTACH DATABASE ? AS replica")
        try attach.bind(1, path)
        try attach.run()
        defer { try? connection.execute("DETACH DATABASE replica") }
        return try read { reader in
            guard let scope = try reader.scope(number) else { throw LedgerError.damaged("the member has no scope") }
            let filter = ScopeFilter(scope, reader.state)
            return try Entity.stored.enumerated().map { place, entity in
                defer { progress(place + 1, Entity.stored.count) }
                let columns = (["key", "version"] + entity.columns.map(\.name)).map { "e.\($0)" }.joined(
                    separator: ", ")
                let truth =
                    "SELECT \(columns) FROM main.\(entity.name) e WHERE \(filter.condition(entity) ?? "0")"
                let copy = "SELECT \(columns) FROM replica.\(entity.name) e"
                func count(_ sql: String) throws -> Int64 {
                    try self.connection.statement("SELECT count(*) FROM (\(sql))").first { $0.int64(0) } ?? 0
                }
                return EntityDifference(
                    entity: entity, rows: try count(truth), missing: try count("\(truth) EXCEPT \(copy)"),
                    extra: try count("\(copy) EXCEPT \(truth)"))
            }
        }
    }
}
