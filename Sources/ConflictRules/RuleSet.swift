package import PartnerModel

/// The rules by which an edit is combined with what it meets: data, read from a file, that the server decides with and
/// the agent predicts with.
package struct RuleSet: Sendable {
    /// The vocabulary that this build knows. A file of another one is refused, never half understood.
    package static let vocabulary = 1

    /// Number of this set of rules, recorded with every decision.
    package let version: Int
    /// SHA-256 in hex of the canonical form (keys sorted, no white space), so that layout does not change it.
    package let hash: String
    /// The file as it was read.
    package let bytes: [UInt8]
    /// One for each kind of edit.
    let rules: [EditKind: Rule]

    /// The rules that this build carries.
    package static let standard: RuleSet = {
        do throws(RuleFileError) {
            return try RuleSet.read(Array(StandardRules.text.utf8), file: "conflict-rules.json")
        } catch {
            preconditionFailure("the rules that this program carries cannot be read: \(error)")
        }
    }()

    /// Names of the cases that decide by tolerance, which counts what an author had tolerated in a day.
    package var toleranceCases: [String] {
        EditKind.allCases.flatMap { rule(for: $0).combine }.filter { $0.strategy.word == .tolerance }.map(\.name)
    }

    /// The rule for a kind of edit.
    package func rule(for edit: EditKind) -> Rule {
        guard let rule = rules[edit] else { preconditionFailure("a set of rules has no rule for \(edit.rawValue)") }
        return rule
    }
}
