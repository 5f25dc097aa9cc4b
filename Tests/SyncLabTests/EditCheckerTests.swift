import PartnerModel
import SyncProtocol
import Testing

@testable import SyncLab

/// The checkers of edits, each on histories small enough to judge by eye.
@Suite struct EditCheckerTests {
    @Test func `S2: one terminal result, told and stored alike, and one effect`() {
        let checker = ExactlyOnce()
        expectValid(
            checker,
            [
                .judged(told: [(1, .retry)]), .judged(told: [(1, .applied)], stored: [(1, .applied)]),
                .records([.record(1)]),
            ])
        // A held edit gets its end later; a repeat is told the same.
        expectValid(
            checker, [.judged(told: [(1, .held)]), .judged(told: [(1, .applied)]), .judged(told: [(1, .applied)])])
        expectViolation(
            checker, [.judged(told: [(1, .applied)]), .judged(told: [(1, .rejected)])], at: 2,
            "edit 1 was applied and is now rejected")
        expectViolation(
            checker, [.judged(told: [(1, .noop)], stored: [(1, .applied)])], at: 1, "was noop and is now applied")
        expectViolation(
            checker, [.judged(told: nil, stored: [(1, .noop)]), .judged(told: [(1, .held)])], at: 2, "is now held")
        expectViolation(checker, [.records([.record(1)]), .records([.record(1)])], at: 2, "edit 1 of ann acted twice")
        expectViolation(checker, [.records([.record(1, "decided"), .record(1)])], at: 1, "acted twice")
        // Others' edits of the same number, what the system does and what was held act for themselves.
        expectValid(
            checker,
            [.records([.record(1), .record(1, replica: "other"), .record(nil), .record(nil), .record(1, "held")])])
    }

    @Test func `S3: edits stay, unchanged, and go only where they may`() {
        let checker = NoEditVanishes()
        expectValid(
            checker,
            [
                .outbox(.edit(1, "saved")), .accepted(agent: 0, number: 1, payload: 1), .outbox(.edit(1, "sent")),
                .outbox(.edit(1, "waiting")), .outbox(.edit(1, "sent")), .outbox(.edit(1, "held")),
                .outbox(.edit(1, "resulted")), .outbox(.edit(1, "settled"), .edit(2, "saved")),
            ])
        expectViolation(
            checker, [.outbox(.edit(1, "saved"), .edit(2, "saved")), .outbox(.edit(2, "saved"))], at: 2,
            "edit 1 of ann is gone")
        expectViolation(
            checker, [.outbox(.edit(1, "saved")), .outbox(.edit(1, "saved", payload: 2))], at: 2, "was rewritten")
        expectViolation(
            checker, [.accepted(agent: 1, number: 3, payload: 1)], at: 1, "edit 3 of ben was accepted and is not there")
        expectViolation(
            checker, [.outbox(.edit(1, "saved")), .accepted(agent: 0, number: 1, payload: 9)], at: 2,
            "is not what was accepted")
    }

    @Test(arguments: [
        ("saved", "settled"), ("saved", "held"), ("waiting", "saved"), ("held", "saved"), ("resulted", "sent"),
        ("settled", "saved"),
        ("settled", "dead"), ("dead", "sent"), ("discarded", "saved"), ("sent", "discarded"),
        ("sent", "combined"), ("waiting", "combined"), ("discarded", "combined"),
    ]) func `S3: a step back or aside is none`(before: String, after: String) {
        expectViolation(
            NoEditVanishes(), [.outbox(.edit(1, before)), .outbox(.edit(1, after))], at: 2,
            "went from \(before) to \(after)")
    }

    @Test func `S3: a combined edit leads to the one that it went into`() {
        func combined(_ number: Int64, _ next: Int64?, state: String = "combined") -> EditMark {
            var mark = EditMark.edit(number, state)
            mark.combinedInto = next
            return mark
        }
        let checker = NoEditVanishes()
        expectValid(
            checker, [.outbox(.edit(1, "saved")), .outbox(combined(1, 2), combined(2, 3), .edit(3, "saved"))])
        expectViolation(
            checker, [.outbox(combined(1, 2), .edit(2, "saved")), .outbox(.edit(1, "saved"), .edit(2, "saved"))], at: 2,
            "went from combined to saved")
        for wrong in [combined(1, nil), combined(1, 1), combined(1, 9)] {
            expectViolation(checker, [.outbox(wrong, .edit(2, "saved"))], at: 1, "is combined into no later edit")
        }
        expectViolation(
            checker, [.outbox(combined(1, 2), .edit(2, "saved", customer: 8))], at: 1, "which is about something else")
        expectViolation(
            checker, [.outbox(combined(1, 2, state: "saved"), .edit(2, "saved"))], at: 1, "is saved and combined")
    }

    @Test(arguments: [
        ("", ""), ("base", "does not stand on"), ("before", "does not stand on"), ("predecessor", "does not stand on"),
        ("madeUpon", "does not stand on"), ("delta", "does not ask for"), ("cycle", "does not ask for"),
        ("customer", "about something else"), ("kind", "about something else"), ("tie", "is tied to others"),
    ]) func `S3: what two edits come to is what was asked for, on the older one's footing`(part: String, why: String) {
        func edit(_ number: Int64, _ major: Int64) -> V1.Edit {
            var edit = V1.Edit(number: number, kind: "", customer: 7, base: 5, deviceTime: 0)
            let delta = Money(units: major * Money.unitsPerMajor)
            edit.setIntent(.adjustBudget(delta: delta, validThrough: nil))
            edit.madeUpon = "c1"
            return edit
        }
        var newer = edit(2, 30)
        switch part {
        case "base": newer.base = WireInteger(6)
        case "before": newer.before = V1.State(register: "budget")
        case "predecessor": newer.predecessor = WireInteger(1)
        case "madeUpon": newer.madeUpon = "c2"
        case "delta": newer.delta = "20"
        case "cycle": newer.validThrough = "2026-03"
        case "customer": newer.customer = WireInteger(8)
        case "kind": newer.kind = "set-budget"
        case "tie": newer.group = WireInteger(2)
        default: break
        }
        let event = History.What.combined(
            agent: 0, Combination(older: edit(1, 10), newer: newer, asked: edit(2, 20)))
        if why.isEmpty {
            expectValid(NoEditVanishes(), [event])
        } else {
            expectViolation(NoEditVanishes(), [event], at: 1, why)
        }
    }

    @Test func `S2: an edit that is combined was never sent and never is`() {
        func push(_ number: Int64) -> History.What {
            .judged([V1.Edit(number: number, kind: "set-label", customer: 7, base: 0, deviceTime: 0)], told: nil)
        }
        let own = History.What.push([])
        expectViolation(
            ExactlyOnce(), [own, push(1), .outbox(.edit(1, "combined"))], at: 3, "was sent and is combined")
        expectViolation(
            ExactlyOnce(), [own, .outbox(.edit(1, "combined")), push(1)], at: 3, "was combined and comes to the server")
        expectValid(ExactlyOnce(), [own, .outbox(.edit(1, "combined"), .edit(2, "sent")), push(2)])
    }

    @Test func `S4: a push keeps a customer's order and leaves nothing behind that waits for nothing`() {
        let checker = AuthorsOrder()
        expectValid(checker, [.push([(1, 7), (3, 8), (2, 7)])])
        expectViolation(checker, [.push([(2, 7), (1, 7)])], at: 1, "ann sends edit 2 before 1 of the same customer")
        expectViolation(
            checker, [.outbox(.edit(1, "saved"), .edit(2, "saved")), .push([(2, 7)])], at: 2,
            "while edit 1, which waits for nothing")
        // What builds on a held edit may stay; what builds on one in the same push may not.
        expectValid(
            checker, [.outbox(.edit(1, "held"), .edit(2, "saved", after: 1), .edit(3, "saved")), .push([(3, 7)])])
        expectViolation(
            checker,
            [.outbox(.edit(1, "saved"), .edit(2, "saved", after: 1), .edit(3, "saved")), .push([(1, 7), (3, 8)])],
            at: 2, "edit 2")
        expectViolation(checker, [.records([.record(2), .record(1)])], at: 1, "edit 1 acted on budget after edit 2")
        expectValid(checker, [.records([.record(2), .record(1, register: "freezes"), .record(1, replica: "s")])])
    }

    @Test func `S5: a group comes whole and acts whole`() {
        func edits(_ numbers: [Int64], size: Int = 2) -> [V1.Edit] {
            numbers.map { number in
                var edit = V1.Edit(number: number, kind: "set-label", customer: 7, base: 0, deviceTime: 0)
                (edit.group, edit.groupSize) = (WireInteger(1), size)
                return edit
            }
        }
        let checker = GroupsAreWhole()
        let held: [(Int64, ResultCode)] = [(1, .rejected), (2, .blocked)]
        expectValid(checker, [.judged(edits([1, 2]), told: [(1, .applied), (2, .noop)])])
        expectValid(checker, [.judged(edits([1, 2]), told: held)])
        expectViolation(
            checker, [.judged(edits([1, 2]), told: [(1, .applied), (2, .rejected)])], at: 1,
            "1 of 2 edits of group 1 took effect")
        expectViolation(checker, [.judged(edits([1]), told: [(1, .applied)])], at: 1, "sent without the others")
    }

    @Test func `S6: what is pending is what rebuilding gives`() {
        let same = ShownMark(pending: ["7 budget 1"], rebuilt: ["7 budget 1"], read: [])
        let other = ShownMark(pending: ["7 budget 1"], rebuilt: ["7 budget 2"], read: [])
        expectValid(PendingIsEditsOverImage(), [.shown(agent: 0, same)])
        expectViolation(
            PendingIsEditsOverImage(), [.shown(agent: 0, same), .shown(agent: 1, other)], at: 2,
            "ben has pending [\"7 budget 1\"]")
    }

    @Test func `S9: an edit lifts only what its author had seen`() {
        func freezes(_ ids: [Int64], isPush: Bool) -> History.What {
            let members = ids.map {
                Freeze(id: $0, kind: .account, cause: .manual, reason: "x", author: "y", at: Timestamp(seconds: 1))
            }
            return .truth(sequence: 9, rows: [.row(.freezes, 7, 9, .freezes(members))], isPush: isPush)
        }
        var unfreeze = V1.Edit(number: 1, kind: "unfreeze", customer: 7, base: 0, deviceTime: 0)
        unfreeze.seen = [WireInteger(5)]
        let judged = History.What.judged([unfreeze], told: nil)
        let both = freezes([5, 6], isPush: false)
        expectValid(FreezeWasSeen(), [both, judged, freezes([6], isPush: true)])
        expectViolation(
            FreezeWasSeen(), [both, judged, freezes([], isPush: true)], at: 3,
            "freeze 6 of customer 7 was lifted by an edit that had not seen it")
        expectViolation(FreezeWasSeen(), [both, freezes([6], isPush: true)], at: 2, "freeze 5")
        // The system lifts what it put there.
        expectValid(FreezeWasSeen(), [both, freezes([], isPush: false)])
    }

    @Test func `S10: what was decided has its line`() {
        let checker = EveryDecisionRecorded()
        for result in [(1, .applied), (1, .merged), (1, .noop), (1, .held)] as [(Int64, ResultCode)] {
            expectValid(checker, [.records([.record(1)]), .judged(told: nil, stored: [result])])
            expectViolation(
                checker, [.judged(told: nil, stored: [result]), .healed], at: 1, "edit 1 has a result and no line")
        }
        // A refusal is told to its author alone; a decision that changed nothing is told by the first.
        expectValid(checker, [.judged(told: nil, stored: [(1, .rejected), (2, .forbidden)])])
        let decision = V1.Edit(number: 3, kind: "decide-conflict", customer: 7, base: 0, deviceTime: 0)
        expectValid(checker, [.judged([decision], told: nil, stored: [(3, .noop)])])
        expectViolation(checker, [.judged([decision], told: nil, stored: [(3, .applied)])], at: 1, "edit 3")
    }
}
