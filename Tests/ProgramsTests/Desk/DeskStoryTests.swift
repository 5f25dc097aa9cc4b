import PartnerModel
import ReplicaStore
import SyncProtocol
import Testing

@testable import fieldbook

/// What a person reads before deciding.
@Suite struct DeskStoryTests {
    @Test func `the three sides stand beside each other, and fields that differ are marked`() {
        let text = DeskMaker.text { DeskMaker.story().show(&$0) }
        #expect(
            text.hasPrefix(
                """
                conflict 77 on the budget of Alpha (account-1), open

                                  BASE                 MINE (yours)         THEIRS
                *  amount         100.00               600.00               300.00
                   type           monthly              monthly              monthly
                   on-exhaustion  manual               manual               manual
                * here the sides differ


                """), "\(text)")
        expectFits(text)
    }

    @Test func `who, when, upon how old a view, by which rule and values: all of it is told`() {
        let words = unwrapped(DeskMaker.text { DeskMaker.story().show(&$0) })
        for sentence in [
            "mine you asked: set budget to 600.00 monthly, on exhaustion manual (your edit 4); made 2026-11-17",
            "by the device's clock, upon data of", "by the server's, 3 h old when it came",
            "theirs mona wrote: 300.00 monthly, on exhaustion manual;",
            "rule held", "by rule hold of rules 2: when somebody changed what its author saw, a person decides",
            "asked spent warned: 600.00, against 640.50, as of",
            "if nobody decides by", "(in 6 d), what stands is kept and your edit is overruled",
            "fieldbook conflicts decide 77 mine carries the held edit out: budget 600.00 monthly",
            "fieldbook conflicts decide 77 theirs keeps what stands: budget 300.00 monthly",
            "fieldbook conflicts decide 77 value --amount AMOUNT",
            "fieldbook conflicts decide 77 split --take amount=mine,type=theirs",
        ] { #expect(words.contains(sentence), "\(sentence) / \(words)") }
    }

    @Test func `what happens when nobody decides is said for every kind of deadline`() {
        func words(_ conflict: ConflictDetail, _ member: String = "ben") -> String {
            DeskMaker.story(conflict, member: member).deadlineWords
        }
        #expect(
            words(DeskMaker.conflict(deadline: nil, fallback: nil))
                == "if nobody decides: it waits until someone does, and the budget stays as it stands")
        #expect(words(DeskMaker.conflict(), "ana").hasSuffix("what stands is kept and the edit of ben is overruled"))
        #expect(words(DeskMaker.conflict(fallback: nil)).hasSuffix("it stays open until someone does"))
        #expect(words(DeskMaker.conflict(deadline: DeskMaker.now - 1)).contains("(which has passed)"))
    }

    @Test func `a decided conflict says how it ended and asks for nothing`() {
        let text = DeskMaker.text {
            DeskMaker.story(DeskMaker.conflict(isOpen: false, reason: "agreed by phone")).show(&$0)
        }
        let words = unwrapped(text)
        #expect(words.contains("decided by boss: theirs, so the held edit is overruled;"))
        #expect(words.contains("reason: agreed by phone") && !words.contains("conflicts decide"))
    }

    @Test func `a decision on its way and a value that moved again are told`() {
        let moved = DeskMaker.conflict(movedTo: .budget(DeskMaker.budget(450)))
        let words = unwrapped(DeskMaker.text { DeskMaker.story(moved, decision: EditNumber(9)).show(&$0) })
        #expect(words.contains("now the budget was changed once more: 450.00 monthly"))
        #expect(words.contains("your decision waits for the server: fieldbook edits show 9"))
        #expect(!words.contains("decide it:"))
    }

    private static let registers: [ConflictDetail] = [
        DeskMaker.conflict(.adjustBudget(delta: Money(units: 5_000_000_000), validThrough: nil)),
        DeskMaker.conflict(
            .freeze(.accountAndResources, reason: "fraud, says a very long reason that has to be wrapped somewhere"),
            base: .freezes([DeskMaker.freeze(1), DeskMaker.freeze(2)]), theirs: .freezes([]), rule: "late-resources"),
        DeskMaker.conflict(
            .unfreeze(.account, reason: "paid", seen: [1]), base: .freezes([DeskMaker.freeze(1)]),
            theirs: .freezes([DeskMaker.freeze(1), DeskMaker.freeze(3)]), rule: "hold"),
        DeskMaker.conflict(
            .setDiscount(DeskMaker.discount(1250)), base: .discount(nil), theirs: .discount(DeskMaker.discount(500)),
            deadline: nil, fallback: nil),
        DeskMaker.conflict(.cancelDiscount, base: .discount(DeskMaker.discount(500)), theirs: .discount(nil)),
        DeskMaker.conflict(.assignManager("li.wei"), base: .manager(nil), theirs: .manager("mona"), facts: nil),
        DeskMaker.conflict(.setLabel(nil), base: .label("a"), theirs: .label("b"), rule: "no-such-rule"),
        DeskMaker.conflict(.decideRequest(approve: true), base: .request(nil), theirs: .request(nil)),
    ]

    @Test(arguments: registers, [40, 80, 200]) func `every register is told within the width of the terminal`(
        conflict: ConflictDetail, width: Int
    ) {
        let story = DeskMaker.story(conflict)
        // Commands to copy are never broken.
        let shown = DeskMaker.text(width) { story.show(&$0) }.split(separator: "\n")
            .filter { !$0.hasPrefix("  fieldbook conflicts decide") }.joined(separator: "\n")
        expectFits(shown, width)
        expectFits(DeskMaker.text(width) { story.explain(&$0) }, width)
    }

    @Test func `a name from anybody can't drive the terminal, in no answer`() {
        let name = "\u{1B}]0;x\u{7}\u{202E}" + String(repeating: "华云 ", count: 60) + "\r\n"
        let conflict = DeskMaker.conflict(
            .freeze(.account, reason: name), base: .freezes([]), theirs: .freezes([DeskMaker.freeze(1, reason: name)]),
            name: name, rule: name,
            facts: DeskMaker.facts(guards: [V1.Reading(name: name, outcome: name, value: name, limit: name, asOf: .max)]
            ),
            reason: name)
        let story = DeskMaker.story(conflict)
        expectFits(DeskMaker.text { story.show(&$0) })
        expectFits(DeskMaker.text { story.explain(&$0) })
    }

    @Test func `the steps of the rule are told with the other cases and what each decision would do`() {
        let text = DeskMaker.text { DeskMaker.story().explain(&$0) }
        let words = unwrapped(text)
        for sentence in [
            "1. What was asked. You asked: set budget to 600.00",
            "2. What was found. The budget had been changed since its author looked. Its author saw 100.00 monthly",
            "3. What was asked before, in order, and what was read. spent warned: 600.00, against 640.50",
            "whether at least what is used already comes out",
            "4. Which case decided. hold, of rules 2: when somebody changed what its author saw, a person decides.",
            "compare-and-set: when nobody changed what its author saw, the edit is carried out as asked",
            "type-changed: when the budget's type is another than its author saw, a person decides",
            "5. What a decision would do now. mine: carries the held edit out",
            "theirs: keeps what stands", "6. What happens otherwise. If nobody decides by",
        ] { #expect(words.contains(sentence), "\(sentence) / \(text)") }
    }

    @Test func `a budget by one who saw none is told without a word of types`() {
        let conflict = DeskMaker.conflict(base: .budget(nil), rule: "type-changed")
        let words = "when a budget was set while its author saw none, a person decides"
        for text in [
            DeskMaker.text { DeskMaker.story(conflict).show(&$0) },
            DeskMaker.text { DeskMaker.story(conflict).explain(&$0) },
        ] {
            #expect(unwrapped(text).contains(words) && !text.contains("type is another"), "\(text)")
        }
        let typed = DeskMaker.conflict(base: .budget(DeskMaker.budget(100, .oneTime)), rule: "type-changed")
        #expect(
            unwrapped(DeskMaker.text { DeskMaker.story(typed).show(&$0) }).contains(
                "type is another than its author saw"))
    }

    @Test func `rules of another version and unknown ones are said to be that`() {
        let unknown = unwrapped(DeskMaker.text { DeskMaker.story(DeskMaker.conflict(rule: "old-case")).explain(&$0) })
        #expect(unknown.contains("old-case, of rules 2, which the rules at hand do not have."))
        let guarded = unwrapped(DeskMaker.text { DeskMaker.story(DeskMaker.conflict(rule: "age")).explain(&$0) })
        #expect(guarded.contains("the guard that asks whether the edit is not too old stopped it"))
        let bare = unwrapped(DeskMaker.text { DeskMaker.story(DeskMaker.conflict(facts: nil)).explain(&$0) })
        #expect(bare.contains("What else the server knew was not recorded.") && bare.contains("No guard is on record."))
    }

    @Test func `deciding mine for an adjustment adds to what stands, not to what was seen`() {
        let conflict = DeskMaker.conflict(.adjustBudget(delta: Money(units: 5_000_000_000), validThrough: nil))
        let words = unwrapped(DeskMaker.text { DeskMaker.story(conflict).show(&$0) })
        #expect(words.contains("* amount 100.00 150.00 300.00"))
        #expect(words.contains("mine carries the held edit out: budget 350.00"))
    }
}
