import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit
import Testing

@testable import ReplicaStore
@testable import fieldbook

@Suite struct DeskListTests {
    private func line(
        _ key: Int64 = 77, _ kind: EditKind? = .setBudget, on register: String = "budget", mine: String = "600.00",
        theirs: String = "300.00", name: String = "Alpha", isOpen: Bool = true,
        deadline: Int64? = DeskMaker.now + 600_000,
        fallback: String? = "theirs"
    ) -> ConflictLine {
        ConflictLine(
            key: ConflictKey(key), customerName: name, register: register, isOpen: isOpen, kind: kind, mine: mine,
            theirs: theirs, heldAt: DeskMaker.now - 3 * DeskMaker.day, deadline: deadline, fallback: fallback,
            choice: isOpen ? nil : "mine", decidedBy: isOpen ? nil : "boss")
    }

    private let list = DeskList(now: DeskMaker.now, decisions: [ConflictKey(78): EditNumber(5)])

    private func rendered(_ lines: [ConflictLine], width: Int?) -> String {
        var text = ""
        var table = StreamedTable(DeskList.columns, width: width) { text += $0 }
        for line in lines { table.add(list.cells(line)) }
        table.finish()
        return text
    }

    @Test func `a line tells who waits for what, since when and until when`() {
        #expect(
            rendered(
                [
                    line(), line(78), line(79, .adjustBudget, mine: "50.00", theirs: "", deadline: nil),
                    line(80, .freeze, on: "freezes", mine: "account", theirs: ""),
                    line(81, .setDiscount, on: "discount", mine: "12.5", theirs: "5", isOpen: false),
                    line(82, nil, on: "colour", mine: "", theirs: "x", deadline: 5, fallback: nil),
                ], width: 80)
                    == """
                    CONFLICT  CUSTOMER  ON        MINE            THEIRS      WAITS  DEADLINE
                          77  Alpha     budget    600.00          300.00        3 d  7 d: theirs
                          78  Alpha     budget    600.00          300.00        3 d  edit 5 decides
                          79  Alpha     budget    +50.00          none          3 d  none
                          80  Alpha     freezes   freeze account  not frozen    3 d  7 d: theirs
                          81  Alpha     discount  12.5 %          5 %             -  mine by boss
                          82  Alpha     colour    ?               x             3 d  due: stays open

                    """)
    }

    @Test func `a long list fits the terminal, and elsewhere nothing is cut`() {
        let name = "\u{1B}[2J" + String(repeating: "华云", count: 30)
        let lines = (1...450).map {
            line($0, .freeze, mine: "account-and-resources", name: $0 == 400 ? name : "A \($0)")
        }
        let shown = rendered(lines, width: 80)
        expectFits(shown)
        #expect(shown.split(separator: "\n").count == 451 && shown.contains("\n     450  "))
        let whole = rendered(lines, width: nil)
        #expect(whole.contains(TextWidth.safe(name)) && whole.contains("freeze account-and-resources"))
    }

    @Test func `amounts that come late and are longer than the first stay whole while there is room`() {
        let lines = (1...250).map { line($0, mine: $0 > 200 ? "12345.50" : "1.50") }
        let shown = rendered(lines, width: 80)
        expectFits(shown)
        #expect(shown.contains("12345.50") && !shown.contains("…"))
    }

    @Test func `an empty list writes nothing and says so`() {
        #expect(rendered([], width: 80).isEmpty)
        var selection = ConflictSelection()
        #expect(DeskList.nothing(selection) == "no conflicts wait for a person")
        selection.author = "ben"
        selection.onlyOpen = false
        #expect(DeskList.nothing(selection) == "there are no conflicts among those asked for")
    }

    // MARK: Export

    private func export(_ conflict: ConflictDetail?, _ intent: String = "{\"reason\":\"a\u{202E}b\"}") -> ConflictExport
    {
        ConflictExport(
            key: ConflictKey(77), intent: intent, base: "{}", theirs: "{}", facts: nil, detail: conflict)
    }

    @Test func `one JSON object a line, with nothing that drives a terminal`() throws {
        let text = DeskExport.line(export(DeskMaker.conflict(name: "\u{1B}[2J\n")))
        #expect(text.hasSuffix("}\n") && text.filter { $0 == "\n" }.count == 1)
        expectFits(text, 10_000)
        for part in [
            "\"conflict\":77", "\"schemaVersion\":1", "\"intentDocument\":{\"reason\":\"a\\u202eb\"}",
            "\"rule\":\"hold\"",
            "\"factsDocument\":null", "\"customer\":\"\\u001b[2J\\n\"", "\"guard\":\"spent\"",
        ] { #expect(text.contains(part), "\(part) / \(text)") }
        let bare = DeskExport.line(export(nil))
        #expect(bare.hasPrefix("{\"baseDocument\":{},\"conflict\":77,\"factsDocument\":null"), "\(bare)")
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("=1+1", "'=1+1"),
        ("+49", "'+49"), ("-1,5", "\"'-1,5\""), ("@sum", "'@sum"), ("a=b", "a=b"), ("two\nlines", "two\\nlines"),
        ("\t=1", "\\t=1"),
    ])
    func `a cell of CSV is quoted where it must be and is never a formula`(text: String, cell: String) {
        #expect(DeskExport.cell(text) == cell)
    }

    @Test func `every record of CSV has the columns of its header`() {
        func columns(_ record: String) -> Int {
            var (count, isQuoted) = (1, false)
            for character in record.unicodeScalars {
                if character == "\"" { isQuoted.toggle() }
                if character == ",", !isQuoted { count += 1 }
            }
            return count
        }
        let full = DeskExport.record(export(DeskMaker.conflict(name: "=cmd|' /C calc'!A0, \"x\"")))
        let bare = DeskExport.record(export(nil))
        #expect(columns(DeskExport.header) == 29 && columns(full) == 29 && columns(bare) == 29)
        #expect(full.hasSuffix("\r\n") && full.contains("\"'=cmd|") && full.contains("600.00 monthly"))
    }
}
