import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit
import Testing

@testable import fieldbook

/// What is decided by which words.
@Suite struct DeskChoiceTests {
    private func choice(_ conflict: ConflictDetail = DeskMaker.conflict(), _ words: String...) throws -> ConflictChoice
    {
        let command = try DeskMaker.command(["conflicts", "decide", "77"] + words)
        return try DeskChoice(conflict: conflict, command: command, now: DeskMaker.now).read()
    }

    /// The sentence by which a decision is turned down.
    private func refusal(_ conflict: ConflictDetail = DeskMaker.conflict(), _ words: String...) -> String {
        do {
            let command = try DeskMaker.command(["conflicts", "decide", "77"] + words)
            let choice = try DeskChoice(conflict: conflict, command: command, now: DeskMaker.now).read()
            return "taken: \(choice)"
        } catch { return (error as? UserError).map { "\($0.exitCode.rawValue) \($0.why)" } ?? "\(error)" }
    }

    private static let oneTime = DeskMaker.conflict(
        .setBudget(DeskMaker.budget(600, .oneTime), validThrough: nil),
        theirs: .budget(DeskMaker.budget(300, .monthly, .freeze)))
    private static let discounts = DeskMaker.conflict(
        .setDiscount(DeskMaker.discount(1250, until: DeskMaker.now + 30 * DeskMaker.day)), base: .discount(nil),
        theirs: .discount(DeskMaker.discount(500)))
    private static let frozen = DeskMaker.conflict(
        .freeze(.accountAndResources, reason: "fraud"), base: .freezes([]), theirs: .freezes([]))
    private static let released = DeskMaker.conflict(
        .unfreeze(.account, reason: "paid", seen: [1]), base: .freezes([]), theirs: .freezes([]))
    private static let manager = DeskMaker.conflict(.assignManager("x"), base: .manager(nil), theirs: .manager("mona"))

    @Test func `mine and theirs are taken at their word`() throws {
        #expect(try choice(Self.oneTime, "mine") == .mine && choice(Self.frozen, "theirs") == .theirs)
    }

    @Test func `a third value has the rest as it stands`() throws {
        #expect(
            try choice(Self.oneTime, "value", "--amount", "450.5")
                == .budget(
                    Budget(amount: #require(Money("450.5")), type: .monthly, onExhaustion: .freeze)))
        #expect(
            try choice(Self.oneTime, "value", "--type", "one-time") == .budget(DeskMaker.budget(300, .oneTime, .freeze))
        )
        #expect(
            try choice(Self.oneTime, "value", "--on-exhaustion", "manual") == .budget(DeskMaker.budget(300)))
        #expect(try choice(Self.discounts, "value", "--percent", "8") == .discount(DeskMaker.discount(800)))
        #expect(try choice(Self.frozen, "value", "--kind", "account") == .freeze(.account))
    }

    @Test func `days of a discount are the vendor's, from midnight to the last second in Beijing`() throws {
        let expected = Discount(
            percent: BasisPoints(500), validFrom: Timestamp(seconds: 1_798_646_400),
            validUntil: Timestamp(seconds: 1_798_819_199))
        #expect(
            try choice(Self.discounts, "value", "--from", "2026-12-31", "--until", "2027-01-01") == .discount(expected))
        #expect(DeskTime.day(1_798_646_400) == "2026-12-31" && DeskTime.day(1_798_819_199) == "2027-01-01")
    }

    @Test func `where nothing stands, the rest is as was asked for`() throws {
        let gone = DeskMaker.conflict(
            .setBudget(DeskMaker.budget(600, .oneTime, .freeze), validThrough: nil), theirs: .budget(nil))
        #expect(
            try choice(gone, "value", "--amount", "450") == .budget(DeskMaker.budget(450, .oneTime, .freeze)))
        let none = DeskMaker.conflict(.cancelDiscount, base: .discount(DeskMaker.discount(500)), theirs: .discount(nil))
        #expect(refusal(none, "value", "--percent", "5").contains("give --until"))
        #expect(refusal(none, "value", "--until", "2027-01-01").contains("give --percent"))
    }

    @Test func `a split takes each field from its side, and what is not named from theirs`() throws {
        #expect(
            try choice(Self.oneTime, "split", "--take", "amount=mine")
                == .budget(DeskMaker.budget(600, .monthly, .freeze)))
        #expect(
            try choice(Self.oneTime, "split", "--take", "type=mine,amount=theirs")
                == .budget(DeskMaker.budget(300, .oneTime, .freeze)))
        #expect(try choice(Self.oneTime, "split", "--take", "amount=theirs") == .theirs)
        #expect(
            try choice(Self.oneTime, "split", "--take", "amount=mine,type=mine,on-exhaustion=mine") == .mine)
        #expect(
            try choice(Self.discounts, "split", "--take", "percent=mine") == .discount(DeskMaker.discount(1250)))
        let adjusted = DeskMaker.conflict(.adjustBudget(delta: Money(units: 5_000_000_000), validThrough: nil))
        #expect(try choice(adjusted, "split", "--take", "amount=mine") == .budget(DeskMaker.budget(150)))
    }

    @Test func `what fits no conflict of this kind is refused in a sentence`() {
        for (words, sentence) in [
            (refusal(Self.oneTime, "perhaps"), "64 CHOICE must be mine, theirs, value or split"),
            (refusal(Self.oneTime, "value"), "64 value needs one of: --amount, --type, --on-exhaustion"),
            (refusal(Self.oneTime, "mine", "--amount", "5"), "64 --amount goes with value, not with mine"),
            (refusal(Self.oneTime, "value", "--take", "a=b"), "64 --take goes with split, not with value"),
            (
                refusal(Self.oneTime, "value", "--percent", "5"),
                "64 --percent does not belong to a conflict on the budget"
            ),
            (refusal(Self.oneTime, "value", "--amount", "1e3"), "64 --amount must be a plain number"),
            (refusal(Self.oneTime, "value", "--type", "weekly"), "64 --type must be one of: monthly, one-time"),
            (refusal(Self.discounts, "value", "--percent", "-1"), "64 --percent must be a number"),
            (refusal(Self.discounts, "value", "--until", "soon"), "64 --until must be a day, YYYY-MM-DD"),
            (refusal(Self.frozen, "split", "--take", "kind=mine"), "64 a conflict on the freezes has one field"),
            (refusal(Self.released, "value", "--kind", "account"), "64 what waits is no freeze"),
            (
                refusal(Self.manager, "value", "--amount", "5"),
                "64 a conflict on the account manager is decided with mine"
            ),
            (refusal(Self.oneTime, "split"), "64 split needs --take amount=mine,type=theirs"),
            (refusal(Self.oneTime, "split", "--take", "amount"), "64 --take wants FIELD=mine or FIELD=theirs"),
            (refusal(Self.oneTime, "split", "--take", "amount=ours"), "64 --take wants FIELD=mine"),
            (
                refusal(Self.oneTime, "split", "--take", "colour=mine"),
                "64 there is no field 'colour'; there are: amount"
            ),
            (refusal(Self.oneTime, "split", "--take", "type=mine,type=mine"), "64 'type' is taken twice"),
            (
                refusal(DeskMaker.conflict(theirs: .budget(nil)), "split", "--take", "amount=mine"),
                "64 one side has no budget"
            ),
        ] { #expect(words.hasPrefix(sentence), "\(words) / \(sentence)") }
    }
}
