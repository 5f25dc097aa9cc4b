package import Diagnostics
import HTTPKit
package import PartnerModel
import SyncProtocol

/// Asks the daemon over its socket.
package struct LocalAPIClient: Sendable {
    private let path: String
    private let client: HTTPClient

    package init(socket path: String) {
        self.path = path
        client = HTTPClient(
            endpoint: .unix(path: path),
            limits: ClientLimits(connect: .seconds(2), idle: .seconds(Int64(Local.waitSecondsMax) + 30)))
    }

    /// The daemon's status; nil when none answers.
    package func statusIfRunning() throws(UserError) -> Local.Status? {
        do { return try status() } catch where error.exitCode == .unreachable { return nil }
    }

    package func status() throws(UserError) -> Local.Status { try ask("GET", "/v1/status", Local.Status.self) }

    package func sync() throws(UserError) { _ = try exchange("POST", "/v1/sync", []) }

    package func waitForSync(seconds: Int) throws(UserError) -> Local.WaitReply {
        try ask("GET", "/v1/sync/wait?seconds=\(seconds)", Local.WaitReply.self)
    }

    /// Has an edit accepted, or only checked.
    package func add(_ intent: EditIntent, customer: CustomerKey, dryRun: Bool) throws(UserError) -> Local.EditReply {
        var edit = V1.Edit(number: 0, kind: "", customer: customer.value, base: 0, deviceTime: 0)
        edit.setIntent(intent)
        let body: [UInt8]
        do { body = try WireCoding.encode(Local.EditRequest(edit: edit, dryRun: dryRun)) } catch {
            throw UserError(.bug, what: "cannot ask the daemon", why: error.why, next: "report this as a defect")
        }
        return try ask("POST", "/v1/edits", Local.EditReply.self, body: body)
    }

    package func discard(_ number: EditNumber) throws(UserError) { _ = try exchange("POST", "/v1/edits/\(number.value)/discard", []) }

    package func resend(_ number: EditNumber) throws(UserError) -> Local.EditReply {
        try ask("POST", "/v1/edits/\(number.value)/resend", Local.EditReply.self)
    }

    // MARK: Exchange

    private func ask<Reply: Decodable>(
        _ method: String, _ target: String, _ type: Reply.Type, body: [UInt8] = []
    ) throws(UserError) -> Reply {
        let bytes = try exchange(method, target, body)
        do { return try WireCoding.decode(type, from: bytes) } catch {
            throw UserError(
                .failed, what: "cannot read the daemon's answer", why: error.why, next: "install the same version of both programs")
        }
    }

    private func exchange(_ method: String, _ target: String, _ body: [UInt8]) throws(UserError) -> [UInt8] {
        var headers = HTTPHeaders()
        headers.add(Local.versionHeader, "\(Local.version)")
        let reply: (status: Int, headers: HTTPHeaders, body: [UInt8])
        do {
            reply = try client.send(
                HTTPRequest(method: method, target: target, headers: headers, body: body), bodyLimit: ProtocolLimits.controlBytesMax)
        } catch {
            let isAbsent = error.code == .refused || error.code == .unreachable
            throw UserError(
                .unreachable, what: isAbsent ? "the daemon is not running" : "the daemon does not answer",
                why: isAbsent ? "nothing listens on \(path)" : error.why, next: "start it with: fieldbook daemon start")
        }
        guard reply.headers[Local.versionHeader] != nil else {
            throw UserError(.failed, what: "cannot ask the daemon", why: "what listens on \(path) is not a Fieldbook daemon", next: "stop that program, then: fieldbook daemon start")
        }
        if (200..<300).contains(reply.status) { return reply.body }
        guard let failure = try? WireCoding.decode(Local.Failure.self, from: reply.body) else {
            throw UserError(.failed, what: "the daemon refused", why: "status \(reply.status)", next: "see its log")
        }
        throw UserError(
            ExitCode(rawValue: failure.exitCode) ?? .failed, what: failure.what, why: failure.why, next: failure.next)
    }
}
