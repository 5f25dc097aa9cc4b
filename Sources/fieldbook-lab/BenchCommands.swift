import Diagnostics
import SyncLab
import TerminalKit

/// What single steps cost, for `tools/bench`.
extension LabCommands {
    static let measures = [
        CommandSpec(
            "bench rules", "Measures what one judgement under the conflict rules costs.",
            options: [OptionSpec("rounds", value: "N", "so many measurements (default 21)")],
            examples: ["fieldbook-lab bench rules", "fieldbook-lab bench rules --rounds 101 --json"]),
        CommandSpec(
            "bench join", "Measures a customer that joins a manager's over a slow link, and leaves, in virtual time.",
            options: [
                OptionSpec("records", value: "N", "its bill records (default 100000)"),
                OptionSpec("customers", value: "N", "customers of the partner (default 2000); the manager has 50"),
                OptionSpec("speed", value: "B", "bytes a second of the link (default 6250: 50 kbit/s)"),
            ],
            examples: ["fieldbook-lab bench join", "fieldbook-lab bench join --records 3000 --json"]),
        CommandSpec(
            "bench day", "Runs a day of field work in virtual time: wake-ups, requests, files, and every promise.",
            options: [
                OptionSpec("hours", value: "N", "hours of work (default 24); one of rest follows"),
                OptionSpec("seed", value: "N", "seed of the day (default 1)"),
            ],
            examples: ["fieldbook-lab bench day", "fieldbook-lab bench day --hours 3 --seed 7 --json"]),
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
            "one judgement: \(middle) ns (\(low) - \(high)), \(bench.questionCount) questions\noutcomes \(hash)\n")
        return .done
    }

    func benchJoin() throws -> ExitCode {
        var bench = JoiningBench(records: try number("records", default: 100_000, in: 1...5_000_000))
        bench.customers = try number("customers", default: 2_000, in: 51...1_000_000)
        bench.speed = try number("speed", default: 6_250, in: 100...1_000_000_000)
        let found = try bench.run(clock: clock)
        func milliseconds(_ seconds: Double) -> JSONOutput { .integer(Int64(seconds * 1000)) }
        func count(_ value: Int) -> JSONOutput { .integer(Int64(value)) }
        let poll = found.emptyPoll
        show(
            [
                "records": count(bench.records), "pollsToRegisters": count(found.pollsToRegisters),
                "pollsToFreeze": count(found.pollsToFreeze),
                "millisecondsToRegisters": milliseconds(found.secondsToRegisters),
                "millisecondsToFreeze": milliseconds(found.secondsToFreeze),
                "millisecondsToResult": milliseconds(found.secondsToResult),
                "recordsMissingThen": .integer(found.recordsMissingThen),
                "millisecondsToAll": milliseconds(found.secondsToAll),
                "joiningRequests": count(found.joining.requests), "joiningBytesUp": count(found.joining.bytesUp),
                "joiningBytesDown": count(found.joining.bytesDown),
                "leavingRequests": count(found.leaving.requests),
                "leavingBytes": count(found.leaving.bytesUp + found.leaving.bytesDown),
                "wipeMilliseconds": milliseconds(found.wipeSeconds), "rowsAfter": .integer(found.rowsAfter),
                "fileBytesBefore": .integer(found.fileBytesBefore), "fileBytesJoined": .integer(found.fileBytesJoined),
                "fileBytesAfter": .integer(found.fileBytesAfter), "emptyPollRequests": count(poll.requests),
                "emptyPollBytes": count(poll.bytesUp + poll.bytesDown),
                "emptyPollStatements": count(found.emptyPollStatements),
            ],
            """
            joined: registers after \(found.pollsToRegisters) poll(s), all \(bench.records) records after \
            \(Int(found.secondsToAll)) s of the link, \(found.joining.requests) requests, \(found.joining.bytesDown) bytes
            meanwhile: another's freeze after \(found.pollsToFreeze) poll(s), an edit with its result, \
            \(found.recordsMissingThen) records still missing
            left: \(found.leaving.requests) request(s), wiped in \(Int(found.wipeSeconds * 1000)) ms
            empty poll: \(poll.requests) request(s), \(poll.bytesUp + poll.bytesDown) bytes, \
            \(found.emptyPollStatements) statements

            """)
        return .done
    }

    func benchDay() throws -> ExitCode {
        var day = FieldDay()
        day.hours = try number("hours", default: 24, in: 1...240)
        day.seed = UInt64(try number("seed", default: 1, in: 0...Int.max))
        let found = try day.run()
        var table = Table([
            .init("HOUR"), .init("REQUESTS", .right), .init("WAKE-UPS", .right), .init("FILES, KIB", .right),
            .init("LOG, KIB", .right),
        ])
        for (index, hour) in found.hours.enumerated() {
            let isRest = index == found.hours.count - 1
            table.add([
                isRest ? "at rest" : "\(index + 1)", "\(hour.requests)", "\(hour.wakeUps)", "\(hour.fileBytes / 1024)",
                "\(hour.logBytes / 1024)",
            ])
        }
        let broken = found.broken
        let words = "\(found.edits) edits, \(found.rows) rows in the largest image"
        show(
            [
                "hours": .array(
                    found.hours.map {
                        .object([
                            "requests": .integer(Int64($0.requests)), "wakeUps": .integer(Int64($0.wakeUps)),
                            "fileBytes": .integer($0.fileBytes), "logBytes": .integer($0.logBytes),
                        ])
                    }), "rows": .integer(Int64(found.rows)), "edits": .integer(Int64(found.edits)),
                "broken": .array(broken.map { .text($0) }),
            ],
            table.render(width: nil)
                + (broken.isEmpty
                    ? "\(words); all promises kept\n" : "\(words)\nBROKEN: \(broken.joined(separator: "\n        "))\n")
        )
        return broken.isEmpty ? .done : .failed
    }
}
