import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

extension Context {
    /// `export WHAT [FILE]`.
    func exportData() throws(UserError) -> Answer {
        let format = try choice("format", ExportFormat.self) ?? .csv
        let kind = try exportKind(format)
        let file = command.arguments.count > 1 ? command.arguments[1] : "-"
        guard file != "-" || !command.flag("json") else {
            throw usage("--json tells of a file that was written; name one, or ask for --format jsonl")
        }
        let reader = try reader()
        let scope = ExportScope(
            kind, customer: try command.option("customer").map { text throws(UserError) in try customer(text).key },
            cycle: try cycle("cycle"), showsPersonal: command.flag("show-personal"))
        let export = try ask { () throws(StoreError) in try reader.export(scope) }
        let isForEyes = file == "-" && terminal.isOutputTerminal
        let care: ExportEncoder.Care =
            command.flag("safe-for-spreadsheets") ? .spreadsheet : isForEyes ? .terminal : .exact
        let showsProgress = terminal.isErrorTerminal && !isForEyes && !command.flag("quiet")
        let run = try ExportRun(
            export, ExportEncoder(export.columns, format, care),
            to: file == "-" ? nil : try NewFile(file, replacing: command.flag("force")), terminal: terminal,
            clock: clock, bar: showsProgress ? ProgressBar("export", terminal: terminal) : nil)
        try run.run()
        var answer = Answer(
            json: [
                "bytes": .integer(run.bytesWritten), "file": .text(file), "format": .text(format.rawValue),
                "records": .integer(run.records),
            ], text: TextWidth.safe("\(Context.count(Int(run.records), "record")) written to \(file)") + "\n")
        answer.isWritten = file == "-"
        try addAge(to: &answer, reader)
        return answer
    }

    private func exportKind(_ format: ExportFormat) throws(UserError) -> ExportKind {
        guard let kind = ExportKind(rawValue: command.arguments[0]), kind != .focus else {
            throw usage("what is exported must be customers, bills, coupons or history")
        }
        for (option, owner) in [("cycle", ExportKind.bills), ("show-personal", .customers)]
        where command.flag(option) && kind != owner {
            throw usage("--\(option) is for \(owner.rawValue)")
        }
        guard format != .focus || kind == .bills else { throw usage("--format focus is for bills") }
        guard format == .csv || !command.flag("safe-for-spreadsheets") else {
            throw usage("--safe-for-spreadsheets changes texts and is for --format csv")
        }
        return format == .focus ? .focus : kind
    }
}
