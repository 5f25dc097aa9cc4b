import ConflictRules
import PartnerModel
import SyncProtocol
import TerminalKit
import Testing

@testable import ReplicaStore
@testable import fieldbook

/// What is told of edits and of customers afterwards.
@Suite struct DeskPastTests {
    private func edit(
        _ state: EditState, _ result: V1.Result?,
        intent: EditIntent = .setBudget(DeskMaker.budget(600), validThrough: nil), expected: Prediction? = nil
    ) -> OutboxEdit {
        var wire = V1.Edit(number: 4, kind: "", customer: 1, base: 7, deviceTime: DeskMaker.now)
        wire.setIntent(intent)
        wire.before = V1.State(.budget(DeskMaker.budget(100)))
        return OutboxEdit(
            number: EditNumber(4), customer: CustomerKey(1), customerID: "id-1", customerName: "Alpha", intent: intent,
            wire: wire, state: state, result: result, savedAt: DeskMaker.now - 3600, firstSentAt: nil, sentCount: 0,
            resentAs: nil, undoneBy: nil, prediction: expected)
    }

    private func result(_ code: ResultCode) -> V1.Result {
        var result = V1.Result(number: 4, code: code, epoch: "e", sequence: 9, baseWasIntact: false)
        result.rule = "hold"
        result.rulesVersion = 2
        result.was = V1.State(.budget(DeskMaker.budget(300)))
        result.became = V1.State(.budget(DeskMaker.budget(code == .merged ? 500 : 300)))
        result.otherBy = "mona"
        result.otherAt = WireInteger(DeskMaker.now - 7200)
        result.judgedAt = WireInteger(DeskMaker.now - 60)
        result.guards = [DeskMaker.spent]
        return result
    }

    private func predicted(_ code: ResultCode, _ rule: String, rules: Int = 2) -> Prediction {
        Prediction(code: code, rule: rule, rulesVersion: rules, at: DeskMaker.now)
    }

    private func explained(_ edit: OutboxEdit, width: Int = 80) -> String {
        let story = DeskEditStory(
            edit: edit, member: "ben", rules: .standard, time: DeskTime(now: DeskMaker.now))
        let text = DeskMaker.text(width) { story.explain(&$0) }
        expectFits(text, width)
        return unwrapped(text)
    }

    @Test func `an edit is told from the wish to the outcome, with rule, values and the other one`() {
        let words = explained(
            edit(.settled, result(.merged), expected: predicted(.applied, "compare-and-set")))
        for sentence in [
            "asked set budget to 600.00 monthly", "upon 100.00 monthly, on exhaustion manual, version 7",
            "expected applied: carried out as asked, by rule compare-and-set of rules 2",
            "came out merged: carried out together with another change: 300.00 monthly, on exhaustion manual -> 500.00",
            "by rule hold of rules 2: when somebody changed what its author saw, a person decides; judged",
            "guards spent warned: 600.00, against 640.50", "others mona wrote the budget before it, 2026-11-",
            "compared it came out otherwise than expected: applied was expected, merged came",
        ] { #expect(words.contains(sentence), "\(sentence) / \(words)") }
    }

    @Test func `an edit without a prediction or a result says so`() {
        let words = explained(edit(.saved, nil))
        #expect(
            words.contains("expected nothing was predicted came out nothing yet: it is saved here and was not sent"))
        #expect(explained(edit(.sent, nil)).contains("it was sent and no answer came"))
        #expect(explained(edit(.discarded, nil)).contains("nothing: it was set aside"))
    }

    @Test func `what came as expected is said to have, and by which other rule`() {
        #expect(explained(edit(.held, result(.held), expected: predicted(.held, "hold"))).hasSuffix("as expected"))
        #expect(
            explained(edit(.held, result(.held), expected: predicted(.held, "type-changed", rules: 1)))
                .contains("as expected, but by rule hold instead of type-changed"))
    }

    private func line(
        _ action: String, by author: String = "mona", before: RegisterState? = .budget(nil),
        after: RegisterState? = .budget(DeskMaker.budget(300)), edit: Int64? = nil, note: String? = nil
    ) -> HistoryLine {
        HistoryLine(
            at: DeskMaker.now, register: "budget", author: author, action: action, before: before, after: after,
            rule: "compare-and-set", rulesVersion: 2, edit: edit.map { EditNumber($0) }, isOwn: edit != nil, note: note)
    }

    private func told(_ lines: [HistoryLine], _ untold: [OutboxEdit] = []) -> String {
        let story = HistoryStory(history: CustomerHistory(lines: lines, untold: untold), member: "ben")
        let text = DeskMaker.text { story.tell(&$0) }
        expectFits(text)
        return text
    }

    @Test func `a history tells time, author, change, how and why`() {
        let standing = RegisterState.budget(DeskMaker.budget(300))
        let text = told(
            [
                line("applied", by: "ben", edit: 3), line("held", before: standing),
                line("system", before: standing, note: "usage 480.50"), line("noop", before: standing),
                line("decided", note: "by phone"),
            ], [edit(.saved, nil)])
        #expect(
            text == """
                2026-11-18 11:06 UTC, you, budget: no budget -> 300.00 monthly, on exhaustion
                    manual
                    applied by rule compare-and-set of rules 2, your edit 3
                2026-11-18 11:06 UTC, mona, budget: 300.00 monthly, on exhaustion manual
                    held by rule compare-and-set of rules 2
                2026-11-18 11:06 UTC, mona, usage 480.50
                    on the server's side, not by an edit
                2026-11-18 11:06 UTC, mona, budget: 300.00 monthly, on exhaustion manual
                    noop (it was so already) by rule compare-and-set of rules 2
                2026-11-18 11:06 UTC, mona, budget: no budget -> 300.00 monthly, on exhaustion
                    manual
                    decided by rule compare-and-set of rules 2; reason: by phone
                2026-11-18 10:06 UTC, you, budget: set budget to 600.00 monthly, on exhaustion
                    manual
                    saved here, not sent, your edit 4

                """)
    }

    @Test func `an edit that did not take effect is told with what it asked for and what stands`() {
        let standing = RegisterState.budget(DeskMaker.budget(300))
        var late = line("overruled", before: standing)
        late.asked = .budget(DeskMaker.budget(500))
        var same = line("decided", before: standing)
        same.asked = standing
        let words = HistoryStory.what(late)
        #expect(
            words
                == "budget: asked for 500.00 monthly, on exhaustion manual; 300.00 monthly, on exhaustion manual stands"
        )
        #expect(HistoryStory.how(late) == "overruled by rule compare-and-set of rules 2")
        var between = line("decided", before: standing, after: .budget(DeskMaker.budget(400)))
        between.asked = late.asked
        #expect(
            HistoryStory.what(between).hasSuffix(
                "300.00 monthly, on exhaustion manual -> 400.00 monthly, on exhaustion "
                    + "manual; asked for 500.00 monthly, on exhaustion manual"))
        #expect(HistoryStory.what(same) == "budget: 300.00 monthly, on exhaustion manual")
        let history = HistoryStory(history: CustomerHistory(lines: [late, same], untold: []), member: nil)
        #expect(history.json.compact.contains("\"askedFor\""))
    }

    @Test func `hostile names and unreadable states hide nothing else`() {
        let text = told([
            line("applied", by: "\u{1B}[2J\u{202E}", before: nil, note: String(repeating: "x", count: 300))
        ])
        #expect(text.contains("\\u{1b}[2J\\u{202e}") && text.contains("in words of another version"))
    }

    @Test(arguments: [1, 7, 40, 79]) func `wrapped text is whole and never too wide`(width: Int) {
        let words = "a bc " + String(repeating: "华云é", count: 20) + " ef"
        let lines = TextWidth.wrap(words, to: width)
        #expect(lines.joined().filter { $0 != " " } == words.filter { $0 != " " })
        #expect(lines.allSatisfy { TextWidth.of($0) <= max(2, width) })
        #expect(TextWidth.wrap("", to: width) == [""])
    }
}
