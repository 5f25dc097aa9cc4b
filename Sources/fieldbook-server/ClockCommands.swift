import Diagnostics
import LedgerStore
import SyncServer
import TerminalKit

/// The ledger's clock, which can be set to try out what time brings: expired edits, deadlines, a new month.
extension ServerContext {
    /// How far ahead the clock may be, in seconds: a hundred years.
    private static let offsetMax: Int64 = 100 * 366 * 86_400

    /// `clock show`.
    func showClock() throws {
        tell(offset: try withLedger { ledger in try ledger.read { $0.state.clockOffset } })
    }

    /// `clock set TIME`.
    func setClock() throws {
        let text = command.arguments[0]
        guard let time = Instant(rfc3339: text) else {
            throw usage("\(text.prefix(40)) is no time", "give RFC 3339, for example 2026-12-01T00:00:00+08:00")
        }
        try moveClock { _ in time.seconds - SystemClock().now().seconds }
    }

    /// `clock advance DURATION`.
    func advanceClock() throws {
        let text = command.arguments[0]
        guard let seconds = ServerContext.seconds(text) else {
            throw usage("\(text.prefix(40)) is no duration", "give days, hours, minutes, seconds: 3d, 2h, 1d12h30m")
        }
        try moveClock { $0 + seconds }
    }

    /// `clock reset`.
    func resetClock() throws {
        let before = try withLedger(forWriting: true) { ledger in
            try ledger.write { writer in
                try writer.setClockOffset(0)
                return writer.state.clockOffset
            }
        }
        tell(offset: 0)
        guard before != 0 else { return }
        terminal.writeError(
            "the clock went back by \(ServerContext.words(before)): records of that time now lie in the future\n")
    }

    private func moveClock(_ offset: (Int64) -> Int64) throws {
        let moved = try withLedger(forWriting: true) { ledger in
            try ledger.write { writer in
                let before = writer.state.clockOffset
                let after = offset(before)
                guard after >= before else {
                    throw UserError(
                        .refused, what: "cannot set the clock",
                        why: "it would go back by \(ServerContext.words(before - after)), behind records and deadlines",
                        next: "name a later time, or make it the machine's with: fieldbook-server clock reset "
                            + "--data \(folder.path)")
                }
                guard after <= ServerContext.offsetMax else {
                    throw UserError(
                        .refused, what: "cannot set the clock", why: "it would be more than a hundred years ahead",
                        next: "name an earlier time")
                }
                try writer.setClockOffset(after)
                return after
            }
        }
        tell(offset: moved)
    }

    private func tell(offset: Int64) {
        let machine = SystemClock().now()
        let now = machine.advanced(by: .seconds(offset))
        let words = offset == 0 ? "as this machine's" : "\(ServerContext.words(offset)) ahead of this machine's"
        show(
            [
                "now": .text(now.rfc3339), "machine": .text(machine.rfc3339), "aheadSeconds": .integer(offset),
            ],
            "\(now.rfc3339), \(words)\n")
    }

    // MARK: Durations

    private static let units: [(mark: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// Reads `3d`, `2h`, `1d12h30m`: whole numbers, each unit at most once, the larger first; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        var rest = text[...]
        var total: Int64 = 0
        for (mark, seconds) in units {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, rest.dropFirst(digits.count).first == mark else { continue }
            guard digits.count <= 9, let count = Int64(digits) else { return nil }
            total += count * seconds
            rest = rest.dropFirst(digits.count + 1)
        }
        return rest.isEmpty && !text.isEmpty ? total : nil
    }

    /// `3d 2h`, the units that are not 0.
    static func words(_ seconds: Int64) -> String {
        var rest = seconds.magnitude
        var parts: [String] = []
        for (mark, unit) in units where rest >= UInt64(unit) {
            parts.append("\(rest / UInt64(unit))\(mark)")
            rest %= UInt64(unit)
        }
        return parts.isEmpty ? "0s" : parts.joined(separator: " ")
    }
}
