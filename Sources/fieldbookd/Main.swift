import Diagnostics
import Glibc
import SyncDaemon
import TerminalKit

/// The sync daemon of one user: owns the replica, follows the server, answers on a Unix socket.
@main
struct FieldbookDaemon {
    static let table = CommandTable(
        program: "fieldbookd",
        summary: "keeps the local replica in sync; run by 'fieldbook daemon start' or a service manager",
        globals: [OptionSpec("help", "show help"), OptionSpec("version", "show the version")],
        commands: [
            CommandSpec(
                "run", "Runs in the foreground until TERM; logs to stderr.",
                examples: ["fieldbookd run", "FIELDBOOK_LOG=debug fieldbookd run"])
        ])

    static func main() {
        Signals.prepare()
        let terminal = Terminal()
        let log = Logger.ofEnvironment(program: "fieldbookd", file: LogFile(path: Paths().daemonLog))
        do throws(UserError) {
            switch try table.parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text):
                terminal.writeOutput(text)
                if let failure = terminal.outputFailure { throw failure }
            case .run:
                try UserFolders(Paths()).finish()
                let configuration = try SyncDaemon.Configuration.load(Paths())
                try SyncDaemon.run(configuration, log: log, clock: SystemClock(), chance: SystemChance())
            }
        } catch {
            terminal.writeError(error.rendered(program: "fieldbookd"))
            exit(error.exitCode.rawValue)
        }
    }
}
