import ConflictRules
import Glibc
import LedgerStore
import PartnerModel
import SyncProtocol
import SyncServer
import TestKit
import Testing

@testable import fieldbook_server

/// `fieldbook-server rules`, and conflicts of the past under other rules.
@Suite struct RulesCommandTests {
    private let folder = TemporaryDirectory()
    private var data: String { folder.file("data") }

    private func run(_ words: [String]) -> Installation.Outcome {
        let process = ChildProcess(ChildProcess.program("fieldbook-server"), words)
        let code = process.wait()
        return Installation.Outcome(code: code, output: process.output, errors: process.errors)
    }

    /// The rules of this build with some text in place of another.
    private func file(_ old: String, _ new: String) -> String {
        let text = String(decoding: RuleSet.standard.bytes, as: UTF8.self)
        let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        precondition(parts.count == 2, "the rules no longer hold \(old)")
        writeFile(folder.file("rules.json"), parts.joined(separator: new))
        return folder.file("rules.json")
    }

    /// What moved budgets are decided by instead of a person.
    private var lenient: String {
        file(
            "{ \"name\": \"hold\", \"when\": [\"moved\"], \"use\": \"hold\" }",
            "{ \"name\": \"smaller\", \"when\": [\"moved\"], \"use\": \"min\" },"
                + " { \"name\": \"hold\", \"when\": [\"moved\"], \"use\": \"hold\" }")
    }

    private func conflict(_ major: Int64, type: BudgetType = .monthly, facts isKnown: Bool = true) throws -> ConflictRow
    {
        func budget(_ major: Int64, _ type: BudgetType = .monthly) -> Budget {
            Budget(amount: Money(units: major * Money.unitsPerMajor), type: type, onExhaustion: .manual)
        }
        var edit = V1.Edit(number: 1, kind: "", customer: 1, base: 3, deviceTime: 5)
        edit.setIntent(.setBudget(budget(major, type), validThrough: nil))
        edit.before = V1.State(.budget(budget(100)))
        let facts = EditFacts(
            association: .reseller, partnerState: .active, discountRange: nil, cycle: BillingCycle(containing: 10),
            now: Timestamp(seconds: 10))
        var row = ConflictRow(
            customer: CustomerKey(1), register: "budget", replica: "r", edit: 1, isOpen: true,
            intent: try WireCoding.text(edit), base: try WireCoding.text(V1.State(.budget(budget(100)))),
            theirs: try WireCoding.text(V1.State(.budget(budget(300)))), theirsVersion: 4, mineBy: "ana",
            theirsBy: "ben",
            rule: "hold", rulesVersion: 2, heldAt: 10)
        if isKnown { row.facts = try WireCoding.text(V1.Facts(facts, isIntact: false, guards: [])) }
        return row
    }

    private func verdict(_ row: ConflictRow, _ rules: RuleSet) -> RulesTrial {
        RulesTrial(ConflictKey(7), row, customer: "Alpha", rules: rules)
    }

    @Test func `under its own rules a conflict is held again, and without facts nothing is claimed`() throws {
        let same = verdict(try conflict(500), .standard)
        #expect(!same.isChange && same.verdict == .judged(outcome: "held", rule: "hold"))
        let bare = verdict(try conflict(500, facts: false), .standard)
        #expect(!bare.isChange && bare.verdict == .unknown("what the server knew was not recorded"))
        var damaged = try conflict(500)
        damaged.facts = "{}"
        #expect(verdict(damaged, .standard).verdict == .unknown("what the server knew cannot be read"))
        damaged = try conflict(500)
        damaged.theirs = "{}"
        #expect(verdict(damaged, .standard).verdict == .unknown("the edit or what stood cannot be read"))
    }

    @Test func `other rules decide what a person had to, each by its case`() throws {
        let rules = try RulesInForce.rules(inFile: lenient)
        #expect(verdict(try conflict(200), rules).verdict == .judged(outcome: "applied", rule: "smaller"))
        #expect(verdict(try conflict(500), rules).verdict == .judged(outcome: "overruled", rule: "smaller"))
        // Another type: the smaller amount does not apply.
        #expect(verdict(try conflict(200, type: .oneTime), rules).verdict == .judged(outcome: "held", rule: "hold"))
    }

    @Test func `a rule file is checked, and refused with its line`() {
        let good = run(["rules", "check", lenient])
        #expect(good.code == 0 && good.output.hasPrefix("holds: version 2, 11 rules\nhash "), "\(good)")
        let bad = run(["rules", "check", file("\"use\": \"hold\"", "\"use\": \"hope\"")])
        #expect(bad.code == 65 && bad.errors.contains("line ") && bad.errors.contains("hope"), "\(bad)")
        #expect(run(["rules", "check", folder.file("none")]).code == 65)
    }

    @Test func `a file without a guard of the domain holds, with a warning that names kind, guard and code`() {
        let lax = file("{ \"include\": \"reseller-customer\" }", "{ \"guard\": \"associated\" }")
        let words =
            "set-budget does not ask for `association`: a Referral customer's budget is refused by the vendor, "
            + "CBC.99005024"
        let told = run(["rules", "check", lax])
        #expect(told.code == 0 && told.output.hasSuffix("\nwarning: \(words)\n"), "\(told)")
        let json = run(["rules", "check", lax, "--json"]).output
        #expect(json.contains("\"warnings\": [") && json.contains("\"guard\": \"association\"") && json.contains(words))
        #expect(run(["rules", "show", "--json"]).output.contains("\"warnings\": []"))
        #expect(!run(["rules", "show"]).output.contains("warning"))
    }

    @Test func `a server tells of them when it starts and when it reads the file anew`() throws {
        #expect(run(["init", "--data", data, "--token-file", folder.file("token")]).code == 0)
        let lax = file("{ \"include\": \"reseller-customer\" }", "{ \"guard\": \"associated\" }")
        writeFile("\(data)/conflict-rules.json", readFile(lax))
        let server = ChildProcess(
            ChildProcess.program("fieldbook-server"), ["serve", "--data", data, "--port", "0"])
        #expect(eventually { server.errors.contains("rules-warning") })
        server.signal(SIGHUP)
        #expect(eventually { server.errors.split(separator: "rules-warning").count == 3 })
    }

    @Test func `the rules of this build and those of a data folder are shown`() {
        let standard = run(["rules", "show"])
        #expect(standard.code == 0 && standard.output.hasPrefix("the rules of this build: version 2, 11 rules"))
        #expect(standard.output.contains("set-budget") && standard.output.contains("7d: theirs"))
        #expect(run(["init", "--data", data, "--token-file", folder.file("token")]).code == 0)
        #expect(run(["rules", "show", "--data", data]).output.hasPrefix("the rules of this build"))
        writeFile("\(data)/conflict-rules.json", readFile(lenient))
        #expect(run(["rules", "show", "--data", data]).output.contains("compare-and-set, type-changed, smaller"))
        #expect(run(["rules", "show", "--data", data, "--json"]).output.contains("\"standard\": false"))
    }

    @Test func `conflicts of the past are counted by what they would have become`() throws {
        #expect(run(["init", "--data", data, "--token-file", folder.file("token")]).code == 0)
        let files = DataFolder(data)
        let ledger = try Ledger.open(path: files.ledgerFile(try files.onlyPartner()), forWriting: true)
        try ledger.write { writer in
            try writer.put(
                .customer, key: 1, subject: 1,
                [
                    .text("c1"), .null, .text("account-1"), .text("Al\u{1B}pha"), .text("reseller"), .integer(1),
                    .integer(1), .text("2"), .null, .integer(0), .null,
                ])
            for (index, row) in [
                try conflict(200), try conflict(500), try conflict(200, type: .oneTime), try conflict(5, facts: false),
            ].enumerated() {
                _ = try writer.putConflict(row, key: ConflictKey(100 + Int64(index)))
            }
        }
        ledger.close()
        let told = run(["rules", "test", lenient, "--data", data])
        #expect(told.code == 0 && told.output.contains("100  Al\\u{1b}pha  set-budget  hold     applied"), "\(told)")
        #expect(told.output.contains("not judgeable") && !told.output.contains("102  "))
        #expect(
            told.output.hasSuffix(
                "under rules 2: 2 of 4 conflicts would end otherwise (1 applied, 1 overruled),\n"
                    + "1 would be held as they were, 1 cannot be judged\n"), "\(told)")
        let json = run(["rules", "test", lenient, "--data", data, "--json"]).output
        #expect(json.contains("\"changed\": 2") && json.contains("\"wouldBe\": \"overruled\""))
        #expect(run(["rules", "test", lenient]).code == 64)
    }
}
