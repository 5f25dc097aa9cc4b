import Diagnostics
import Glibc
import TestKit
import Testing

/// `fieldbook-lab` as a tester runs it.
@Suite struct LabProgramTests {
    private let folder = TemporaryDirectory()

    private func run(_ words: [String]) -> Installation.Outcome {
        let process = ChildProcess(ChildProcess.program("fieldbook-lab"), words)
        let code = process.wait(seconds: 600)
        return Installation.Outcome(code: code, output: process.output, errors: process.errors)
    }

    private static let story =
        "scenario \"x\"\ncustomer acme reseller budget 500\nmember ann operator\nann budget acme 600\nsettle\n"

    @Test func `a long run ends at a signal, and the next one clears what it left`() throws {
        let long = ChildProcess(ChildProcess.program("fieldbook-lab"), ["run", "--seeds", "1000000"])
        let left = { (names: [String]) in names.filter { $0.hasPrefix("fieldbook-lab.\(long.processID).") } }
        let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : Paths.variable("TMPDIR") ?? "/tmp"
        #expect(eventually { !left(FileFacts.names(in: folder) ?? []).isEmpty })
        long.signal(SIGTERM)
        #expect(long.wait() == 128 + SIGTERM)
        #expect(run(["run", "--seed", "1"]).code == 0)
        #expect(left(FileFacts.names(in: folder) ?? []).isEmpty)
    }

    @Test func `a new scenario fails, says how to mend it, and holds once it is mended`() throws {
        let path = folder.file("my.scenario")
        let made = run(["scenario", "new", path])
        #expect(made.code == 0 && made.output.contains("fieldbook-lab scenario run \(path)"), "\(made)")
        #expect(run(["scenario", "check", path]).code == 0)
        let failed = run(["scenario", "run", path])
        let text = String(decoding: readFile(path), as: UTF8.self)
        let line = text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex {
            $0 == "expect conflicts 0"
        }
        let number = try #require(line) + 1
        #expect(
            failed.code == 1 && failed.output.contains("line \(number): open conflicts: 1, not 0"), "\(failed)"
        )
        #expect(failed.output.contains("(ann first, then ben)") && failed.output.contains("(ben first, then ann)"))
        #expect(text.contains("Mend it by saying 1 instead of 0."))
        writeFile(path, text.replacing("expect conflicts 0", with: "expect conflicts 1"))
        let mended = run(["scenario", "run", path])
        #expect(mended.code == 0 && mended.output.contains("1 scenarios, 0 failed"), "\(mended)")
        // What stands there is never written over.
        let again = run(["scenario", "new", path])
        #expect(again.code == 65 && again.errors.contains("it is there already"))
        #expect(String(decoding: readFile(path), as: UTF8.self).contains("expect conflicts 1"))
    }

    @Test(
        arguments: [
            ("", "line 1, column 1"), ("scenario \"x\"\nmember ann operator\nann sleeps\n", "line 3, column 5"),
            ("scenario \"open", "line 1, column 10"), ("scenario \"x\"\n\0\n", "line 2, column 1"),
            ("scenario \"x\"\nmember ann operator\nwait 99999999999999999999s\n", "line 3, column 6"),
            (String(repeating: "x", count: 5000), "line 1, column 1000"),
        ]) func `a file that can't be read is refused with line and column`(text: String, place: String)
    {
        let path = folder.file("bad.scenario")
        writeFile(path, text)
        for command in ["check", "run"] {
            let refused = run(["scenario", command, path])
            #expect(refused.code == 65 && refused.errors.contains(place) && refused.errors.contains(path), "\(refused)")
        }
    }

    @Test func `what is no text, too large, or not there is refused in a sentence`() {
        let path = folder.file("bad.scenario")
        writeFile(path, [0xFF, 0xFE, 10])
        #expect(run(["scenario", "check", path]).errors.contains("the line is not UTF-8"))
        writeFile(path, [UInt8](repeating: 10, count: 300 * 1024))
        for command in ["check", "run"] {
            for target in [path, folder.file("absent.scenario"), "/dev/zero"] {
                let refused = run(["scenario", command, target])
                #expect(refused.code == 65 && refused.errors.hasPrefix("fieldbook-lab: cannot"), "\(refused)")
            }
        }
        let empty = folder.file("empty")
        mkdir(empty, 0o700)
        #expect(run(["scenario", "run", empty]).code == 65)
        writeFile(path, "focus \"absent.json\"\n" + LabProgramTests.story)
        let focus = run(["scenario", "run", path])
        #expect(focus.code != 70 && focus.code != 0 && focus.errors.contains("absent.json"), "\(focus)")
    }

    @Test func `a folder is checked as a whole: every bad file is told`() {
        writeFile(folder.file("a.scenario"), LabProgramTests.story)
        writeFile(folder.file("b.scenario"), "nonsense\n")
        writeFile(folder.file("c.scenario"), "scenario x\n")
        writeFile(folder.file("readme"), "nonsense\n")
        let checked = run(["scenario", "check", folder.path])
        #expect(checked.code == 65 && checked.output == "1 scenarios can be run, 2 can't be read\n", "\(checked)")
        #expect(
            checked.errors.contains("b.scenario") && checked.errors.contains("c.scenario")
                && !checked.errors.contains("readme"))
        let json = run(["scenario", "check", folder.path, "--json"])
        #expect(json.output.contains("\"bad\": 2") && json.output.contains("\"schemaVersion\": 1"))
    }

    @Test func `a run is drawn, and told in JSON`() {
        let path = folder.file("a.scenario")
        writeFile(path, LabProgramTests.story)
        let svg = folder.file("a.svg")
        let drawn = run(["scenario", "run", path, "--trace", "--svg", svg, "--seed", "7"])
        #expect(drawn.code == 0 && drawn.output.contains("edit 1 is saved"), "\(drawn)")
        #expect(readFile(svg).starts(with: Array("<svg ".utf8)))
        let json = run(["scenario", "run", path, "--json"])
        #expect(
            json.code == 0 && json.output.contains("\"ok\": true") && json.output.contains("\"failed\": 0"), "\(json)")
    }

    @Test func `seeds are run and counted, in words and in JSON`() {
        let words = run(["run", "--seeds", "3", "--jobs", "2"])
        #expect(
            words.code == 0 && words.output.contains(" kept ones and ") && words.output.contains(" others), 0 failed; ")
                && words.output.contains("steps a core-minute"), "\(words)")
        let json = run(["run", "--seeds", "1", "--jobs", "2", "--json"])
        #expect(json.code == 0 && json.output.hasPrefix("{") && json.output.contains("\"failed\": 0"), "\(json)")
        let one = run(["run", "--seed", "3", "--json"])
        #expect(one.code == 0 && one.output.contains("\"ok\": true") && one.output.contains("\"hash\": \""), "\(one)")
        let again = run(["run", "--seed", "3", "--json"])
        #expect(again.output == one.output)
    }

    @Test func `coverage tells what was reached and what never`() {
        let told = run(["coverage", "--seeds", "2"])
        #expect(told.code == 0 && told.output.contains("never: "), "\(told)")
        for group in ["pull: ", "push: ", "fault: ", "result: ", "edit: ", "phase: "] {
            #expect(told.output.contains(group))
        }
        let json = run(["coverage", "--seeds", "1", "--json"])
        #expect(json.code == 0 && json.output.contains("\"group\": \"pull\""))
    }

    @Test(
        arguments: [
            ["run", "--seeds", "0"], ["run", "--seeds", "-1"], ["run", "--seeds", "many"],
            ["run", "--seeds", "99999999999999999999"],
            ["run", "--jobs", "0"], ["run", "--jobs", "65"], ["run", "--from", "-1"], ["run", "--seed", "-1"],
            ["run", "--seed", ""],
            ["coverage", "--seeds", "0"], ["recall", "--seeds", "x"], ["recall", "--bug", "none-such"], ["run", "now"],
            ["fly"],
            ["scenario"], ["scenario", "run"], ["scenario", "run", "a", "b"], ["scenario", "run", "a", "--seed", "x"],
        ]) func `words and numbers that make no sense are told with code 64`(words: [String])
    {
        let refused = run(words)
        #expect(refused.code == 64 && refused.errors.hasPrefix("fieldbook-lab: "), "\(refused)")
        #expect(refused.output.isEmpty)
    }

    @Test func `recall of one bug names its seed, its checkers and its scenario`() {
        let told = run(["recall", "--bug", "blind-overwrite", "--seeds", "30"])
        #expect(told.code == 0 && told.output.hasPrefix("seed ") && told.output.contains(": violated at "), "\(told)")
        #expect(told.output.contains("| `blind-overwrite` |") && told.output.hasSuffix("1 of 1 caught\n"))
        let coming = run(["recall", "--bug", "restore-unnoticed", "--seeds", "1"])
        #expect(
            coming.output.contains("not yet: needs restore and resync") && coming.output.hasSuffix("0 of 0 caught\n"),
            "\(coming)")
    }
}
