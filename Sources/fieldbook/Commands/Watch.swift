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

    /// `status --watch`: on a terminal the same screen again and again; elsewhere, and in the plain form, one block after
    /// the other; with `--json` one line for every change. Ends with Ctrl-C, TERM or a hang-up, or when nobody reads any
    /// more. No mode of the terminal is changed, so that it is whole whenever and however this ends.
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
            isScreen: WatchView.isDrawn(
                onTerminal: terminal.isOutputTerminal, plain: terminal.isPlain, kind: Paths.variable("TERM")),
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

    /// Whether escape sequences may be written: to a terminal of a kind (`TERM`) that takes them, never in the plain form.
    static func isDrawn(onTerminal: Bool, plain: Bool, kind: String?) -> Bool {
        onTerminal && !plain && !["", "dumb"].contains(kind ?? "")
    }

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
        // ECMA-48: to the first place (CUP), each line to its end (EL), the rest of the screen (ED). A line that the
        // terminal took on to the next row by itself, or one below the last row, would move what is above.
        let (columns, rows) = (width ?? 80, max(1, (height ?? 24) - 2))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .flatMap { WatchView.wrap(String($0), to: columns) }.prefix(rows)
        let body = (lines + [TextWidth.cut(note, to: columns)]).map { "\($0)\u{1B}[K\n" }.joined()
        return (isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H" + body + "\u{1B}[J"
    }

    /// A line as rows of the screen. What does not fit goes on below the value of its label, or two columns further in.
    private static func wrap(_ line: String, to columns: Int) -> [String] {
        guard TextWidth.of(line) > columns else { return [line] }
        let characters = Array(line)
        let margin = characters.prefix { $0 == " " }.count
        // A label ends in two blanks or more, and its value begins behind them.
        let gap = characters.indices.dropLast().first { characters[$0] == " " && characters[$0 + 1] == " " }
        var start = margin
        if margin == 0, let gap { start = gap + characters[gap...].prefix { $0 == " " }.count }
        let head = String(characters[..<start])
        let below = min(margin == 0 && start > 0 ? TextWidth.of(head) : margin + 2, columns / 2)
        let rows = TextWidth.wrap(String(characters[start...]), to: columns - TextWidth.of(head), then: columns - below)
        return rows.enumerated().map { ($0 == 0 ? head : String(repeating: " ", count: below)) + $1 }
    }
}
