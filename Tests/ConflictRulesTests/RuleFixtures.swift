import ConflictRules
import FoundationEssentials
import PartnerModel

/// The moment at which everything in these tests is judged.
let judgedAt = Timestamp(seconds: 1_795_000_000)

func moment(_ seconds: Int64) -> Timestamp { Timestamp(seconds: judgedAt.seconds + seconds) }

/// What is true of a customer to whom every edit of its family is open.
func facts(
    _ association: AssociationType = .reseller, age: Int64? = 60, _ change: (inout EditFacts) -> Void = { _ in }
) -> EditFacts {
    var facts = EditFacts(
        association: association, partnerState: .active, discountRange: BasisPoints(100)...BasisPoints(3000),
        cycle: BillingCycle(containing: judgedAt.seconds), now: judgedAt)
    facts.role = .administrator
    facts.madeAt = age.map { moment(-$0) }
    change(&facts)
    return facts
}

func money(_ text: String) -> Money { Money(text) ?? .zero }

func budget(_ amount: String, _ type: BudgetType = .monthly, _ action: ExhaustionAction = .manual) -> Budget {
    Budget(amount: money(amount), type: type, onExhaustion: action)
}

func state(_ amount: String, _ type: BudgetType = .monthly, _ action: ExhaustionAction = .manual) -> RegisterState {
    .budget(budget(amount, type, action))
}

func set(_ amount: String, _ type: BudgetType = .monthly, _ action: ExhaustionAction = .manual) -> EditIntent {
    .setBudget(budget(amount, type, action), validThrough: nil)
}

func adjust(_ delta: String) -> EditIntent { .adjustBudget(delta: money(delta), validThrough: nil) }

func freeze(_ id: Int64, _ kind: FreezeKind = .account, _ cause: FreezeCause = .manual) -> Freeze {
    Freeze(id: id, kind: kind, cause: cause, reason: "r", author: "a", at: judgedAt)
}

func unfreeze(_ kind: FreezeKind = .account, seen: [Int64]) -> EditIntent {
    .unfreeze(kind, reason: "paid", seen: seen)
}

func discount(_ percent: Int64, from: Int64 = 0, until: Int64 = 1000) -> Discount {
    Discount(percent: BasisPoints(percent), validFrom: moment(from), validUntil: moment(until))
}

func request(_ status: RequestStatus, _ purpose: RequestPurpose = .associate) -> RegisterState {
    .request(AssociationRequest(purpose: purpose, status: status, reason: "", requestedAt: judgedAt))
}

/// An edit whose author saw what stands.
func intact(_ intent: EditIntent, _ current: RegisterState, _ facts: EditFacts = facts()) -> RuleQuestion {
    RuleQuestion(intent: intent, before: current, current: current, isIntact: true, facts: facts)
}

/// An edit whose author saw something else than what stands; nil = it is not known what.
func moved(
    _ intent: EditIntent, from before: RegisterState?, to current: RegisterState, _ facts: EditFacts = facts()
) -> RuleQuestion {
    RuleQuestion(intent: intent, before: before, current: current, isIntact: false, facts: facts)
}

/// What the register holds after a judgement; unchanged unless the edit is carried out.
func outcome(of judgement: Judgement, on current: RegisterState, newFreeze id: Int64 = 1000) -> RegisterState? {
    guard case .apply(let intent, _) = judgement.outcome else { return current }
    return current.applying(intent) { kind, reason in
        Freeze(id: id, kind: kind, cause: .manual, reason: reason, author: "a", at: judgedAt)
    }
}

extension Judgement.Outcome {
    /// The outcome in one word, with the code of what was broken.
    var word: String {
        switch self {
        case .apply(_, let isAsAsked): isAsAsked ? "applied" : "merged"
        case .noop: "noop"
        case .overruled: "overruled"
        case .hold: "hold"
        case .rejected(let violation): "rejected \(violation.code)"
        case .expired(let violation): "expired \(violation.code)"
        case .forbidden(let violation): "forbidden \(violation.code)"
        case .needsStepUp(let violation): "step-up \(violation.code)"
        }
    }

    var violation: LimitViolation? {
        switch self {
        case .rejected(let violation), .expired(let violation), .forbidden(let violation), .needsStepUp(let violation):
            violation
        default: nil
        }
    }
}

/// `word by rule` of the judgement on a question.
func judged(_ question: RuleQuestion, _ rules: RuleSet = .standard) -> String {
    let judgement = rules.judge(question)
    return "\(judgement.outcome.word) by \(judgement.rule)"
}

/// Files of rules for tests: the standard one, with some of its rules written anew.
enum RuleText {
    static let standard = String(decoding: RuleSet.standard.bytes, as: UTF8.self)
    private static let opening = "\n    {\n      \"edit\": "
    private static let closing = "\n    }"

    /// The standard file with these rules in the place of those of the same kind.
    static func file(_ changes: [EditKind: String]) -> String {
        let pieces = standard.split(separator: opening)
        let rules = zip(EditKind.allCases, pieces.dropFirst()).map { kind, piece in
            changes[kind] ?? opening + (piece.split(separator: closing).first ?? "") + closing
        }
        return pieces[0] + rules.joined(separator: ",") + "\n  ]\n}\n"
    }

    /// One rule.
    static func rule(
        _ edit: EditKind, guards: String = "", cases: String, decide: String? = nil, promises: String = "deterministic"
    ) -> String {
        let words = promises.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
        return """

                {
                  "edit": "\(edit.rawValue)", "register": "\(edit.register.rawValue)", "detect": "version",
                  "guard": [\(guards)],
                  "combine": [
                    \(cases)
                  ],
                  "check": ["limits"],\(decide.map { " \"decide\": \($0)," } ?? "") "record": "history",
                  "promises": [\(words)]
                }
            """
    }

    /// One case.
    static func fits(_ name: String, _ conditions: String, _ rest: String) -> String {
        let words = conditions.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
        return "{ \"name\": \"\(name)\", \"when\": [\(words)], \(rest) }"
    }

    /// A strategy asked of every edit of a kind, and a person where it does not apply.
    static func trying(_ edit: EditKind, _ use: String, promises: String = "may-hold needs-base") throws -> RuleSet {
        let cases = fits("tried", "always", "\"use\": \(use)") + ",\n" + fits("asked", "always", "\"use\": \"hold\"")
        return try read([edit: rule(edit, cases: cases, decide: "{ \"fallback\": \"none\" }", promises: promises)])
    }

    /// A strategy that always applies, asked of every edit of a kind.
    static func always(_ edit: EditKind, _ use: String, guards: String = "") throws -> RuleSet {
        try read([edit: rule(edit, guards: guards, cases: fits("tried", "always", "\"use\": \"\(use)\""))])
    }

    static func read(_ changes: [EditKind: String]) throws -> RuleSet {
        try RuleSet.read(Array(file(changes).utf8), file: "rules.json")
    }

    /// What is wrong with a text; empty when nothing is.
    static func error(in text: String) -> String {
        do { _ = try RuleSet.read(Array(text.utf8), file: "rules.json") } catch { return "\(error)" }
        return ""
    }
}

/// A file of the repository, found from this one.
func repositoryFile(_ path: String) throws -> [UInt8] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return Array(try Data(contentsOf: root.appending(path: path)))
}
