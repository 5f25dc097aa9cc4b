import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// What a person does with refused edits, and with edits that took effect and should not have.
@Suite struct DeadLetterCommandTests {
    /// Edits 1 (budget, applied), 2 (freeze of Beta, refused), 3 (label, refused).
    private func desk() throws -> OfflineDesk {
        try OfflineDesk { store in
            let wanted: [(Int64, EditIntent)] = [
                (1, .setBudget(OfflineDesk.budget(500), validThrough: nil)), (2, .freeze(.account, reason: "late")),
                (3, .setLabel("gold")),
            ]
            for (customer, intent) in wanted {
                _ = try store.add(EditDraft(customer: CustomerKey(customer), intent: intent))
            }
            var done = V1.Result(number: 1, code: .applied, epoch: "e1", sequence: 20, baseWasIntact: true)
            done.version = 20
            done.was = V1.State(RegisterState.budget(OfflineDesk.budget(100)))
            done.became = V1.State(RegisterState.budget(OfflineDesk.budget(500)))
            let refused = [2, 3].map { (number: Int64) in
                var result = V1.Result(number: number, code: .rejected, epoch: "e1", sequence: 21, baseWasIntact: false)
                (result.message, result.reason) = ("not like this", "FB.X")
                return result
            }
            try OfflineDesk.results(store, [refused[0], done, refused[1]])
        }
    }

    @Test func `dead letters are listed alone, with why`() throws {
        let desk = try desk()
        let dead = desk.run("edits", "list", "--dead")
        #expect(dead.output.split(separator: "\n").count == 3, "\(dead)")
        #expect(dead.output.contains("refused: not like this (FB.X)") && !dead.output.contains("set budget"))
        #expect(desk.run("edits", "list").output.contains("set to 500.00, it was 100.00"))
        #expect(desk.run("edits", "list", "--dead", "--all").code == 64)
        #expect(
            desk.run("edits", "list", "--dead", "--json").output.contains("\"told\": \"refused: not like this (FB.X)\"")
        )
        let shown = desk.run("edits", "show", "2").output
        #expect(shown.contains("rejected: refused: not like this") && shown.contains("fieldbook edits resend 2"))
        let told = desk.run("edits", "show", "1").output
        #expect(told.contains("applied: set to 500.00") && told.contains("became      500.00 monthly"), "\(told)")
    }

    @Test func `a dead letter is resent as it was or with what fits its kind`() throws {
        let desk = try desk()
        let wrong = desk.run("edits", "resend", "2", "--amount", "5")
        #expect(wrong.code == 64 && wrong.errors.contains("--amount does not fit"), "\(wrong)")
        #expect(wrong.errors.contains("--reason, --kind"))
        #expect(desk.run("edits", "resend", "2", "--kind", "soft").code == 64)
        #expect(desk.run("edits", "resend", "1").code == 65 && desk.run("edits", "resend", "99").code == 65)
        let dry = desk.run("edits", "resend", "2", "--reason", "later", "--dry-run")
        #expect(dry.code == 0 && dry.output.contains("would be made anew: freeze account: later"), "\(dry)")
        #expect(try desk.edits().count == 3)
        let again = desk.run("edits", "resend", "2", "--reason", "later", "--kind", "account-and-resources")
        #expect(again.output.contains("edit 2 made anew as edit 4"), "\(again)")
        #expect(desk.run("edits", "resend", "3").output.contains("edit 3 made anew as edit 5"))
        let edits = try desk.edits()
        #expect(
            edits[3].intent == .freeze(.accountAndResources, reason: "later") && edits[4].intent == .setLabel("gold"))
        #expect(desk.run("edits", "list", "--dead").errors.contains("no edit was refused"))
    }

    @Test func `an edit that took effect is undone once`() throws {
        let desk = try desk()
        let dry = desk.run("edits", "undo", "1", "--dry-run")
        #expect(dry.code == 0 && dry.output.contains("would be saved to undo edit 1: set budget to 100.00"), "\(dry)")
        #expect(try desk.edits().count == 3)
        let undo = desk.run("edits", "undo", "1")
        #expect(undo.output.contains("edit 4 saved to undo edit 1") && undo.output.contains("-> 100.00"), "\(undo)")
        let edit = try #require(try desk.edits().last)
        #expect(edit.wire.undoes?.value == 1 && edit.wire.base.value == 20)
        let again = desk.run("edits", "undo", "1")
        #expect(again.code == 65 && again.errors.contains("edit 4 is on its way to undo it"), "\(again)")
        #expect(desk.run("edits", "show", "1").output.contains("undone by   edit 4"))
        #expect(desk.run("edits", "show", "4").output.contains("undoes      edit 1"))
        #expect(desk.run("edits", "undo", "2").errors.contains("it was refused"))
        #expect(desk.run("edits", "discard", "4").code == 0 && desk.run("edits", "undo", "1").code == 0)
    }
}
