/// Makes a failing scenario small: fewer steps, members and customers, then smaller values, as long as the same promise
/// stays broken.
package struct Reducer {
    /// What went wrong, so that a smaller scenario fails for the same reason.
    package enum Failure: Sendable, Hashable {
        case promise(String)
        /// A promise that a story which settles could not judge.
        case unknown
        case expectation
        case note
    }

    /// Why a run failed; nil when it did not.
    package static func failure(of run: LabRun) -> Failure? {
        if let violation = run.violation { return .promise(violation.name) }
        if !run.failures.isEmpty { return .expectation }
        if !run.notes.isEmpty { return .note }
        return run.hasUnknown && run.history.events.contains { if case .ended = $0.what { true } else { false } }
            ? .unknown : nil
    }

    private let seed: UInt64
    private let wanted: Failure
    private let scenarioFolder: String
    private var runsLeft: Int
    private var best: Scenario

    /// The smallest scenario found that fails as `scenario` does with this seed, within `runsMax` runs; nil when it
    /// does not fail.
    package static func reduce(
        _ scenario: Scenario, seed: UInt64, scenarioFolder: String = ".", runsMax: Int = 600
    ) -> Scenario? {
        guard let failure = failure(scenario, seed, scenarioFolder) else { return nil }
        var reducer = Reducer(
            seed: seed, wanted: failure, scenarioFolder: scenarioFolder, runsLeft: runsMax, best: scenario)
        var before = -1
        while before != reducer.size, reducer.runsLeft > 0 {
            before = reducer.size
            reducer.dropSteps()
            reducer.dropMembers()
            reducer.dropCustomers()
            reducer.shrinkValues()
        }
        return reducer.best
    }

    private static func failure(_ scenario: Scenario, _ seed: UInt64, _ folder: String) -> Failure? {
        guard let runs = try? Lab.runAll(scenario, seed: seed, scenarioFolder: folder) else { return nil }
        return runs.lazy.compactMap { Reducer.failure(of: $0) }.first
    }

    private var size: Int { best.text.utf8.count }

    /// Takes a candidate if it still fails alike.
    private mutating func accept(_ candidate: Scenario) -> Bool {
        guard runsLeft > 0, candidate != best else { return false }
        runsLeft -= 1
        guard Reducer.failure(candidate, seed, scenarioFolder) == wanted else { return false }
        best = candidate
        return true
    }

    private mutating func dropSteps() {
        var width = max(1, best.steps.count / 2)
        while width >= 1 {
            var start = 0
            while start < best.steps.count {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + width, best.steps.count))
                if !accept(candidate) { start += width }
            }
            width /= 2
        }
    }

    private mutating func dropMembers() {
        for member in best.members where best.members.count > 1 {
            guard
                !best.members.contains(where: {
                    $0.account == member.name && $0.name != member.name || $0.roles.managers.contains(member.name)
                })
            else {
                continue
            }
            var candidate = best
            candidate.members.removeAll { $0.name == member.name }
            candidate.steps.removeAll { $0.action.names.contains(member.name) }
            _ = accept(candidate)
        }
    }

    private mutating func dropCustomers() {
        for customer in best.customers {
            var candidate = best
            candidate.customers.removeAll { $0.name == customer.name }
            for index in candidate.members.indices {
                candidate.members[index].customers.removeAll { $0 == customer.name }
            }
            candidate.steps.removeAll { $0.action.names.contains(customer.name) }
            _ = accept(candidate)
        }
    }

    private mutating func shrinkValues() {
        for index in best.customers.indices where best.customers[index].bills > 0 {
            var candidate = best
            candidate.customers[index].bills = 0
            _ = accept(candidate)
        }
        for index in best.steps.indices {
            while let smaller = best.steps[index].action.smaller {
                var candidate = best
                candidate.steps[index].action = smaller
                if !accept(candidate) { break }
            }
        }
    }
}

extension Action {
    /// A simpler action of the same kind; nil when there is none.
    var smaller: Action? {
        switch self {
        case .wait(let seconds) where seconds > 1: .wait(seconds: seconds / 2)
        case .sleep(let name, let seconds) where seconds > 1: .sleep(name, seconds: seconds / 2)
        case .network(let name, let fault, let lane, let count) where count > 1:
            .network(name, fault, lane, count: count / 2)
        case .kill(let name, let write?) where write > 1: .kill(name, atWrite: write / 2)
        case .powerLoss(let name, let write?) where write > 1: .powerLoss(name, atWrite: write / 2)
        case .powerLoss(let name, nil): .kill(name, atWrite: nil)
        case .serverPowerLoss(let write): .serverKill(atWrite: write)
        case .edit(let name, .budget(let customer, let cents, let type, let action, let cycle))
        where type != nil || action != nil || cycle:
            .edit(name, .budget(customer, cents: cents, type: nil, action: nil, thisCycle: false))
        case .edit(let name, .budget(let customer, let cents, _, _, _)) where cents > 10_000 && cents % 10_000 != 0:
            .edit(name, .budget(customer, cents: cents / 10_000 * 10_000, type: nil, action: nil, thisCycle: false))
        case .system(.bills(let customer, let count)) where count > 1: .system(.bills(customer, count: count / 2))
        default: nil
        }
    }
}
