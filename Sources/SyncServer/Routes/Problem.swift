import Diagnostics
import HTTPKit
import LedgerStore
import SQLiteKit
import SyncProtocol

/// Problem replies (RFC 9457). Inner errors are logged in full and told in general.
enum Problem {
    static func reply(_ code: ProblemCode, _ detail: String, _ next: String) -> HTTPResponse {
        let body = (try? WireCoding.encode(V1.Problem(code, detail: detail, next: next))) ?? []
        return .json(code.status, body, type: "application/problem+json")
    }

    /// What a client of an ended access is told: whose it was, and the request's own word, so that neither another member's
    /// token nor a reply that something between has kept takes anything from a replica.
    static func accessEnded(_ wipe: Wipe, of member: Member, echo: String?) -> HTTPResponse {
        var problem = V1.Problem(
            .accessEnded, detail: "an administrator ended this access",
            next: wipe == .image
                ? "the replica is removed; export what was not sent with: fieldbook edits export FILE"
                : "the replica and everything not sent are removed; ask an administrator")
        problem.wipe = wipe.rawValue
        (problem.partner, problem.member) = (member.partner, member.account)
        problem.echo = echo.flatMap { Routes.isEcho($0) ? $0 : nil }
        let body = (try? WireCoding.encode(problem)) ?? []
        return .json(ProblemCode.accessEnded.status, body, type: "application/problem+json")
    }

    static func reply(for error: any Error, _ log: Logger) -> HTTPResponse {
        switch error {
        case let refusal as RouteRefusal: return reply(refusal.code, refusal.detail, refusal.next)
        case LedgerError.cursorRefused:
            return reply(
                .badRequest, "the cursor is damaged or was not given by this server",
                "begin with POST /sync/v1/snapshot")
        case LedgerError.resyncRequired(let why):
            return reply(.resyncRequired, why, "begin with POST /sync/v1/snapshot")
        case LedgerError.customerLeft:
            return reply(
                .customerLeft, "the customer is not, or not in the same way, among those you see",
                "follow the change feed: it says so")
        case LedgerError.foreignReplica:
            return reply(.forbidden, "the replica belongs to another member", "use a replica of your own")
        case LedgerError.keyMismatch(let number):
            return reply(
                .keyMismatch, "edit \(number) came before with another content; nothing of this push was applied",
                "use a new replica: the old one was copied or restored")
        case let error as SQLiteError where error.isRetryable:
            log.log(.error, "store", [("why", error.description)])
            var response = reply(.busy, "the store is busy or full", "try again")
            response.headers.add("Retry-After", "2")
            return response
        default:
            log.log(.error, "internal", [("why", "\(error)")])
            return reply(.internalError, "the server failed on this request", "try again; the server's log says more")
        }
    }
}
