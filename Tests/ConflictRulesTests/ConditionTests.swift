import ConflictRules
import PartnerModel
import Testing

@Suite struct ConditionTests {
    /// Whether a condition is true of a question: the case for it is first, and everything else is overruled.
    private func holds(_ condition: String, _ question: RuleQuestion) throws -> Bool {
        let edit = question.intent.kind
        let needsBase = ["type-moved", "released", "both-lower", "both-raise"].contains(condition)
        let rule = RuleText.rule(
            edit,
            cases: RuleText.fits("yes", condition, "\"use\": \"first-writer\"") + ",\n"
                + RuleText.fits("no", "always", "\"use\": \"first-writer\""),
            promises: needsBase ? "deterministic needs-base" : "deterministic")
        return try RuleText.read([edit: rule]).judge(question).rule == "yes"
    }

    @Test func `a type has moved when it differs from the one that was seen, or when that is not known`() throws {
        #expect(try holds("type-moved", moved(set("1"), from: state("2"), to: state("2", .oneTime))))
        #expect(try !holds("type-moved", moved(set("1"), from: state("2"), to: state("3"))))
        #expect(try holds("type-moved", moved(set("1"), from: .budget(nil), to: state("3"))))
        #expect(try holds("type-moved", moved(set("1"), from: nil, to: state("3"))))
        #expect(try !holds("type-moved", intact(set("1"), state("3"))))
    }

    @Test func `a freeze is released when one that was seen, or may have been, is gone`() throws {
        let intent = EditIntent.freeze(.accountAndResources, reason: "r")
        let one = RegisterState.freezes([freeze(1)])
        let two = RegisterState.freezes([freeze(1), freeze(2)])
        #expect(try holds("released", moved(intent, from: one, to: .freezes([freeze(2)]))))
        #expect(try holds("released", moved(intent, from: .freezes([]), to: .freezes([]))))
        #expect(try holds("released", moved(intent, from: nil, to: one)))
        #expect(try !holds("released", moved(intent, from: one, to: two)))
        #expect(try !holds("released", moved(intent, from: .freezes([]), to: one)))
        #expect(try !holds("released", intact(intent, .freezes([]))))
    }

    @Test func `an unfreeze is unseen when others are frozen than it names`() throws {
        let intent = unfreeze(seen: [1])
        #expect(try holds("unseen", moved(intent, from: nil, to: .freezes([freeze(2)]))))
        #expect(try holds("unseen", moved(intent, from: nil, to: .freezes([freeze(1, .accountAndResources)]))))
        #expect(try !holds("unseen", moved(intent, from: nil, to: .freezes([freeze(1), freeze(2)]))))
    }

    @Test func `resources and approval are of the edit itself`() throws {
        #expect(try holds("resources", intact(.freeze(.accountAndResources, reason: "r"), .freezes([]))))
        #expect(try !holds("resources", intact(.freeze(.account, reason: "r"), .freezes([]))))
        #expect(try holds("approval", intact(.decideRequest(approve: true), request(.pending))))
        #expect(try !holds("approval", intact(.decideRequest(approve: false), request(.pending))))
    }

    @Test func `an edit raises or lowers what stands`() throws {
        #expect(try holds("raises", intact(set("5"), state("4"))))
        #expect(try !holds("lowers", intact(set("5"), state("4"))))
        #expect(try holds("lowers", intact(set("3"), state("4"))))
        #expect(try !holds("raises", intact(set("4", .oneTime), state("4"))))
        #expect(try !holds("raises", intact(set("4"), .budget(nil))))
        #expect(try holds("raises", intact(adjust("1"), state("4"))))
        #expect(try holds("lowers", intact(adjust("-1"), state("4"))))
    }

    @Test func `both lower or both raise is of the same base`() throws {
        #expect(try holds("both-lower", moved(set("3"), from: state("5"), to: state("4"))))
        #expect(try holds("both-lower", moved(set("4.50"), from: state("5"), to: state("4"))))
        #expect(try !holds("both-lower", moved(set("6"), from: state("5"), to: state("4"))))
        #expect(try holds("both-raise", moved(set("6"), from: state("5"), to: state("7"))))
        #expect(try holds("both-raise", moved(adjust("1"), from: state("5"), to: state("7"))))
        #expect(try !holds("both-raise", moved(set("6"), from: nil, to: state("7"))))
        #expect(try !holds("both-lower", intact(set("3"), state("4"))))
        // An unbroken run of the author's own edits is nobody else's change.
        let own = RuleQuestion(
            intent: set("3"), before: state("5"), current: state("4"), isIntact: true, facts: facts())
        #expect(try !holds("both-lower", own))
    }
}
