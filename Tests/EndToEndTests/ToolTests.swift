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

    @Test(arguments: [
        (
            "load",
            [
                "C program, 5000 bill records", "first load / C", "idle daemon, resident", "conflicts list, 10000 open",
                "export, 5000 bill records to CSV", "export, peak resident", "the same records as JSON objects",
                "replica.db / plain", "store size", "bytes a bill record, gzip",
            ]
        ),
        ("feed", ["rate of the feed apply / C", "close / reload", "feed apply, 5000 changed of 5000"]),
        ("edits", ["100 queued edits", "5 held", "one judgement", "edit accepted / C"]),
        (
            "join",
            [
                "3000 records join 50 customers", "server meanwhile, peak resident",
                "polls until another's freeze is seen", "empty poll, statements of the ledger",
            ]
        ),
        ("live", ["40 held clients", "live: 40 clients, 50 writes/s, p95", "clients that a write concerns"]),
        ("read", ["customers show, 5000", "daemon at rest, woken", "start, 5000 records, "]),
    ])
    func `the bench runs small and prints its tables`(topic: String, lines: [String]) {
        let bench = ChildProcess(
            "\(root)/tools/bench", ["--small", "--only", topic], environment: ["FIELDBOOK_BIN": programs])
        #expect(bench.wait(seconds: 600) == 0, "\(bench.output)\n\(bench.errors)")
        for line in lines + ["machine: ", "what ", "ours ", "target"] {
            #expect(bench.output.contains(line), "\(bench.output)")
        }
    }

    @Test func `a person works while a small load goes on, and nothing is locked`() {
        let load = ChildProcess("\(root)/tools/busy-load", ["--small"], environment: ["FIELDBOOK_BIN": programs])
        #expect(load.wait(seconds: 600) == 0, "\(load.output)\n\(load.errors)")
        for line in ["edits, of which within the load", "look-ups, of which within the load", "every row agrees"] {
            #expect(load.output.contains(line), "\(load.output)")
        }
    }

    @Test func `growth runs small and writes its page and its plot`() {
        let folder = TemporaryDirectory()
        let growth = ChildProcess(
            "\(root)/tools/growth", ["--small", "--out", folder.path], environment: ["FIELDBOOK_BIN": programs])
        #expect(growth.wait(seconds: 600) == 0, "\(growth.output)\n\(growth.errors)")
        let page = String(decoding: readFile(folder.file("Growth.md")), as: UTF8.self)
        for line in ["# Growth", "revision ", "| bill records | 1000 | 5000 |", "| clients | 1 | 10 |", "](growth)"] {
            #expect(page.contains(line), "\(page)")
        }
        // Every figure was measured.
        #expect(!page.contains("|  |"), "\(page)")
        let plot = String(decoding: readFile(folder.file("growth.svg")), as: UTF8.self)
        #expect(plot.hasPrefix("<svg") && plot.hasSuffix("</svg>\n"))
        #expect(plot.split(separator: "<polyline").count == 12 && !plot.contains("nan"))
    }

    @Test func `the same work with another system is measured, or said to be skipped`() {
        // The package index is no part of a test: a client that cannot be run is what a machine without it has.
        let folder = TemporaryDirectory()
        let kinto = ChildProcess(
            "\(root)/tools/bench-kinto", ["--small", "--venv", folder.file("none")],
            environment: ["FIELDBOOK_BIN": programs, "PIP_NO_INDEX": "1"])
        #expect(kinto.wait(seconds: 600) == 69, "\(kinto.output)\n\(kinto.errors)")
        #expect(kinto.errors.contains("is skipped: "))
    }

    @Test func `the run shows the whole path on generated data and leaves nothing running`() {
        let run = ChildProcess("\(root)/tools/run", ["--bills", "500"], environment: ["FIELDBOOK_BIN": programs])
        #expect(run.wait(seconds: 600) == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("all of it held"))
    }

    @Test func `the first day runs from a package, in an empty home and without Swift on the path`() {
        let day = ChildProcess("\(root)/tools/first-day", ["--bills", "500"], environment: ["FIELDBOOK_BIN": programs])
        let code = day.wait(seconds: 600)
        // A machine without Debian's tools makes no package.
        if code == 69, day.errors.contains("dpkg-deb is missing") { return }
        #expect(code == 0, "\(day.output.suffix(4000))\n\(day.errors)")
        #expect(day.output.contains("the package to the decided conflict"))
    }

    @Test func `the hazards are walked on generated data, each with its end`() {
        let run = ChildProcess(
            "\(root)/tools/run", ["--hazards", "--bills", "500"], environment: ["FIELDBOOK_BIN": programs])
        #expect(run.wait(seconds: 600) == 0, "\(run.output.suffix(4000))\n\(run.errors)")
        for hazard in Array(1...18) + [22, 23, 24] {
            #expect(run.output.contains("\n== hazard \(hazard): "))
        }
        #expect(run.output.hasSuffix("== all of it held\n"))
    }

    @Test func `the soak runs small: nothing grows, every edit has its result, the status never lies`() {
        let soak = ChildProcess(
            "\(root)/tools/soak", ["--minutes", "0.75", "--every", "1", "--bills", "500"],
            environment: ["FIELDBOOK_BIN": programs])
        #expect(soak.wait(seconds: 600) == 0, "\(soak.output)\n\(soak.errors)")
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
        #expect(load.wait(seconds: 600) == 0, "\(load.output)\n\(load.errors)")
        for line in ["heads are of use after", "a freeze is at the server after", "sent twice", "every row agrees"] {
            #expect(load.output.contains(line), "\(load.output)")
        }
    }

    @Test(arguments: [
        "run", "test", "bench", "torture", "soak", "recall", "lab-tables", "first-day", "package", "focus-multiply",
        "slow-load", "busy-load", "growth", "bench-kinto",
    ])
    func `every tool tells its use`(tool: String) {
        let help = ChildProcess("\(root)/tools/\(tool)", ["--help"])
        #expect(help.wait() == 0)
        #expect(help.output.hasPrefix("usage: tools/\(tool)"))
    }
}
