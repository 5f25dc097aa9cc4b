import Diagnostics
import Glibc
import TestKit
import Testing

@testable import SyncLab

@Suite struct SimulatorTests {
    @Test(arguments: UInt64(1)...8) func `a seeded world keeps every promise, and the seed decides all of it`(
        seed: UInt64
    ) throws {
        let scenario = Workload.scenario(seed: seed)
        #expect(scenario == Workload.scenario(seed: seed))
        let run = try Lab.run(scenario, seed: seed)
        #expect(run.wrongs(strictly: true) == [])
        #expect(run.steps > 20 && run.seconds > 0 && run.verdicts.count == Checkers.all.count)
        let again = try Lab.run(scenario, seed: seed, traces: true)
        #expect(
            run.hash == again.hash && run.steps == again.steps && run.history.events.count == again.history.events.count
        )
        #expect(run.trace == nil && again.trace?.lines.isEmpty == false)
    }

    @Test func `an event of a history is small, for a world of days has hundreds of thousands`() {
        #expect(MemoryLayout<History.Event>.stride <= 128)
    }

    @Test func `another seed is another run, of its own scenario and of the same`() throws {
        let scenario = Workload.scenario(seed: 1)
        let hashes = try [1, 2, 3].map { try Lab.run(scenario, seed: $0).hash }
        #expect(Set(hashes).count == 3)
        #expect(Workload.scenario(seed: 2) != scenario)
    }

    @Test func `seeds run in parallel come to the same, and each is counted once`() throws {
        let one = try SeedRunner(seeds: [1, 2, 3]).run(jobs: 1)
        let two = try SeedRunner(seeds: [3, 2, 1]).run(jobs: 2)
        #expect(one.steps == two.steps && one.seconds == two.seconds && one.steps > 0)
        #expect(one.failures.isEmpty && two.failures.isEmpty)
    }

    @Test func `neither a run nor one that can't begin leaves a file behind`() throws {
        let before = SimulatorTests.folders()
        let text = "scenario \"x\"\nmember ann operator\nann kill\nserver power-loss at-write 1\nwait 1m\n"
        _ = try Lab.run(try ScenarioParser.parse(text), seed: 1)
        #expect(throws: (any Error).self) {
            try Lab.run(try ScenarioParser.parse("focus \"absent.json\"\n" + text), seed: 1, scenarioFolder: "/nowhere")
        }
        // Worlds of other tests come and go; one of these two would stay.
        let after = SimulatorTests.folders().subtracting(before)
        #expect(eventually { after.isDisjoint(with: SimulatorTests.folders()) })
    }

    private static func folders() -> Set<String> {
        let paths = ["/dev/shm", "/tmp"].flatMap { parent in
            (FileFacts.names(in: parent) ?? []).filter { $0.hasPrefix("fieldbook-lab.") }.map { "\(parent)/\($0)" }
        }
        return Set(paths)
    }
}
