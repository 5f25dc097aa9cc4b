import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// `edits confirm EDIT`: asks for the code only when the edit waits for one. A code is never an argument, where
    /// other users of the machine could see it.
    func confirmEdit() throws(UserError) -> Answer {
        guard let number = Int64(command.arguments[0]), number > 0 else {
            throw usage("EDIT must be a number from a list")
        }
        let reader = try reader()
        let edit = try ask { () throws(StoreError) in try reader.edit(EditNumber(number)) }
        guard edit.result?.code == .needsStepUp, edit.state.isPending else {
            throw UserError(
                .refused, what: "cannot confirm edit \(number)", why: "it does not wait for a code",
                next: "look at it with: fieldbook edits show \(number)")
        }
        let result = try daemon.confirm(EditNumber(number), code: try readCode()).result
        return try told(number, result)
    }

    private func told(_ number: Int64, _ result: V1.Result) throws(UserError) -> Answer {
        guard result.code != .needsStepUp else {
            throw UserError(
                .denied, what: "cannot confirm edit \(number)", why: result.message ?? "the code was not accepted",
                next: result.next ?? "confirm it again with the next code")
        }
        var answer = Answer(
            json: [
                "edit": .integer(number), "result": .text(result.code.rawValue), "message": .optional(result.message),
                "reason": .optional(result.reason), "conflict": .optional(result.conflict?.value),
            ],
            text: "edit \(number): \(result.code.rawValue)\(result.message.map { ": \(TextWidth.safe($0))" } ?? "")\n")
        if let next = result.next { answer.notes.append(TextWidth.safe(next)) }
        if result.code.isRefusal { answer.exitCode = .refused }
        return answer
    }

    private func readCode() throws(UserError) -> String {
        let text: String
        if let file = command.option("code-file") {
            text = String(decoding: try SecureFile.read(file, limit: 1024), as: UTF8.self)
        } else {
            text = try terminal.promptSecret("code: ", asked: ("code", "--code-file"))
        }
        // Authenticators show a code in two groups.
        let code = String(text.filter { !$0.isWhitespace })
        guard Local.ConfirmRequest(code: code).isCode else {
            throw UserError(
                .refused, what: "cannot use the code", why: "it is not six digits",
                next: "give the code that your authenticator shows now")
        }
        return code
    }
}
