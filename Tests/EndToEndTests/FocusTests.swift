import Glibc
import SQLiteKit
import TestKit
import Testing

/// The import of FOCUS files, against an independent computation in Python over the same file.
@Suite(.serialized) struct FocusTests {
    private static let header =
        "BilledCost,ListCost,BillingPeriodStart,BillingCurrency,ChargeCategory,ChargePeriodStart,SubAccountId,SubAccountName,ServiceName,SkuId,SkuPriceId,RegionId,RegionName,ResourceId,ConsumedQuantity,ConsumedUnit,Id"

    private static let small = #"""
        \#(header)
        0.000000005,0.000000015,2024-09-01 00:00:00,USD,Usage,2024-09-18 22:00:00,111,"Acme, ""East""",Compute,S,P,r1,Region 1,res-1,1.5,Hours,1
        0.000000025,1.000000035,2024-09-01 00:00:00,USD,Usage,2024-09-18 23:00:00,111,"Acme, ""East""",Compute,S,P,r1,Region 1,res-1,2,Hours,2
        -12.3456789012345,12.5,2024-10-01 00:00:00,USD,Credit,2024-10-02 00:00:00,222,华云,Storage,T,Q,NULL,NULL,NULL,NULL,NULL,3
        99999999.99999999,99999999.999999995,2024-10-01 00:00:00,USD,Tax,2024-10-02 00:00:00,222,华云,Storage,T,Q,,,,,,4

        """#

    private var sample: String? {
        // Beside the repository, where it was checked out with the shared data.
        var folder = #filePath
        for _ in 0..<4 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        let path = "\(folder)/shared/data/focus_sample.csv"
        return access(path, R_OK) == 0 ? path : nil
    }

    private func python(_ file: String) -> [String]? {
        var script = #filePath
        script = script.lastIndex(of: "/").map { String(script[..<$0]) } ?? ""
        let process = ChildProcess("/usr/bin/env", ["python3", "\(script)/focus_sums.py", file])
        guard process.wait() == 0 else { return nil }
        return process.output.split(separator: "\n").map(String.init)
    }

    /// Imports, loads a replica, and compares every sum to the eighth decimal.
    private func compare(_ file: String) throws {
        guard let expected = python(file) else {
            print("skipped: python3 is not there to compute the sums independently")
            return
        }
        let world = World()
        let first = world.server(["import", "focus", file])
        #expect(first.code == 0)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let sums = try ana.query(
            """
            SELECT source_id || char(9) || cycle || char(9) || group_concat(x, char(9)) FROM (
                SELECT c.source_id, cy.cycle, printf('%lld %lld', sum(r.payment_amount), sum(r.official_amount)) AS x
                FROM bill_record r JOIN customer c ON c.key = r.customer JOIN cycle cy ON cy.key = r.cycle
                GROUP BY 1, 2 ORDER BY c.source_id, cy.cycle) GROUP BY source_id, cycle ORDER BY source_id, cycle
            """)
        let wanted = expected.filter { $0.contains("\t") }.map { line -> String in
            let parts = line.split(separator: "\t").map(String.init)
            return "\(parts[0])\t\(parts[1])\t\(units(parts[2])) \(units(parts[3]))"
        }
        #expect(sums == wanted)
        let rounded = expected.first { $0.hasPrefix("rounded ") }?.dropFirst("rounded ".count) ?? ""
        #expect(first.output.contains("\(rounded) values rounded"))
        let residual =
            expected.first { $0.hasPrefix("residual ") }?.split(separator: " ").dropFirst().map(String.init) ?? []
        #expect(first.output.contains("BilledCost \(residual[0]), ListCost \(residual[1])"), "\(first.output)")
        let again = world.server(["import", "focus", file])
        #expect(again.output.contains("0 bill records added, 0 changed"))
        #expect(ana.sync())
        #expect(world.difference(ana) == nil)
    }

    /// Exact text with eight decimals as units of 10^-8.
    private func units(_ text: String) -> String {
        let digits = text.replacing(".", with: "")
        let isNegative = digits.hasPrefix("-")
        let trimmed = digits.drop { $0 == "-" || $0 == "0" }
        return trimmed.isEmpty ? "0" : "\(isNegative ? "-" : "")\(trimmed)"
    }

    @Test func `the sums of a small file equal an independent computation`() throws {
        let folder = TemporaryDirectory()
        writeFile(folder.file("small.csv"), Self.small)
        try compare(folder.file("small.csv"))
    }

    @Test func `the sums of a real file equal an independent computation`() throws {
        guard let sample else {
            print("skipped: shared/data/focus_sample.csv is not beside the repository")
            return
        }
        try compare(sample)
    }

    @Test func `a changed line changes its record and nothing else`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        writeFile(folder.file("a.csv"), Self.small)
        writeFile(folder.file("b.csv"), Self.small.replacing("-12.3456789012345", with: "-12.5"))
        #expect(world.server(["import", "focus", folder.file("a.csv")]).output.contains("4 bill records added"))
        #expect(
            world.server(["import", "focus", folder.file("b.csv")]).output.contains(
                "0 bill records added, 1 changed, 3 unchanged"))
    }

    @Test func `a refused line leaves nothing, and an Id that stands twice is told and not counted twice`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        func line(_ account: String, _ billed: String, _ list: String, _ id: String) -> String {
            "\(billed),\(list),2024-09-01,USD,Usage,2024-09-18 22:00:00,\(account),A\(account),Compute,S,P,r1,Region 1,res-1,1.5,Hours,\(id)"
        }
        let lines = [
            Self.header, line("111", "1", "1", "1"), line("111", "2", "2", "1"), line("222", "3", "3", "1"),
            line("333", "-92233720368", "92233720368", "2"),
        ]
        writeFile(folder.file("a.csv"), lines.joined(separator: "\n") + "\n")
        for (added, customers) in [(1, 1), (0, 0)] {
            let outcome = world.server(["import", "focus", folder.file("a.csv")]).output
            #expect(
                outcome.contains("\(added) bill records added, 0 changed")
                    && outcome.contains("\(customers) customers added"), "\(outcome)")
            for why in [
                "line 3 refused: its Id stands", "line 4 refused: its Id stands", "line 5 refused: ListCost less",
            ] {
                #expect(outcome.contains(why), "\(outcome)")
            }
        }
        writeFile(folder.file("b.csv"), [Self.header, line("222", "3", "3", "1")].joined(separator: "\n") + "\n")
        let foreign = world.server(["import", "focus", folder.file("b.csv")]).output
        #expect(
            foreign.contains("line 2 refused: its Id belongs") && foreign.contains("0 customers added"), "\(foreign)")
    }

    @Test func `a cycle's figures are as of the import that last changed one of them`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        writeFile(folder.file("a.csv"), Self.small)
        writeFile(folder.file("b.csv"), Self.small.replacing("-12.3456789012345", with: "-12.5"))
        func versions() -> [String] {
            world.server(["dump", "--entity", "cycle"]).output.split(separator: "\n").map {
                String($0.split(separator: ",")[2])
            }
        }
        world.expectServer(["import", "focus", folder.file("a.csv")])
        let first = versions()
        world.expectServer(["import", "focus", folder.file("a.csv")])
        #expect(versions() == first)
        world.expectServer(["import", "focus", folder.file("b.csv")])
        #expect(versions()[0] == first[0] && versions()[1] != first[1])
    }

    @Test func `equal lines without an Id are kept apart and found again`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        let header = Self.header.replacing(",Id", with: "")
        let line = "1,1,2024-09-01,USD,Usage,2024-09-18 22:00:00,111,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours"
        writeFile(folder.file("a.csv"), "\(header)\n\(line)\n\(line)\n")
        #expect(world.server(["import", "focus", folder.file("a.csv")]).output.contains("2 bill records added"))
        #expect(
            world.server(["import", "focus", folder.file("a.csv")]).output.contains(
                "0 bill records added, 0 changed, 2 unchanged"))
    }

    @Test(arguments: [
        ("BilledCost,ListCost\n1,1\n", "SubAccountId is missing"), ("", "it is empty"), ("a,a\n", "stands twice"),
        ("\(header)\n\"1,1\n", "never closed"), ("\u{0}\u{1}\u{2}", "not UTF-8 text"),
    ])
    func `a file that is no FOCUS file is refused whole`(text: String, why: String) {
        let folder = TemporaryDirectory()
        let world = World()
        writeFile(folder.file("a.csv"), text)
        let outcome = world.server(["import", "focus", folder.file("a.csv")])
        #expect(outcome.code == 65)
        #expect(outcome.errors.contains(why), "\(outcome.errors)")
    }

    @Test func `broken lines are listed with their reasons, and with strict refuse the file`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        let good = "1,1,2024-09-01,USD,Usage,2024-09-18 22:00:00,111,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours,7"
        let bad = [
            "1,1,2024-09-01,USD",
            "abc,1,2024-09-01,USD,Usage,2024-09-18 22:00:00,111,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours,8",
            "1e3,1,2024-09-01,USD,Usage,2024-09-18 22:00:00,111,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours,9",
            "1,1,2024-13-01,USD,Usage,2024-09-18 22:00:00,111,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours,10",
            "1,1,2024-09-01,USD,Usage,2024-09-18 22:00:00,NULL,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours,11",
            "1,99999999999999,2024-09-01,USD,Usage,2024-09-18 22:00:00,111,Acme,Compute,S,P,r1,Region 1,res-1,1.5,Hours,12",
        ]
        writeFile(folder.file("a.csv"), ([Self.header, good] + bad).joined(separator: "\n") + "\n")
        let strict = world.server(["import", "focus", folder.file("a.csv"), "--strict"])
        #expect(strict.code == 65 && strict.errors.contains("line 3"))
        let outcome = world.server(["import", "focus", folder.file("a.csv")])
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("1 bill records added"))
        for line in 3...8 { #expect(outcome.output.contains("line \(line) refused: "), "\(outcome.output)") }
    }

    @Test func `a name that several sub-accounts share stands for several customers`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        let lines = ["111", "222"].map {
            "1,1,2024-09-01,USD,Usage,2024-09-18 22:00:00,\($0),Shared Name,Compute,S,P,r1,Region 1,res-1,1.5,Hours,\($0)"
        }
        writeFile(folder.file("a.csv"), ([Self.header] + lines).joined(separator: "\n") + "\n")
        #expect(world.server(["import", "focus", folder.file("a.csv")]).output.contains("2 customers added"))
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let shown = ana.run(["customers", "show", "Shared Name"])
        #expect(shown.code == 65 && shown.errors.contains("more than one"))
        #expect(ana.run(["customers", "show", "222"]).output.contains("222"))
    }
}
