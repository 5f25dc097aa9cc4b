import Diagnostics
import Glibc
import TestKit
import Testing

/// Data out: as other programs read it, whole or not at all.
@Suite(.serialized) struct ExportTests {
    private let folder = TemporaryDirectory()

    private func world(bills: Int = 2000) -> (world: World, ana: Person) {
        let world = World()
        world.seed(bills: bills)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        precondition(ana.sync())
        return (world, ana)
    }

    /// What a shell makes of a line in which `$fieldbook` is the program and `$out` an empty folder.
    private func shell(_ line: String, _ ana: Person) -> ChildProcess {
        ChildProcess(
            "/bin/sh", ["-c", line],
            environment: [
                "FIELDBOOK_HOME": ana.home, "fieldbook": ChildProcess.program("fieldbook"), "out": folder.path,
            ])
    }

    private var entries: [String] {
        let list = ChildProcess("/bin/ls", ["-A", folder.path])
        _ = list.wait()
        return list.output.split(separator: "\n").map(String.init)
    }

    @Test func `Python reads the bills of a replica to the last decimal`() throws {
        guard ChildProcess("/usr/bin/env", ["python3", "-c", "import sqlite3"]).wait() == 0 else {
            return print("skipped: python3 is not there to read the file independently")
        }
        let (world, ana) = world()
        world.expectServer(["import", "focus", writtenFocus()])
        #expect(ana.sync())
        let told = ana.run(["export", "bills", folder.file("bills.csv"), "--json"])
        #expect(told.code == 0 && told.output.contains("\"records\": 2003"), "\(told)")
        var script = #filePath
        script = script.lastIndex(of: "/").map { String(script[..<$0]) } ?? ""
        let check = ChildProcess(
            "/usr/bin/env",
            ["python3", "\(script)/export_check.py", folder.file("bills.csv"), "\(ana.paths.state)/replica.db"])
        #expect(check.wait() == 0, "\(check.errors)")
        #expect(check.output == "same 2003\n")
        #expect(ana.run(["export", "bills", folder.file("bills.jsonl"), "--format", "jsonl"]).code == 0)
        let count = """
            import json, sys
            lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
            print(len(lines), [line["product"] for line in lines if line["payment"] == "92233720368.54775807"])
            print([line["resourceId"] for line in lines if line["customer"] == 'a, "b"'])
            """
        let objects = ChildProcess("/usr/bin/env", ["python3", "-c", count, folder.file("bills.jsonl")])
        #expect(objects.wait() == 0 && objects.output == "2003 [',']\n['r\\r\\n1']\n", "\(objects.output)")
    }

    /// Charges with what a careless program would break: quotes, commas, line ends, formulas, other scripts.
    private func writtenFocus() -> String {
        let header =
            "BilledCost,ListCost,BillingPeriodStart,BillingCurrency,ChargeCategory,ChargePeriodStart,SubAccountId,"
            + "SubAccountName,ServiceName,ChargeDescription,ResourceId,Id\n"
        let lines = [
            "0.00000001,0.1,2024-09-01,USD,Usage,2024-09-02,1,\"a, \"\"b\"\"\",=1+1,\"two\nlines\",\"r\r\n1\",1",
            "-0.00000001,-5,2024-09-01,USD,Credit,2024-09-02,2,华云,@x,\"\"\"\",-r,2",
            "92233720368.54775807,0,2024-10-01,EUR,Tax,2024-10-02,2,华云,+x,\",\",\" \",3",
        ]
        writeFile(folder.file("in.csv"), header + lines.joined(separator: "\n") + "\n")
        return folder.file("in.csv")
    }

    @Test func `sqlite-utils opens a replica and reads its views`() throws {
        guard ChildProcess("/usr/bin/env", ["python3", "-m", "sqlite_utils", "--version"]).wait() == 0 else {
            return print("skipped: sqlite-utils is not there (python3 -m pip install sqlite-utils)")
        }
        let (world, ana) = world(bills: 200)
        defer { withExtendedLifetime(world) {} }
        for view in ["customers", "bill_records", "coupons"] {
            let rows = ChildProcess(
                "/usr/bin/env",
                ["python3", "-m", "sqlite_utils", "rows", "\(ana.paths.state)/replica.db", view, "--limit", "3"])
            #expect(rows.wait() == 0, "\(rows.errors)")
            #expect(rows.output.split(separator: "\n").count == 3, "\(rows.output)")
        }
    }

    @Test func `an interrupt and a full disk leave no half file`() throws {
        let (world, ana) = world(bills: 20_000)
        defer { withExtendedLifetime(world) {} }
        let export = shell("exec \"$fieldbook\" export bills \"$out/bills.csv\"", ana)
        #expect(eventually { self.hasUnnamedFile(export.processID) })
        export.signal(SIGINT)
        #expect(export.wait() == 128 + SIGINT)
        #expect(entries == [])
        let limited = shell("trap '' XFSZ; ulimit -f 64; exec \"$fieldbook\" export bills \"$out/bills.csv\"", ana)
        #expect(limited.wait() == 1)
        #expect(limited.errors.contains("File too large") && limited.errors.contains("nothing was kept"))
        #expect(entries == [])
        #expect(ana.run(["export", "bills", folder.file("bills.csv")]).code == 0)
        let again = ana.run(["export", "bills", folder.file("bills.csv")])
        #expect(again.code == 65 && again.errors.contains("--force"), "\(again)")
        #expect(ana.run(["export", "coupons", folder.file("bills.csv"), "--force"]).code == 0)
        #expect(readFile(folder.file("bills.csv")).starts(with: Array("coupon_id,".utf8)))
    }

    /// Whether a process holds a file in our folder that has no name there.
    private func hasUnnamedFile(_ process: pid_t) -> Bool {
        (3..<32).contains { number in
            var path = [UInt8](repeating: 0, count: 4096)
            let count = readlink("/proc/\(process)/fd/\(number)", &path, path.count)
            return count > 0 && String(decoding: path[..<count], as: UTF8.self).hasPrefix(folder.path)
        }
    }

    @Test func `a reader that leaves ends an export quietly, a slow one sees one state or is told`() throws {
        let (world, ana) = world(bills: 20_000)
        let cut = shell("\"$fieldbook\" --quiet export bills | head -n 1", ana)
        #expect(cut.wait() == 0 && cut.errors.isEmpty && cut.output.hasPrefix("bill_id,"), "\(cut.errors)")
        let pipe = folder.file("pipe")
        mkfifo(pipe, 0o600)
        for hasChange in [false, true] {
            let slow = shell("exec \"$fieldbook\" --quiet export bills - >\"$out/pipe\"", ana)
            let reader = open(pipe, O_RDONLY)
            defer { close(reader) }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            #expect(read(reader, &chunk, 10) == 10)
            // It has let the state go once it waits in write(2), number 1 here, instead of in poll(2).
            #if arch(x86_64)
            let call = "1 "
            #else
            let call = "64 "
            #endif
            let path = "/proc/\(slow.processID)/syscall"
            #expect(eventually { String(decoding: readFile(path), as: UTF8.self).hasPrefix(call) })
            if hasChange {
                world.expectServer(["import", "focus", writtenFocus()])
                #expect(ana.sync())
            }
            var lines = 0
            while case let count = read(reader, &chunk, chunk.count), count > 0 {
                lines += chunk[..<count].count { $0 == 0x0A }
            }
            #expect(slow.wait() == (hasChange ? 75 : 0), "\(slow.errors)")
            if hasChange { #expect(slow.errors.contains("it changed while it was written")) }
            if !hasChange { #expect(lines == 20_001) }
        }
    }
}
