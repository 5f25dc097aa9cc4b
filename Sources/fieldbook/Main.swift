import Diagnostics
import Glibc
import ReplicaStore
import TerminalKit

/// The command line: looks things up in the local replica, asks the daemon for changes.
@main
struct Fieldbook {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        let terminal = Terminal()
        do throws(UserError) {
            switch try CommandList.table.parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text):
                terminal.writeOutput(text)
                if let failure = terminal.outputFailure { throw failure }
            case .run(let command):
                var paths = Paths()
                // What a crash left half moved is found before anything says that there is nothing.
                // What only looks changes nothing, and works where nothing can be changed.
                if UserFolders(paths).isUnfinished, !Context.diagnoses.contains(command.name) {
                    try UserFolders(paths).finish()
                    paths = Paths()
                }
                let context = Context(
                    command: command, terminal: terminal.plain(command.isPlain), paths: paths, clock: SystemClock())
                let answer = try context.run()
                if !answer.isWritten { terminal.writeOutput(command.flag("json") ? answer.jsonText : answer.text) }
                for note in answer.notes where !command.flag("quiet") { terminal.remark(note + "\n") }
                // The start page says it itself.
                if command.name != "home" { context.sayWhatNeedsAttention(answer.reader) }
                if let failure = terminal.outputFailure { throw failure }
                if answer.exitCode != .done { exit(answer.exitCode.rawValue) }
            }
        } catch {
            terminal.tell(error, by: "fieldbook")
            exit(error.exitCode.rawValue)
        }
    }
}

/// What a command gives back.
struct Answer {
    var json: [String: JSONOutput] = [:]
    var text = ""
    /// Lines for stderr.
    var notes: [String] = []
    var exitCode = ExitCode.done
    /// The command wrote its result itself, piece by piece.
    var isWritten = false
    /// What it was read from, for what is said after it: to open a replica takes longer than to ask it something.
    var reader: ReplicaReader?

    /// The JSON form: one object with the version of its schema.
    var jsonText: String {
        var object = json
        object["schemaVersion"] = .integer(1)
        return JSONOutput.object(object).rendered
    }
}
