import SyncCore
import SyncEngine

/// A metered link carries what somebody needs, and what stops a customer's business never waits for bytes.
struct KeepsToAllowance: Checker {
    let name = "L6"
    let promise = "a metered link carries no bill records that nobody asked for, and no decision waits for bytes"

    /// What is known of one agent.
    private struct Link {
        var isMetered = false
        var isAsked = false
        var pull = PullMachine.State.stopped
        var edits: [EditMark] = []
    }

    func check(_ history: History) -> Verdict {
        var links = history.members.map { _ in Link() }
        for event in history.events {
            switch event.what {
            case .link(let agent, let isMetered): links[agent].isMetered = isMetered
            case .recordsAsked(let agent): links[agent].isAsked = true
            case .step(let agent, .pull(_, _, let state)): links[agent].pull = state
            case .outbox(let agent, let edits): links[agent].edits = edits
            case .request(let agent, let request):
                guard isUnasked(request, links[agent]) else { continue }
                return .invalid(
                    at: event.at, why: "\(history.members[agent].name) fetches bill records over a metered link")
            case .status(let agent, let status):
                // A new process has what the files have.
                if status.phase != .starting { links[agent].isAsked = status.metering.areRecordsAsked }
                guard links[agent].isMetered, let edit = waiting(status, links[agent].edits) else { continue }
                return .invalid(
                    at: event.at,
                    why: "edit \(edit.number) of \(history.members[agent].name) waits although it may go")
            default: break
            }
        }
        return .valid
    }

    /// A load that the feed cannot go on without needs nobody to ask for it.
    private func isUnasked(_ request: RequestMark, _ link: Link) -> Bool {
        guard link.isMetered, !link.isAsked, link.pull != .standingBy else { return false }
        return request.lane == .load || request.lane == .fill && request.path.hasSuffix("/joined")
    }

    /// A decision that was never sent while nothing is being sent.
    private func waiting(_ status: StatusMark, _ edits: [EditMark]) -> EditMark? {
        guard status.push == .idle else { return nil }
        return QueuesDrain.allMoving(edits).first { $0.state == "saved" && $0.isDecision }
    }
}

extension EditMark {
    /// What a metered link lets go whatever was used.
    var isDecision: Bool { ["freezes", "budget", "conflict"].contains(register) }
}
