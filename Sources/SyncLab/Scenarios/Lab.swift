import Diagnostics
import Glibc

/// Runs scenarios.
package enum Lab {
    /// Runs a scenario once. Its files live in memory where the machine has such a folder, and are gone afterwards.
    package static func run(
        _ scenario: Scenario, seed: UInt64, scenarioFolder: String = ".", order: [String] = [], traces: Bool = false
    ) throws -> LabRun {
        let world = try World(seed: seed, folder: newFolder(), scenarioFolder: scenarioFolder, traces: traces)
        defer { world.remove() }
        try world.prepare(scenario)
        begin(scenario, world)
        var failures: [LabRun.Failure] = []
        for step in scenario.steps {
            if world.isRunaway { break }
            if case .expect(let expectation, let first) = step.action {
                if let first, order.first ?? scenario.bothOrders?.first != first { continue }
                if let why = world.failure(of: expectation) {
                    failures.append(LabRun.Failure(line: step.line, why: why))
                }
                continue
            }
            world.perform(step.action, order: order)
        }
        // A loop without end is a broken promise, wherever in the story it was met.
        if world.isRunaway { world.record(.ended(settled: false)) }
        let verdicts = Checkers.verdicts(world.history).map { ($0.checker.name, $0.checker.promise, $0.verdict) }
        return LabRun(
            seed: seed, order: order, history: world.history,
            asked: Dictionary(uniqueKeysWithValues: world.agents.map { ($0.member.name, $0.made) }), keys: world.keys,
            verdicts: verdicts, failures: failures, hash: world.hash,
            steps: world.steps, seconds: world.time.now / 1_000_000, trace: world.trace, notes: world.notes)
    }

    /// Runs a scenario in every order that it asks for.
    package static func runAll(
        _ scenario: Scenario, seed: UInt64, scenarioFolder: String = ".", traces: Bool = false
    ) throws -> [LabRun] {
        let orders = scenario.bothOrders.map { [$0, $0.reversed()] } ?? [[]]
        return try orders.map {
            try run(scenario, seed: seed, scenarioFolder: scenarioFolder, order: $0, traces: traces)
        }
    }

    /// Members that the story does not start itself have loaded before it begins.
    private static func begin(_ scenario: Scenario, _ world: World) {
        var late: Set<String> = []
        var stopped: Set<String> = []
        for step in scenario.steps {
            if case .stop(let name) = step.action { stopped.insert(name) }
            if case .start(let name) = step.action, !stopped.contains(name) { late.insert(name) }
        }
        // What links cost is known before anything goes over them.
        for step in scenario.steps.prefix(while: { $0.action.isOfMeter }) { world.perform(step.action, order: []) }
        var hasStarted = false
        for agent in world.agents where !late.contains(agent.member.name) {
            world.start(agent)
            hasStarted = true
        }
        if hasStarted { world.perform(.settle, order: []) }
    }

    /// A folder for one run, which removes it. What runs left that were ended in the middle goes first.
    static func newFolder() -> String {
        _ = swept
        var name = Array("\(parent)/\(prefix)\(getpid()).XXXXXX".utf8CString)
        return mkdtemp(&name).map { String(cString: $0) } ?? "\(parent)/\(prefix)\(getpid()).0"
    }

    private static let prefix = "fieldbook-lab."
    private static let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : Paths.variable("TMPDIR") ?? "/tmp"

    /// Removes, once, what processes left that were ended in the middle of a run.
    private static let swept: Void = {
        for name in FileTree.names(in: parent) where name.hasPrefix(prefix) {
            guard let process = pid_t(name.dropFirst(prefix.count).prefix { $0 != "." }) else { continue }
            if kill(process, 0) != 0, errno == ESRCH { FileTree.remove("\(parent)/\(name)") }
        }
    }()
}
