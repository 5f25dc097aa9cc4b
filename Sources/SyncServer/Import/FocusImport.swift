import CSVKit
import Diagnostics
import Digests
package import LedgerStore
package import PartnerModel
import SyncProtocol

/// Imports a FOCUS 1.0 file into a ledger: sub-accounts become customers, charges bill records.
///
/// Streamed, in one transaction: a damaged file leaves nothing. A refused line is left out and listed, or with `strict`
/// refuses the whole file. A second import of the same file changes nothing.
package enum FocusImport {
    /// How a file is to be taken.
    package struct Options: Sendable {
        let association: AssociationType
        let isStrict: Bool
        /// Cycles before it are final.
        let openCycle: BillingCycle
        let now: Int64

        /// Without an open cycle it is the one that holds `now`.
        package init(association: AssociationType, isStrict: Bool, openCycle: BillingCycle?, now: Int64) {
            self.association = association
            self.isStrict = isStrict
            self.openCycle = openCycle ?? BillingCycle(containing: now)
            self.now = now
        }
    }

    /// What an import did.
    package struct Report: Sendable {
        /// A line that was left out.
        package struct Refusal: Sendable {
            package let line: Int
            package let why: String
        }

        package fileprivate(set) var lines = 0
        package fileprivate(set) var added = 0
        package fileprivate(set) var changed = 0
        package fileprivate(set) var unchanged = 0
        package fileprivate(set) var customersAdded = 0
        package fileprivate(set) var valuesRounded = 0
        package fileprivate(set) var refused: [Refusal] = []
        /// Kept minus exact over all lines, in units of 10^-18.
        package fileprivate(set) var billedResidual: Int128 = 0
        package fileprivate(set) var listResidual: Int128 = 0
    }

    /// Refused lines listed at most; more of them refuse the file.
    private static let refusedMax = 1_000

    /// The association type of a word; nil for another word.
    package static func association(_ word: String) -> AssociationType? { AssociationType(rawValue: word) }

    private static let linesBetweenProgress = 1_000

    /// Runs an import. Durable on return; on a throw nothing was imported. `progress` is told how many bytes of all are
    /// read.
    package static func run(
        file: String, into ledger: Ledger, options: Options,
        progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) throws -> Report {
        var reader = try CSVReader(path: file, ifRefused: "nothing was imported")
        let next = "export the file in the FOCUS 1.0 form"
        let first: [String]?
        do { first = try reader.nextRecord() } catch let damage as CSVReader.Damage {
            throw UserError(
                .refused, what: "cannot import \(file)", why: "line \(damage.line): \(damage.why)", next: next)
        }
        guard let header = first else {
            throw UserError(.refused, what: "cannot import \(file)", why: "it is empty", next: next)
        }
        let columns = try FocusColumns(header: header, file: file)
        return try ledger.write { writer in
            let rows = try FocusRows(writer: writer, options: options)
            var report = Report()
            while true {
                do {
                    guard let record = try reader.nextRecord() else { break }
                    report.lines += 1
                    if report.lines % linesBetweenProgress == 0 { progress(reader.bytesRead, reader.bytesTotal) }
                    let line = try columns.line(record)
                    try take(line, raw: record, rows, &report)
                } catch let refusal as FocusColumns.LineRefusal {
                    try refuse(reader.recordLine, refusal.why, file, options, &report)
                } catch let damage as CSVReader.Damage {
                    report.lines += 1
                    try refuse(damage.line, damage.why, file, options, &report)
                }
            }
            report.customersAdded = rows.customersAdded
            try writer.sumPartnerBills(ofCycles: rows.changedCycles)
            return report
        }
    }

    private static func take(_ line: FocusLine, raw: [String], _ rows: FocusRows, _ report: inout Report) throws {
        switch try rows.put(line, raw: raw) {
        case .added: report.added += 1
        case .changed: report.changed += 1
        case .unchanged: report.unchanged += 1
        }
        for money in [line.billed, line.list] where money.wasRounded { report.valuesRounded += 1 }
        report.billedResidual += line.billed.residual
        report.listResidual += line.list.residual
    }

    private static func refuse(
        _ line: Int, _ why: String, _ file: String, _ options: Options, _ report: inout Report
    ) throws {
        report.refused.append(Report.Refusal(line: line, why: why))
        if options.isStrict {
            throw UserError(
                .refused, what: "cannot import \(file)", why: "line \(line): \(why)",
                next: "nothing was imported; mend the line, or leave --strict out")
        }
        guard report.refused.count <= refusedMax else {
            throw UserError(
                .refused, what: "cannot import \(file)",
                why:
                    "more than \(refusedMax) lines are refused, the first at line \(report.refused[0].line): \(report.refused[0].why)",
                next: "nothing was imported; check that it is a FOCUS 1.0 file")
        }
    }
}
