import Diagnostics
import Glibc
import PartnerModel
import ReplicaStore
import TestKit
import Testing

/// What the commands say of a replica that shows nothing any more, and what can be kept of it.
@Suite struct AccessCommandTests {
    private func desk(_ prepare: (ReplicaStore) throws -> Void) throws -> OfflineDesk {
        try OfflineDesk { store in
            _ = try store.add(EditDraft(customer: CustomerKey(1), intent: .setLabel("gold")))
            try prepare(store)
        }
    }

    /// The end of a lease, by a note of time that passed.
    private func locked(_ then: String = "lock") throws -> OfflineDesk {
        try desk { store in
            try store.keepLease(LeaseTerms(days: 2, then: then))
            try store.noteTime(elapsed: 3 * 86_400)
        }
    }

    @Test(arguments: [
        ["customers", "list"], ["customers", "show", "Alpha"], ["bills", "sum"], ["coupons", "list"],
        ["edits", "list"],
        ["conflicts", "list"], ["history", "Alpha"], ["budget", "set", "Alpha", "5"], ["edits", "discard", "1"],
    ]) func `a locked replica shows nothing and takes no edit`(words: [String]) throws {
        let outcome = try locked().installation.run(words)
        #expect(outcome.code == 65 && outcome.errors.contains("connect and run: fieldbook sync"), "\(outcome.errors)")
        #expect(!outcome.output.contains("Alpha") && !outcome.output.contains("gold"))
    }

    @Test func `a locked replica says so in its status and gives the edits away`() throws {
        let desk = try locked()
        let status = desk.run("status")
        #expect(status.code == 0 && status.output.contains("locked: the server was not reached since"), "\(status)")
        #expect(desk.run("status", "--json").output.contains("\"locked\": true"))
        let file = desk.installation.folder.file("edits.jsonl")
        #expect(desk.run("edits", "export", file).output == "1 edit written to \(file)\n")
        let text = String(decoding: readFile(file), as: UTF8.self)
        #expect(text.contains("gold") && text.contains("\"state\":\"saved\"") && text.hasSuffix("}\n"), "\(text)")
        #expect(SecureFile.isPrivate(file))
        #expect(desk.run("edits", "export", file).code == 65 && desk.run("edits", "export", file, "--force").code == 0)
    }

    @Test func `a lease that wipes takes the image at the daemon's start`() throws {
        let desk = try locked("wipe")
        let state = desk.installation.paths.state
        // The daemon answers before its engine has looked at the lease.
        #expect(
            eventually { !SecureFile.exists("\(state)/replica.db") && !SecureFile.exists("\(state)/generation-2.db") })
        #expect(try desk.edits().count == 1)
        #expect(desk.run("status").output.contains("the data was removed, your edits are kept"))
    }

    @Test func `a wiped replica says why it is empty, and its edits can be exported without a daemon`() throws {
        let desk = try desk { store in _ = try store.wipe(.image, .accessEnded, why: "the member is disabled") }
        let shown = desk.run("customers", "list")
        #expect(shown.code == 65 && shown.errors.contains("the member is disabled"), "\(shown.errors)")
        #expect(shown.errors.contains("edits export"))
        #expect(desk.run("status").output.contains("the member is disabled, "))
        #expect(desk.run("daemon", "stop").code == 0)
        let export = desk.run("edits", "export", "-")
        #expect(export.code == 0 && export.output.contains("gold"), "\(export.errors)")
    }
}
