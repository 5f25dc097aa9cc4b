import Diagnostics
package import HTTPKit
import LedgerStore
import SyncProtocol
import Synchronization

/// What is kept of a request while it is answered.
struct RequestNotes {
    var account = "-"
    /// Set when a page of the feed brought nothing.
    var quiet: QuietFeed?
}

/// Requests that are held until there is something for them.
extension ServerCore {
    /// From here on `reply` holds requests; false when the system refuses the thread that wakes them.
    @discardableResult
    package func beginHolding() -> Bool { live.begin() }

    /// As `beginHolding`, without a thread: who is concerned by what has happened is woken within `lookForHeld`. For one who
    /// drives requests without a listener, whose time is that of `waits`.
    package func beginHoldingByHand() { live.beginByHand() }

    /// Wakes whom commits concern: those of this process, and, once a second, those of others.
    package func lookForHeld() { live.lookByHand() }

    /// Time between two looks at what other processes have committed.
    package static let lookForHeldEvery = LiveFeeds.pollEvery

    /// Ends what `beginHolding` began, after the listener's stop.
    package func endHolding() { live.end() }

    /// The reply to a request for a listener that can hold it; otherwise as `handle`. A request for changes with `wait`
    /// that would bring nothing is held.
    package func reply(_ request: HTTPRequest) -> HTTPReply {
        guard live.isRunning, request.method == "GET", request.path == Route.changes,
            let seconds = request.heldSeconds, seconds > 0, let hash = bearer(request).map({ Directory.hash(of: $0) }),
            case .granted(let member)? = try? access(hash)
        else { return .response(handle(request)) }
        return HeldRequest(self, request, of: member, token: hash, seconds: seconds).begin()
    }
}

extension HTTPRequest {
    /// For how many seconds a request for changes may be held; nil when what it says is no such time.
    var heldSeconds: Int? {
        guard let text = query("wait") else { return 0 }
        guard let seconds = Int(text), (0...ProtocolLimits.waitSecondsMax).contains(seconds) else { return nil }
        return seconds
    }
}

/// One request that waits. It stands in the registry before its first look into the ledger and until it is answered; each
/// look finds the member anew and has a transaction of its own.
private final class HeldRequest: Sendable {
    /// Looks in a row that others commit behind; then what was found is the answer.
    private static let looksMax = 8

    private struct State {
        var worked = Duration.zero
        var rules: String?
    }

    private let core: ServerCore
    private let request: HTTPRequest
    private let id: HeldFeeds.ID
    private let began: Duration
    private let deadline: Duration
    private let time: any WallClock
    private let state = Mutex(State())

    init(_ core: ServerCore, _ request: HTTPRequest, of member: Member, token: [UInt8], seconds: Int) {
        self.core = core
        self.request = request
        time = core.live.waits
        began = time.monotonicNow()
        deadline = began + .seconds(seconds)
        id = core.live.register(partner: member.partner, token: token, deadline: deadline)
    }

    func begin() -> HTTPReply {
        let hold = HTTPHold(
            until: deadline, gone: { [self] in core.live.remove(id) },
            resume: { [self] hold, cause in look(hold, cause) })
        core.live.attach(hold, to: id)
        return look(hold, nil)
    }

    /// Looks for an answer, and waits on when there is none.
    private func look(_ hold: HTTPHold, _ cause: HTTPHold.Cause?) -> HTTPReply {
        let mayWait = cause == nil || cause == .woken
        var looks = 0
        while true {
            looks += 1
            let before = time.monotonicNow()
            core.live.beginLook(id)
            var notes = RequestNotes()
            let response = core.answer(request, &notes)
            let now = time.monotonicNow()
            let rules = state.withLock { state in
                state.worked += now - before
                if state.rules == nil { state.rules = notes.quiet?.rules }
                return state.rules
            }
            // Other rules than it came with are news.
            guard mayWait, now < deadline, looks < HeldRequest.looksMax, let quiet = notes.quiet, quiet.rules == rules
            else {
                if notes.quiet != nil, now >= deadline { core.live.noteWaitedOut() }
                return end(response, notes)
            }
            switch core.live.settle(id, quiet) {
            case .asleep: return .held(hold)
            case .displaced: return end(response, notes)
            case .again: continue
            }
        }
    }

    private func end(_ response: HTTPResponse, _ notes: RequestNotes) -> HTTPReply {
        core.live.remove(id)
        let worked = state.withLock { $0.worked }
        let held = time.monotonicNow() - began - worked
        return .response(core.finish(response, to: request, notes, took: worked, held: max(.zero, held)))
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
