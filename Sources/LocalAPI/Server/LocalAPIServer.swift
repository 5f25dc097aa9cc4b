import Diagnostics
import Glibc
package import HTTPKit
package import PartnerModel
import SyncProtocol

/// What the daemon does for the local interface. Called on connection threads.
package protocol LocalAPIHandler: Sendable {
    func status() -> Local.Status
    func sync()
    /// Waits until a sync that begins now has reached a checkpoint with nothing left to send, has failed, or the time
    /// is over.
    func waitForSync(seconds: Int) -> Local.WaitReply
    func add(_ edit: EditIntent, customer: CustomerKey, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal>
    func discard(_ number: EditNumber) -> Result<Void, LocalRefusal>
    func resend(_ number: EditNumber) -> Result<Local.EditReply, LocalRefusal>
}

/// A refusal of the daemon.
package struct LocalRefusal: Error, Sendable {
    package let failure: Local.Failure
    package init(_ failure: Local.Failure) { self.failure = failure }
}

/// Maps requests of the local interface to the daemon. Only the socket's owner is served.
package struct LocalAPIServer: Sendable {
    private let handler: any LocalAPIHandler

    package init(handler: any LocalAPIHandler) { self.handler = handler }

    package func handle(_ request: HTTPRequest) -> HTTPResponse {
        var response = answer(request)
        response.headers.add(Local.versionHeader, "\(Local.version)")
        return response
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard let peer = request.peer, peer.userID == getuid() || peer.userID == 0 else {
            return refuse(403, "cannot serve this user", "the daemon belongs to another user", "start a daemon of your own", .denied)
        }
        if let stated = request.headers[Local.versionHeader], stated != "\(Local.version)" {
            return refuse(
                426, "cannot serve this program", "it speaks version \(stated.prefix(10)) of the local interface, the daemon \(Local.version)",
                "install the same version of both, then: fieldbook daemon stop; fieldbook daemon start", .failed)
        }
        let path = request.path ?? ""
        switch (request.method, path) {
        case ("GET", "/v1/status"): return reply(handler.status())
        case ("POST", "/v1/sync"):
            handler.sync()
            return .json(202, Array("{}".utf8))
        case ("GET", "/v1/sync/wait"):
            guard let seconds = request.query("seconds").flatMap({ Int($0) }), (1...Local.waitSecondsMax).contains(seconds) else {
                return refuse(400, "cannot wait", "seconds must be 1 to \(Local.waitSecondsMax)", "give ?seconds=30", .usage)
            }
            return reply(handler.waitForSync(seconds: seconds))
        case ("POST", "/v1/edits"): return add(request)
        case ("POST", _): return editAction(path)
        default: return refuse(404, "cannot answer", "there is nothing at this path", "see the manual of the local interface", .usage)
        }
    }

    private func add(_ request: HTTPRequest) -> HTTPResponse {
        let message: Local.EditRequest
        do { message = try WireCoding.decode(Local.EditRequest.self, from: request.body) } catch {
            return refuse(400, "cannot read the edit", error.why, "send JSON as the manual describes", .usage)
        }
        guard let intent = try? message.edit.intent() else {
            return refuse(400, "cannot read the edit", "its kind or one of its arguments is not known", "install the same version of both programs", .usage)
        }
        return reply(handler.add(intent, customer: CustomerKey(message.edit.customer.value), dryRun: message.dryRun))
    }

    private func editAction(_ path: String) -> HTTPResponse {
        let parts = path.split(separator: "/")
        guard parts.count == 4, parts[0] == "v1", parts[1] == "edits", let number = Int64(parts[2]), number > 0 else {
            return refuse(404, "cannot answer", "there is nothing at this path", "see the manual of the local interface", .usage)
        }
        switch parts[3] {
        case "discard":
            switch handler.discard(EditNumber(number)) {
            case .success: return .json(200, Array("{}".utf8))
            case .failure(let refusal): return refuse(refusal.failure)
            }
        case "resend": return reply(handler.resend(EditNumber(number)))
        default: return refuse(404, "cannot answer", "there is nothing at this path", "see the manual of the local interface", .usage)
        }
    }

    private func reply(_ result: Result<Local.EditReply, LocalRefusal>) -> HTTPResponse {
        switch result {
        case .success(let value): return reply(value)
        case .failure(let refusal): return refuse(refusal.failure)
        }
    }

    private func reply(_ message: some Encodable) -> HTTPResponse {
        do { return .json(200, try WireCoding.encode(message)) } catch {
            return refuse(500, "cannot answer", error.why, "report this as a defect", .bug)
        }
    }

    private func refuse(_ failure: Local.Failure, status: Int = 422) -> HTTPResponse {
        .json(status, (try? WireCoding.encode(failure)) ?? [])
    }

    private func refuse(_ status: Int, _ what: String, _ why: String, _ next: String, _ code: ExitCode) -> HTTPResponse {
        refuse(Local.Failure(what: what, why: why, next: next, exitCode: code.rawValue), status: status)
    }
}
