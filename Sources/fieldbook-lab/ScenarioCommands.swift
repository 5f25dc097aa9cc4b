import Diagnostics
import Glibc
import SyncLab
import TerminalKit

extension LabCommands {
    // MARK: Files

    /// The scenario files that an argument names: itself, or those of a folder in order of name.
    private func files(_ argument: String) throws(UserError) -> [String] {
        guard let found = FileFacts.names(in: argument) else { return [argument] }
        let names = found.filter { $0.hasSuffix(".scenario") }
        guard !names.isEmpty else {
            throw UserError(
                .refused, what: "cannot find scenarios in \(argument)", why: "no file there ends in .scenario",
                next: "write one: fieldbook-lab scenario new FILE")
        }
        return names.map { "\(argument)/\($0)" }
    }

    private func load(_ path: String) throws(UserError) -> Scenario {
        let bytes: [UInt8]
        do throws(UserError) { bytes = try SecureFile.read(path, limit: ScenarioParser.bytesMax) } catch {
            // The lab has no settings; what it can't read is an input that it refuses.
            throw UserError(.refused, what: error.what, why: error.why, next: error.next)
        }
        do throws(ScenarioError) { return try ScenarioParser.parse(bytes) } catch {
            throw UserError(
                .refused, what: "cannot read \(path)", why: "line \(error.line), column \(error.column): \(error.why)",
                next: error.next)
        }
    }

    private func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    func scenarios(in argument: String) throws(UserError) -> [(name: String, folder: String, scenario: Scenario)] {
        var loaded: [(name: String, folder: String, scenario: Scenario)] = []
        for path in try files(argument) { loaded.append((path, folder(of: path), try load(path))) }
        return loaded
    }

    // MARK: Commands

    func checkScenarios() throws(UserError) -> ExitCode {
        var bad: [UserError] = []
        var good = 0
        for path in try files(command.arguments[0]) {
            do throws(UserError) {
                _ = try load(path)
                good += 1
            } catch { bad.append(error) }
        }
        for error in bad { terminal.writeError(error.rendered(program: "fieldbook-lab")) }
        show(
            ["good": .integer(Int64(good)), "bad": .integer(Int64(bad.count))],
            "\(good) scenarios can be run, \(bad.count) can't be read\n")
        return bad.isEmpty ? .done : .refused
    }

    func newScenario() throws(UserError) -> ExitCode {
        let path = command.arguments[0]
        guard !SecureFile.exists(path) else {
            throw UserError(
                .refused, what: "cannot write \(path)", why: "it is there already", next: "give another name")
        }
        try SecureFile.write(Array(LabCommands.beginning.utf8), to: path)
        show(["path": .text(path)], "wrote \(path); run it: fieldbook-lab scenario run \(path)\n")
        return .done
    }

    private static let beginning = """
        # A scenario tells who there is, what happens, and what must have come of it. One step a line, in order.
        # A word that is not known is refused with its line and column, and what would be right; all of them stand in the
        # manual under Scenarios. This checks a file and runs nothing: fieldbook-lab scenario check FILE

        scenario "two people change one budget offline"

        customer acme reseller budget 500
        member ann administrator
        member ben operator

        # Everyone has loaded and is in sync before the first step.
        ann offline
        ben offline
        ann budget acme 700
        ben budget acme 300
        reconnect ann ben in both orders
        settle

        expect agreement
        # This expectation is wrong, so that you see a failure: the second to come back is held, since its base has moved.
        # Mend it by saying 1 instead of 0.
        expect conflicts 0
        expect when ann first budget acme 700
        expect when ben first budget acme 300

        """

    func runScenarios() throws -> ExitCode {
        let seed = UInt64(try number("seed", default: 1, in: 0...1_000_000_000))
        let traces = command.flag("trace") || command.option("svg") != nil
        let loaded = try scenarios(in: command.arguments[0])
        var failed = 0
        var told: [JSONOutput] = []
        var text = ""
        var bar = ProgressBar("scenarios", terminal: terminal, clock: clock)
        for (place, (path, folder, scenario)) in loaded.enumerated() {
            bar.update(done: Int64(place), total: Int64(loaded.count))
            let runs = try Lab.runAll(scenario, seed: seed, scenarioFolder: folder, traces: traces)
            var isGood = true
            for run in runs {
                let lines = run.wrongs(strictly: false)
                isGood = isGood && lines.isEmpty
                let order = run.order.isEmpty ? "" : " (\(run.order.joined(separator: " first, then ")))"
                text += (lines.isEmpty ? "ok      " : "FAILED  ") + "\(path)\(order)\n"
                for line in lines { text += "        \(path): \(line)\n" }
                if command.flag("trace"), let trace = run.trace {
                    text += drawn(Lanes(trace, members: scenario.members.map(\.name)))
                }
                if let out = command.option("svg"), let trace = run.trace {
                    try SecureFile.write(Array(Lanes(trace, members: scenario.members.map(\.name)).svg().utf8), to: out)
                }
                told.append(
                    .object([
                        "path": .text(path), "title": .text(scenario.title),
                        "order": .array(run.order.map { .text($0) }),
                        "ok": .bool(lines.isEmpty), "failures": .array(lines.map { .text($0) }),
                        "steps": .integer(Int64(run.steps)),
                    ]))
            }
            if !isGood { failed += 1 }
        }
        bar.finish()
        text += "\(loaded.count) scenarios, \(failed) failed\n"
        show(["scenarios": .array(told), "failed": .integer(Int64(failed))], text)
        return failed == 0 ? .done : .failed
    }
}
