import Diagnostics
import SyncLab
import TerminalKit

/// The table of commands and what each runs.
struct LabCommands {
    let command: ParsedCommand
    let terminal: Terminal

    static let table = CommandTable(
        program: "fieldbook-lab", summary: "Conflict scenarios and a deterministic simulator for Fieldbook.",
        globals: [OptionSpec("json", "answer in JSON"), OptionSpec("help", "show help"), OptionSpec("version", "show the version")],
        groups: [
            CommandGroup(
                "simulator",
                [
                    CommandSpec(
                        "run", "Runs seeded worlds and checks every promise.",
                        options: [
                            OptionSpec("seed", value: "N", "one seed, told in full"),
                            OptionSpec("seeds", value: "N", "so many seeds (default 100)"),
                            OptionSpec("from", value: "N", "the first seed (default 1)"),
                        ],
                        examples: ["fieldbook-lab run --seeds 2000", "fieldbook-lab run --seed 42"])
                ])
        ])

    static func userError(_ error: any Error) -> UserError {
        error as? UserError ?? UserError(.bug, what: "the lab failed", why: "\(error)", next: "report this as a defect")
    }

    func run() throws -> ExitCode {
        switch command.name {
        case "run": return try runSeeds()
        default: throw UserError(.usage, what: "cannot run \(command.name)", why: "it is unknown", next: "see: fieldbook-lab --help")
        }
    }

    private func runSeeds() throws -> ExitCode {
        let from = command.option("from").flatMap { UInt64($0) } ?? 1
        let one = command.option("seed").flatMap { UInt64($0) }
        let seeds = one.map { [$0] } ?? Array(from..<from + (command.option("seeds").flatMap { UInt64($0) } ?? 100))
        let clock = SystemClock()
        let began = clock.monotonicNow()
        var steps = 0
        var bad = 0
        for seed in seeds {
            let scenario = Workload.scenario(seed: seed)
            let run = try Lab.run(scenario, seed: seed, traces: one != nil)
            steps += run.steps
            if let trace = run.trace { for line in trace.lines { terminal.writeOutput("\(line.at / 1000) \(line.who) \(line.to ?? "") \(line.text)\n") } }
            if !run.isGood(strictly: true) {
                bad += 1
                terminal.writeOutput("seed \(seed): steps \(run.steps)\n")
                for verdict in run.verdicts { if verdict.verdict != .valid { terminal.writeOutput("  \(verdict.name) \(verdict.verdict)\n") } }
                for note in run.notes { terminal.writeOutput("  note \(note)\n") }
            }
        }
        let took = clock.monotonicNow() - began
        terminal.writeOutput("\(seeds.count) seeds, \(bad) bad, \(steps) steps, \(took)\n")
        return bad == 0 ? .done : .failed
    }
}
