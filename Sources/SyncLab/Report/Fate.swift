import PartnerModel
import SyncProtocol

/// What became of an edit when it met what stood at the server: the first answer that it was given.
struct Fate {
    let kind: String
    let code: String
    let rule: String?
    /// The code of a refusal.
    let reason: String?
    /// Guards that warned.
    var warnings: [String] = []

    /// `applied`, `rejected FB.NOT_CURED`.
    var result: String { reason.map { "\(code) \($0)" } ?? code }

    /// A result and its rule as the tables show them.
    var text: String {
        result + (rule.map { ", `\($0)`" } ?? "") + warnings.map { ", warned by `\($0)`" }.joined()
    }

    /// What a member's n-th edit, counted from 1, came to in a run; nil when it was never judged.
    static func of(_ number: Int, by name: String, in run: LabRun) -> Fate? {
        guard let asked = run.asked[name], asked.indices.contains(number - 1),
            let account = run.history.members.first(where: { $0.name == name })?.account
        else { return nil }
        switch asked[number - 1] {
        case .refused(let code): return Fate(kind: "", code: "refused at once", rule: nil, reason: code)
        case .accepted(let number): return firstTold(number, account, run)
        }
    }

    private static func firstTold(_ number: Int64, _ account: String, _ run: LabRun) -> Fate? {
        for event in run.history.events {
            guard case .judged(let judged) = event.what, judged.account == account,
                let edit = judged.edits.first(where: { $0.number.value == number }),
                let result = judged.told?.first(where: { $0.number.value == number })
            else { continue }
            var fate = Fate(kind: edit.kind, code: result.code.rawValue, rule: result.rule, reason: result.reason)
            fate.warnings = (result.guards ?? []).filter { $0.outcome == "warned" }.map(\.name)
            return fate
        }
        return nil
    }
}
