import ConflictRules
import PartnerModel
import SyncProtocol
import TerminalKit
import Testing

@testable import ReplicaStore
@testable import fieldbook

/// Conflicts to be told and decided.
enum DeskMaker {
    static let now: Int64 = 1_795_000_000
    static let day: Int64 = 86_400

    static func budget(_ major: Int64, _ type: BudgetType = .monthly, _ action: ExhaustionAction = .manual) -> Budget {
        Budget(amount: Money(units: major * Money.unitsPerMajor), type: type, onExhaustion: action)
    }

    static func discount(_ percent: Int64, from: Int64 = now - day, until: Int64 = now + 90 * day) -> Discount {
        Discount(
            percent: BasisPoints(percent), validFrom: Timestamp(seconds: from), validUntil: Timestamp(seconds: until))
    }

    static func freeze(_ id: Int64, _ kind: FreezeKind = .account, reason: String = "late") -> Freeze {
        Freeze(id: id, kind: kind, cause: .manual, reason: reason, author: "mona", at: Timestamp(seconds: now))
    }

    static func facts(isIntact: Bool = false, guards: [V1.Reading] = []) -> V1.Facts {
        var facts = EditFacts(
            association: .reseller, partnerState: .active, discountRange: nil,
            cycle: BillingCycle(containing: now), now: Timestamp(seconds: now - day))
        facts.madeAt = Timestamp(seconds: now - day - 3 * 3600)
        return V1.Facts(facts, isIntact: isIntact, guards: guards)
    }

    static let spent = V1.Reading(
        name: "spent", outcome: "warned", value: "600.00", limit: "640.50", asOf: now - 2 * day)

    /// A conflict on the budget of Alpha: ben set 600, mona had set 300, ben saw 100.
    static func conflict(
        _ mine: EditIntent = .setBudget(budget(600), validThrough: nil), base: RegisterState = .budget(budget(100)),
        theirs: RegisterState = .budget(budget(300)), name: String = "Alpha", rule: String = "hold",
        isOpen: Bool = true, deadline: Int64? = now + 6 * day, fallback: String? = "theirs",
        facts: V1.Facts? = facts(guards: [spent]), movedTo: RegisterState? = nil, reason: String? = nil
    ) -> ConflictDetail {
        ConflictDetail(
            key: ConflictKey(77), customer: CustomerKey(1), customerName: name, accountName: "account-1",
            register: mine.register, isOpen: isOpen, base: base, mine: mine, theirs: theirs, theirsVersion: Version(9),
            mineBy: "ben", mineMadeAt: now - day - 3600, theirsBy: "mona", heldAt: now - day, rule: rule,
            rulesVersion: 2, ownEdit: EditNumber(4), choice: isOpen ? nil : "theirs", decidedBy: isOpen ? nil : "boss",
            decidedAt: isOpen ? nil : now - 60, outcome: isOpen ? nil : "overruled", theirsAt: now - 2 * day,
            deadline: deadline, fallback: fallback, facts: facts, decisionReason: reason, movedTo: movedTo)
    }

    static func story(
        _ conflict: ConflictDetail = conflict(), member: String? = "ben", decision: EditNumber? = nil
    ) -> DeskStory {
        DeskStory(
            conflict: conflict, member: member, time: DeskTime(now: now), rules: .standard, decision: decision)
    }

    static func text(_ width: Int? = nil, _ tell: (inout DeskText) -> Void) -> String {
        var text = DeskText(terminalWidth: width)
        tell(&text)
        return text.text
    }

    /// A command line as it is typed.
    static func command(_ words: [String]) throws -> ParsedCommand {
        guard case .run(let command) = try CommandList.table.parse(words) else { throw NoCommand() }
        return command
    }

    struct NoCommand: Error {}
}

/// No line is wider, and nothing in it can drive a terminal.
func expectFits(_ text: String, _ width: Int = 80, _ location: SourceLocation = #_sourceLocation) {
    for line in text.split(separator: "\n") {
        #expect(TextWidth.of(String(line)) <= width, "\(line)", sourceLocation: location)
        #expect(TextWidth.safe(String(line)) == line, "\(line)", sourceLocation: location)
        #expect(line.last != " ", "\(line)", sourceLocation: location)
    }
}

/// The words of a text as if it had never been wrapped.
func unwrapped(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
