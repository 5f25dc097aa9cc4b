import Diagnostics
import Glibc
import LedgerStore
import SQLiteKit
import TerminalKit

/// The reference server: truth of one partner, change feed, arbitration.
@main
struct FieldbookServer {
    static func main() {
        Signals.ignoreClosedPipe()
        let terminal = Terminal()
        do {
            switch try ServerCommands.table.parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text): terminal.writeOutput(text)
            case .run(let command): try ServerCommands.run(command, terminal.plain(command.isPlain))
            }
            if let failure = terminal.outputFailure { throw failure }
        } catch {
            let told = ServerCommands.userError(error)
            terminal.tell(told, by: "fieldbook-server")
            exit(told.exitCode.rawValue)
        }
    }
}
