import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// The start page, the news and `why`, by real programs.
@Suite struct HomeTests {
    private static func history(_ key: Int64, by author: String) -> PageRow {
        PageRow(
            .history, key, version: key,
            [
                1, 4_000_000_000, "label", .text(author), "applied", #"{"register":"label"}"#,
                #"{"register":"label","label":"gold"}"#, "r", 1, nil, nil, nil, nil,
            ])
    }

    private static func feed(
        _ store: ReplicaStore, from: String, to: String, _ sequence: Int64, _ rows: [PageRow]
    ) throws {
        var page = try ReceivedPage(
            pageBytes("feed/1", epoch: "e1", from: from, to: to, sequence: sequence, .checkpoint, rows), kind: "feed/1",
            expectedCursor: from, isWhole: true)
        _ = try store.applyFeedPage(&page)
    }

    private func desk() throws -> OfflineDesk {
        try OfflineDesk { store in
            let used = PageRow(.usage, 1, version: 11, [.integer(95 * Money.unitsPerMajor), 1_795_000_000])
            try HomeTests.feed(store, from: "c", to: "d", 500, [used, HomeTests.history(500, by: "ben")])
            _ = try store.add(EditDraft(customer: CustomerKey(1), intent: .setLabel("mine")))
        }
    }

    @Test func `the page tells what needs its person, what is near its end, and what changed`() throws {
        let desk = try desk()
        let page = desk.run()
        #expect(page.code == 0, "\(page.errors)")
        for words in [
            "ana (administrator) of P, offline", "needs you\n  requests       2 of customers to answer",
            "budget 90 %    Alpha", "frozen         Alpha", "changed since 7 days ago: fieldbook news",
            "ben, Alpha (account-1), label: no label -> \"gold\"",
        ] { #expect(page.output.contains(words), "\(words) in \(page.output)") }
        // What stands above says how old the data is, which changes by the second.
        func body(_ text: String) -> [Substring] {
            Array(text.split(separator: "\n").drop { $0 != "needs you" })
        }
        #expect(body(desk.run("home").output) == body(page.output) && !body(page.output).isEmpty)
        #expect(desk.run("home", "--json").output.contains(#""mark": 90"#))
        for line in page.output.split(separator: "\n") { #expect(line.count <= 80) }
    }

    @Test func `news that were listed are new no more, unless they are kept or asked for by days`() throws {
        let desk = try desk()
        let line = "ben, Alpha (account-1), label: no label -> \"gold\""
        #expect(desk.run("news", "--keep").output.contains(line))
        #expect(desk.run("news", "--since", "30").output.contains(line))
        #expect(desk.run("news").output.contains(line))
        let again = desk.run("news")
        #expect(again.code == 0 && again.output.isEmpty && again.errors.contains("nothing new since"))
        #expect(desk.run().output.contains("nothing new since"))
        #expect(desk.run("news", "--since", "7").output.contains(line))
        #expect(SecureFile.isPrivate("\(desk.installation.paths.state)/looked.json"))
        // A mark that cannot be read hides nothing.
        writeFile("\(desk.installation.paths.state)/looked.json", "{\"epoch\":")
        #expect(desk.run("news").output.contains(line))
    }

    @Test(arguments: [
        ["--since", "0"], ["--since", "366"], ["--since", "x"], ["--since", "7", "--keep"], ["--limit", "0"],
    ])
    func `wrong words about news are refused`(words: [String]) throws {
        #expect(try OfflineDesk().installation.run(["news"] + words).code == 64)
    }

    @Test func `why tells of the replica, an edit and a customer, and what to do`() throws {
        let desk = try desk()
        let all = desk.run("why")
        #expect(all.code == 0 && all.output.contains("the server is not reached"))
        #expect(all.output.contains("1 edit waits to be sent"))
        let edit = desk.run("why", "1")
        #expect(edit.output.contains("edit 1, set label \"mine\", of Alpha"))
        #expect(edit.output.contains("it is saved here and was not sent") || edit.output.contains("no answer came"))
        #expect(desk.run("why", "Alpha").output.contains("- edit 1, set label \"mine\":"))
        #expect(desk.run("why", "Alpha", "--json").output.contains("\"inSync\": false"))
        let nobody = desk.run("why", "nobody")
        #expect(nobody.code != 0 && nobody.errors.contains("may not be yours to see"))
        #expect(desk.run("why", "99").errors.contains("cannot find the customer '99'"))
        #expect(desk.run("daemon", "stop").code == 0)
        #expect(desk.run("why").output.contains("-> fieldbook daemon start"))
    }
}
