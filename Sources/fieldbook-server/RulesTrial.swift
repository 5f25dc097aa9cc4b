import ConflictRules
import LedgerStore
import PartnerModel
import SyncProtocol

/// One conflict of the past judged again under other rules.
struct RulesTrial {
    /// What comes out under the other rules.
    enum Verdict: Hashable {
        /// The outcome's word and the name that decided: a case, a guard, `equal` or `limits`.
        case judged(outcome: String, rule: String)
        /// Why it cannot be judged.
        case unknown(String)
    }

    let key: ConflictKey
    let customer: String
    let register: String
    /// Kind of the held edit as it came.
    let kind: String
    let isOpen: Bool
    /// The rule that held it, and the set it was of.
    let heldBy: String
    let rulesVersion: Int64
    let verdict: Verdict

    /// Something else than then would happen: another outcome, or held by another rule.
    var isChange: Bool {
        guard case .judged(let outcome, let rule) = verdict else { return false }
        return outcome != "held" || rule != heldBy
    }

    init(_ key: ConflictKey, _ row: ConflictRow, customer: String, rules: RuleSet) {
        self.key = key
        self.customer = customer
        register = row.register
        isOpen = row.isOpen
        heldBy = row.rule
        rulesVersion = row.rulesVersion
        let edit = try? WireCoding.decode(V1.Edit.self, from: row.intent)
        kind = edit?.kind ?? "?"
        verdict = RulesTrial.verdict(row, edit, rules)
    }

    private static func verdict(_ row: ConflictRow, _ edit: V1.Edit?, _ rules: RuleSet) -> Verdict {
        guard let text = row.facts else { return .unknown("what the server knew was not recorded") }
        guard let wire = try? WireCoding.decode(V1.Facts.self, from: text), let facts = try? wire.facts() else {
            return .unknown("what the server knew cannot be read")
        }
        guard let edit, let intent = try? edit.intent(),
            let current = try? WireCoding.decode(V1.State.self, from: row.theirs).state()
        else { return .unknown("the edit or what stood cannot be read") }
        let judgement = rules.judge(
            RuleQuestion(
                intent: intent, before: try? edit.before?.state(), current: current, isIntact: wire.isIntact,
                facts: facts))
        return .judged(outcome: word(judgement.outcome), rule: judgement.rule)
    }

    private static func word(_ outcome: Judgement.Outcome) -> String {
        switch outcome {
        case .apply(_, let isAsAsked): isAsAsked ? "applied" : "merged"
        case .noop: "noop"
        case .overruled: "overruled"
        case .hold: "held"
        case .rejected: "rejected"
        case .expired: "expired"
        case .forbidden: "forbidden"
        case .needsStepUp: "needs_step_up"
        }
    }
}
