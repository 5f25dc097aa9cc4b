import Diagnostics
import Glibc
import TerminalKit

/// The lab: conflict scenarios and a deterministic simulator around the production code.
@main
struct FieldbookLab {
    static func main() {
        Signals.ignoreClosedPipe()
        let terminal = Terminal()
        do {
            var code = ExitCode.done
            switch try LabCommands.table.parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text): terminal.writeOutput(text)
            case .run(let command):
                code = try LabCommands(command: command, terminal: terminal.plain(command.isPlain)).run()
            }
            if let failure = terminal.outputFailure { throw failure }
            exit(code.rawValue)
        } catch {
            let told = LabCommands.userError(error)
            terminal.tell(told, by: "fieldbook-lab")
            exit(told.exitCode.rawValue)
        }
    }
}
