package import ConflictRules
package import PartnerModel
import SQLiteKit
package import SyncProtocol

/// What was expected to become of an edit when it was made.
package struct EditPrediction: Sendable, Hashable, Codable {
    package let code: ResultCode
    package let rule: String?
    package let rulesVersion: Int?
}

/// The rules that a replica knows, and what it expected of its edits by them.
extension ReplicaReader {
    /// The rules that the server shipped last; those of this build until it has, or when they cannot be read any more.
    package func rules() throws(StoreError) -> RuleSet {
        try StoreError.wrap { try ReplicaStore.keptRules(outboxRows.connection) }
    }

    /// What was predicted for an edit; nil when nothing was, or in words of another build.
    package func prediction(of number: EditNumber) throws(StoreError) -> EditPrediction? {
        try StoreError.wrap {
            let statement = try outboxRows.connection.statement("SELECT prediction FROM edit WHERE number = ?")
            try statement.bind(1, number.value)
            let text = try statement.first { $0.optionalText(0) } ?? nil
            return text.flatMap { try? WireCoding.decode(EditPrediction.self, from: $0) }
        }
    }
}
