import Synchronization
import ThreadKit

/// Runs many seeds, several worlds at a time, each on a thread of its own.
package final class SeedRunner: Sendable {
    /// What came of all seeds.
    package struct Tally: Sendable {
        /// A seed whose run was not good in every promise, and why.
        package struct Failure: Sendable {
            package let seed: UInt64
            package let lines: [String]
        }

        /// Machine events.
        package var steps = 0
        /// Simulated seconds.
        package var seconds: Int64 = 0
        /// In order of seed.
        package var failures: [Failure] = []
    }

    private struct State {
        var next = 0
        var done = 0
        var tally = Tally()
        var error: (any Error)?
    }

    private let seeds: [UInt64]
    private let progress: @Sendable (_ done: Int, _ all: Int) -> Void
    private let state = Mutex(State())

    /// `progress` is told after each run, one call at a time.
    package init(seeds: [UInt64], progress: @escaping @Sendable (_ done: Int, _ all: Int) -> Void = { _, _ in }) {
        self.seeds = seeds
        self.progress = progress
    }

    /// Runs all of them. A run that is not good in every promise is a failure.
    package func run(jobs: Int) throws -> Tally {
        let workers = (1..<max(1, jobs)).compactMap { _ in WorkerThread(stackBytes: 8 << 20) { self.work() } }
        work()
        for worker in workers { worker.join() }
        return try state.withLock { state in
            if let error = state.error { throw error }
            state.tally.failures.sort { $0.seed < $1.seed }
            return state.tally
        }
    }

    private func work() {
        while let seed = take() {
            let scenario = Workload.scenario(seed: seed)
            let result = Result { try Lab.run(scenario, seed: seed) }
            // Now and then a run is made twice: the same seed gives the same trace.
            let again = seed % 25 == 0 ? try? Lab.run(scenario, seed: seed).hash : nil
            state.withLock { state in
                state.done += 1
                progress(state.done, seeds.count)
                switch result {
                case .failure(let error): state.error = state.error ?? error
                case .success(let run):
                    state.tally.steps += run.steps
                    state.tally.seconds += run.seconds
                    var lines = run.wrongs(strictly: true)
                    if let again, again != run.hash { lines.append("two runs of the seed differ") }
                    if !lines.isEmpty { state.tally.failures.append(Tally.Failure(seed: seed, lines: lines)) }
                }
            }
        }
    }

    private func take() -> UInt64? {
        state.withLock { state in
            guard state.next < seeds.count, state.error == nil else { return nil }
            defer { state.next += 1 }
            return seeds[state.next]
        }
    }
}
