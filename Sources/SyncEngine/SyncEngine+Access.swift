import Diagnostics
import HTTPKit
import ReplicaStore
import SyncCore
import SyncProtocol

/// An end of the access that the server told: what is taken from this machine, and how the server learns that it was.
struct AccessEnded: Decodable {
    static let code = "access-ended"
    let code: String
    let wipe: String?
    let partner: String?
    let member: String?
    let echo: String?

    /// What the server asks for; a word of a newer server takes the image only, which can be loaded again.
    var extent: WipeExtent { wipe.flatMap { WipeExtent(rawValue: $0) } ?? .image }

    /// Nil for a refusal that says something else.
    init?(status: Int, body: [UInt8]) {
        guard status == 403, let ended = try? WireCoding.decode(AccessEnded.self, from: body),
            ended.code == AccessEnded.code
        else { return nil }
        self = ended
    }
}

extension SyncEngine {
    /// Body of `POST /sync/v1/wiped`.
    private struct Wiped: Encodable { let replica: String }

    /// Obeys the end of an access only where it must be meant for this replica: told to the greeting that has just been sent,
    /// and of the replica's own member. Anything else greets again after a pause, or is the token of somebody else.
    func consider(_ ended: AccessEnded, _ problem: EngineStatus.Problem, asked purpose: Purpose) throws {
        guard case .hello(let echo) = purpose, ended.echo == echo else {
            tell(Trouble(lane: .pull, problem: problem, failure: .transient(retryAfter: nil), isReached: true))
            return fail(.pull, .transient(retryAfter: nil))
        }
        let own = store.identity
        if let member = own.member, member != ended.member || own.partner != ended.partner {
            holdPushes()
            let words = EngineStatus.Problem(
                what: "cannot sync with \(server)",
                why:
                    "the access of \(ended.member ?? "another member") was ended, and this replica belongs to \(member)",
                next: "set up a token of \(member); nothing was removed here", isDenied: true)
            tell(Trouble(lane: .pull, problem: words, failure: .final, isReached: true))
            return fail(.pull, .final)
        }
        try endAccess(ended, why: problem.why)
    }

    /// Carries a wipe out and stops both sides. Only the pull side does: a push that is refused so asks it to look.
    func endAccess(_ ended: AccessEnded, why: String) throws {
        let record = try store.wipe(ended.extent, .accessEnded, why: why)
        log.log(.error, "access-ended", [("wiped", record.extent.rawValue)])
        holdPushes()
        stopFilling()
        stopLoading()
        stepPull(.failed(.final))
        tell(
            Trouble(
                lane: .pull, problem: try problem(record, try store.outboxCounts()), failure: .final,
                isReached: true))
        status.failures += 1
        if !record.isReported { reportWipe() }
    }

    /// Old records on their way belong to an image that is gone.
    func stopFilling() {
        abandon(.fill)
        clear(.fill)
        stepFill(.stopped)
        stepFill(.started)
    }

    private func problem(_ record: WipeRecord, _ counts: OutboxCounts) throws -> EngineStatus.Problem {
        let kept =
            record.extent == .everything
            ? "everything of yours was removed from this machine"
            : "the data was removed from this machine; your edits are kept (\(counts.unsettled + counts.dead) open)"
        return EngineStatus.Problem(
            what: "cannot sync with \(server)", why: "\(record.why); \(kept)",
            next: record.extent == .everything
                ? "ask an administrator; with a new token: fieldbook login"
                : "keep your edits: fieldbook edits export FILE; with access again: fieldbook sync, or fieldbook login",
            isDenied: true)
    }

    /// Tells the server that it was done; tried again by the pull side's timer until an answer comes.
    func reportWipe() {
        guard !inFlight.contains(where: { $0.lane == .pull }),
            let body = try? WireCoding.encode(Wiped(replica: store.identity.replica))
        else { return }
        isReportDue = false
        send(.pull, .wiped, request("POST", "/sync/v1/wiped", query: [], body: body))
    }

    /// Any answer of our server is the last word: what it does not take now it does not take later either.
    func receiveWiped(_ outcome: ExchangeOutcome) throws {
        guard case .reply(let code, let headers, _, _) = outcome, headers["Fieldbook"] != nil, code < 500 else {
            isReportDue = true
            return wake(.pull, after: reportBackoff.next(retryAfter: nil, using: &chance))
        }
        reportBackoff.reset()
        if (200..<300).contains(code) { try store.markWipeReported() }
    }

    /// A report that waits has the timer of a pull side that does nothing else.
    func pullTimerFired() {
        if isReportDue, pull.state == .blocked { reportWipe() } else { stepPull(.timerFired) }
    }

    /// A try to sync goes before a report on the same lane; the refusal that follows has it sent again.
    func dropReport() {
        isReportDue = false
        inFlight.removeAll { exchange in
            guard case .wiped = exchange.purpose else { return false }
            return true
        }
    }
}
