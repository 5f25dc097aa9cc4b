import SyncEngine
import SyncProtocol
import Testing

@testable import SyncLab

/// The checkers of what replicas hold.
@Suite struct ImageCheckerTests {
    private let rows: [TruthRow] = [.row(.customer, 7, 2), .row(.budget, 7, 3), .row(.customer, 8, 4, subject: 8)]
    private let assigned = TruthRow.row(.manager, 7, 1, .manager("cem"))
    private let held: [RowMark] = [.row(.customer, 7, 2), .row(.customer, 8, 4), .row(.budget, 7, 3)]

    @Test func `S1: at a checkpoint the image is the truth of that sequence`() {
        let checker = CursorNotAhead()
        expectValid(
            checker, [.truth(4, rows), .image(4, held), .truth(5, [.row(.budget, 7, 5, content: 9)]), .image(4, held)])
        let own: [RowMark] = [.row(.customer, 7, 2), .row(.budget, 7, 3), .row(.manager, 7, 1)]
        expectValid(checker, [.truth(4, rows + [assigned]), .image(4, own, agent: 2)])
        // Withdrawn again: the same rows are one checkpoint later nobody's but the administrators'.
        let withdrawn = TruthRow.row(.manager, 7, 5, .manager(nil))
        expectViolation(
            checker, [.truth(4, rows + [assigned]), .truth(5, [withdrawn]), .image(5, own, agent: 2)], at: 3,
            "must not be there")
        // A load under way promises nothing yet.
        expectValid(checker, [.truth(4, rows), .image(nil, [])])
        expectViolation(checker, [.truth(4, rows), .image(5, held)], at: 2, "ann stands at 5, the server at 4")
        expectViolation(
            checker, [.truth(4, rows), .image(4, Array(held.dropLast()))], at: 2, "budget 7 of version 3 is missing")
        expectViolation(
            checker, [.truth(4, rows), .truth(5, [.row(.budget, 7, 5)]), .image(5, held, agent: 1)], at: 3,
            "ben stands at sequence 5, but budget 7 has version 3, not 5")
        expectViolation(
            checker, [.truth(4, rows), .image(4, held.dropLast() + [.row(.budget, 7, 3, content: 2)])], at: 2,
            "another content")
        expectViolation(
            checker, [.truth(4, rows), .truth(5, [.row(.budget, 7, 5, content: nil)]), .image(5, held)], at: 3,
            "must not be there")
        expectViolation(checker, [.truth(4, rows), .image(4, held.reversed())], at: 2, "another order")
    }

    @Test func `S1: old records may be missing while they are fetched, and nothing else`() {
        let checker = CursorNotAhead()
        let bills: [TruthRow] = [.row(.billRecord, 20, 3), .row(.billRecord, 21, 6)]
        let truth = History.What.truth(6, [.row(.customer, 7, 2)] + bills)
        let (customer, new) = (RowMark.row(.customer, 7, 2), RowMark.row(.billRecord, 21, 6))
        expectValid(checker, [truth, .image(6, [customer, new], filling: [7: 5])])
        expectViolation(
            checker, [truth, .image(6, [customer], filling: [7: 5])], at: 2, "bill_record 21 of version 6 is missing")
        expectViolation(
            checker, [truth, .image(6, [customer, new], filling: [8: 5])], at: 2,
            "bill_record 20 of version 3 is missing")
        expectViolation(
            checker, [truth, .image(6, [customer, .row(.billRecord, 20, 1), new], filling: [7: 5])], at: 2,
            "bill_record 20 has version 1, not 3")
    }

    @Test func `S7: nobody holds what is not theirs, and no bill stands alone`() {
        let checker = InsideScope()
        let bill = TruthRow.row(.billRecord, 20, 5)
        let coupon = TruthRow.row(.coupon, 21, 6, subject: -1)
        let truth = History.What.truth(6, rows + [assigned, bill, coupon])
        expectValid(checker, [truth, .image(6, held + [.row(.billRecord, 20, 5), .row(.coupon, 21, 6)])])
        expectValid(checker, [truth, .image(6, [.row(.customer, 7, 2), .row(.billRecord, 20, 5)], agent: 2)])
        expectViolation(
            checker, [truth, .image(6, [.row(.customer, 8, 4)], agent: 2)], at: 2,
            "cem holds customer 8, which is not for it")
        expectViolation(
            checker, [truth, .image(6, [.row(.coupon, 21, 6)], agent: 2)], at: 2, "coupon 21, which is not for it")
        expectViolation(
            checker, [truth, .image(6, [.row(.budget, 9, 1)])], at: 2, "ann holds budget 9, which never was")
        expectViolation(
            checker, [truth, .image(6, [.row(.billRecord, 20, 5)])], at: 2, "bill_record 20 without its customer")
        expectValid(checker, [truth, .image(nil, [.row(.billRecord, 20, 5)])])
    }

    @Test func `S7: no bill stands without what it names, unless that is on its way`() {
        let checker = InsideScope()
        let truth = History.What.truth(6, rows + [assigned, TruthRow.row(.billRecord, 20, 5)])
        let image = held + [.row(.billRecord, 20, 5)]
        func bare(_ entity: Entity) -> [BareRecord] { [BareRecord(key: 20, customer: 7, entity: entity.rawValue)] }
        for entity in [Entity.cycle, .product, .region, .resource] {
            expectViolation(
                checker, [truth, .image(6, image, bare: bare(entity))], at: 2,
                "ann holds bill_record 20 without its \(entity.name)")
            expectValid(checker, [truth, .image(6, image, isHeadsOnly: true, bare: bare(entity))])
            expectValid(checker, [truth, .image(nil, image, bare: bare(entity))])
        }
        expectValid(checker, [truth, .image(6, image, filling: [7: 5], bare: bare(.resource))])
        expectViolation(
            checker, [truth, .image(6, image, filling: [7: 5], bare: bare(.product))], at: 2, "without its product")
    }

    @Test func `S13: versions rise within an epoch`() {
        let checker = VersionsRise()
        let (old, new) = (RowMark.row(.budget, 7, 3), RowMark.row(.budget, 7, 5))
        expectValid(checker, [.image(3, [old]), .image(5, [new]), .image(6, [])])
        expectViolation(
            checker, [.image(5, [new]), .image(3, [old])], at: 2, "budget 7 of ann went from version 5 to 3")
        expectValid(checker, [.image(5, [new]), .image(3, [old], agent: 1)])
        expectValid(checker, [.image(5, [new]), .image(3, [old], epoch: "f")])
        expectValid(checker, [.image(5, [new]), .died(agent: 0, powerLoss: true), .image(3, [old])])
        expectViolation(
            checker, [.image(5, [new]), .died(agent: 0, powerLoss: false), .image(3, [old])], at: 3, "to 3")
    }

    @Test func `S14: what could be read stays readable, own edits among it`() {
        let checker = ReadsNeverGoBack()
        expectValid(
            checker, [.image(nil, []), .image(3, []), .died(agent: 0, powerLoss: false), .image(3, []), .image(5, [])])
        expectViolation(
            checker, [.image(5, []), .died(agent: 0, powerLoss: false), .image(3, [])], at: 3,
            "ann went from sequence 5 back to 3")
        expectViolation(checker, [.image(5, []), .image(nil, [])], at: 2, "shows a load under way")
        expectValid(checker, [.image(5, []), .died(agent: 0, powerLoss: true), .image(nil, []), .image(3, [])])
        expectValid(checker, [.image(5, []), .image(2, [], epoch: "f")])
        expectViolation(
            checker, [.image(5, []), .outbox(.edit(1, "settled", code: "applied", result: 6))], at: 2,
            "edit 1 of ann is settled at 6, the image stands at 5")
        expectValid(checker, [.image(6, []), .outbox(.edit(1, "settled", code: "applied", result: 6))])
        expectValid(checker, [.image(5, []), .outbox(.edit(1, "settled", code: "noop", result: 6))])
        let wrong = ShownMark(pending: [], rebuilt: ["7 budget 2"], read: ["7 budget 1"])
        expectViolation(
            checker, [.shown(agent: 1, wrong)], at: 1,
            "ben is shown [\"7 budget 1\"], their edits make it [\"7 budget 2\"]")
    }

    @Test func `L1: at rest everyone holds the server's rows; a run without an end does not tell`() {
        let checker = Agreement()
        let both: [History.What] = [
            .truth(4, rows), .image(4, held), .status(), .image(4, held, agent: 1), .status(agent: 1),
        ]
        expectValid(checker, both + [.ended(settled: true)])
        #expect(checker.check(HistoryMaker.history(both)) == .unknown(why: "the run did not settle at its end"))
        // What moved after the end asks for another one.
        let later: [History.What] = [.ended(settled: true), .truth(5, [.row(.budget, 7, 5)])]
        #expect(checker.check(HistoryMaker.history(both + later)) == .unknown(why: "the run did not settle at its end"))
        expectViolation(checker, both + later + [.ended(settled: true)], at: 8, "ann: budget 7 has version 3, not 5")
        expectViolation(
            checker, [.truth(4, rows), .status(.sending, unsettled: 2), .ended(settled: false)], at: 3,
            "ann sending with 2 open")
        expectViolation(checker, [.truth(4, rows), .status(), .ended(settled: true)], at: 3, "ann has no image")
        // Who may not log in is behind, and says so.
        expectValid(checker, [.truth(4, rows), .status(.needsLogin), .ended(settled: true)])
    }
}
