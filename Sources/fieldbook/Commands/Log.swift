import Diagnostics
import Glibc
import LocalAPI
import TerminalKit

extension Context {
    /// How often a followed log is looked at.
    private static let lookMicroseconds: UInt32 = 200_000
    private static let linesMax = 100_000

    /// `log`: the end of the daemon's log, and with `--follow` what comes.
    func showLog() throws(UserError) -> Answer {
        let level = try level()
        let count = try lineCount()
        let tail = LogTail(path: paths.daemonLog)
        func wanted(_ lines: [String]) -> [LogEntry] { lines.map { LogEntry($0) }.filter { $0.level <= level } }
        var entries = wanted(tail.newLines())
        if entries.count < count {
            entries = wanted(LogTail(path: paths.daemonLog + LogFile.olderSuffix).newLines()) + entries
        }
        entries = Array(entries.suffix(count))
        let elsewhere = logsElsewhere()
        if let elsewhere, !command.flag("quiet") { terminal.writeError(elsewhere + "\n") }
        guard command.flag("follow") else {
            if entries.isEmpty, !SecureFile.exists(paths.daemonLog), elsewhere == nil {
                throw UserError(
                    .failed, what: "there is no log to show", why: "the daemon was never started from here",
                    next: "start it with: fieldbook daemon start")
            }
            let json: [String: JSONOutput] = ["file": .text(paths.daemonLog), "entries": .array(entries.map(\.json))]
            return Answer(json: json, text: entries.map(line).joined())
        }
        while terminal.isOutputOpen {
            for entry in entries {
                terminal.writeOutput(command.flag("json") ? entry.json.compact + "\n" : line(entry))
            }
            if entries.isEmpty { usleep(Context.lookMicroseconds) }
            entries = wanted(tail.newLines())
        }
        return Answer(isWritten: true)
    }

    private func line(_ entry: LogEntry) -> String { TextWidth.safe(entry.text) + "\n" }

    private func level() throws(UserError) -> Logger.Level {
        guard let word = command.option("level") else { return .trace }
        guard let level = Logger.Level(word) else {
            throw usage("--level must be one of: \(Logger.Level.allCases.map { "\($0)" }.joined(separator: ", "))")
        }
        return level
    }

    private func lineCount() throws(UserError) -> Int {
        guard let text = command.option("lines") else { return 50 }
        guard let count = Int(text), (0...Context.linesMax).contains(count) else {
            throw usage("\(command.typed("lines")) must be a number from 0 to \(Context.linesMax)")
        }
        return count
    }

    /// Where a daemon that runs now logs, when that is not the file (proc(5), fd).
    private func logsElsewhere() -> String? {
        guard let process = (try? daemon.statusIfRunning())??.processID,
            let target = FileFacts.target(ofLink: "/proc/\(process)/fd/2"),
            target != paths.daemonLog, !isLog("/proc/\(process)/fd/2")
        else { return nil }
        return target.hasPrefix("socket:")
            ? "the daemon that runs is a service and logs to the journal: journalctl --user -u fieldbook"
            : "the daemon that runs logs elsewhere: \(TextWidth.safe(target))"
    }

    private func isLog(_ path: String) -> Bool {
        var (own, log) = (stat(), stat())
        return stat(path, &own) == 0 && stat(paths.daemonLog, &log) == 0 && own.st_ino == log.st_ino
            && own.st_dev == log.st_dev
    }

    /// `metrics`: as the daemon gives them.
    func showMetrics() throws(UserError) -> Answer {
        let text = try daemon.metrics()
        return Answer(json: ["metrics": .text(text)], text: text)
    }
}
