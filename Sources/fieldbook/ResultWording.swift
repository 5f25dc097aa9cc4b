import Diagnostics
import PartnerModel
import SyncProtocol

/// What became of an edit, in plain words: what it became, by which rule, who else was there, and when. What an older
/// server did not tell is left out, and its own message stands in.
struct ResultWording {
    let number: EditNumber
    let intent: EditIntent
    /// What the edit's author saw; nil when it can't be read.
    let before: RegisterState?
    let result: V1.Result

    private var was: RegisterState? { try? result.was?.state() }
    private var became: RegisterState? { try? result.became?.state() }

    /// All of it in one sentence.
    var sentence: String {
        switch result.code {
        case .applied: applied ?? message ?? "done as asked"
        case .merged: merged ?? message ?? "done, but not just as asked"
        case .noop: noop ?? message ?? "nothing was to be changed"
        case .overruled: overruled ?? message ?? "not carried out: what stood was kept"
        case .rejected: "refused: \(refusal ?? "the server does not say why")"
        case .forbidden: "not allowed: \(refusal ?? "the server does not say why")"
        case .unsupported: "not understood by the server: \(refusal ?? "it may be older than this program")"
        case .expired: "came too late: \(refusal ?? "its time was over")"
        case .held: held
        case .retry: "is sent again by itself\(because)"
        case .blocked: "waits for an edit before it\(because)"
        case .needsStepUp: "needs a code\(because); give it with: fieldbook edits confirm \(number.value)"
        }
    }

    /// The same as named lines, with the times. `age` tells a moment and how long ago it was.
    func lines(age: (Int64) -> String) -> [(String, String)] {
        var lines = [("result", "\(result.code.rawValue): \(sentence)")]
        if let became, became != was { lines.append(("became", Wording.text(became))) }
        if let rule = result.rule { lines.append(("rule", "\(rule), of rules \(result.rulesVersion ?? 0)")) }
        if let other = result.otherBy {
            lines.append(("before you", other + (result.otherAt.map { ", \(age($0.value))" } ?? "")))
        }
        if let at = result.judgedAt { lines.append(("judged", age(at.value))) }
        for guarded in result.guards ?? [] where guarded.outcome == "warned" {
            lines.append(("warning", "\(guarded.name): \(guarded.value), limit \(guarded.limit)"))
        }
        if let message, !sentence.contains(message) { lines.append(("why", message)) }
        if let next = result.next { lines.append(("next", next)) }
        return lines
    }

    // MARK: Carried out

    private var applied: String? {
        guard let became else { return nil }
        var text = change(became)
        if let was {
            let by = moved == nil ? result.otherBy.map { " by \($0)" } ?? "" : ""
            text += ", it was \(value(was, beside: became))\(by)"
        }
        return text + (moved.map { ": \($0)" } ?? "") + rule
    }

    /// `raised to 600.00, not 500.00: ben had set 400.00 meanwhile (rule raises-add-up)`.
    private var merged: String? {
        guard let became else { return nil }
        if case .freezes(let freezes) = became, case .unfreeze = intent, !freezes.isEmpty {
            let left = "lifted what you saw; still frozen: \(Wording.short(became))"
            return left + (moved.map { ": \($0)" } ?? "") + rule
        }
        var text = change(became)
        if let wanted, wanted != became { text += ", not \(value(wanted, beside: became))" }
        return text + (moved.map { ": \($0)" } ?? "") + rule
    }

    private var noop: String? {
        guard let standing = became ?? was else { return nil }
        let by = result.otherBy.map { ", by \($0)" } ?? ""
        return "nothing was to be changed: it was \(value(standing, beside: nil)) already\(by)"
    }

    private var overruled: String? {
        guard let standing = was ?? became else { return nil }
        let by = result.otherBy.map { " by \($0)" } ?? ""
        return "not carried out: \(value(standing, beside: nil))\(by) stands\(rule)"
    }

    // MARK: Not carried out

    private var held: String {
        let why = moved ?? message ?? "it needs a decision"
        let see = result.conflict.map { "; decide it: fieldbook conflicts show \($0.value)" } ?? ""
        return "waits for a person: \(why)\(rule)\(see)"
    }

    private var message: String? { result.message.flatMap { $0.isEmpty ? nil : $0 } }
    private var refusal: String? {
        guard let message else { return result.reason.map { "(\($0))" } }
        return message + (result.reason.map { " (\($0))" } ?? "")
    }
    private var because: String { message.map { ": \($0)" } ?? "" }
    private var rule: String { result.rule.map { " (rule \($0))" } ?? "" }

    // MARK: Values

    /// What would have come out on what the author saw.
    private var wanted: RegisterState? {
        before?.applying(intent) { kind, reason in
            Freeze(id: 0, kind: kind, cause: .manual, reason: reason, author: "", at: Timestamp(seconds: 0))
        }
    }

    /// What somebody else did after the author looked: `ben had set 400.00 meanwhile`.
    private var moved: String? {
        guard !result.baseWasIntact, let other = result.otherBy else { return nil }
        guard let was else { return "\(other) had changed it meanwhile" }
        let deed: String
        switch was {
        case .budget(nil), .discount(nil), .label(nil): deed = "had taken it away"
        case .manager(nil): deed = "had withdrawn the account manager"
        case .manager(let account?): deed = "had assigned \(account)"
        case .freezes(let freezes):
            deed = freezes.isEmpty ? "had lifted the freezes" : "had changed the freezes (\(Wording.short(was)))"
        case .request(let request): deed = "had decided it (\(request?.status.rawValue ?? "none"))"
        case .budget, .discount, .label: deed = "had set \(value(was, beside: before))"
        }
        return "\(other) \(deed) meanwhile"
    }

    /// What the edit did to reach a state: `raised to 600.00`.
    private func change(_ state: RegisterState) -> String {
        let text = value(state, beside: was)
        switch (intent, state) {
        case (.adjustBudget(let delta, _), _): return "\(delta < .zero ? "lowered" : "raised") to \(text)"
        case (.freeze(let kind, _), _): return "frozen (\(kind.rawValue))"
        case (.unfreeze(let kind, _, _), .freezes(let left)):
            let lifted = "the \(kind.rawValue) freeze was lifted"
            return left.isEmpty ? lifted : "\(lifted), still frozen: \(text)"
        case (_, .budget(nil)), (_, .discount(nil)), (_, .label(nil)): return "taken away"
        case (_, .manager(nil)): return "the account manager was withdrawn"
        case (_, .manager(let account?)): return "\(account) was assigned"
        case (_, .request(let request)): return "the request is \(request?.status.rawValue ?? "gone")"
        default: return "set to \(text)"
        }
    }

    /// A state as short as it may be told beside another: a budget by its amount alone when nothing else differs.
    private func value(_ state: RegisterState, beside other: RegisterState?) -> String {
        switch (state, other) {
        case (.budget(let budget?), .budget(let beside)):
            let isAlike = beside.map { $0.type == budget.type && $0.onExhaustion == budget.onExhaustion } ?? false
            return isAlike ? budget.amount.shortText : Wording.text(state)
        case (.freezes(let freezes), _): return freezes.isEmpty ? "not frozen" : Wording.short(state)
        default: return Wording.text(state)
        }
    }
}
