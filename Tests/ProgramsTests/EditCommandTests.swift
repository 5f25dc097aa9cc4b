import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// The commands that queue edits, with a daemon that has no server.
@Suite struct EditCommandTests {
    @Test func `labels and managers are queued, and a manager is replaced whole`() throws {
        let desk = try OfflineDesk()
        #expect(
            desk.run("label", "set", "Beta", "call first").output.hasPrefix("edit 1 saved: set label \"call first\""))
        let cleared = desk.run("label", "clear", "Beta")
        #expect(cleared.output.contains("none -> none") && cleared.errors.contains("combined with your unsent edit 1"))
        let taken = desk.run("manager", "assign", "Alpha", "eve")
        #expect(taken.code == 65 && taken.errors.contains("ben is the account manager"), "\(taken)")
        #expect(taken.errors.contains("fieldbook manager replace"))
        let replaced = desk.run("manager", "replace", "Alpha", "eve")
        #expect(
            replaced.code == 0 && replaced.output.contains("ben -> none") && replaced.output.contains("none -> eve"))
        #expect(replaced.errors.contains("together or not at all"), "\(replaced)")
        #expect(desk.run("manager", "withdraw", "Beta").code == 65)
        #expect(desk.run("manager", "assign", "Beta", "eve", "--dry-run").output.hasPrefix("would be saved"))
        let edits = try desk.edits()
        #expect(
            edits.map(\.intent) == [.setLabel("call first"), .setLabel(nil), .withdrawManager, .assignManager("eve")])
        #expect(edits.map { $0.wire.group?.value } == [nil, nil, 3, 3])
        #expect(edits.map(\.state) == [.combined, .saved, .saved, .saved])
        let shown = desk.run("edits", "show", "4").output
        #expect(shown.contains("edits 3 to 4, which take effect together"), "\(shown)")
        let gone = desk.run("edits", "discard", "4", "--dry-run")
        #expect(gone.output == "edits 3 and 4 would be discarded\n" && gone.errors.contains("group"))
        #expect(desk.run("edits", "discard", "4").output == "edits 3 and 4 discarded\n")
    }

    @Test func `a list of all edits that is cut says so`() throws {
        let desk = try OfflineDesk()
        for label in ["a", "b", "c"] { #expect(desk.run("label", "set", "Beta", label).code == 0) }
        let cut = desk.run("edits", "list", "--all", "--limit", "2")
        #expect(!cut.output.contains("\"a\"") && cut.output.contains("\"b\"") && cut.output.contains("\"c\""), "\(cut)")
        #expect(cut.errors.contains("the newest 2 of more; see further with --limit"))
        let whole = desk.run("edits", "list", "--all", "--limit", "3")
        #expect(whole.output.contains("\"a\"") && !whole.errors.contains("--limit"), "\(whole)")
        #expect(desk.run("edits", "list", "--limit", "2").code == 64)
    }

    @Test func `association requests are listed, and a disassociation is approved with a clear yes only`() throws {
        let desk = try OfflineDesk()
        let listed = desk.run("association", "list").output
        let lines = listed.split(separator: "\n")
        #expect(lines.count == 3 && lines[1].contains("Beta") && lines[2].contains("disassociate"), "\(listed)")
        let asked = desk.run("association", "approve", "Gamma")
        #expect(asked.code == 65 && asked.errors.contains("--yes"), "\(asked)")
        #expect(try desk.edits().isEmpty)
        #expect(desk.run("association", "approve", "Gamma", "--dry-run").code == 0)
        #expect(desk.run("association", "approve", "Gamma", "--yes").output.contains("approve the association request"))
        let again = desk.run("association", "reject", "Gamma")
        #expect(again.code == 65 && again.errors.contains("approved already"), "\(again)")
        #expect(desk.run("association", "approve", "Beta").code == 0)
        #expect(desk.run("association", "list").output.contains("your edit 1 decides it"))
        #expect(desk.run("association", "reject", "Alpha").errors.contains("nobody asked"))
        #expect(desk.run("association", "list", "--json").output.contains("\"pendingDecision\": 2"))
    }

    @Test func `a budget that unfreezes is two edits of which the second depends on the first`() throws {
        let desk = try OfflineDesk()
        for words in [["--reason", "x"], ["--kind", "account"], ["--unfreeze"]] {
            #expect(desk.installation.run(["budget", "set", "Alpha", "900"] + words).code == 64, "\(words)")
        }
        let none = desk.run("budget", "set", "Beta", "900", "--unfreeze", "--reason", "paid")
        #expect(none.code == 65 && none.errors.contains("not frozen"), "\(none)")
        let both = desk.run("budget", "set", "Alpha", "900", "--unfreeze", "--reason", "paid", "--json")
        #expect(both.code == 0 && both.output.contains("\"link\": \"depends\""), "\(both)")
        #expect(both.errors.contains("acts only when edit 1 took effect"))
        let edits = try desk.edits()
        #expect(edits.map { $0.wire.dependsOn?.value } == [nil, 1] && edits[1].wire.seen == [41])
        #expect(edits[1].intent == .unfreeze(.account, reason: "paid", seen: [41]))
        let refused = desk.run("edits", "discard", "1")
        #expect(refused.code == 65 && refused.errors.contains("edit 2 builds on it"), "\(refused)")
    }

    @Test func `every command that queues has a dry run that queues nothing`() throws {
        let desk = try OfflineDesk()
        let commands = [
            ["budget", "set", "Alpha", "900", "--unfreeze", "--reason", "x"], ["budget", "adjust", "Alpha", "+5"],
            ["freeze", "Alpha", "--kind", "account-and-resources", "--reason", "x"],
            ["unfreeze", "Alpha", "--reason", "x"], ["label", "set", "Alpha", "x"], ["label", "clear", "Alpha"],
            ["manager", "assign", "Beta", "eve"], ["manager", "withdraw", "Alpha"],
            ["manager", "replace", "Alpha", "eve"], ["association", "approve", "Beta"],
            ["association", "reject", "Gamma"], ["edits", "batch", desk.file("label set Alpha x", "label clear Beta")],
        ]
        for command in commands {
            let told = desk.installation.run(command + ["--dry-run", "--json"])
            #expect(told.code == 0 && told.output.contains("\"dryRun\": true"), "\(command): \(told)")
            #expect(told.output.contains("\"edit\": null"), "\(command): \(told)")
        }
        #expect(try desk.edits().isEmpty)
    }
}
