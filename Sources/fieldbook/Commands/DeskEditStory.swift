import ConflictRules
import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// One of a person's own edits told step by step: asked, expected, judged.
struct DeskEditStory {
    let edit: OutboxEdit
    /// The edit that it went into at last, when it is combined.
    var end: EditNumber?
    let member: String?
    let rules: RuleSet
    let time: DeskTime

    private var name: String { DeskFields.name(edit.register) }
    private var result: V1.Result? { edit.result }

    func explain(_ text: inout DeskText) {
        text.line("edit \(edit.number.value) on the \(name) of \(Wording.customer(of: edit))", hanging: 2)
        text.blank()
        text.entry("asked", "\(DeskFields.text(edit.intent)); made \(time.at(edit.savedAt))")
        text.entry("upon", upon)
        text.entry("expected", expected)
        text.entry("came out", outcome)
        if let words = judged { text.entry("by", words) }
        for (index, reading) in (result?.guards ?? []).enumerated() {
            text.entry(
                index == 0 ? "guards" : "",
                "\(DeskStory.words(of: reading)) - whether \(DeskRuleWords.asks(reading.name))")
        }
        if let other { text.entry("others", other) }
        if let comparison { text.entry("compared", comparison) }
        if let next = result?.next { text.entry("next", next) }
    }

    private var upon: String {
        var words = (try? edit.wire.before?.state()).map { DeskFields.text($0) } ?? "what was not recorded"
        words += edit.wire.base.value == 0 ? ", never written before" : ", version \(edit.wire.base.value)"
        if let predecessor = edit.wire.predecessor { words += ", and your edit \(predecessor.value) before it" }
        if let needed = edit.wire.dependsOn { words += "; only if your edit \(needed.value) takes effect" }
        if let group = edit.wire.group, let size = edit.wire.groupSize {
            words += "; one of \(size) from edit \(group.value) on that take effect together or not at all"
        }
        return words
    }

    private var expected: String {
        guard let prediction = edit.prediction else { return "nothing was predicted" }
        var words = DeskEditStory.words(prediction.code)
        words += ", by rule \(prediction.rule) of rules \(prediction.rulesVersion)"
        return words
    }

    private var outcome: String {
        guard let result else {
            switch edit.state {
            case .discarded:
                return "nothing: it was set aside" + (edit.resentAs.map { " and made anew as edit \($0.value)" } ?? "")
            case .combined:
                return "nothing by itself: it was combined into edit \((end ?? edit.number).value) before it was sent"
            case .saved: return "nothing yet: it is saved here and was not sent"
            default: return "nothing yet: it was sent and no answer came"
            }
        }
        var words = DeskEditStory.words(result.code)
        let was = (try? result.was?.state()) ?? nil
        let became = (try? result.became?.state()) ?? nil
        if let was, let became, result.code != .held {
            let change = "\(DeskFields.text(was)) -> \(DeskFields.text(became))"
            words += was == became ? ": \(DeskFields.text(was)) stayed" : ": \(change)"
        }
        if let message = result.message { words += "; \(message)" }
        if let reason = result.reason { words += " (\(reason))" }
        if let conflict = result.conflict {
            words +=
                result.code == .held
                ? "; see fieldbook conflicts explain \(conflict.value)" : "; it was conflict \(conflict.value)"
        }
        return words
    }

    private var judged: String? {
        guard let result, let rule = result.rule ?? result.rulesVersion.map({ _ in "" }) else { return nil }
        var words = (rule.isEmpty ? "" : "rule \(rule) of ") + "rules \(result.rulesVersion ?? 0)"
        if let meaning = DeskRuleWords.meaning(rule, rules, edit.intent.kind, seen: try? edit.wire.before?.state()) {
            words += ": \(meaning)"
        }
        if let at = result.judgedAt { words += "; judged \(time.at(at.value))" }
        return words
    }

    private var other: String? {
        guard let result, let by = result.otherBy else { return nil }
        let who = by == member ? "you" : by
        let at = result.otherAt.map { ", \(time.at($0.value))" } ?? ""
        return result.message?.hasPrefix("decided by") == true
            ? "\(who) decided the conflict\(at)" : "\(who) wrote the \(name) before it\(at)"
    }

    private var comparison: String? {
        guard let prediction = edit.prediction, let result, result.code.isTerminal || result.code == .held else {
            return nil
        }
        if prediction.code != result.code {
            return "it came out otherwise than expected: \(prediction.code.rawValue) was expected, "
                + "\(result.code.rawValue) came"
        }
        guard let rule = result.rule, prediction.rule != rule else { return "as expected" }
        return "as expected, but by rule \(rule) instead of \(prediction.rule)"
    }

    /// What a result means.
    static func words(_ code: ResultCode) -> String {
        switch code {
        case .applied: "applied: carried out as asked"
        case .merged: "merged: carried out together with another change"
        case .noop: "noop: what was asked for was so already"
        case .overruled: "overruled: what stood was kept"
        case .rejected: "rejected"
        case .forbidden: "forbidden"
        case .unsupported: "unsupported: the server does not know this kind of edit"
        case .expired: "expired: its time was over"
        case .held: "held: a person decides"
        case .retry: "retry: to be sent again"
        case .blocked: "blocked: an edit before it waits"
        case .needsStepUp: "needs a code"
        }
    }
}

extension Context {
    /// `edits explain EDIT`.
    func explainEdit() throws(UserError) -> Answer {
        let reader = try reader()
        let key = EditNumber(try number(command.arguments[0], "EDIT"))
        let now = clock.now().seconds
        let story = try ask { () throws(StoreError) in
            DeskEditStory(
                edit: try reader.edit(key), end: try reader.end(of: key), member: try reader.identity()?.member,
                rules: try reader.rules(), time: DeskTime(now: now))
        }
        var text = DeskText(for: terminal)
        story.explain(&text)
        return Answer(json: json(story), text: text.text)
    }

    private func json(_ story: DeskEditStory) -> [String: JSONOutput] {
        let result = story.edit.result
        let guards = (result?.guards ?? []).map { reading in
            JSONOutput.object([
                "guard": .text(reading.name), "outcome": .text(reading.outcome), "value": .text(reading.value),
                "limit": .text(reading.limit), "asOf": Wording.time(reading.asOf?.value),
            ])
        }
        return [
            "number": .integer(story.edit.number.value), "asked": .text(DeskFields.text(story.edit.intent)),
            "state": .text(story.edit.state.rawValue),
            "combinedInto": .optional(story.edit.combinedInto == nil ? nil : story.end?.value),
            "predicted": .optional(story.edit.prediction?.code.rawValue),
            "predictedRule": .optional(story.edit.prediction?.rule),
            "predictedRulesVersion": .optional(story.edit.prediction.map { Int64($0.rulesVersion) }),
            "result": .optional(result?.code.rawValue), "rule": .optional(result?.rule),
            "rulesVersion": .optional(result?.rulesVersion.map { Int64($0) }), "guards": .array(guards),
            "was": (try? result?.was?.state()).map { Wording.json($0) } ?? .null,
            "became": (try? result?.became?.state()).map { Wording.json($0) } ?? .null,
            "otherBy": .optional(result?.otherBy), "otherAt": Wording.time(result?.otherAt?.value),
            "judgedAt": Wording.time(result?.judgedAt?.value), "message": .optional(result?.message),
            "reason": .optional(result?.reason), "conflict": .optional(result?.conflict?.value),
        ]
    }
}
