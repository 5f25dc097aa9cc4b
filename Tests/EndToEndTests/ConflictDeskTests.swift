import TestKit
import Testing

/// The conflict desk beside a real daemon and server.
@Suite(.serialized) struct ConflictDeskTests {
    /// A conflict of ben's edit on what ana set, both in sync. Gives its number and the customer's account.
    private struct Clash {
        let world = World()
        let ana: Person
        let ben: Person
        let account: String
        let conflict: String

        init() throws {
            world.seed(bills: 200)
            world.startServer()
            ana = world.member("ana")
            ben = world.member("ben")
            for person in [ana, ben] {
                person.startDaemon()
                #expect(person.sync())
            }
            account = try ana.resellers()[0]
            world.stopServer()
            let manual = ["--on-exhaustion", "manual"]
            #expect(ana.run(["budget", "set", account, "500", "--type", "monthly"] + manual).code == 0)
            #expect(ben.run(["budget", "set", account, "300", "--type", "one-time"] + manual).code == 0)
            // Whoever comes first has what stands.
            #expect(ben.run(["daemon", "stop"]).code == 0)
            world.startServer()
            #expect(ana.sync())
            ben.startDaemon()
            #expect(ben.sync())
            conflict = try #require(try ben.query("SELECT key FROM conflict").first)
        }
    }

    private func unwrapped(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test func `a conflict is listed, shown, explained and exported, each line within 80 columns`() throws {
        let clash = try Clash()
        let listed = clash.ben.run(["conflicts", "list", "--mine", "--customer", clash.account])
        #expect(listed.output.hasPrefix("CONFLICT  CUSTOMER") && listed.output.contains(": theirs"))
        #expect(clash.ana.run(["conflicts", "list", "--mine"]).errors.contains("no conflicts wait for a person among"))
        let shown = clash.ben.run(["conflicts", "show", clash.conflict]).output
        let explained = clash.ben.run(["conflicts", "explain", clash.conflict]).output
        let edit = clash.ben.run(["edits", "explain", "1"]).output
        for text in [listed.output, shown, explained, edit] {
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text)")
        }
        let words = unwrapped(shown)
        #expect(words.contains("ana wrote: 500.00 monthly, on exhaustion manual"))
        #expect(words.contains("upon data of") && words.contains("what stands is kept and your edit is overruled"))
        #expect(unwrapped(explained).contains("type-changed, of rules 2: when the budget's type is another"))
        #expect(unwrapped(edit).contains("others ana wrote the budget before it"))
        #expect(clash.ben.run(["conflicts", "export"]).output.hasPrefix("{\"accountName\":\"\(clash.account)\","))
        let table = clash.ben.run(["conflicts", "export", "--format", "csv"]).output
        #expect(table.split(separator: "\r\n").count == 2)
        #expect(clash.ben.run(["conflicts", "export", "--format", "xml"]).code == 64)
    }

    @Test func `a split with its reason is decided offline, and both learn of it in the history`() throws {
        let clash = try Clash()
        clash.world.stopServer()
        let decision = [
            "conflicts", "decide", clash.conflict, "split", "--take", "amount=mine,type=theirs", "--reason",
        ]
        #expect(clash.ben.run(decision + ["a\nb"]).code == 65)
        let decided = clash.ben.run(decision + ["agreed by phone"])
        #expect(decided.code == 0 && decided.output.hasPrefix("edit 2 saved: decide conflict"), "\(decided)")
        #expect(
            unwrapped(clash.ben.run(["history", clash.account]).output).contains("saved here, not sent, your edit 2"))
        clash.world.startServer()
        #expect(clash.ben.sync() && clash.ana.sync())
        let budget = try clash.ana.query(
            "SELECT budget || budget_type FROM customers WHERE account_name = '\(clash.account)'")
        #expect(budget == ["300.00000000monthly"])
        let history = clash.ana.run(["history", clash.account]).output
        #expect(history.split(separator: "\n").allSatisfy { $0.count <= 80 })
        let words = unwrapped(history)
        #expect(words.contains("ben, budget: 500.00 monthly, on exhaustion manual -> 300.00 monthly"), "\(history)")
        #expect(words.contains("reason: agreed by phone"))
        let late = clash.ana.run(["conflicts", "decide", clash.conflict, "mine"])
        #expect(late.code == 65 && late.errors.contains("ben decided it already: value"))
        #expect(clash.ana.run(["conflicts", "show", clash.conflict]).output.contains("agreed by phone"))
        #expect(try clash.ana.edits().count == 1)
    }

    @Test func `one who does not see the customer decides nothing and learns nothing`() throws {
        let clash = try Clash()
        let others = try clash.ana.resellers()[1]
        let mona = clash.world.member("mona", role: ["--role", "manager", "--customers", others])
        mona.startDaemon()
        #expect(mona.sync())
        for number in [clash.conflict, "987654"] {
            let refused = mona.run(["conflicts", "decide", number, "theirs"])
            #expect(refused.code == 65 && refused.errors.contains("there is none of that number"), "\(refused)")
        }
        #expect(mona.run(["history", clash.account]).code == 65)
        #expect(try mona.edits().isEmpty)
        #expect(try clash.ben.query("SELECT status FROM conflict") == ["open"])
    }
}
