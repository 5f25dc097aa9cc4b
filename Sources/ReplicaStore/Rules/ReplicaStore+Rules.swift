import ConflictRules
import Diagnostics
import Digests
import SQLiteKit

/// The rules that this replica predicts by: what the server shipped last, or those of this build until it has.
extension ReplicaStore {
    /// The strong tag of the rules that are held, in its quotes: of their bytes as they came.
    package var rulesTag: String { "\"\(Hex.encode(SHA256.digest(rules.bytes)))\"" }

    /// Whether the server's rules are other ones than those held.
    package func wantsRules(hash: String) -> Bool { rules.hash != hash }

    /// Keeps the rules that the server ships and predicts by them from now on; durable on return. Bytes that are no rules of
    /// this build's vocabulary, or not those that the greeting announced, are refused and change nothing.
    package func takeRules(_ bytes: [UInt8], announced hash: String) throws(StoreError) {
        let fresh: RuleSet
        do { fresh = try RuleSet.read(bytes, file: "the server's rules") } catch {
            throw StoreError(
                .badPage, what: "cannot take the server's rules", why: "\(error.path): \(error.why)",
                next: "upgrade this program; until then predictions follow the rules it carries")
        }
        guard fresh.hash == hash else {
            throw StoreError(
                .badPage, what: "cannot take the server's rules", why: "they are not those that the greeting announced",
                next: "they are asked for again by themselves")
        }
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement(
                    "INSERT OR REPLACE INTO rules (id, hash, body, fetched_at) VALUES (1, ?, ?, ?)")
                try statement.bind(1, hash)
                try statement.bind(2, blob: bytes)
                try statement.bind(3, clock.now().seconds)
                try statement.run()
            }
        }
        rules = fresh
    }

    /// The rules kept in the outbox; those of this build where there are none or they cannot be read any more.
    static func keptRules(_ outbox: Connection) throws -> RuleSet {
        let kept = try outbox.statement("SELECT body FROM rules WHERE id = 1").first { $0.blob(0) }
        return kept.flatMap { try? RuleSet.read($0, file: "outbox.db") } ?? .standard
    }
}
