import Defects
import Diagnostics
import SyncLab
import Synchronization
import TerminalKit
import ThreadKit

extension LabCommands {
    // MARK: run

    func runSeeds() throws -> ExitCode {
        if command.option("seed") != nil {
            return try runOne(UInt64(try number("seed", default: 1, in: 0...Int(Int64.max))))
        }
        let from = UInt64(try number("from", default: 1, in: 0...1_000_000_000_000))
        let count = try number("seeds", default: 100, in: 1...100_000_000)
        let jobs = try number("jobs", default: 1, in: 1...64)
        let others = (from..<from + UInt64(count)).filter { !KeptSeeds.all.contains($0) }
        let seeds = KeptSeeds.all + others
        let began = clock.monotonicNow()
        let bar = Mutex(ProgressBar("seeds", terminal: terminal, clock: clock))
        let tally = try SeedRunner(seeds: seeds) { done, all in
            bar.withLock { $0.update(done: Int64(done), total: Int64(all)) }
        }.run(jobs: jobs)
        bar.withLock { $0.finish() }
        let (seconds, attoseconds) = (clock.monotonicNow() - began).components
        let milliseconds = max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        var text = ""
        var told: [JSONOutput] = []
        for failure in tally.failures.prefix(20) {
            text += "seed \(failure.seed) FAILED\n" + failure.lines.map { "  \($0)\n" }.joined()
            text += "  repeat it: fieldbook-lab run --seed \(failure.seed)\n"
            told.append(
                .object(["seed": .integer(Int64(failure.seed)), "why": .array(failure.lines.map { .text($0) })]))
        }
        let megabytes = (ProcessProbe.peakBytes() ?? 0) >> 20
        let perMinute = Int64(tally.steps) * 60_000 / milliseconds
        show(
            [
                "seeds": .integer(Int64(seeds.count)), "keptSeeds": .integer(Int64(KeptSeeds.all.count)),
                "failed": .integer(Int64(tally.failures.count)),
                "steps": .integer(Int64(tally.steps)),
                "simulatedSeconds": .integer(tally.seconds), "milliseconds": .integer(milliseconds),
                "jobs": .integer(Int64(jobs)),
                "peakMebibytes": .integer(megabytes), "failures": .array(told),
            ],
            text + """
                \(seeds.count) seeds (\(KeptSeeds.all.count) kept ones and \(others.count) others), \(tally.failures.count) failed; \(tally.steps) steps, \(tally.seconds / 3600) hours of simulated time
                \(milliseconds / 1000) s with \(jobs) at a time: \(Int64(seeds.count) * 60_000 / milliseconds) seeds a minute,
                \(Int64(tally.steps) * 1000 / milliseconds) steps a second, \(perMinute / Int64(jobs)) steps a core-minute, \(megabytes) MiB at most

                """)
        return tally.failures.isEmpty ? .done : .failed
    }

    private func runOne(_ seed: UInt64) throws -> ExitCode {
        let scenario = Workload.scenario(seed: seed)
        let traces = command.flag("trace") || command.option("svg") != nil
        let run = try Lab.run(scenario, seed: seed, traces: traces)
        let again = try Lab.run(scenario, seed: seed)
        let members = scenario.members.map(\.name)
        if command.flag("trace"), let trace = run.trace { terminal.writeOutput(drawn(Lanes(trace, members: members))) }
        if let out = command.option("svg"), let trace = run.trace {
            try SecureFile.write(Array(Lanes(trace, members: members).svg().utf8), to: out)
        }
        guard run.hash == again.hash else {
            terminal.writeOutput("seed \(seed) is not deterministic: two runs differ\n")
            return .failed
        }
        let lines = run.wrongs(strictly: true)
        guard !lines.isEmpty else {
            show(
                [
                    "seed": .integer(Int64(seed)), "ok": .bool(true), "hash": .text(String(run.hash, radix: 16)),
                    "steps": .integer(Int64(run.steps)), "failures": .array([]),
                ],
                "seed \(seed) holds: \(run.steps) steps, \(run.seconds) s of simulated time, trace hash \(String(run.hash, radix: 16))\n"
            )
            return .done
        }
        terminal.writeError("seed \(seed) failed; making it small ...\n")
        let small = Reducer.reduce(scenario, seed: seed) ?? scenario
        let story = try Lab.run(small, seed: seed, traces: true)
        var text = "seed \(seed) FAILED\n" + lines.map { "  \($0)\n" }.joined()
        text +=
            "\nthe same failure, as a scenario (\(small.steps.count) steps of \(scenario.steps.count)):\n\n\(small.text)\n"
        if let trace = story.trace { text += drawn(Lanes(trace, members: small.members.map(\.name))) }
        text += story.wrongs(strictly: true).map { "  \($0)\n" }.joined()
        text += "repeat it: save the lines above as FILE and type: fieldbook-lab scenario run FILE --seed \(seed)\n"
        show(
            [
                "seed": .integer(Int64(seed)), "ok": .bool(false), "hash": .text(String(run.hash, radix: 16)),
                "steps": .integer(Int64(run.steps)), "failures": .array(lines.map { .text($0) }),
                "scenario": .text(small.text),
            ], text)
        return .failed
    }

    // MARK: coverage

    func showCoverage() throws -> ExitCode {
        var coverage = Coverage()
        let seeds = UInt64(try number("seeds", default: 100, in: 1...1_000_000))
        var bar = ProgressBar("seeds", terminal: terminal, clock: clock)
        for seed in 1...seeds {
            bar.update(done: Int64(seed - 1), total: Int64(seeds))
            let scenario = Workload.scenario(seed: seed)
            coverage.take(try Lab.run(scenario, seed: seed), of: scenario)
        }
        if let argument = command.option("scenarios") {
            for (_, folder, scenario) in try scenarios(in: argument) {
                for run in try Lab.runAll(scenario, seed: 1, scenarioFolder: folder) {
                    coverage.take(run, of: scenario)
                }
            }
        }
        bar.finish()
        var text = ""
        var groups: [JSONOutput] = []
        for group in ["pull", "push", "fault", "result", "edit", "phase"] {
            let cells = coverage.possible(group)
            let reached = cells.count { $0.count > 0 }
            text += "\(group): \(reached) of \(cells.count) reached\n"
            for cell in cells where cell.count == 0 { text += "  never: \(cell.cell)\n" }
            groups.append(
                .object([
                    "group": .text(group), "reached": .integer(Int64(reached)), "cells": .integer(Int64(cells.count)),
                    "never": .array(cells.filter { $0.count == 0 }.map { .text($0.cell) }),
                ]))
        }
        show(["groups": .array(groups)], text)
        return .done
    }

    // MARK: recall

    func showRecall() throws -> ExitCode {
        guard Defect.areCompiled else {
            throw UserError(
                .refused, what: "cannot plant bugs", why: "they are not compiled into this build",
                next: "run: tools/recall, which makes a build of its own")
        }
        var wanted = Defect.allCases
        if let name = command.option("bug") {
            guard let one = Defect(rawValue: name) else {
                throw UserError(
                    .usage, what: "cannot plant \(name.prefix(40))", why: "there is no bug of that name",
                    next: "known: \(Defect.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            wanted = [one]
        }
        let seeds = try number("seeds", default: 200, in: 1...1_000_000)
        let stories = try command.option("scenarios").map { try scenarios(in: $0) } ?? []
        var lines: [Recall.Line] = []
        var text = ""
        var bar = ProgressBar("bugs", terminal: terminal, clock: clock)
        for (place, defect) in wanted.enumerated() {
            bar.update(done: Int64(place), total: Int64(wanted.count))
            var line = try Recall.line(of: defect, seedsMax: seeds)
            if defect.missingFeature == nil { line.scenario = try Recall.scenario(failingWith: defect, among: stories) }
            lines.append(line)
            if wanted.count == 1, let finding = line.finding { text = "seed \(finding.seed): \(finding.why)\n" }
        }
        bar.finish()
        let applicable = lines.filter { $0.defect.missingFeature == nil }
        let caught = applicable.count { $0.finding != nil }
        show(
            [
                "planted": .integer(Int64(applicable.count)), "caught": .integer(Int64(caught)),
                "bugs": .array(
                    applicable.map { line in
                        .object([
                            "name": .text(line.defect.rawValue),
                            "checkers": .array((line.finding?.checkers ?? []).map { .text($0) }),
                            "seed": .optional(line.finding.map { Int64($0.seed) }),
                            "scenario": .optional(line.scenario),
                        ])
                    }),
            ],
            text + Recall.table(lines) + "\n\(caught) of \(applicable.count) caught\n")
        return caught == applicable.count ? .done : .failed
    }
}
