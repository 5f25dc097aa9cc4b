import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// One line of an export: all that the outbox knows of an edit.
private struct ExportedEdit: Encodable {
    let number: Int64
    let state: String
    let customerKey: WireInteger
    let customerID: String
    let customer: String
    let asked: String
    let savedAt: String
    let firstSentAt: String?
    let sentCount: Int64
    /// The edit as it goes to the server: kind, arguments, base, what its author saw, ties.
    let edit: V1.Edit
    let result: V1.Result?
    let resentAs: Int64?
    let undoneBy: Int64?

    init(_ edit: OutboxEdit) {
        number = edit.number.value
        state = edit.state.rawValue
        customerKey = WireInteger(edit.customer.value)
        customerID = edit.customerID
        customer = edit.customerName
        asked = Wording.text(edit.intent)
        savedAt = Instant(seconds: edit.savedAt).rfc3339
        firstSentAt = edit.firstSentAt.map { Instant(seconds: $0).rfc3339 }
        sentCount = edit.sentCount
        self.edit = edit.wire
        result = edit.result
        resentAs = edit.resentAs?.value
        undoneBy = edit.undoneBy?.value
    }
}

extension Context {
    /// `edits export FILE`: from the outbox alone, so it works without daemon, image or access.
    func exportEdits() throws(UserError) -> Answer {
        let file = command.arguments[0]
        let own = try command.option("user").map { text throws(UserError) in paths.of(user: try user(text).name) }
        let reader = try openReader(own ?? paths)
        let edits = try ask { () throws(StoreError) in try reader.edits(all: true, limit: .max) }
        var bytes: [UInt8] = []
        for edit in edits {
            do { bytes += try WireCoding.encode(ExportedEdit(edit)) + [0x0A] } catch {
                throw UserError(
                    .bug, what: "cannot export edit \(edit.number.value)", why: error.why,
                    next: "report this as a defect")
            }
        }
        if file == "-" {
            var answer = Answer(text: String(decoding: bytes, as: UTF8.self))
            terminal.writeOutput(answer.text)
            answer.isWritten = true
            return answer
        }
        try NewFile.write(bytes, to: file, replacing: command.flag("force"))
        return Answer(
            json: ["edits": .integer(Int64(edits.count)), "file": .text(file)],
            text: "\(Context.count(edits.count, "edit")) written to \(file)\n")
    }
}
