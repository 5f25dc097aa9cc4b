import Diagnostics
import SyncLab
import TerminalKit

/// What single steps cost, for `tools/bench`.
extension LabCommands {
    static let measures = [
        CommandSpec(
            "bench rules", "Measures what one judgement under the conflict rules costs.",
            options: [OptionSpec("rounds", value: "N", "so many measurements (default 21)")],
            examples: ["fieldbook-lab bench rules", "fieldbook-lab bench rules --rounds 101 --json"])
    ]

    /// Judgements of one measurement, so many that the clock's own cost does not count.
    private static let judgementsAtOnce = 20_000

    func benchRules() throws -> ExitCode {
        let bench = RuleBench()
        let passes = max(1, LabCommands.judgementsAtOnce / bench.questionCount)
        let rounds = try number("rounds", default: 21, in: 1...10_000)
        var readings = bench.judgeAll()
        var took: [Int64] = []
        for _ in 0..<rounds {
            let began = clock.monotonicNow()
            for _ in 0..<passes { readings &+= bench.judgeAll() }
            let (seconds, attoseconds) = (clock.monotonicNow() - began).components
            let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
            took.append(nanoseconds / Int64(passes * bench.questionCount))
        }
        took.sort()
        let (low, middle, high) = (took[0], took[took.count / 2], took[took.count - 1])
        let hash = bench.outcomesHash
        show(
            [
                "questions": .integer(Int64(bench.questionCount)), "outcomes": .text(hash),
                "judgements": .integer(Int64((rounds * passes + 1) * bench.questionCount)),
                "readings": .integer(Int64(readings)), "nanoseconds": .integer(middle),
                "nanosecondsLeast": .integer(low), "nanosecondsMost": .integer(high),
            ],
            "one judgement: \(middle) ns (\(low) - \(high)), \(bench.questionCount) questions, outcomes \(hash)\n")
        return .done
    }
}
