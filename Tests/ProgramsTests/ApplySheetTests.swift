import Diagnostics
import LocalAPI
import TestKit
import Testing

@testable import fieldbook

/// What a file of edits says, before anybody is asked about it.
@Suite struct ApplySheetTests {
    private let folder = TemporaryDirectory()

    private func sheet(_ text: String, series: String = "") throws -> ApplySheet {
        writeFile(folder.file("a.csv"), text)
        return try ApplySheet(folder.file("a.csv"), series: series)
    }

    /// The faults as `LINE COLUMN: why`.
    private func faults(_ lines: String...) throws -> [String] {
        let header = "kind,customer,amount,change,reason,freeze_kind,percent,from,until,label,confirm,group,key\n"
        return try sheet(header + lines.joined(separator: "\n") + "\n").faults.map {
            "\($0.line) \($0.column ?? "-"): \($0.why)"
        }
    }

    @Test func `a line is told from others by what it says and how often the file said it before`() throws {
        let header = "kind,customer,change\n"
        let lines = "adjust-budget,a,5\nadjust-budget,a,5\nadjust-budget,b,5\n"
        let first = try sheet(header + lines).lines
        #expect(Set(first.map(\.mark.key)).count == 3 && Set(first.map(\.mark.digest)).count == 2)
        // The same lines with other line ends, quotes and blanks, and in another order of columns.
        let again = try sheet(
            "change,kind,customer\r\n5,adjust-budget,a\r\n\"5\", adjust-budget ,a\r\n5,adjust-budget,\"b\"")
        #expect(again.lines.map(\.mark) == first.map(\.mark))
        let later = try sheet(header + lines, series: "2026-12").lines
        #expect(Set((first + later).map(\.mark.key)).count == 6)
        #expect(later.map(\.mark.digest) == first.map(\.mark.digest))
    }

    @Test func `a key stands for its line whatever the line says`() throws {
        let header = "kind,customer,label,key\n"
        let one = try sheet(header + "set-label,a,x,k1\n").lines[0].mark
        let other = try sheet(header + "set-label,a,y,k1\n").lines[0].mark
        #expect(one.key == other.key && one.digest != other.digest)
        #expect(try sheet(header + "set-label,a,x,k2\n").lines[0].mark.key != one.key)
    }

    @Test func `each wrong line is told with its column`() throws {
        let told = try faults(
            "set-budget,a,5", "set-budget,a,\"1,5\",,,,,,,,,,", "explode,a,,,,,,,,,,,", "set-label,,,,,,,,,x,,,",
            "set-label,a,5,,,,,,,x,,,", "freeze,a,,,,,,,,,,,", "freeze,a,,,r,hard,,,,,,,", "freeze,a,,,r,,,,,,no,,",
            "set-discount,a,,,,,12.345,,2027-01-01,,,,", "adjust-budget,a,,1e3,,,,,,,,,", ",a,,,,,,,,,,,",
            "cancel-discount,a,,,,,,,,,,,k", "clear-label,a,,,,,,,,,,,k", ",,,,,,,,,,,,")
        #expect(
            told.map { String($0.prefix { $0 != ":" }) } == [
                "2 -", "3 amount", "4 kind", "5 customer", "6 amount", "7 reason", "8 freeze_kind", "9 confirm",
                "10 percent", "11 change", "12 kind", "14 key",
            ])
        #expect(told[0] == "2 -: it has 3 fields, the header 13" && told[11] == "14 key: line 13 has the same")
    }

    @Test func `a group with a line that is wrong is left out whole`() throws {
        let header = "kind,customer,label,group\n"
        let found = try sheet(
            header + "set-label,a,x,g1\nexplode,a,,g1\nset-label,a,y,g1\nset-label,b,x,g2\nset-label,c,x,g2\n"
                + "set-label,d,x,g3\nset-label,e,x,g4\nclear-label,e,,g4\nset-label,f,x,\n")
        #expect(found.lines.map(\.customer) == ["e", "e", "f"])
        #expect(found.faults.map(\.line) == [3, 2, 6, 7])
    }

    @Test(arguments: [
        ("", "it is empty"), ("kind,customer\n", "a header and no line"), ("kind;customer\n", "parted by ';'"),
        ("kind\tcustomer\n", "parted by tabs"), ("kind,customer\rfreeze,x\r", "carriage return alone"),
        ("customer,label\na,b\n", "no column kind"), ("kind,customer,kind\n", "stands twice"),
        ("kind,customer,colour\n", "a column 'colour' that is none of its own"),
        ("kind,customer\n\"freeze,x\n", "never closed"), ("kind,cust\u{0}omer\n", "not UTF-8 text"),
    ])
    func `a file that is no file of edits is refused whole`(text: String, why: String) throws {
        let error = try #require(throws: UserError.self) { try sheet(text) }
        #expect(error.exitCode == .refused && error.why.contains(why), "\(error)")
        #expect(error.next.contains("nothing was queued"))
    }

    @Test func `a file is bounded in lines, in faults, in columns and in bytes`() throws {
        let header = "kind,customer\n"
        for (text, why) in [
            (header + String(repeating: "clear-label,a\n", count: 10_001), "more than 10000 lines"),
            (header + String(repeating: "explode,a\n", count: 1_001), "more than 1000 lines are wrong"),
            (header + "clear-label," + String(repeating: "a", count: 1 << 20), "too large"),
            (String(repeating: "kind,", count: 1 << 20), "too large"),
            (header + String(repeating: "\n", count: 1 << 25), "larger than"),
        ] {
            let error = try #require(throws: UserError.self) { try sheet(text) }
            #expect(error.why.contains(why), "\(error)")
        }
        #expect(try sheet(header + String(repeating: "clear-label,a\n", count: 10_000)).lines.count == 10_000)
    }
}
