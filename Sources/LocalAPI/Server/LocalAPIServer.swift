import Diagnostics
import Glibc
package import HTTPKit
package import PartnerModel
import SyncProtocol

/// What the daemon does for the local interface. Called on connection threads.
package protocol LocalAPIHandler: Sendable {
    /// Whose replica it works on, as the asking program names it in `Local.userHeader`.
    var userName: String { get }
    /// Closes this user's replica and opens another's.
    func goOver(to user: String) -> Result<Local.Status, LocalRefusal>
    func status() -> Local.Status
    /// In Prometheus' text form.
    func metrics() -> String
    /// With `records` the bill records too that a metered link keeps back.
    func sync(records: Bool)
    /// Waits until a sync that begins now has reached a checkpoint with nothing left to send, has failed, or the time
    /// is over.
    func waitForSync(seconds: Int) -> Local.WaitReply
    /// Has edits accepted, all or none, or only checked.
    func add(
        _ drafts: [Local.Draft], link: Local.Link?, dryRun: Bool
    ) -> Result<EarlyAnswer<Local.EditReply>, LocalRefusal>
    func discard(_ number: EditNumber, dryRun: Bool) -> Result<Local.DiscardReply, LocalRefusal>
    /// Makes a dead letter anew, as it was or with another intent of its kind.
    func resend(_ number: EditNumber, as intent: EditIntent?, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal>
    func undo(_ number: EditNumber, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal>
    /// Sends the edit with a code and waits for its result.
    func confirm(_ number: EditNumber, code: String) -> Result<Local.ConfirmReply, LocalRefusal>
}

/// An answer that holds already, while the daemon still writes what lets everybody read of it.
package struct EarlyAnswer<Value: Sendable>: Sendable {
    package let value: Value
    /// Waits until it is written. The answer is put into words first, and sent after.
    package let waitUntilShown: @Sendable () -> Void
    package init(_ value: Value, waitUntilShown: @escaping @Sendable () -> Void) {
        self.value = value
        self.waitUntilShown = waitUntilShown
    }
}

/// A refusal of the daemon.
package struct LocalRefusal: Error, Sendable {
    package let failure: Local.Failure
    package init(_ failure: Local.Failure) { self.failure = failure }
}

/// Maps requests of the local interface to the daemon. Only the socket's owner is served.
package struct LocalAPIServer: Sendable {
    private let current: @Sendable () -> any LocalAPIHandler

    package init(handler: any LocalAPIHandler) { current = { handler } }

    /// `current` is asked once a request, which then has one handler, for one user, to its end.
    package init(current: @escaping @Sendable () -> any LocalAPIHandler) { self.current = current }

    /// Bounds of the daemon's listener. The most edits of a request fit into the largest body.
    package static let limits = ServerLimits(connections: 64, idle: .seconds(60), bodyBytes: Local.bodyBytesMax)

    /// The listener on a socket file; every reply of it names our version.
    package func listener(socket path: String, limits: ServerLimits = limits) -> HTTPServer {
        var headers = HTTPHeaders()
        headers.add(Local.versionHeader, "\(Local.version)")
        return HTTPServer(endpoint: .unix(path: path), limits: limits, ownHeaders: headers, handler: { handle($0) })
    }

    /// Answers one request; every reply names the version of this interface.
    package func handle(_ request: HTTPRequest) -> HTTPResponse {
        var response = answer(request)
        response.headers.add(Local.versionHeader, "\(Local.version)")
        return response
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard let peer = request.peer, peer.userID == getuid() || peer.userID == 0 else {
            return refuse(
                403, "cannot serve this user", "the daemon belongs to another user", "start a daemon of your own",
                .denied)
        }
        if let stated = request.headers[Local.versionHeader], stated != "\(Local.version)" {
            return refuse(Local.versionFailure(program: stated, daemon: "\(Local.version)"), status: 426)
        }
        let path = request.path ?? ""
        let handler = current()
        // Rows of one replica are numbered as those of another, so what one user asked must not reach another's.
        if let user = request.headers[Local.userHeader], user != handler.userName, path != "/v1/status",
            path != "/v1/metrics", path != "/v1/users/current"
        {
            return refuse(
                409, "cannot do this now", "the daemon works for another user than this command",
                "look who is logged in with: fieldbook users; then try again", .denied)
        }
        if let method = LocalAPIServer.method(of: path), method != request.method {
            var response = refuse(405, "cannot answer", "this path takes \(method)", "use \(method)", .usage)
            response.headers.add("Allow", method)
            return response
        }
        switch (request.method, path) {
        case ("GET", "/v1/status"): return reply(handler.status())
        case ("GET", "/v1/metrics"):
            return .json(200, Array(handler.metrics().utf8), type: PrometheusText.mediaType)
        case ("POST", "/v1/sync"):
            handler.sync(records: request.query("records") == "yes")
            return .json(202, Array("{}".utf8))
        case ("GET", "/v1/sync/wait"):
            guard let seconds = request.query("seconds").flatMap({ Int($0) }),
                (1...Local.waitSecondsMax).contains(seconds)
            else {
                return refuse(
                    400, "cannot wait", "seconds must be 1 to \(Local.waitSecondsMax)", "give ?seconds=30", .usage)
            }
            return reply(handler.waitForSync(seconds: seconds))
        case ("POST", "/v1/edits"): return add(request, handler)
        case ("POST", "/v1/users/current"):
            guard let message = try? WireCoding.decode(Local.UserRequest.self, from: request.body),
                UserFolders.isName(message.user)
            else {
                return refuse(400, "cannot change the user", "the body names none", "give {\"user\":\"NAME\"}", .usage)
            }
            return reply(handler.goOver(to: message.user))
        default: return editAction(request, path, handler)
        }
    }

    /// The method that a path takes; nil for a path that there is not.
    private static func method(of path: String) -> String? {
        switch path {
        case "/v1/status", "/v1/metrics", "/v1/sync/wait": "GET"
        case "/v1/sync", "/v1/edits", "/v1/users/current": "POST"
        default: isEditAction(path.split(separator: "/", omittingEmptySubsequences: false)) ? "POST" : nil
        }
    }

    /// What can be done with an edit: the last part of `/v1/edits/NUMBER/…`.
    private enum EditAction: String { case discard, resend, undo, confirm }

    private static func isEditAction(_ parts: [Substring]) -> Bool {
        parts.count == 5 && parts[0].isEmpty && parts[1] == "v1" && parts[2] == "edits"
            && EditAction(rawValue: String(parts[4])) != nil
    }

    private func add(_ request: HTTPRequest, _ handler: any LocalAPIHandler) -> HTTPResponse {
        let message: Local.EditRequest
        do { message = try WireCoding.decode(Local.EditRequest.self, from: request.body) } catch {
            return unreadable(error.why, "send JSON as the manual describes")
        }
        let edits = [message.edit] + (message.more ?? [])
        guard edits.count <= Local.editsMax else {
            return unreadable("there are more than \(Local.editsMax)", "ask for fewer at once")
        }
        let link = message.link.map { Local.Link(rawValue: $0) }
        if case .some(nil) = link {
            return unreadable(
                "a link must be one of: \(Local.Link.allCases.map(\.rawValue).joined(separator: ", "))",
                "send JSON as the manual describes")
        }
        if let lines = message.lines, lines.count != edits.count || !lines.allSatisfy(\.isMark) {
            return unreadable("the lines do not fit the edits", "send JSON as the manual describes")
        }
        var drafts: [Local.Draft] = []
        for edit in edits {
            guard let intent = try? edit.intent() else { return unknownEdit(drafts.count) }
            let reason = intent.kind == .decideConflict ? edit.reason : nil
            drafts.append(
                Local.Draft(
                    intent, customer: CustomerKey(edit.customer.value), reason: reason,
                    line: message.lines?[drafts.count]))
        }
        let answer = handler.add(drafts, link: link ?? nil, dryRun: message.dryRun)
        let response = reply(answer.map(\.value))
        if case .success(let early) = answer { early.waitUntilShown() }
        return response
    }

    private func editAction(_ request: HTTPRequest, _ path: String, _ handler: any LocalAPIHandler) -> HTTPResponse {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard LocalAPIServer.isEditAction(parts), let action = EditAction(rawValue: String(parts[4])) else {
            return nothingHere
        }
        guard let value = Int64(parts[3]), value > 0 else {
            return refuse(
                404, "cannot find the edit", "'\(parts[3].prefix(40))' is no edit number",
                "list edits with: fieldbook edits list --all", .usage)
        }
        var message = Local.ActionRequest()
        if !request.body.isEmpty, action != .confirm {
            do { message = try WireCoding.decode(Local.ActionRequest.self, from: request.body) } catch {
                return unreadable(error.why, "send JSON as the manual describes")
            }
        }
        let (number, isDry) = (EditNumber(value), message.dryRun ?? false)
        switch action {
        case .discard: return reply(handler.discard(number, dryRun: isDry))
        case .undo: return reply(handler.undo(number, dryRun: isDry))
        case .confirm: return confirm(number, request, handler)
        case .resend:
            let intent = try? message.edit?.intent()
            guard message.edit == nil || intent != nil else { return unknownEdit(0) }
            return reply(handler.resend(number, as: intent, dryRun: isDry))
        }
    }

    private func unreadable(_ why: String, _ next: String) -> HTTPResponse {
        refuse(400, "cannot read the edit", why, next, .usage)
    }

    private func unknownEdit(_ position: Int) -> HTTPResponse {
        var failure = Local.Failure(
            what: "cannot read the edit", why: "its kind or one of its arguments is not known",
            next: "install the same version of both programs", exitCode: ExitCode.usage.rawValue)
        failure.position = position
        return refuse(failure, status: 400)
    }

    private func confirm(
        _ number: EditNumber, _ request: HTTPRequest, _ handler: any LocalAPIHandler
    ) -> HTTPResponse {
        guard let message = try? WireCoding.decode(Local.ConfirmRequest.self, from: request.body), message.isCode else {
            return refuse(
                400, "cannot confirm the edit", "the code is not six digits", "give the code as shown", .usage)
        }
        return reply(handler.confirm(number, code: message.code))
    }

    private var nothingHere: HTTPResponse {
        refuse(404, "cannot answer", "there is nothing at this path", "see the manual of the local interface", .usage)
    }

    private func reply(_ result: Result<some Encodable, LocalRefusal>) -> HTTPResponse {
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

    private func refuse(_ status: Int, _ what: String, _ why: String, _ next: String, _ code: ExitCode) -> HTTPResponse
    {
        refuse(Local.Failure(what: what, why: why, next: next, exitCode: code.rawValue), status: status)
    }
}
