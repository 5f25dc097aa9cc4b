import Diagnostics
import Hooks
import TerminalKit

extension Context {
    /// `hooks test EVENT`: runs the event's command as the daemon would, on an event that is made up.
    func testHook() throws(UserError) -> Answer {
        let word = command.arguments[0]
        guard let kind = HookKind(rawValue: word) else {
            throw usage("an event is one of \(HookKind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let settings = HookSettings(settings())
        if let flaw = settings.flaws.first(where: { ["hooks.\(word)", "hooks.all"].contains($0.key) }) {
            throw UserError(
                .settings, what: "cannot use \(flaw.key)", why: flaw.why,
                next: "mend it; what is set and where: fieldbook config show")
        }
        guard let words = settings.command(for: kind) else {
            throw UserError(
                .settings, what: "cannot run a command on '\(word)'", why: "none is set for it",
                next: "add to \(paths.settingsFile), under [hooks]: \(word) = /path/to/command")
        }
        let event = HookEvent.sample(kind, at: clock.now())
        let outcome = HookProcess.run(words, event: event, timeout: settings.timeout, clock: clock)
        var answer = Answer()
        answer.json = [
            "event": .text(word), "command": .array(words.map { .text($0) }), "ended": .text(outcome.words),
            "milliseconds": .integer(outcome.milliseconds), "outputBytes": .integer(Int64(outcome.written)),
            "output": .text(String(decoding: outcome.output, as: UTF8.self)),
        ]
        answer.text =
            "\(VisibleText.escape(words.joined(separator: " "))): \(outcome.words) after \(outcome.milliseconds) ms\n"
        for line in String(decoding: outcome.output, as: UTF8.self).split(separator: "\n") {
            answer.text += "  \(VisibleText.escape(String(line)))\n"
        }
        if outcome.isCut {
            answer.notes.append("it wrote \(outcome.written) bytes; the first \(outcome.output.count) are kept")
        }
        if !outcome.isGood { answer.exitCode = .failed }
        return answer
    }
}
