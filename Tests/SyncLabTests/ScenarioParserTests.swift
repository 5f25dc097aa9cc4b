import PropertyKit
import Testing

@testable import SyncLab

@Suite struct ScenarioParserTests {
    /// The names of an enumeration's cases that were met, with the values inside left out.
    private static func form(_ value: Any) -> String {
        Mirror(reflecting: value).children.first?.label ?? "\(value)"
    }

    private static func forms(_ scenario: Scenario) -> Set<String> {
        var met: Set<String> = []
        for step in scenario.steps {
            met.insert("action \(form(step.action))")
            switch step.action {
            case .edit(_, let wish): met.insert("wish \(form(wish))")
            case .edits(_, let wishes, let tie):
                met.insert("tie \(tie.rawValue)")
                for wish in wishes { met.insert("wish \(form(wish))") }
            case .decide(_, let decision): met.insert("decision \(form(decision))")
            case .network(_, let fault, _, _): met.insert("network \(form(fault))")
            case .clock(_, let fault): met.insert("clock \(form(fault))")
            case .disk(_, let fault): met.insert("disk \(form(fault))")
            case .system(let write): met.insert("system \(form(write))")
            case .expect(let expectation, _): met.insert("expect \(form(expectation))")
            default: break
            }
        }
        return met
    }

    @Test func `what is written is read back as the same scenario, whatever its words`() throws {
        var met: Set<String> = []
        try checkProperty("scenario text", cases: 400) { choices in
            let scenario = ScenarioMaker.scenario(&choices)
            met.formUnion(ScenarioParserTests.forms(scenario))
            var read = try ScenarioParser.parse(scenario.text)
            for index in read.steps.indices { read.steps[index].line = 0 }
            try #require(read == scenario, "\(scenario.text)")
            #expect(read.text == scenario.text)
        }
        let counts = [
            "action": 37, "wish": 9, "tie": 2, "decision": 5, "network": 11, "clock": 3, "disk": 3, "system": 26,
            "expect": 21,
        ]
        for (kind, count) in counts {
            let found = met.filter { $0.hasPrefix("\(kind) ") }
            #expect(found.count == count, "\(kind): \(found.sorted())")
        }
    }

    @Test func `what a seed draws can be written and read back`() throws {
        for seed in UInt64(1)...60 {
            let scenario = Workload.scenario(seed: seed)
            var read = try ScenarioParser.parse(scenario.text)
            for index in read.steps.indices { read.steps[index].line = 0 }
            #expect(read == scenario, "seed \(seed)")
        }
    }

    @Test func `spaces, tabs, remarks, empty lines and other line ends mean nothing`() throws {
        let plain = try ScenarioParser.parse("scenario \"a # b\"\nmember ann administrator\nwait 90s\n")
        let loose = try ScenarioParser.parse(
            "# first\r\n\n  scenario\t\"a # b\"  # why\r\nmember   ann administrator#end\r\nwait 90s")
        #expect(loose.title == "a # b" && loose.members == plain.members)
        #expect(loose.steps.map(\.action) == plain.steps.map(\.action))
        // The line of a step is where it stands in the file.
        #expect(plain.steps.map(\.line) == [3] && loose.steps.map(\.line) == [5])
    }

    @Test func `a second replica has the customers of its account and says so once`() throws {
        let scenario = try ScenarioParser.parse(
            "scenario \"x\"\ncustomer acme reseller\nmember ann manager customers acme\nmember two manager account ann\n"
        )
        #expect(scenario.members.map(\.customers) == [["acme"], ["acme"]])
        #expect(scenario.text.contains("member two manager account ann\n"))
    }

    @Test(arguments: [
        ("500", 50_000), ("12.5", 1250), ("0.07", 7), ("-3", -300), ("+10.10", 1010),
        ("9999999999.99", 999_999_999_999),
    ])
    func `amounts are exact in hundredths`(text: String, cents: Int64) throws {
        let scenario = try ScenarioParser.parse(
            "scenario \"x\"\ncustomer acme reseller budget \(text)\nmember ann operator\n")
        #expect(scenario.customers[0].budgetCents == cents)
    }

    @Test(arguments: [("45s", 45), ("2m", 120), ("3h", 10_800), ("1d", 86_400), ("0s", 0)])
    func `times have a unit`(text: String, seconds: Int) throws {
        let scenario = try ScenarioParser.parse("scenario \"x\"\nmember ann operator\nwait \(text)\n")
        #expect(scenario.steps.map(\.action) == [.wait(seconds: seconds)])
    }
}
