import Diagnostics
import ReplicaStore
import TerminalKit

/// Takes an export from the image to a file or to stdout.
///
/// What is written is of one state of the image. The state is held while rows flow, so that the daemon cannot shorten
/// the log of its file meanwhile; it is let go after `heldSeconds`, and at once when whoever reads stdout is slow. Then
/// the export goes on where it was, if nothing was applied to the image; if something was, it ends with an error.
final class ExportRun {
    /// Seconds that a state of the image is held at most.
    private static let heldSeconds: Int64 = 60
    /// Milliseconds that a reader of stdout may keep it waiting while it is held.
    private static let patienceMilliseconds = 1_000
    /// Bytes that are gathered before they are written, and that a pipe is given at once (PIPE_BUF of pipe(7)).
    private static let chunkBytes = 65_536
    private static let pipeBytes = 4_096

    private let export: Export
    private let encoder: ExportEncoder
    private let terminal: Terminal
    private let clock: any WallClock
    private let file: NewFile?
    private let out = OutgoingBytes(capacity: 2 * chunkBytes)
    private var bar: ProgressBar?
    private var total: Int64 = 0
    private let startedAt: Duration
    private var heldSince: Duration
    private var failure: UserError?
    private(set) var records: Int64 = 0
    private(set) var bytesWritten: Int64 = 0
    /// Whoever read stdout went away.
    private var isUnread = false

    /// Without a file it goes to stdout. `bar` shows progress once it takes longer than a second.
    init(
        _ export: Export, _ encoder: ExportEncoder, to file: NewFile?, terminal: Terminal, clock: any WallClock,
        bar: ProgressBar?
    ) throws(UserError) {
        self.export = export
        self.encoder = encoder
        self.file = file
        self.terminal = terminal
        self.clock = clock
        self.bar = bar
        startedAt = clock.monotonicNow()
        heldSince = startedAt
        if bar != nil { total = try get { () throws(StoreError) in try export.count() } }
    }

    /// Writes all of it; a file is durable on return.
    func run() throws(UserError) {
        encoder.header(out)
        var place = ExportPlace.start
        var mark: ExportMark?
        while true {
            heldSince = clock.monotonicNow()
            let piece = try get { () throws(StoreError) in
                try export.piece(after: place, milliseconds: Int(ExportRun.heldSeconds + 30) * 1000) { take($0) }
            }
            if let failure { throw failure }
            if let mark, mark != piece.mark { throw changed }
            mark = piece.mark
            try flush()
            guard let next = piece.next, !isUnread else { break }
            place = next
        }
        try file?.commit()
        if clock.monotonicNow() - startedAt > .seconds(1) {
            bar?.update(done: records, total: total)
            bar?.finish()
        }
    }

    private var changed: UserError {
        UserError(
            .notYet, what: "cannot export one state of the data",
            why: "it changed while it was written"
                + (file == nil ? ", and what was written before is of another state" : "; nothing was kept"),
            next: "try again, or export less at once: --cycle YYYY-MM, --customer CUSTOMER")
    }

    private func get<Value>(_ query: () throws(StoreError) -> Value) throws(UserError) -> Value {
        do throws(StoreError) { return try query() } catch { throw error.userError }
    }

    /// Takes a row; false to let the state of the image go.
    private func take(_ row: ExportRow) -> Bool {
        encoder.append(row, out)
        records += 1
        guard out.count >= ExportRun.chunkBytes else { return true }
        let now = clock.monotonicNow()
        if now - startedAt > .seconds(1) { bar?.update(done: records, total: total) }
        guard now - heldSince < .seconds(ExportRun.heldSeconds) else { return false }
        if file != nil || terminal.isOutputFile {
            do throws(UserError) { try flush() } catch { failure = error }
            return failure == nil && !isUnread
        }
        return flushAtOnce()
    }

    /// Writes what a pipe takes; false when it takes nothing for long.
    private func flushAtOnce() -> Bool {
        while out.count > 0 {
            guard terminal.takesOutput(withinMilliseconds: ExportRun.patienceMilliseconds) else { return false }
            let some = UnsafeRawBufferPointer(rebasing: out.bytes.prefix(ExportRun.pipeBytes))
            guard terminal.writeOutput(some) else {
                isUnread = true
                return false
            }
            bytesWritten += Int64(some.count)
            out.removeFirst(some.count)
        }
        return true
    }

    private func flush() throws(UserError) {
        guard out.count > 0, !isUnread else { return }
        if let file { try file.write(out.bytes) } else if !terminal.writeOutput(out.bytes) { isUnread = true }
        bytesWritten += Int64(out.count)
        out.removeAll()
    }
}
