import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

extension Context {
    /// `apply FILE`. What is wrong with a line is told with its number; unless it is told to keep going, nothing is
    /// queued then. What was queued is noted line by line, so a second run, whatever ended the first, goes on.
    func applyFile() throws(UserError) -> Answer {
        let path = command.arguments[0]
        let sheet = try ApplySheet(path, series: command.option("series") ?? "")
        let reader = try reader()
        let showsProgress = terminal.isErrorTerminal && !command.flag("quiet")
        var run = ApplyRun(
            sheet: sheet, reader: reader, context: self,
            bar: showsProgress ? ProgressBar("apply", terminal: terminal) : nil)
        try run.understand()
        let keepsGoing = command.flag("keep-going")
        try run.check()
        if !command.flag("dry-run"), keepsGoing || run.faults.isEmpty { try run.queue(keepsGoing: keepsGoing) }
        return ApplyReport(run, path: path, isDryRun: command.flag("dry-run")).answer
    }

    /// What a line asks for, through the command that makes such an edit. `earlier` is what lines before it ask for of
    /// the same customer.
    func wanted(
        _ line: ApplyLine, _ customer: Customer, _ reader: ReplicaReader, earlier: [Wanted]
    ) throws(UserError) -> Wanted {
        var options: [String: String] = [:]
        for (column, option) in line.kind.options { options[option] = line.cells[column] }
        let arguments = [customer.customerID] + line.kind.arguments.map { line.cells[$0] ?? "" }
        var context = Context(
            command: ParsedCommand(name: line.kind.command, arguments: arguments, options: options),
            terminal: terminal, paths: paths, clock: clock)
        context.batch = (reader, earlier)
        return try context.asking().edits[0]
    }
}
