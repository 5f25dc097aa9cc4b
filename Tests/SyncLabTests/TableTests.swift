import Glibc
import TestKit
import Testing

@testable import SyncLab

/// What the rules make of edits that meet, and that the manual says the same.
@Suite struct TableTests {
    private static let root = String(ScenarioFiles.folder.dropLast("/Config/scenarios".count))
    private static let golden = "\(root)/Tests/SyncLabTests/Golden/pairs.md"

    /// The text between the marks of a table in the manual.
    private static func documented(_ table: String) -> String {
        let page = readFile("\(root)/Sources/Documentation.docc/Hazards.md")
        let lines = page.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let table = lines.drop { $0 != "<!-- table: \(table) -->" }.dropFirst().prefix { $0 != "<!-- end -->" }
        return table.map { $0 + "\n" }.joined()
    }

    @Test func `every hazard has its scenarios, they hold, and the manual shows what comes of them`() throws {
        var table = HazardTable()
        for name in ScenarioFiles.names {
            try table.take(try ScenarioFiles.load(name), name: name, scenarioFolder: ScenarioFiles.folder)
        }
        #expect(table.missing == [])
        #expect(table.failures == [])
        #expect(table.text == TableTests.documented("hazards"), "run: tools/lab-tables --tables hazards")
    }

    @Test func `a scenario of a hazard is named after it, and each hazard is told in both orders`() throws {
        var told: Set<Int> = []
        for name in ScenarioFiles.names {
            let scenario = try ScenarioFiles.load(name)
            guard let hazard = scenario.hazard else {
                #expect(!name.hasPrefix("hazard-"), "\(name)")
                continue
            }
            #expect(name.hasPrefix("hazard-\(hazard < 10 ? "0" : "")\(hazard)-"), "\(name)")
            #expect(scenario.incident.hasPrefix("hazard \(hazard): "), "\(name)")
            #expect(scenario.bothOrders?.count == 2, "\(name)")
            told.insert(hazard)
            let words = Set(scenario.steps.map { ScenarioFiles.expectation($0.action) })
            #expect(words.isSuperset(of: ["edit", "rule", "agreement"]), "\(name)")
        }
        #expect(told == Set(HazardTable.hazards).subtracting(HazardTable.leftOut))
    }

    @Test func `every two kinds of edit that meet have an answer, and it is the one that was reviewed`() throws {
        let table = try PairTable()
        #expect(table.failures == [])
        #expect(table.rows.count == 11 * 11 + 7 * 7)
        #expect(Set(table.rows.map { "\($0.association) \($0.first) \($0.second)" }).count == table.rows.count)
        if getenv("FIELDBOOK_GOLDEN") != nil { writeFile(TableTests.golden, table.text) }
        #expect(table.text == String(decoding: readFile(TableTests.golden), as: UTF8.self), "see the difference in git")
        #expect(table.text == TableTests.documented("pairs"), "run: tools/lab-tables --tables pairs")
    }

    @Test func `a hazard that no scenario shows, and a story that does not hold, are told`() throws {
        var table = HazardTable()
        #expect(table.missing == Array(1...18) + [22, 23, 24])
        let head = "scenario \"x\"\nhazard 24\ncustomer acme reseller\nmember ann operator\nmember ben operator\n"
        let story =
            "ann offline\nann label acme \"a|b\"\nlater system label acme \"c\"\n"
            + "reconnect ann system in both orders\nsettle\nexpect label acme \"c\"\n"
        try table.take(try ScenarioParser.parse(head + story), name: "labels")
        #expect(!table.missing.contains(24) && table.missing.contains(1))
        #expect(table.failures.count == 1 && table.failures[0].hasPrefix("labels: line 11: the label of acme is a|b"))
        #expect(table.text.contains("| system label acme \"c\" | ann: set-label applied, `last-writer` |"))
    }
}

extension ScenarioFiles {
    /// The first word after `expect`, and after an order; empty for another action.
    static func expectation(_ action: Action) -> String {
        guard case .expect(let expectation, _) = action else { return "" }
        return expectation.text.split(separator: " ").first.map(String.init) ?? ""
    }
}
