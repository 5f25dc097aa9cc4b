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
                examples: ["fieldbookd run", "FIELDBOOK_LOG_LEVEL=debug fieldbookd run"])
        ], manual: manual)

    private static let manual = ManualNotes(
        description: [
            """
            The daemon owns the replica of one person: it follows the server's change feed, sends the edits that the \
            person makes, and answers fieldbook(1) on a socket that nobody else can open. It works without a network \
            and comes back to the server by itself.
            """,
            "Settings, files and variables are those of fieldbook(1), which tells of each.",
        ],
        sections: [
            ManualNotes.Section(
                "SIGNALS",
                [
                    ("TERM, INT", "ends it; edits that were not sent are kept"),
                    ("HUP", "reads the settings again; ends it when its terminal has gone"),
                ]),
            ManualNotes.Section(
                "ENVIRONMENT",
                [
                    (
                        "NOTIFY_SOCKET, WATCHDOG_USEC",
                        "the service manager is told of readiness, reloads, the state of the sync and the end, and gets a "
                            + "sign of life each quarter of the time while the engine works"
                    ),
                    ("CREDENTIALS_DIRECTORY", "a file fieldbook-token in it holds the token of the machine"),
                ]),
        ], related: ["fieldbook(1)", "systemd.service(5)"])

    static func main() {
        Signals.prepare()
        let terminal = Terminal()
        let log = Logger(program: "fieldbookd", file: LogFile(path: Paths().daemonLog))
        do throws(UserError) {
            switch try table.parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text):
                terminal.writeOutput(text)
                if let failure = terminal.outputFailure { throw failure }
            case .run:
                try UserFolders(Paths()).finish()
                let configuration = try SyncDaemon.Configuration.load(Paths())
                log.follow(configuration.settings)
                try SyncDaemon.run(configuration, log: log, clock: SystemClock(), chance: SystemChance())
            }
        } catch {
            terminal.tell(error, by: "fieldbookd")
            exit(error.exitCode.rawValue)
        }
    }
}
