package import Diagnostics
import HTTPKit
package import PartnerModel
import SyncProtocol

/// Asks the daemon over its socket.
package struct LocalAPIClient: Sendable {
    /// Longest wait for a reply that needs only the daemon's memory, and for one that its engine thread gives, which
    /// may be applying a large page.
    package static let statusPatience = Duration.seconds(5)
    package static let editPatience = Duration.seconds(40)

    private let path: String
    private let patience: Duration?
    private let user: String?
    /// How the edits of a request are called, so that a refusal of one names it.
    private var places: [String] = []

    /// `patience` replaces the waits of all requests but those for a sync. `user` names whose replica the program
    /// reads; without it, whoever the daemon works for is meant.
    package init(socket path: String, user: String? = nil, patience: Duration? = nil) {
        self.path = path
        self.user = user
        self.patience = patience
    }

    /// The daemon's status; nil when none runs. One that hangs is an error.
    package func statusIfRunning() throws(UserError) -> Local.Status? {
        guard let bytes = try exchangeIfRunning("GET", "/v1/status", [], LocalAPIClient.statusPatience) else {
            return nil
        }
        return try decode(Local.Status.self, bytes)
    }

    /// The daemon's status; `unreachable` when none runs.
    package func status() throws(UserError) -> Local.Status {
        try ask("GET", "/v1/status", Local.Status.self, within: LocalAPIClient.statusPatience)
    }

    /// The daemon's metrics in Prometheus' text form.
    package func metrics() throws(UserError) -> String {
        do {
            return String(
                decoding: try exchange("GET", "/v1/metrics", [], LocalAPIClient.statusPatience), as: UTF8.self)
        } catch {
            // A daemon from before there were metrics knows no such path.
            guard error.exitCode == .usage else { throw error }
            throw UserError(
                .failed, what: "cannot show metrics", why: "the daemon is older than this program",
                next: "start the newer one: fieldbook daemon stop; fieldbook daemon start")
        }
    }

    /// Asks for a sync and does not wait for it; with `records` for the bill records too that a metered link keeps back.
    package func sync(records: Bool = false) throws(UserError) {
        _ = try exchange("POST", "/v1/sync\(records ? "?records=yes" : "")", [], LocalAPIClient.statusPatience)
    }

    /// Asks for a sync and waits until it is reached, at most `seconds`.
    package func waitForSync(seconds: Int) throws(UserError) -> Local.WaitReply {
        let reply = try LocalAPIClient(socket: path, user: user).exchange(
            "GET", "/v1/sync/wait?seconds=\(seconds)", [], .seconds(Int64(seconds)) + LocalAPIClient.editPatience)
        return try decode(Local.WaitReply.self, reply)
    }

    /// Has the daemon go over to another user's replica.
    @discardableResult
    package func goOver(to user: String) throws(UserError) -> Local.Status {
        try ask(
            "POST", "/v1/users/current", Local.Status.self, body: try encode(Local.UserRequest(user: user)),
            within: .seconds(Int64(Local.goOverSecondsMax)))
    }

    /// Has an edit accepted, or only checked.
    package func add(_ intent: EditIntent, customer: CustomerKey, dryRun: Bool) throws(UserError) -> Local.EditReply {
        try add([Local.Draft(intent, customer: customer)], link: nil, dryRun: dryRun)
    }

    /// Has edits accepted, all or none, or only checked. There is at least one. With `places`, one for each edit, the
    /// refusal of one begins with its place.
    package func add(
        _ drafts: [Local.Draft], link: Local.Link?, dryRun: Bool, places: [String] = []
    ) throws(UserError) -> Local.EditReply {
        var named = self
        named.places = places
        return try named.ask(
            "POST", "/v1/edits", Local.EditReply.self, body: try encode(request(drafts, link: link, dryRun: dryRun)))
    }

    /// The same, but what the daemon refuses comes back as it said it, with the position of the edit it is about. A
    /// throw means that the daemon was not reached or did not understand.
    package func attempt(
        _ drafts: [Local.Draft], link: Local.Link?, dryRun: Bool
    ) throws(UserError) -> Result<Local.EditReply, LocalRefusal> {
        let body = try encode(request(drafts, link: link, dryRun: dryRun))
        guard let reply = try replyIfRunning("POST", "/v1/edits", body, LocalAPIClient.editPatience) else {
            throw notRunning
        }
        if (200..<300).contains(reply.status) { return .success(try decode(Local.EditReply.self, reply.body)) }
        guard let failure = try? WireCoding.decode(Local.Failure.self, from: reply.body), failure.position != nil else {
            throw refusal(reply.status, reply.body)
        }
        return .failure(LocalRefusal(failure))
    }

    private func request(_ drafts: [Local.Draft], link: Local.Link?, dryRun: Bool) -> Local.EditRequest {
        let edits = drafts.map { LocalAPIClient.wire($0.intent, customer: $0.customer, reason: $0.reason) }
        guard let first = edits.first else { preconditionFailure("a request needs an edit") }
        let more = edits.count > 1 ? Array(edits.dropFirst()) : nil
        var request = Local.EditRequest(edit: first, more: more, link: link?.rawValue, dryRun: dryRun)
        let lines = drafts.compactMap(\.line)
        precondition(lines.isEmpty || lines.count == drafts.count, "each edit of a request is of a line, or none is")
        request.lines = lines.isEmpty ? nil : lines
        return request
    }

    /// Sets an edit aside, with the group it is of when that is unsent; gives all that were, or would be.
    @discardableResult
    package func discard(_ number: EditNumber, dryRun: Bool = false) throws(UserError) -> [EditNumber] {
        let reply = try ask(
            "POST", "/v1/edits/\(number.value)/discard", Local.DiscardReply.self, body: try body(dryRun: dryRun))
        return reply.edits.map { EditNumber($0.value) }
    }

    /// Makes a refused edit anew, under a new number, as it was or with another intent of its kind.
    package func resend(
        _ number: EditNumber, as intent: EditIntent? = nil, dryRun: Bool = false
    ) throws(UserError) -> Local.EditReply {
        try ask(
            "POST", "/v1/edits/\(number.value)/resend", Local.EditReply.self,
            body: try body(intent.map { LocalAPIClient.wire($0, customer: CustomerKey(0)) }, dryRun: dryRun))
    }

    /// Makes the edit that takes back what one did.
    package func undo(_ number: EditNumber, dryRun: Bool = false) throws(UserError) -> Local.EditReply {
        try ask("POST", "/v1/edits/\(number.value)/undo", Local.EditReply.self, body: try body(dryRun: dryRun))
    }

    private static func wire(_ intent: EditIntent, customer: CustomerKey, reason: String? = nil) -> V1.Edit {
        var edit = V1.Edit(number: 0, kind: "", customer: customer.value, base: 0, deviceTime: 0)
        edit.setIntent(intent)
        if let reason { edit.reason = reason }
        return edit
    }

    private func body(_ edit: V1.Edit? = nil, dryRun: Bool) throws(UserError) -> [UInt8] {
        try encode(Local.ActionRequest(edit: edit, dryRun: dryRun))
    }

    private func encode(_ message: some Encodable) throws(UserError) -> [UInt8] {
        do { return try WireCoding.encode(message) } catch {
            throw UserError(.bug, what: "cannot ask the daemon", why: error.why, next: "report this as a defect")
        }
    }

    /// Confirms an edit with a code and gives what the server made of it.
    package func confirm(_ number: EditNumber, code: String) throws(UserError) -> Local.ConfirmReply {
        let body: [UInt8]
        do { body = try WireCoding.encode(Local.ConfirmRequest(code: code)) } catch {
            throw UserError(.bug, what: "cannot ask the daemon", why: error.why, next: "report this as a defect")
        }
        return try ask("POST", "/v1/edits/\(number.value)/confirm", Local.ConfirmReply.self, body: body)
    }

    // MARK: Exchange

    private func ask<Reply: Decodable>(
        _ method: String, _ target: String, _ type: Reply.Type, body: [UInt8] = [], within time: Duration = editPatience
    ) throws(UserError) -> Reply {
        try decode(type, try exchange(method, target, body, time))
    }

    private func decode<Reply: Decodable>(_ type: Reply.Type, _ bytes: [UInt8]) throws(UserError) -> Reply {
        do { return try WireCoding.decode(type, from: bytes) } catch {
            throw UserError(
                .failed, what: "cannot read the daemon's answer", why: error.why,
                next: "install the same version of both programs")
        }
    }

    private func exchange(
        _ method: String, _ target: String, _ body: [UInt8], _ time: Duration
    ) throws(UserError) -> [UInt8] {
        guard let reply = try exchangeIfRunning(method, target, body, time) else { throw notRunning }
        return reply
    }

    private var notRunning: UserError {
        UserError(
            .unreachable, what: "the daemon is not running", why: "nothing listens on \(path)",
            next: "start it with: fieldbook daemon start")
    }

    /// The body of a good reply; nil when nobody listens on the socket.
    private func exchangeIfRunning(
        _ method: String, _ target: String, _ body: [UInt8], _ time: Duration
    ) throws(UserError) -> [UInt8]? {
        guard let reply = try replyIfRunning(method, target, body, time) else { return nil }
        if (200..<300).contains(reply.status) { return reply.body }
        throw refusal(reply.status, reply.body)
    }

    /// Status and body of a reply of our daemon in our version; nil when nobody listens on the socket.
    private func replyIfRunning(
        _ method: String, _ target: String, _ body: [UInt8], _ time: Duration
    ) throws(UserError) -> (status: Int, body: [UInt8])? {
        var headers = HTTPHeaders()
        headers.add(Local.versionHeader, "\(Local.version)")
        if let user { headers.add(Local.userHeader, user) }
        let request = HTTPRequest(method: method, target: target, headers: headers, body: body)
        let client = HTTPClient(
            endpoint: .unix(path: path), limits: ClientLimits(connect: .seconds(2), idle: patience ?? time))
        let reply: (status: Int, headers: HTTPHeaders, body: [UInt8])
        do { reply = try client.send(request, bodyLimit: ProtocolLimits.controlBytesMax) } catch {
            switch error.code {
            case .refused, .unreachable: return nil
            case .badPath:
                throw UserError(.settings, what: error.what, why: error.why, next: Local.shorterPath)
            case .malformed, .tooLarge: throw stranger
            default:
                throw UserError(
                    .unreachable, what: "the daemon does not answer", why: error.why,
                    next: "look at its log, then: fieldbook daemon stop; fieldbook daemon start")
            }
        }
        guard let version = reply.headers[Local.versionHeader] else { throw stranger }
        guard version == "\(Local.version)" else {
            throw UserError(Local.versionFailure(program: "\(Local.version)", daemon: version))
        }
        return (reply.status, reply.body)
    }

    private var stranger: UserError {
        UserError(
            .failed, what: "cannot ask the daemon", why: "what listens on \(path) is not a Fieldbook daemon",
            next: "stop that program, then: fieldbook daemon start")
    }

    /// A refusal of the daemon, or of its listener, which gives a plain sentence.
    private func refusal(_ status: Int, _ body: [UInt8]) -> UserError {
        if var failure = try? WireCoding.decode(Local.Failure.self, from: body) {
            if let position = failure.position, places.indices.contains(position) {
                failure.what = "\(places[position]): \(failure.what)"
            }
            return UserError(failure)
        }
        if status == 503 {
            return UserError(
                .notYet, what: "the daemon is busy", why: "it has no place for one more connection",
                next: "try again in a moment")
        }
        let line = String(decoding: body.prefix(200), as: UTF8.self).split(separator: "\n").first.map(String.init)
        return UserError(
            status == 413 ? .refused : .failed, what: "the daemon refused the request", why: line ?? "status \(status)",
            next: status == 413 ? "shorten what you gave" : "see its log")
    }
}

extension UserError {
    fileprivate init(_ failure: Local.Failure) {
        self.init(
            ExitCode(rawValue: failure.exitCode) ?? .failed, what: failure.what, why: failure.why, next: failure.next)
    }
}
