import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import fieldbook

/// What became of an edit is told in plain words, for every code.
@Suite struct ResultWordingTests {
    private static func monthly(_ major: Int64) -> RegisterState { .budget(OfflineDesk.budget(major)) }
    private static let raise = EditIntent.adjustBudget(
        delta: Money(units: 200 * Money.unitsPerMajor), validThrough: nil)
    private static let set = EditIntent.setBudget(OfflineDesk.budget(500), validThrough: nil)

    private func told(
        _ code: ResultCode, _ intent: EditIntent = ResultWordingTests.set, before: RegisterState? = nil,
        was: RegisterState? = nil, became: RegisterState? = nil, by other: String? = nil, isIntact: Bool = false,
        rule: String? = nil, message: String? = nil
    ) -> String {
        var result = V1.Result(number: 3, code: code, epoch: "e", sequence: 9, baseWasIntact: isIntact)
        (result.was, result.became) = (was.map { V1.State($0) }, became.map { V1.State($0) })
        (result.otherBy, result.rule, result.message) = (other, rule, message)
        if code == .held { result.conflict = 77 }
        if code == .rejected { result.reason = "FB.X" }
        return ResultWording(number: EditNumber(3), intent: intent, before: before, result: result).sentence
    }

    @Test func `what came out otherwise is told with what was asked, who else was there, and the rule`() {
        #expect(
            told(
                .merged, Self.raise, before: Self.monthly(300), was: Self.monthly(400), became: Self.monthly(600),
                by: "ben", rule: "raises-add-up")
                == "raised to 600.00, not 500.00: ben had set 400.00 meanwhile (rule raises-add-up)")
        let other = RegisterState.budget(
            Budget(amount: OfflineDesk.budget(500).amount, type: .oneTime, onExhaustion: .manual))
        #expect(
            told(.merged, before: Self.monthly(100), was: Self.monthly(100), became: other)
                == "set to 500.00 one-time, on exhaustion manual, not 500.00 monthly, on exhaustion manual")
        let left = RegisterState.freezes([
            Freeze(id: 9, kind: .account, cause: .budget, reason: "r", author: "system", at: Timestamp(seconds: 1))
        ])
        #expect(
            told(.merged, .unfreeze(.account, reason: "x", seen: [1]), was: left, became: left, by: "system")
                == "lifted what you saw; still frozen: account: system had changed the freezes (account) meanwhile")
    }

    @Test func `what was done is told with what stood before it`() {
        #expect(
            told(
                .applied, before: Self.monthly(300), was: Self.monthly(300), became: Self.monthly(500), by: "ben",
                isIntact: true, rule: "compare-and-set")
                == "set to 500.00, it was 300.00 by ben (rule compare-and-set)")
        #expect(
            told(.applied, .setLabel("x"), before: .label(nil), was: .label("y"), became: .label("x"), by: "ben")
                == "set to x, it was y: ben had set y meanwhile")
        #expect(
            told(.applied, .setLabel(nil), was: .label("y"), became: .label(nil), isIntact: true)
                == "taken away, it was y")
        #expect(told(.applied, .withdrawManager, became: .manager(nil)) == "the account manager was withdrawn")
        #expect(told(.applied, .assignManager("eve"), became: .manager("eve")) == "eve was assigned")
        #expect(
            told(.applied, .unfreeze(.account, reason: "r", seen: [1]), became: .freezes([]))
                == "the account freeze was lifted")
        #expect(
            told(.noop, was: Self.monthly(500), became: Self.monthly(500), by: "ben")
                == "nothing was to be changed: it was 500.00 monthly, on exhaustion manual already, by ben")
        #expect(
            told(
                .overruled, .assignManager("eve"), was: .manager("ida"), became: .manager("ida"), by: "ben",
                rule: "first-writer")
                == "not carried out: ida by ben stands (rule first-writer)")
    }

    @Test func `what was not done is told with the reason and what to do`() {
        #expect(told(.rejected, message: "too much") == "refused: too much (FB.X)")
        #expect(told(.forbidden, message: "not yours") == "not allowed: not yours")
        #expect(told(.unsupported, message: "what?") == "not understood by the server: what?")
        #expect(told(.expired, message: "the cycle is over") == "came too late: the cycle is over")
        #expect(
            told(.held, before: Self.monthly(300), was: Self.monthly(400), by: "ben", rule: "hold")
                == "waits for a person: ben had set 400.00 meanwhile (rule hold); "
                + "decide it: fieldbook conflicts show 77"
        )
        #expect(told(.retry, message: "busy") == "is sent again by itself: busy")
        #expect(told(.blocked, message: "edit 2 is held") == "waits for an edit before it: edit 2 is held")
        #expect(
            told(.needsStepUp, message: "above 1000000.00")
                == "needs a code: above 1000000.00; give it with: fieldbook edits confirm 3")
    }

    @Test(arguments: ResultCode.allCases) func `a result of an older server is told by its message, or by its code`(
        code: ResultCode
    ) {
        #expect(told(code, message: "as it was said").contains("as it was said"))
        let bare = told(code)
        #expect(!bare.isEmpty && !bare.contains("nil") && !bare.contains("Optional") && !bare.hasSuffix(": "))
        // States that can't be read, or of another register, are not made up.
        let strange = told(code, was: .label("x"), became: .manager(nil), by: "ben")
        #expect(!strange.isEmpty)
    }

    @Test func `the lines name the rule, who else and when`() {
        var result = V1.Result(number: 3, code: .merged, epoch: "e", sequence: 9, baseWasIntact: false)
        (result.was, result.became) = (V1.State(Self.monthly(400)), V1.State(Self.monthly(600)))
        (result.otherBy, result.otherAt, result.judgedAt) = ("ben", 50, 60)
        (result.rule, result.rulesVersion) = ("raises-add-up", 2)
        result.guards = [
            V1.Reading(name: "spent", outcome: "warned", value: "590.00", limit: "600.00", asOf: 1),
            V1.Reading(name: "cycle", outcome: "passed", value: "2026-11", limit: "2026-12", asOf: nil),
        ]
        let wording = ResultWording(
            number: EditNumber(3), intent: Self.raise, before: Self.monthly(300), result: result)
        let lines = Dictionary(uniqueKeysWithValues: wording.lines { "at \($0)" })
        #expect(lines["result"]?.hasPrefix("merged: raised to 600.00, not 500.00") == true)
        #expect(
            lines["became"] == "600.00 monthly, on exhaustion manual" && lines["rule"] == "raises-add-up, of rules 2")
        #expect(lines["before you"] == "ben, at 50" && lines["judged"] == "at 60")
        #expect(lines["warning"] == "spent: 590.00, limit 600.00" && lines.count == 6)
    }
}
