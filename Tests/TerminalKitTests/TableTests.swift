import Diagnostics
import TerminalKit
import Testing

@Suite struct TableTests {
    private func table(_ rows: [[String]]) -> Table {
        var table = Table([.init("CUSTOMER"), .init("BUDGET", .right), .init("STATE")])
        for row in rows { table.add(row) }
        return table
    }

    @Test func `columns line up by display width and no line ends in blanks`() {
        let text = table([
            ["Atlas Freight", "500.00", "saved"], ["华云科技", "12.50", ""], ["e\u{301}le\u{300}ve", "1", "x"],
        ]).render(width: nil)
        #expect(
            text == """
                CUSTOMER       BUDGET  STATE
                Atlas Freight  500.00  saved
                华云科技        12.50
                e\u{301}le\u{300}ve               1  x

                """)
    }

    @Test func `on a terminal the widest text gives way and numbers stay whole`() {
        let text = table([
            ["A customer with a name that goes on", "123456.00", "waiting for the server"],
            ["华云科技华云科技华云科技", "1", "ok"],
        ]).render(width: 40)
        #expect(
            text == """
                CUSTOMER           BUDGET  STATE
                A customer wi…  123456.00  waiting for …
                华云科技华云…           1  ok

                """)
        for line in text.split(separator: "\n") { #expect(TextWidth.of(String(line)) <= 40) }
    }

    @Test func `a date is shown whole or not at all`() {
        var table = Table([
            .init("CUSTOMER"), .init("WHY", yielding: .leftOut(1)), .init("AS OF", yielding: .leftOutWhole(2)),
        ])
        table.add(["A customer with a long name", "an edit of somebody else came first", "2026-07-05 04:00 UTC"])
        for width in 20...90 {
            let text = table.render(width: width)
            #expect(text.contains("2026-07-05 04:00 UTC") || text.contains("(no room for"), "\(width): \(text)")
            #expect(!text.contains("2026-07-05 0…") && text.contains("A cus"))
        }
        #expect(table.render(width: 60).contains("2026-07-05 04:00 UTC"), "the texts are cut first")
    }

    @Test func `every width down to the least is kept`() {
        let wide = table([[String(repeating: "华", count: 50), "9", String(repeating: "x", count: 70)]])
        for width in 27...200 {
            for line in wide.render(width: width).split(separator: "\n") {
                #expect(TextWidth.of(String(line)) <= width)
            }
        }
        // Below the least, columns stay readable and the terminal wraps.
        for width in [-1, 0, 1, 26] { #expect(wide.render(width: width) == wide.render(width: 26)) }
    }

    @Test func `elsewhere nothing is cut`() {
        let name = String(repeating: "long ", count: 100) + "end"
        #expect(table([[name, "1", "x"]]).render(width: nil).contains(name))
    }

    @Test func `a cell can't drive the terminal or break its line`() {
        let text = table([
            ["\u{1B}[31mred\u{1B}[0m", "1\n2", "a\tb\u{9B}2J\u{7F}\u{0}"], ["\u{202E}gnp.exe", "\r9", "\u{2028}"],
        ]).render(width: nil)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 4)
        #expect(text.contains("\\u{1b}[31mred\\u{1b}[0m"))
        for scalar in text.unicodeScalars where scalar != "\n" { #expect(!VisibleText.isUnsafe(scalar)) }
    }

    @Test func `a cell of a megabyte costs no more than its length`() {
        let text = table([[String(repeating: "x", count: 1 << 20), "1", String(repeating: "é", count: 1 << 18)]])
            .render(width: 80)
        for line in text.split(separator: "\n") { #expect(TextWidth.of(String(line)) <= 80) }
    }

    @Test func `a table without rows is its titles`() {
        #expect(table([]).isEmpty)
        #expect(table([]).render(width: 80) == "CUSTOMER  BUDGET  STATE\n")
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("华", 2), ("한", 2), ("ｱ", 1), ("Ａ", 2), ("か\u{3099}", 2),
        ("　", 2), ("👍", 2), ("👍🏽", 2),
        ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("❤", 1), ("❤\u{FE0F}", 2), ("…", 1), ("€", 1), ("ไทย", 3), ("אב", 2), ("\u{200B}", 0),
        ("a\u{200D}b", 2), ("\u{AD}", 1), ("𠀀", 2), ("กำ", 2), ("का", 2), ("क्ष", 2), ("\u{1112}\u{1161}\u{11AB}", 2),
        ("\u{1161}", 0), ("a\u{FE0F}", 1), ("1\u{FE0F}\u{20E3}", 2), ("👨🏽‍💻", 2), ("🏳️‍🌈", 2), ("⌚", 2), ("☎", 1),
        ("☎\u{FE0F}", 2), ("䷀", 2), ("\u{1F6DC}", 2), ("\u{1FAE8}", 2), ("\u{2FFC}", 2), ("ʹ\u{374}", 2),
        ("\u{600}", 1),
        ("\u{61C}", 0), ("שָׁלוֹם", 4), ("مُحَمَّد", 4), ("Ὀλυμπία", 7), ("ﬁ", 1), ("①", 1), ("〜", 2), ("─", 1),
    ])
    func `text is as wide as a terminal shows it`(text: String, width: Int) { #expect(TextWidth.of(text) == width) }

    @Test func `a cut never splits a character and never exceeds its width`() {
        for text in ["华云科技", "e\u{301}e\u{301}e\u{301}", "👩‍👩‍👧👩‍👩‍👧", "abc华def"] {
            for width in 0...10 {
                let cut = TextWidth.cut(text, to: width)
                #expect(TextWidth.of(cut) <= width)
                #expect(cut == text || width == 0 || (cut.hasSuffix("…") && text.hasPrefix(cut.dropLast())))
            }
        }
        #expect(TextWidth.cut("abc", to: -1) == "")
    }
}
