import Diagnostics
import LocalAPI
import ReplicaStore
import TerminalKit

extension Context {
    private static let watchSecondsMax = 3600

    /// `status`, which ends with a code for scripts when asked to.
    func statusWithCode() throws(UserError) -> Answer {
        if command.flag("every") { throw usage("--every goes with --watch") }
        var answer = try status()
        if command.flag("exit-code") { answer.exitCode = Context.exitCode(answer.json) }
        return answer
    }

    private static func exitCode(_ status: [String: JSONOutput]) -> ExitCode {
        guard status["daemonRunning"] == .bool(true), case .text(let phase)? = status["phase"] else {
            return .unreachable
        }
        return switch phase {
        case "in-sync": .done
        case "needs-login": .denied
        case "blocked" where isAccessEnded(status): .denied
        case "needs-person", "blocked": .failed
        default: .notYet
        }
    }

    private static func isAccessEnded(_ status: [String: JSONOutput]) -> Bool {
        guard case .object(let wiped)? = status["wiped"] else { return false }
        return wiped["cause"] == .text(WipeRecord.Cause.accessEnded.rawValue)
    }

    /// `status --watch`: on a terminal the same screen again and again, elsewhere one block after the other; with
    /// `--json`
    /// one line for every change. Ends with Ctrl-C, TERM or a hang-up, or when nobody reads any more. No mode of the
    /// terminal is changed, so that it is whole whenever and however this ends.
    func watchStatus() throws(UserError) -> Answer {
        if command.flag("exit-code") { throw usage("--exit-code does not go with --watch") }
        var seconds = 2
        if let text = command.option("every") {
            guard let value = Int(text), (1...Context.watchSecondsMax).contains(value) else {
                throw usage("--every must be 1 to \(Context.watchSecondsMax)")
            }
            seconds = value
        }
        Signals.prepare()
        var view = WatchView(
            isScreen: terminal.isOutputTerminal && !["", "dumb"].contains(Paths.variable("TERM") ?? ""),
            isJSON: command.flag("json"))
        var answer = try status()
        while true {
            answer.json["schemaVersion"] = .integer(1)
            let note = "\(clock.now().rfc3339), every \(seconds) s; Ctrl-C ends"
            terminal.writeOutput(
                view.show(answer.text, answer.json, note: note, width: terminal.width, height: terminal.height))
            guard terminal.isOutputOpen, Signals.waitForStop(within: .seconds(Int64(seconds))) == nil else {
                return Answer(isWritten: true)
            }
            // What can't be told for a moment (a daemon that hangs, a log-out) may be told again.
            do { answer = try status() } catch {
                answer = Answer(
                    json: ["error": .text("\(error.what): \(error.why)")],
                    text: "\(error.what): \(error.why)\n  \(error.next)\n")
            }
        }
    }
}

/// What a watched status writes for each look.
struct WatchView {
    let isScreen: Bool
    let isJSON: Bool
    private var isFirst = true
    private var shown: [String: JSONOutput] = [:]

    init(isScreen: Bool, isJSON: Bool) { (self.isScreen, self.isJSON) = (isScreen, isJSON) }

    /// Memory changes all the time and says nothing of syncing.
    private static let passedOver = ["residentBytes"]

    mutating func show(
        _ text: String, _ json: [String: JSONOutput], note: String, width: Int?, height: Int?
    ) -> String {
        defer { isFirst = false }
        if isJSON {
            let told = json.filter { !WatchView.passedOver.contains($0.key) }
            guard told != shown else { return "" }
            shown = told
            return JSONOutput.object(json).compact + "\n"
        }
        guard isScreen else { return (isFirst ? "" : "\n") + "\(note)\n\(text)" }
        // ECMA-48: to the first place (CUP), each line to its end (EL), the rest of the screen (ED). A line that went
        // on in the next row, or one below the last row, would move what is above.
        let rows = max(1, (height ?? 24) - 2)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().prefix(rows) + [note[...]]
        let body = lines.map { TextWidth.cut(String($0), to: width ?? 80) + "\u{1B}[K\n" }.joined()
        return (isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H" + body + "\u{1B}[J"
    }
}
