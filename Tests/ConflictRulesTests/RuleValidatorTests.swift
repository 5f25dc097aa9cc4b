import ConflictRules
import PartnerModel
import Testing

@Suite struct RuleValidatorTests {
    /// What is wrong with a rule made of these cases, `name: conditions: rest`; empty when nothing is.
    private func error(
        _ edit: EditKind, _ cases: [(String, String)], guards: String = "", decide: String? = nil,
        promises: String = "deterministic needs-base"
    ) -> String {
        let texts = cases.enumerated().map { RuleText.fits("c\($0.offset)", $0.element.0, $0.element.1) }
        let rule = RuleText.rule(
            edit, guards: guards, cases: texts.joined(separator: ",\n"), decide: decide, promises: promises)
        return RuleText.error(in: RuleText.file([edit: rule]))
    }

    private let mine = "\"use\": \"client-wins\""
    private let theirs = "\"use\": \"server-wins\""
    private let hold = "\"use\": \"hold\""
    private let open = "{ \"fallback\": \"none\" }"

    @Test func `rules that say what they do are accepted`() {
        #expect(error(.setBudget, [("intact", mine), ("moved", theirs)]) == "")
        #expect(
            error(.setBudget, [("raises", mine), ("lowers", theirs), ("always", theirs)], promises: "deterministic")
                == "")
        #expect(error(.setBudget, [("moved", "\"use\": \"max\""), ("moved", theirs), ("intact", mine)]) == "")
    }

    @Test func `a case that is never reached is refused`() {
        let never = "rules[0].combine[1]: the case is never reached; c0 before it take"
        let needless = "deterministic"
        #expect(error(.setBudget, [("always", mine), ("raises", theirs)], promises: needless).contains(never))
        #expect(error(.setBudget, [("always", mine), ("always", theirs)], promises: needless).contains(never))
        #expect(error(.setBudget, [("moved", mine), ("moved type-moved", theirs), ("intact", mine)]).contains(never))
        #expect(error(.setBudget, [("moved", mine), ("type-moved", theirs), ("intact", mine)]).contains(never))
        #expect(
            error(.setBudget, [("raises moved", mine), ("moved raises", theirs), ("always", mine)]).contains(never))
        let both = error(.setBudget, [("intact", mine), ("moved", theirs), ("always", mine)])
        #expect(both.contains("combine[2]: the case is never reached; c0 and c1 before it take"))
        let timed = [
            ("always", mine + ", \"within\": \"2h\""), ("raises", theirs + ", \"within\": \"1h\""), ("always", mine),
        ]
        #expect(error(.setBudget, timed, promises: needless).contains(never))
        let wider = [
            ("always", mine + ", \"within\": \"1h\""), ("raises", theirs + ", \"within\": \"2h\""), ("always", mine),
        ]
        #expect(error(.setBudget, wider, promises: needless) == "")
    }

    @Test func `an edit that finds no case is refused before there is one`() {
        let lost = "an edit whose base has moved may find no case"
        #expect(error(.setBudget, [("intact", mine)]).contains(lost))
        #expect(error(.setBudget, [("intact", mine), ("moved type-moved", theirs)]).contains(lost))
        #expect(error(.setBudget, [("intact", mine), ("moved", "\"use\": \"max\"")]).contains(lost))
        #expect(error(.setBudget, [("intact", mine), ("moved", theirs + ", \"within\": \"1h\"")]).contains(lost))
        #expect(error(.setBudget, [("moved", theirs)]).contains("an edit whose base is intact may find no case"))
        #expect(error(.setBudget, []).contains("may find no case"))
    }

    @Test func `conditions that are never true together are refused`() {
        for pair in [
            "intact moved", "intact type-moved", "raises lowers", "both-lower both-raise", "intact both-lower",
        ] {
            #expect(error(.setBudget, [(pair, mine), ("always", mine)]).contains("are never true together"))
        }
        #expect(error(.setBudget, [("always raises", mine)]).contains("always stands alone"))
        #expect(error(.setBudget, [("raises raises", mine)]).contains("raises stands here twice"))
        #expect(error(.setBudget, [("", mine)]).contains("the list is empty"))
        #expect(error(.setBudget, [("unseen", mine)]).contains("unseen is never asked of set-budget"))
        let times = mine + ", \"within\": \"1h\", \"older-than\": \"1h\""
        #expect(error(.setBudget, [("always", times)]).contains("no edit is within 1h and older than 1h"))
        let guarded = "{\"guard\": \"spent\", \"when\": [\"raises\", \"lowers\"]}"
        #expect(error(.setBudget, [("always", mine)], guards: guarded).contains("guard[0].when: raises and lowers"))
    }

    @Test func `what can be held says for how long, and nothing else does`() {
        let held = [("intact", mine), ("moved", hold)]
        let promises = "deterministic needs-base may-hold"
        #expect(error(.setBudget, held, decide: open, promises: promises) == "")
        #expect(error(.setBudget, held, promises: promises).contains("the rule does not say how long"))
        #expect(error(.setBudget, held, decide: open).contains("add may-hold"))
        let none = [("intact", mine), ("moved", theirs)]
        #expect(error(.setBudget, none, decide: open).contains("decide: this rule holds no edit"))
        #expect(error(.setBudget, none, promises: promises).contains("may-hold is declared"))
        let age = "{\"guard\": \"age\", \"at-most\": \"1h\"}"
        #expect(error(.setBudget, none, guards: age).contains("guard[0]: an edit can be held here"))
        let range = "{\"guard\": \"authorised-range\", \"grace\": \"1h\"}"
        #expect(error(.setDiscount, none, guards: range).contains("guard[0]: an edit can be held here"))
    }

    @Test func `promises are kept by the strategies, and what is so is declared`() {
        #expect(
            error(.setBudget, [("intact", mine), ("moved", theirs)], promises: "deterministic").contains(
                "add needs-base"))
        let guarded = "{\"guard\": \"spent\", \"when\": [\"moved\"]}"
        #expect(
            error(.setBudget, [("always", mine)], guards: guarded, promises: "deterministic").contains("add needs-base")
        )
        #expect(error(.setBudget, [("always", mine)]).contains("needs-base is declared"))
        let order = error(.setBudget, [("always", mine)], promises: "commutative")
        #expect(order.contains("combine[0].use: client-wins depends on the order"))
        #expect(error(.adjustBudget, [("always", mine)], promises: "commutative") == "")
        #expect(error(.freeze, [("always", "\"use\": \"append-only\"")], promises: "commutative idempotent") == "")
        #expect(
            error(.freeze, [("always", "\"use\": \"strictest-wins\"")], promises: "commutative").contains("the order"))
        #expect(error(.setBudget, [("always", mine)], promises: "idempotent idempotent").contains("stands here twice"))
    }

    @Test func `a strategy or guard is used only where it means something`() {
        #expect(error(.setLabel, [("always", "\"use\": \"max\"")]).contains("max means nothing for set-label"))
        #expect(error(.setLabel, [("always", "\"use\": \"guard\"")]).contains("guard is a step of its own"))
        #expect(
            error(.setLabel, [("always", mine)], guards: "{\"guard\": \"cycle\"}").contains("cycle is never asked of"))
        let kind = "{\"guard\": \"partner-state\", \"not\": [\"frozen\"], \"kind\": \"account\"}"
        #expect(error(.setLabel, [("always", mine)], guards: kind).contains("set-label is about no kind of freeze"))
        let stray = mine + ", \"amount\": \"5\""
        #expect(error(.setBudget, [("always", stray)]).contains("the key \"amount\" is not known here"))
        for tolerance in ["0%", "101%", "-1", "+5", "+5%", "ten"] {
            let rebase = "\"use\": \"rebase-intent\", \"tolerance\": \"\(tolerance)\""
            #expect(error(.adjustBudget, [("always", rebase)]).contains("combine[0].tolerance: "))
        }
    }

    @Test func `a decision on a conflict is carried out or overruled, and never held itself`() {
        let known = [("intact", mine), ("moved", "\"use\": \"first-writer\"")]
        #expect(error(.decideConflict, known) == "")
        #expect(
            error(.decideConflict, [("always", mine)]).contains("decisions on conflicts are carried out when intact"))
        #expect(error(.decideConflict, [("moved", mine), ("intact", mine)]).contains("decisions on conflicts"))
        #expect(error(.decideConflict, [("always", hold)]).contains("hold means nothing for decide-conflict"))
        let age = "{\"guard\": \"age\", \"at-most\": \"1h\"}"
        #expect(error(.decideConflict, known, guards: age).contains("can't wait for a person itself"))
    }

    @Test func `two cases of a rule have two names`() {
        let same = RuleText.fits("one", "intact", mine) + "," + RuleText.fits("one", "moved", theirs)
        let rule = RuleText.rule(.setBudget, cases: same, promises: "needs-base")
        #expect(RuleText.error(in: RuleText.file([.setBudget: rule])).contains("combine[1]: two cases are called one"))
    }
}
