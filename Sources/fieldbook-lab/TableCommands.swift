import Diagnostics
import SyncLab
import TerminalKit

/// What the rules make of edits that meet, as tables of Markdown.
extension LabCommands {
    static let tables = [
        CommandSpec(
            "hazards", "Runs the scenarios of the domain's hazards and prints what the rules make of each.",
            options: [OptionSpec("scenarios", value: "DIR", "the folder of scenarios (default Config/scenarios)")],
            examples: ["fieldbook-lab hazards", "fieldbook-lab hazards --scenarios Config/scenarios --json"]),
        CommandSpec(
            "pairs", "Lets every two kinds of edit meet on one customer and prints what becomes of the second.",
            examples: ["fieldbook-lab pairs"]),
    ]

    func showHazards() throws -> ExitCode {
        var table = HazardTable()
        for (path, folder, scenario) in try scenarios(in: command.option("scenarios") ?? "Config/scenarios") {
            try table.take(scenario, name: LabCommands.name(of: path), scenarioFolder: folder)
        }
        for number in table.missing { terminal.writeError("hazard \(number) has no scenario\n") }
        return tell(table.text, table.failures, isWhole: table.missing.isEmpty)
    }

    func showPairs() throws -> ExitCode {
        let table = try PairTable()
        return tell(table.text, table.failures, isWhole: true)
    }

    private func tell(_ text: String, _ failures: [String], isWhole: Bool) -> ExitCode {
        for line in failures { terminal.writeError("FAILED  \(line)\n") }
        show(["table": .text(text), "failures": .array(failures.map { .text($0) })], text)
        return failures.isEmpty && isWhole ? .done : .failed
    }

    /// The name of a scenario by its file.
    private static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.hasSuffix(".scenario") ? String(file.dropLast(".scenario".count)) : file
    }
}
