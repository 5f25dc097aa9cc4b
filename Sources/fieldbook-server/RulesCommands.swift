import ConflictRules
import Diagnostics
import LedgerStore
import PartnerModel
import SyncServer
import TerminalKit

/// The commands about conflict rules.
extension ServerCommands {
    static let ruling = [
        CommandSpec(
            "rules check", "Checks a rule file as the server would read it.", arguments: ["FILE"],
            examples: ["fieldbook-server rules check my-rules.json"]),
        CommandSpec(
            "rules show", "Shows the rules of a data folder, or those of this build.", options: [data],
            examples: ["fieldbook-server rules show", "fieldbook-server rules show --data ./data"]),
        CommandSpec(
            "rules test", "Judges all conflicts of the past again under a rule file; changes nothing.",
            arguments: ["FILE"], options: [data],
            examples: ["fieldbook-server rules test my-rules.json --data ./data"]),
    ]
}

extension ServerContext {
    /// `rules check FILE`.
    func checkRules() throws { tell(try rules(inFile: command.arguments[0]), "holds") }

    /// `rules show`.
    func showRules() throws {
        let rules = command.option("data") == nil ? RuleSet.standard : try RulesInForce(folder: folder.path).current
        let isStandard = rules.hash == RuleSet.standard.hash
        tell(rules, isStandard ? "the rules of this build" : "the rules of \(folder.path)/\(RulesInForce.fileName)")
    }

    /// A file that is no rule file is input refused, not a setting of a server that runs.
    private func rules(inFile file: String) throws(UserError) -> RuleSet {
        do { return try RulesInForce.rules(inFile: file) } catch {
            throw UserError(.refused, what: error.what, why: error.why, next: error.next)
        }
    }

    private func tell(_ rules: RuleSet, _ title: String) {
        let all = EditKind.allCases.map { rules.rule(for: $0) }
        var table = Table([
            .init("EDIT"), .init("ON"), .init("GUARDS", .right, yielding: .leftOut(1)),
            .init("CASES, THE FIRST THAT FITS"), .init("DEADLINE"),
        ])
        for rule in all {
            table.add([
                rule.edit.rawValue, rule.edit.register.rawValue, "\(rule.guards.count)",
                rule.combine.map(\.name).joined(separator: ", "), ServerContext.deadline(rule),
            ])
        }
        let head = "\(title): version \(rules.version), \(all.count) rules\nhash \(rules.hash)\n\n"
        show(
            [
                "version": .integer(Int64(rules.version)), "hash": .text(rules.hash), "rules": .array(all.map(json)),
                "standard": .bool(rules.hash == RuleSet.standard.hash), "warnings": .array(rules.warnings.map(json)),
            ], head + table.render(for: terminal) + ServerContext.text(rules.warnings))
    }

    /// What the rules leave out, one line each; empty for none.
    private static func text(_ warnings: [RuleWarning]) -> String {
        warnings.isEmpty ? "" : "\n" + warnings.map { "warning: \($0.text)\n" }.joined()
    }

    private func json(_ warning: RuleWarning) -> JSONOutput {
        .object([
            "edit": .text(warning.edit.rawValue), "guard": .text(warning.word.rawValue), "code": .text(warning.code),
            "text": .text(warning.text),
        ])
    }

    private static func deadline(_ rule: Rule) -> String {
        guard rule.promises.contains(.mayHold) else { return "-" }
        guard let seconds = rule.terms?.deadlineSeconds else { return "none" }
        return words(seconds) + (rule.terms?.fallback.map { ": \($0.rawValue)" } ?? "")
    }

    private func json(_ rule: Rule) -> JSONOutput {
        .object([
            "edit": .text(rule.edit.rawValue), "register": .text(rule.edit.register.rawValue),
            "guards": .array(rule.guards.map { .text($0.word.rawValue) }),
            "cases": .array(rule.combine.map { .text($0.name) }),
            "deadlineSeconds": .optional(rule.terms?.deadlineSeconds),
            "fallback": .optional(rule.terms?.fallback?.rawValue),
        ])
    }

    // MARK: test

    /// Numbers of a trial.
    private struct Counts {
        var changed = 0
        var same = 0
        var unknown = 0
        /// By outcome, in the order in which they came up.
        var outcomes: [(outcome: String, count: Int)] = []

        mutating func note(_ trial: RulesTrial) {
            guard case .judged(let outcome, _) = trial.verdict else {
                unknown += 1
                return
            }
            guard trial.isChange else {
                same += 1
                return
            }
            changed += 1
            if let index = outcomes.firstIndex(where: { $0.outcome == outcome }) {
                outcomes[index].count += 1
            } else {
                outcomes.append((outcome, 1))
            }
        }
    }

    /// `rules test FILE`: what the conflicts of the past would have become.
    func testRules() throws {
        let rules = try rules(inFile: command.arguments[0])
        var counts = Counts()
        var told: [JSONOutput] = []
        let isJSON = command.flag("json")
        var table = Table([
            .init("CONFLICT", .right), .init("CUSTOMER"), .init("EDIT"), .init("HELD BY"), .init("WOULD BE"),
            .init("BY"),
        ])
        try withLedger { ledger in
            try ledger.read { reader in
                try reader.forEachConflict { key, row in
                    let name = try reader.name(of: row.customer) ?? ""
                    let trial = RulesTrial(key, row, customer: name, rules: rules)
                    counts.note(trial)
                    if isJSON { return told.append(json(trial)) }
                    if let cells = ServerContext.cells(trial) { table.add(cells) }
                }
            }
        }
        let parts = counts.outcomes.map { "\($0.count) \($0.outcome)" }.joined(separator: ", ")
        let all = counts.changed + counts.same + counts.unknown
        let text =
            (table.isEmpty ? "" : table.render(for: terminal) + "\n")
            + "under rules \(rules.version): \(counts.changed) of \(all) conflicts"
            + " would end otherwise\(parts.isEmpty ? "" : " (\(parts))"),\n\(counts.same) would be held as they were,"
            + " \(counts.unknown) cannot be judged\n"
        show(
            [
                "version": .integer(Int64(rules.version)), "hash": .text(rules.hash), "conflicts": .array(told),
                "changed": .integer(Int64(counts.changed)), "same": .integer(Int64(counts.same)),
                "notJudgeable": .integer(Int64(counts.unknown)),
            ], text)
    }

    /// The row of a conflict that would end otherwise or cannot be judged; nil for one that would be held as it was.
    private static func cells(_ trial: RulesTrial) -> [String]? {
        let head = ["\(trial.key.value)", trial.customer, trial.kind, trial.heldBy]
        switch trial.verdict {
        case .unknown(let why): return head + ["not judgeable", why]
        case .judged(let outcome, let rule): return trial.isChange ? head + [outcome, rule] : nil
        }
    }

    private func json(_ trial: RulesTrial) -> JSONOutput {
        var members: [String: JSONOutput] = [
            "conflict": .integer(trial.key.value), "customer": .text(trial.customer), "register": .text(trial.register),
            "edit": .text(trial.kind), "open": .bool(trial.isOpen), "heldBy": .text(trial.heldBy),
            "rulesVersion": .integer(trial.rulesVersion), "changed": .bool(trial.isChange),
        ]
        switch trial.verdict {
        case .unknown(let why): members["notJudgeable"] = .text(why)
        case .judged(let outcome, let rule):
            members["wouldBe"] = .text(outcome)
            members["by"] = .text(rule)
        }
        return .object(members)
    }
}
