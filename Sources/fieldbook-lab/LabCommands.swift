import Diagnostics
import SyncLab
import TerminalKit

/// The table of commands and what each runs.
struct LabCommands {
    let command: ParsedCommand
    let terminal: Terminal
    let clock = SystemClock()

    static let table = CommandTable(
        program: "fieldbook-lab", summary: "conflict scenarios and a deterministic simulator for Fieldbook",
        globals: [
            OptionSpec("json", "answer in JSON"), .plain, OptionSpec("help", "show help"),
            OptionSpec("version", "show the version"),
        ],
        groups: [
            CommandGroup(
                "scenarios",
                [
                    CommandSpec(
                        "scenario run", "Runs a scenario file, or every one of a folder.", arguments: ["FILE"],
                        options: [
                            OptionSpec("seed", value: "N", "seed of delays and chance (default 1)"),
                            OptionSpec("trace", "draw the run as lanes of text"),
                            OptionSpec("svg", value: "OUT", "draw the run into an SVG file"),
                        ],
                        examples: [
                            "fieldbook-lab scenario run Config/scenarios",
                            "fieldbook-lab scenario run lost-reply.scenario --trace",
                        ]),
                    CommandSpec(
                        "scenario check", "Reads a scenario file, or every one of a folder, and runs nothing.",
                        arguments: ["FILE"],
                        examples: ["fieldbook-lab scenario check Config/scenarios"]),
                    CommandSpec(
                        "scenario new", "Writes a scenario to begin with; it fails, and says how to mend it.",
                        arguments: ["FILE"],
                        examples: ["fieldbook-lab scenario new my.scenario"]),
                ]),
            CommandGroup("what meets what", tables), CommandGroup("measures", measures),
            CommandGroup(
                "simulator",
                [
                    CommandSpec(
                        "run", "Runs seeded worlds and checks every promise.",
                        options: [
                            OptionSpec("seed", value: "N", "one seed; a failure is made small and told"),
                            OptionSpec("seeds", value: "N", "so many seeds (default 100), after the kept ones"),
                            OptionSpec("from", value: "N", "the first of them (default 1)"),
                            OptionSpec("jobs", value: "N", "worlds at a time (default 1)"),
                            OptionSpec("trace", "with --seed: draw the run as lanes of text"),
                            OptionSpec("svg", value: "OUT", "with --seed: draw the run into an SVG file"),
                        ],
                        examples: ["fieldbook-lab run --seeds 2000 --jobs 2", "fieldbook-lab run --seed 42 --trace"]),
                    CommandSpec(
                        "coverage", "Shows which states, events, faults and results seeded worlds reach.",
                        options: [
                            OptionSpec("seeds", value: "N", "so many seeds (default 100)"),
                            OptionSpec("scenarios", value: "DIR", "and the scenarios of a folder"),
                        ],
                        examples: ["fieldbook-lab coverage --seeds 200 --scenarios Config/scenarios"]),
                    CommandSpec(
                        "recall", "Plants bugs one by one and shows which checker finds each.",
                        options: [
                            OptionSpec("seeds", value: "N", "seeds for each bug at most (default 200)"),
                            OptionSpec("bug", value: "NAME", "one bug only"),
                            OptionSpec("scenarios", value: "DIR", "and a scenario of a folder that fails with it"),
                        ],
                        examples: ["fieldbook-lab recall --seeds 100", "fieldbook-lab recall --bug blind-overwrite"]),
                ]),
        ])

    static func userError(_ error: any Error) -> UserError {
        error as? UserError ?? UserError(.bug, what: "the lab failed", why: "\(error)", next: "report this as a defect")
    }

    func run() throws -> ExitCode {
        switch command.name {
        case "scenario run": return try runScenarios()
        case "scenario check": return try checkScenarios()
        case "scenario new": return try newScenario()
        case "hazards": return try showHazards()
        case "pairs": return try showPairs()
        case "bench rules": return try benchRules()
        case "bench join": return try benchJoin()
        case "bench day": return try benchDay()
        case "run": return try runSeeds()
        case "coverage": return try showCoverage()
        case "recall": return try showRecall()
        default:
            throw UserError(
                .usage, what: "cannot run \(command.name)", why: "it is unknown", next: "see: fieldbook-lab --help")
        }
    }

    /// A number of an option within bounds.
    func number(_ option: String, default value: Int, in range: ClosedRange<Int>) throws(UserError) -> Int {
        guard let text = command.option(option) else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw UserError(
                .usage, what: "cannot take --\(option) \(text.prefix(40))",
                why: "it is not a whole number of the range",
                next: "give one from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A trace as lanes, or as sentences where nothing may be drawn.
    func drawn(_ lanes: Lanes) -> String { terminal.isPlain ? lanes.plainText() : lanes.text() }

    func show(_ json: [String: JSONOutput], _ text: String) {
        var json = json
        json["schemaVersion"] = .integer(1)
        terminal.writeOutput(command.flag("json") ? JSONOutput.object(json).rendered : text)
    }
}
