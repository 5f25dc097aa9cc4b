import TestKit
import Testing

/// The tools run small with the suite, so that they cannot rot.
@Suite(.serialized) struct ToolTests {
    private var root: String {
        var folder = #filePath
        for _ in 0..<3 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        return folder
    }

    private var programs: String {
        let path = ChildProcess.program("fieldbook")
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    @Test func `the bench runs small and prints its table`() {
        let bench = ChildProcess("\(root)/tools/bench", ["--small"], environment: ["FIELDBOOK_BIN": programs])
        #expect(bench.wait(seconds: 300) == 0, "\(bench.errors)")
        for line in [
            "C program, 5000 bill records", "first load / C", "idle daemon, resident", "100 queued edits", "5 held",
            "one judgement", "conflicts list, 10000 open", "customers show", "3000 records join 50 customers",
            "export, 5000 bill records to CSV", "export, peak resident", "server meanwhile, peak resident",
            "polls until another's freeze is seen", "rate of the feed apply / C", "close / reload",
        ] { #expect(bench.output.contains(line), "\(bench.output)") }
    }

    @Test func `the run shows the whole path on generated data and leaves nothing running`() {
        let run = ChildProcess("\(root)/tools/run", ["--bills", "500"], environment: ["FIELDBOOK_BIN": programs])
        #expect(run.wait(seconds: 300) == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("all of it held"))
    }

    @Test func `the first day runs from a package, in an empty home and without Swift on the path`() {
        let day = ChildProcess("\(root)/tools/first-day", ["--bills", "500"], environment: ["FIELDBOOK_BIN": programs])
        let code = day.wait(seconds: 300)
        // A machine without Debian's tools makes no package.
        if code == 69, day.errors.contains("dpkg-deb is missing") { return }
        #expect(code == 0, "\(day.output.suffix(4000))\n\(day.errors)")
        #expect(day.output.contains("the package to the decided conflict"))
    }

    @Test func `the hazards are walked on generated data, each with its end`() {
        let run = ChildProcess(
            "\(root)/tools/run", ["--hazards", "--bills", "500"], environment: ["FIELDBOOK_BIN": programs])
        #expect(run.wait(seconds: 300) == 0, "\(run.output.suffix(4000))\n\(run.errors)")
        for hazard in Array(1...18) + [22, 23, 24] {
            #expect(run.output.contains("\n== hazard \(hazard): "))
        }
        #expect(run.output.hasSuffix("== all of it held\n"))
    }

    @Test func `the soak runs small: nothing grows, every edit has its result, the status never lies`() {
        let soak = ChildProcess(
            "\(root)/tools/soak", ["--minutes", "0.75", "--every", "1", "--bills", "500"],
            environment: ["FIELDBOOK_BIN": programs])
        #expect(soak.wait(seconds: 120) == 0, "\(soak.output)\n\(soak.errors)")
        for line in [
            "daemon, resident, MiB", "server, descriptors, least", "outbox write-ahead log, KiB",
            "daemon at rest, woken", "every row agrees", "all of it held",
        ] { #expect(soak.output.contains(line), "\(soak.output)") }
    }

    @Test func `a first load over a slow link that breaks takes a freeze before the bills are here`() {
        let load = ChildProcess(
            "\(root)/tools/slow-load",
            ["--rows", "6000", "--rate", "150000", "--delay", "20", "--cut-every", "2", "--pause", "0.2"],
            environment: ["FIELDBOOK_BIN": programs])
        #expect(load.wait(seconds: 240) == 0, "\(load.output)\n\(load.errors)")
        for line in ["heads are of use after", "a freeze is at the server after", "sent twice", "every row agrees"] {
            #expect(load.output.contains(line), "\(load.output)")
        }
    }

    @Test(arguments: [
        "run", "test", "bench", "torture", "soak", "recall", "lab-tables", "first-day", "package", "focus-multiply",
        "slow-load",
    ])
    func `every tool tells its use`(tool: String) {
        let help = ChildProcess("\(root)/tools/\(tool)", ["--help"])
        #expect(help.wait() == 0)
        #expect(help.output.hasPrefix("usage: tools/\(tool)"))
    }
}
