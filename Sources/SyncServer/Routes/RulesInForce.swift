package import ConflictRules
package import Diagnostics
import ThreadKit

/// The conflict rules that a server judges by: those of its data folder, or the ones that this build carries.
///
/// A file that cannot be read never replaces rules that can: at the start the server does not begin to serve, later it goes
/// on with what it has.
package final class RulesInForce: Sendable {
    /// Name of the file in a data folder.
    package static let fileName = "conflict-rules.json"

    private let file: String
    private let rules: Monitor<RuleSet>

    /// The rules of a data folder. A file that does not hold is refused with its line and what would be right.
    package init(folder path: String) throws(UserError) {
        file = "\(path)/\(RulesInForce.fileName)"
        rules = Monitor(try RulesInForce.read(file))
    }

    /// The rules that the next request is judged by.
    package var current: RuleSet { rules.withLock { $0 } }

    /// Reads the file again. On a throw the rules in force stay. Gives the new ones.
    @discardableResult
    package func reload() throws(UserError) -> RuleSet {
        let fresh = try RulesInForce.read(file)
        rules.withLock { $0 = fresh }
        return fresh
    }

    /// The rules of a file, or those of this build where there is no such file.
    private static func read(_ file: String) throws(UserError) -> RuleSet {
        SecureFile.exists(file) ? try rules(inFile: file) : .standard
    }

    /// Reads and checks a rule file.
    package static func rules(inFile file: String) throws(UserError) -> RuleSet {
        let bytes = try SecureFile.read(file, limit: RuleSet.bytesMax)
        do { return try RuleSet.read(bytes, file: file) } catch {
            throw UserError(
                .settings, what: "cannot use the rules in \(error.file), line \(error.line), column \(error.column)",
                why: (error.path.isEmpty ? "" : error.path + ": ") + error.why, next: error.next)
        }
    }
}
