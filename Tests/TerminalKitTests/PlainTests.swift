import Diagnostics
import Glibc
import TestKit
import Testing

@testable import TerminalKit

/// What a screen reader gets, and what gives way on a narrow terminal.
@Suite struct PlainTests {
    private let columns: [Table.Column] = [
        .init("NAME"), .init("ACCOUNT", yielding: .never), .init("TYPE", yielding: .leftOut(1)),
        .init("USED", .right), .init("", label: "currency"), .init("AS OF", yielding: .leftOut(2)),
    ]
    private let rows = [
        ["Atlas Freight and Sons", "acct-7-0", "reseller", "8601.73", "USD", "38 h ago"],
        ["华云科技有限公司", "acct-7-5", "reseller", "-", "", "-"],
    ]

    private var table: Table {
        var table = Table(columns)
        for row in rows { table.add(row) }
        return table
    }

    @Test func `the plain form of a table is a label and a value a line`() {
        #expect(
            table.render(for: Terminal(isPlain: true)) == """
                name: Atlas Freight and Sons
                account: acct-7-0
                type: reseller
                used: 8601.73
                currency: USD
                as of: 38 h ago

                name: 华云科技有限公司
                account: acct-7-5
                type: reseller
                used: -
                as of: -

                """)
    }

    @Test func `a streamed table is as plain as one that is whole`() {
        var text = ""
        var streamed = StreamedTable(columns, width: nil, isPlain: true) { text += $0 }
        for row in rows { streamed.add(row) }
        streamed.finish()
        #expect(text == table.render(for: Terminal(isPlain: true)))
    }

    @Test func `on a narrow terminal columns are left out, told, before names become unreadable`() {
        #expect(
            table.render(width: 59) == """
                NAME                    ACCOUNT   TYPE         USED
                Atlas Freight and Sons  acct-7-0  reseller  8601.73  USD
                华云科技有限公司        acct-7-5  reseller        -
                (no room for AS OF)

                """)
        let narrow = table.render(width: 40)
        #expect(narrow.contains("(no room for TYPE, AS OF)") && narrow.contains("acct-7-0"))
        for line in narrow.split(separator: "\n") { #expect(TextWidth.of(String(line)) <= 40) }
        #expect(table.render(width: nil).contains("AS OF") && !table.render(width: nil).contains("no room"))
    }

    @Test func `a streamed table leaves out the same columns`() {
        var text = ""
        var streamed = StreamedTable(columns, width: 59) { text += $0 }
        for row in rows { streamed.add(row) }
        streamed.finish()
        #expect(text == table.render(width: 59))
    }

    @Test func `facts go on below themselves on a terminal and are whole elsewhere`() {
        let facts = Facts([("name", "华云科技"), ("why", "ana changed the budget\nnext: decide"), ("none", "")])
        #expect(
            facts.render(width: 32, labelWidth: 8) == """
                name    华云科技
                why     ana changed the budget
                        next: decide
                none

                """)
        #expect(facts.render(width: 28, labelWidth: 8).contains("why     ana changed the\n        budget\n"))
        let long = String(repeating: "word ", count: 50) + "end"
        #expect(Facts([("x", long)]).render(width: nil, labelWidth: 4) == "x   \(long)\n")
        #expect(
            facts.render(for: Terminal(isPlain: true))
                == "name: 华云科技\nwhy: ana changed the budget; next: decide\nnone:\n")
    }

    @Test func `nothing in facts can drive the terminal`() {
        for width in [nil, 40] {
            let text = Facts([("a\u{1B}[2J", "b\u{1B}[2J\rc")]).render(width: width, labelWidth: 4)
            #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        }
    }

    @Test func `the plain help has no columns`() throws {
        let text = try Sample.table.help(["budget", "set"], isPlain: true)
        #expect(text.contains("\n--type TYPE: monthly or one-time (default: as it is, else monthly)\n"))
        #expect(!text.contains("  ") && !text.contains("\\"))
        #expect(try Sample.table.help([], isPlain: true).contains("\nstatus: Shows how far things are.\n"))
    }

    @Test func `wide ranges are in order and apart`() {
        for (before, after) in zip(WideRanges.all, WideRanges.all.dropFirst()) {
            #expect(before.upperBound < after.lowerBound)
        }
    }
}
