import PartnerModel
import ReplicaStore
import TestKit
import Testing

/// What a person is told of edits that went into a later one.
@Suite struct CombinedCommandTests {
    private func deskWithThree() throws -> OfflineDesk {
        let desk = try OfflineDesk()
        #expect(desk.run("label", "set", "Beta", "one").code == 0)
        #expect(desk.run("label", "set", "Beta", "two").errors.contains("combined with your unsent edit 1"))
        #expect(desk.run("label", "set", "Beta", "three").errors.contains("combined with your unsent edit 2"))
        return desk
    }

    @Test func `a combined edit leads to the one that is sent`() throws {
        let desk = try deskWithThree()
        let list = desk.run("edits", "list", "--all").output
        #expect(list.split(separator: "\n").filter { $0.contains("combined into edit 3") }.count == 2, "\(list)")
        let open = desk.run("edits", "list").output
        #expect(open.contains("three") && !open.contains("one") && !open.contains("combined into"), "\(open)")
        #expect(desk.run("edits", "show", "1").output.contains("state       combined into edit 3"))
        let last = desk.run("edits", "show", "3").output
        #expect(last.contains("edits 1 and 2, made before it and never sent"), "\(last)")
        let told = desk.run("edits", "explain", "1").output
        #expect(told.contains("it was combined into edit 3 before it was sent"), "\(told)")
        let json = desk.run("edits", "show", "1", "--json").output
        #expect(json.contains("\"combinedInto\": 3") && json.contains("\"state\": \"combined\""), "\(json)")
        #expect(desk.run("edits", "show", "3", "--json").output.contains("\"combinedInto\": null"))
        #expect(desk.run("edits", "explain", "2", "--json").output.contains("\"combinedInto\": 3"))
    }

    @Test(arguments: ["discard", "resend", "undo"])
    func `nothing is done with an edit that is part of another, and that one is named`(verb: String) throws {
        let desk = try deskWithThree()
        let refused = desk.run("edits", verb, "1")
        #expect(refused.code != 0 && refused.errors.contains("it was combined into edit 3"), "\(refused)")
        #expect(refused.errors.contains("fieldbook edits show 3"))
        #expect(try desk.edits().map(\.state) == [.combined, .combined, .saved])
    }

    @Test func `a dry run says what would be combined and does nothing`() throws {
        let desk = try OfflineDesk()
        #expect(desk.run("budget", "adjust", "Alpha", "+10").code == 0)
        let dry = desk.run("budget", "adjust", "Alpha", "+20", "--dry-run")
        #expect(
            dry.errors.contains("would be combined with your unsent edit 1: change budget by +30.00 in all"), "\(dry)")
        #expect(try desk.edits().map(\.state) == [.saved])
        let sum = desk.run("budget", "adjust", "Alpha", "+20", "--json")
        #expect(sum.output.contains("\"combines\": [") && sum.code == 0, "\(sum)")
        #expect(try desk.edits().map(\.state) == [.combined, .saved])
    }

    @Test func `the status counts one edit for a wish that was changed`() throws {
        let desk = try deskWithThree()
        #expect(desk.run("status").output.contains("1 saved here"))
        let json = desk.run("status", "--json").output
        #expect(json.contains("\"saved\": 1") && json.contains("\"dead\": 0"), "\(json)")
    }
}
