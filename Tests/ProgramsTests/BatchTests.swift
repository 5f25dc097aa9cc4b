import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

@testable import fieldbook

/// Many edits from a file.
@Suite struct BatchTests {
    @Test(arguments: [
        ("budget set acme 500", ["budget", "set", "acme", "500"]), ("a  b\tc ", ["a", "b", "c"]),
        ("label set acme \"gold star\"", ["label", "set", "acme", "gold star"]), ("'a b'c\"d e\"", ["a bcd e"]),
        ("a '' \"\"", ["a", "", ""]), ("'\"' \"'\"", ["\"", "'"]), ("a\\ b \\' \\\\", ["a b", "'", "\\"]),
        ("\"a\\\"b\\\\c\\d\"", ["a\"b\\c\\d"]), ("'a\\b'", ["a\\b"]), ("a#b", ["a#b"]), ("", []),
    ])
    func `words are parted as in a shell`(text: String, words: [String]) throws {
        #expect(try BatchLine(number: 1, text: text).words() == words)
    }

    @Test(arguments: ["'a", "a \"b", "a'b\"c", "a\\", "\"\\\""])
    func `a line that does not end is refused with its number`(text: String) throws {
        let error = #expect(throws: UserError.self) { try BatchLine(number: 7, text: text).words() }
        #expect(error?.exitCode == .refused && error?.what.contains("line 7") == true)
    }

    @Test func `empty lines and comments count as lines and say nothing`() {
        let lines = BatchLine.lines(of: "# a\r\n\n  budget set a 1\r\n\t# b\nlabel clear a")
        #expect(lines == [.init(number: 3, text: "budget set a 1"), .init(number: 5, text: "label clear a")])
        #expect(BatchLine.lines(of: "").isEmpty)
    }

    @Test func `the words of the command line are queued in their order, each on those before it`() throws {
        let desk = try OfflineDesk()
        let file = desk.file(
            "# monday", "budget set Alpha 500 --type one-time", "", "budget set Alpha 600",
            "label set Beta \"gold star\"",
            "freeze Beta --reason 'pays late' --kind account-and-resources --yes",
            "discount set Gamma 10 --until 2099-01-31")
        let told = desk.run("edits", "batch", file)
        #expect(told.code == 0 && told.output.contains("edit 5 saved: set discount to 10 %"), "\(told)")
        let edits = try desk.edits()
        #expect(edits.map(\.customerName) == ["Alpha", "Alpha", "Beta", "Beta", "Gamma"])
        // The type that a line leaves open is the one that the line before it sets.
        #expect(edits[1].wire.type == "one-time" && edits[1].wire.predecessor?.value == 1)
        #expect(edits.allSatisfy { $0.wire.group == nil && $0.wire.dependsOn == nil })
    }

    @Test func `one wrong line keeps all from being queued, and all wrong lines are told`() throws {
        let desk = try OfflineDesk()
        let wrong = desk.run(
            "edits", "batch",
            desk.file("label set Beta x", "budget set Alpha", "bills list", "label set Nobody x", "label set 'Beta y"))
        #expect(wrong.code == 65, "\(wrong)")
        for told in ["line 2: ", "line 3: ", "line 4: ", "line 5: a quote is not closed"] {
            #expect(wrong.errors.contains(told), "\(wrong.errors)")
        }
        // What only the daemon can see is told with its line too.
        let refused = desk.run("edits", "batch", desk.file("label set Beta x", "", "budget set Alpha 0"))
        #expect(refused.code == 65 && refused.errors.contains("line 3: the edit is not accepted"), "\(refused)")
        for line in [
            "label set Beta x --dry-run", "label set Beta x --json", "manager replace Alpha eve", "edits batch x",
            "freeze Beta --kind account-and-resources --reason x", "--help", "fieldbook label set Beta x",
            "budget set Alpha 5 --unfreeze --reason x",
        ] {
            let told = desk.run("edits", "batch", desk.file("label set Beta x", line))
            #expect(told.code == 65 && told.errors.contains("line 2: "), "\(line): \(told)")
        }
        #expect(try desk.edits().isEmpty)
    }

    @Test func `together they are one group of one customer`() throws {
        let desk = try OfflineDesk()
        let two = desk.run("edits", "batch", desk.file("label set Beta x", "", "label set Alpha x"), "--together")
        #expect(two.code == 65 && two.errors.contains("line 3 is of another customer than line 1"), "\(two)")
        #expect(desk.run("edits", "batch", desk.file("label set Beta x"), "--together").code == 65)
        let many = (0..<21).map { "label set Beta l\($0)" }.joined(separator: "\n")
        let bound = desk.run("edits", "batch", desk.file(many), "--together")
        #expect(bound.code == 65 && bound.errors.contains("at most 20"), "\(bound)")
        let file = desk.file("manager withdraw Alpha", "manager assign Alpha eve", "label set Alpha x")
        let told = desk.run("edits", "batch", file, "--together")
        #expect(told.code == 0 && told.errors.contains("together or not at all"), "\(told)")
        #expect(try desk.edits().map { $0.wire.group?.value } == [1, 1, 1])
    }

    @Test func `what is no batch is refused`() throws {
        let desk = try OfflineDesk()
        let path = desk.file("# nothing")
        #expect(desk.run("edits", "batch", path).errors.contains("it has no edit"))
        // Without anything piped in, stdin is empty.
        #expect(desk.run("edits", "batch", "-").errors.contains("it has no edit"))
        #expect(desk.run("edits", "batch", "/nowhere").code == 65 && desk.run("edits", "batch", "/").code == 65)
        writeFile(path, [0xFF, 0xFE, 0x0A])
        #expect(desk.run("edits", "batch", path).errors.contains("UTF-8"))
        writeFile(path, [UInt8](repeating: 0x61, count: 1 << 21))
        #expect(desk.run("edits", "batch", path).errors.contains("larger than"))
        writeFile(path, String(repeating: "label set Beta x\n", count: 1001))
        #expect(desk.run("edits", "batch", path).errors.contains("at most 1000"))
        #expect(try desk.edits().isEmpty)
    }
}
