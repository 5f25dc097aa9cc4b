import ConflictRules
import PartnerModel
import Testing

/// Guards of the domain that a rule file leaves out.
@Suite struct RuleWarningTests {
    /// What is said of rules in which one kind of edit has these guards and no others.
    private func told(_ kind: EditKind, _ guards: String) throws -> [String] {
        try RuleText.always(kind, "client-wins", guards: guards).warnings.map(\.text)
    }

    private let associated = #"{ "guard": "associated" }"#
    private func association(_ type: String) -> String { #"{ "guard": "association", "is": "\#(type)" }"# }

    @Test func `the rules of this build leave nothing out`() { #expect(RuleSet.standard.warnings.isEmpty) }

    @Test(arguments: [EditKind.setBudget, .adjustBudget, .freeze, .unfreeze])
    func `budgets and freezes are for reseller customers that are associated`(kind: EditKind) throws {
        let (edit, noun) = (kind.rawValue, kind.register == .freezes ? "freeze" : "budget")
        let former =
            "\(edit) does not ask for `associated`: a former customer's \(noun) is refused by the vendor, CBC.99000035"
        let referral =
            "\(edit) does not ask for `association`: "
            + "a Referral customer's \(noun) is refused by the vendor, CBC.99005024"
        #expect(try told(kind, "") == [former, referral])
        #expect(try told(kind, associated) == [referral])
        #expect(try told(kind, association("reseller")) == [former])
        #expect(try told(kind, "\(associated), \(association("reseller"))").isEmpty)
    }

    @Test(arguments: [EditKind.setDiscount, .cancelDiscount])
    func `discounts are for referral customers`(kind: EditKind) throws {
        let reseller =
            "\(kind.rawValue) does not ask for `association`: "
            + "a Reseller customer's discount is refused by the vendor, CBC.99005024"
        #expect(try told(kind, associated) == [reseller])
        #expect(try told(kind, "\(associated), \(association("referral"))").isEmpty)
    }

    @Test func `a guard that is asked of some edits only, or for the other association, is not enough`() throws {
        let some = #"{ "guard": "association", "is": "reseller", "when": ["raises"] }"#
        for guards in [some, association("referral")] {
            let told = try told(.setBudget, "\(associated), \(guards)")
            #expect(told.count == 1 && told[0].hasPrefix("set-budget does not ask every edit for `association`: "))
        }
        #expect(try told(.setBudget, "\(associated), \(some.replacing("raises", with: "always"))").isEmpty)
    }

    @Test(arguments: [EditKind.assignManager, .withdrawManager, .setLabel, .decideRequest])
    func `other kinds of edit are for every customer`(kind: EditKind) throws {
        #expect(try told(kind, "").isEmpty)
    }
}
