package import ConflictRules
import SQLiteKit

/// The rules that a replica knows.
extension ReplicaReader {
    /// The rules that the server shipped last; those of this build until it has, or when they cannot be read any more.
    package func rules() throws(StoreError) -> RuleSet {
        try StoreError.wrap { try ReplicaStore.keptRules(outboxRows.connection) }
    }
}
