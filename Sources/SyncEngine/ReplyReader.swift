import HTTPKit
import SyncCore
import SyncProtocol

/// Tells a usable reply from a failure, and says why for people.
struct ReplyReader {
    /// A failure for the machines and its words for people.
    struct Refusal: Error {
        let failure: Failure
        let problem: EngineStatus.Problem
        /// False when the reply, if one came, was not a Fieldbook server's.
        var isReached = true
        /// The way to the server needs a person; nothing of ours was asked there.
        var needsPerson = false
        /// The code of a problem reply of ours.
        var code: ProblemCode?
        /// The server says that this replica may not be shown any more.
        var ended: AccessEnded?
    }

    let server: String

    /// The body of a successful reply of ours; `isWhole` is false when it was cut. The whole of a page's request is its
    /// cursor, so a bad page request is a cursor that the server does not know. `isRest`: the reply may be what follows the
    /// bytes that came before.
    func body(
        _ outcome: ExchangeOutcome, asking what: String, isPage: Bool = false, isRest: Bool = false
    ) throws(Refusal) -> (bytes: [UInt8], isWhole: Bool) {
        switch outcome {
        case .failed(let error): throw transport(error, asking: what)
        case .reply(let status, let headers, let body, let isWhole):
            guard headers["Fieldbook"] != nil else {
                if let hint = TLSHint.read(status: status, body: body, server: server) {
                    throw outside(what, "\(server): \(hint.why)", hint.next)
                }
                throw unreached(
                    .transient(retryAfter: retryAfter(headers)), what,
                    "the reply with status \(status) does not come from a Fieldbook server; a captive portal or proxy may stand between",
                    "open a web page to see whether the network asks for a login, and check the server setting")
            }
            guard status == 200 || status == 206 && isRest else {
                throw problem(status, headers, body, asking: what, isPage: isPage)
            }
            return (body, isWhole)
        }
    }

    /// Our server says that what is held is what it has.
    func isUnchanged(_ outcome: ExchangeOutcome) -> Bool {
        guard case .reply(304, let headers, _, _) = outcome else { return false }
        return headers["Fieldbook"] != nil
    }

    /// The refusal for a reply that is ours but cannot be used.
    func malformed(_ why: String, asking what: String) -> Refusal {
        refusal(
            .transient(retryAfter: nil), what, why,
            "it is tried again by itself; if it stays, check the versions on both sides")
    }

    private func transport(_ error: HTTPError, asking what: String) -> Refusal {
        let why = "\(server): \(error.why)"
        if error.needsPerson { return outside(what, why, error.next ?? "have the server looked at") }
        let next = "nothing is lost; it is tried again by itself when the server is reachable"
        // A reply that is too large or cut was one; whose it was is not known of one that is no HTTP.
        let isReached = error.code == .tooLarge || error.code == .truncated
        let failure = Failure.transient(retryAfter: nil)
        return isReached ? refusal(failure, what, why, next) : unreached(failure, what, why, next)
    }

    private func problem(
        _ status: Int, _ headers: HTTPHeaders, _ body: [UInt8], asking what: String, isPage: Bool
    ) -> Refusal {
        let details = try? WireCoding.decode(V1.Problem.self, from: body)
        let why = details?.detail ?? "the server answered \(status)"
        let next = details?.next ?? "it is tried again by itself"
        var refusal = self.problem(status, retryAfter(headers), why, next, asking: what, isPage: isPage)
        refusal.code = details.flatMap { ProblemCode(rawValue: $0.code) }
        refusal.ended = AccessEnded(status: status, body: body)
        return refusal
    }

    private func problem(
        _ status: Int, _ retryAfter: Duration?, _ why: String, _ next: String, asking what: String, isPage: Bool
    ) -> Refusal {
        switch status {
        case 401:
            return refusal(
                .unauthenticated, what,
                "the server does not take the token: \(why)",
                "log in with a valid token: fieldbook login --server \(server); queued edits are kept")
        case 403, 409, 422: return refusal(.final, what, why, next)
        case 410: return resync(what, why)
        case 400 where isPage: return resync(what, why)
        default: return refusal(.transient(retryAfter: retryAfter), what, why, next)
        }
    }

    private func resync(_ what: String, _ why: String) -> Refusal {
        refusal(.resyncRequired, what, why, "the replica is loaded anew; queued edits are kept")
    }

    private func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        guard let text = headers["Retry-After"], let seconds = Int64(text), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 3600))
    }

    private func refusal(_ failure: Failure, _ what: String, _ why: String, _ next: String) -> Refusal {
        Refusal(failure: failure, problem: EngineStatus.Problem(what: what, why: why, next: next))
    }

    /// What stands between us and the server, and stays until a person has changed it.
    private func outside(_ what: String, _ why: String, _ next: String) -> Refusal {
        var refusal = unreached(
            .transient(retryAfter: nil), what, why, "\(next); nothing is lost, and it is tried again by itself")
        refusal.needsPerson = true
        return refusal
    }

    private func unreached(_ failure: Failure, _ what: String, _ why: String, _ next: String) -> Refusal {
        Refusal(failure: failure, problem: EngineStatus.Problem(what: what, why: why, next: next), isReached: false)
    }
}
