import Glibc
import TestKit
import Testing

/// The large files that the bench is measured with are made of a real one without a change to its sums.
@Suite(.serialized) struct FocusMultiplyTests {
    private static let own = #"""
        Id,BilledCost,ListCost,BillingPeriodStart,BillingPeriodEnd,BillingCurrency,ChargeCategory,ChargePeriodStart,SubAccountId,SubAccountName,ServiceName,SkuPriceId,ResourceId
        1,0.000000005,0.000000015,"2024-10-01 00:00:00","2024-11-01 00:00:00",USD,Usage,"2024-10-31 22:00:00","111","Acme, ""East""",Compute,P,"res,1"
        2,-12.3456789012345,12.5,2024-10-01 00:00:00,2024-11-01 00:00:00,USD,Credit,2024-10-02 00:00:00,222,华云,Storage,Q,NULL
        3,99999999.000000025,99999999.999999995,2024-10-01 00:00:00,2024-11-01 00:00:00,USD,Usage,2024-10-05 00:00:00,222,华云,Storage,Q,
        """#

    private var root: String {
        var folder = #filePath
        for _ in 0..<3 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        return folder
    }

    private func multiply(_ arguments: String...) -> ChildProcess {
        let process = ChildProcess("\(root)/tools/focus-multiply", arguments)
        _ = process.wait()
        return process
    }

    /// Multiplies a file, imports it, loads a replica, and compares the sums of both with the tool's own.
    private func compare(
        _ file: String, rows: Int, customers: Int, cycles: Int, changed: (from: String, to: String)
    ) throws {
        let folder = TemporaryDirectory()
        let (large, report) = (folder.file("large.csv"), folder.file("report.txt"))
        let made = multiply(
            file, "--rows", "\(rows)", "--customers", "\(customers)", "--months", "2", "--out", large)
        #expect(made.wait() == 0 && made.output.hasPrefix("lines         \(rows)\n"), "\(made.output)\(made.errors)")
        let world = World()
        let imported = world.server(["import", "focus", large]).output
        #expect(imported.contains("\(rows) bill records added") && imported.contains("\(customers) customers added"))
        writeFile(report, imported)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        #expect(try ana.query("SELECT count(DISTINCT cycle) FROM bill_record") == ["\(cycles)"])
        let replica = "\(ana.home)/state"
        let checked = multiply("--check", large, "--replica", replica, "--report", report)
        #expect(checked.wait() == 0 && !checked.output.contains("DIFFERENT"), "\(checked.output)\(checked.errors)")
        #expect(checked.output.ranges(of: ": equal\n").count == 5, "\(checked.output)")

        // A hundred-millionth that is not there is found.
        writeFile(large, readText(large).replacing(changed.from, with: changed.to, maxReplacements: 1))
        let differs = multiply("--check", large, "--replica", replica)
        #expect(differs.wait() == 1 && differs.output.contains("DIFFERENT"), "\(differs.output)")
    }

    private func readText(_ path: String) -> String { String(decoding: readFile(path), as: UTF8.self) }

    @Test func `a small file multiplied keeps its sums through import and load`() throws {
        let folder = TemporaryDirectory()
        writeFile(folder.file("own.csv"), Self.own)
        try compare(
            folder.file("own.csv"), rows: 20, customers: 5, cycles: 2, changed: (",0.000000005,", ",0.000000006,"))
    }

    @Test func `a real file multiplied keeps its sums through import and load`() throws {
        let sample = "\(root)/../shared/data/focus_sample.csv"
        guard access(sample, R_OK) == 0 else {
            print("skipped: shared/data/focus_sample.csv is not beside the repository")
            return
        }
        try compare(
            sample, rows: 3_000, customers: 146, cycles: 3, changed: (",0.00001605990,", ",0.00001606990,"))
    }

    @Test func `what is repeated has its own id, account, resource and month, and everything else as it was`() {
        let folder = TemporaryDirectory()
        let large = folder.file("large.csv")
        writeFile(folder.file("own.csv"), Self.own)
        _ = multiply(
            folder.file("own.csv"), "--rows", "8", "--customers", "4", "--months", "2", "--out", large)
        let lines = readText(large).split(separator: "\n").map(String.init)
        let first = Self.own.split(separator: "\n").map(String.init)
        #expect(lines.count == 9 && lines[0] == first[0])
        #expect(
            lines[4]
                == #"4,0.000000005,0.000000015,"2024-10-01 00:00:00","2024-11-01 00:00:00",USD,Usage,"2024-10-31 22:00:00","111-2","Acme, ""East""-2",Compute,P,"res,1-2""#
        )
        #expect(
            lines[7]
                == #"7,0.000000005,0.000000015,"2024-09-01 00:00:00","2024-10-01 00:00:00",USD,Usage,"2024-09-30 22:00:00","111","Acme, ""East""",Compute,P,"res,1""#
        )
        #expect(lines[2].hasPrefix("2,-12.3456789012345,12.5,") && lines[2].hasSuffix(",Q,NULL"))
    }

    @Test(arguments: [
        ("A,B\n1,2\n", "SubAccountId is missing"), ("", "it is empty"), ("SubAccountId,BilledCost", "is missing"),
        ("SubAccountId,BilledCost,ListCost,BillingPeriodStart\n1,1e3,1,2024-09-01\n", "line 2: '1e3'"),
        ("SubAccountId,BilledCost,ListCost,BillingPeriodStart\n1,1\n", "line 2 has 2 fields"),
        ("SubAccountId,BilledCost,ListCost,BillingPeriodStart\n\"1,1\n", "never closed"),
    ])
    func `a file that cannot be multiplied is refused with its line`(text: String, why: String) {
        let folder = TemporaryDirectory()
        writeFile(folder.file("a.csv"), text)
        let refused = multiply(folder.file("a.csv"), "--rows", "5", "--out", folder.file("b.csv"))
        #expect(refused.wait() == 65 && refused.errors.contains(why), "\(refused.errors)")
    }
}
