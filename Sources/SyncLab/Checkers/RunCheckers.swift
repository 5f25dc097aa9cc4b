import SyncCore
import SyncEngine

/// S11: a replica sends its own queue, with its own member's token, or nothing.
struct OwnQueueOwnToken: Checker {
    let name = "S11"
    let promise = "no use of another user's queue or token"

    func check(_ history: History) -> Verdict {
        for event in history.events {
            guard case .request(let agent, let request) = event.what else { continue }
            let member = history.members[agent]
            guard let replica = request.replica else { continue }
            if replica != request.ownReplica {
                return .invalid(at: event.at, why: "\(member.name) sends for the replica \(replica.prefix(8))")
            }
            if let account = request.account, account != member.account {
                return .invalid(at: event.at, why: "\(member.name) sends its queue with the token of \(account)")
            }
        }
        return .valid
    }
}

/// L2: every queue drains to empty, or says whom it waits for.
struct QueuesDrain: Checker {
    let name = "L2"
    let promise = "every queue drains to empty, needs-person or needs-auth"

    func check(_ history: History) -> Verdict {
        var edits: [Int: [EditMark]] = [:]
        var phases: [Int: StatusMark] = [:]
        var end: Int64?
        var strangers: Set<Int> = []
        var ended: Set<String> = []
        for event in history.events {
            switch event.what {
            case .request(let agent, let request):
                if request.account == history.members[agent].account {
                    strangers.remove(agent)
                } else {
                    strangers.insert(agent)
                }
            case .access(let account, let isOpen):
                if isOpen { ended.remove(account) } else { ended.insert(account) }
            case .outbox(let agent, let marks): edits[agent] = marks
            case .status(let agent, let status): phases[agent] = status
            case .ended: end = event.at
            case .accepted: end = nil
            default: break
            }
        }
        guard let end else { return .unknown(why: "the run did not settle at its end") }
        for (agent, member) in history.members.enumerated() {
            guard let status = phases[agent], status.phase != .needsLogin, status.phase != .stopped else { continue }
            // With another member's token nothing may be sent.
            if status.phase == .blocked, strangers.contains(agent) || ended.contains(member.account) { continue }
            let moving = QueuesDrain.allMoving(edits[agent] ?? [])
            // What a metered link keeps back waits for another day; decisions do not.
            let isKeptBack = status.phase == .metered && status.metering.somethingWaits
            if let edit = moving.first(where: { !isKeptBack || $0.state == "saved" && $0.isDecision }) {
                return .invalid(at: end, why: "edit \(edit.number) of \(member.name) is still \(edit.state)")
            }
        }
        return .valid
    }
}

extension QueuesDrain {
    /// The first edit without an end that neither waits for a person nor builds on one that does, or shares its group.
    static func moving(_ edits: [EditMark]) -> EditMark? { allMoving(edits).first }

    static func allMoving(_ edits: [EditMark]) -> [EditMark] {
        var waiting = edits.filter { $0.isPending && $0.needsPerson }
        var moving = edits.filter { $0.isPending && !$0.needsPerson }
        // A group waits with any of its edits, also with later ones.
        while let index = moving.firstIndex(where: { edit in
            waiting.contains { other in
                other.number == edit.predecessor || other.number == edit.dependsOn
                    || other.group != nil && other.group == edit.group
            }
        }) {
            waiting.append(moving.remove(at: index))
        }
        return moving
    }
}

/// L3: nobody asks more often than there is reason to.
struct NoHotLoop: Checker {
    let name = "L3"
    let promise = "requests an hour are bounded in every state"

    /// Polls of an hour at rest, with the shortest interval, and the tries of a backoff that begins anew.
    static let restingMax = 200
    /// Requests that one reason may bring on both lanes.
    static let perReason = 40
    private static let hour: Int64 = 3_600_000_000

    func check(_ history: History) -> Verdict {
        var requests: [Int: [Int64]] = [:]
        var reasons: [Int: [Int64]] = [:]
        for event in history.events {
            switch event.what {
            case .request(let agent, _): requests[agent, default: []].append(event.at)
            case .stimulus(let agent), .started(let agent): reasons[agent, default: []].append(event.at)
            case .truth(_, let rows, _):
                if rows.isEmpty { continue }
                for agent in history.members.indices { reasons[agent, default: []].append(event.at) }
            case .serverDied, .healed:
                for agent in history.members.indices { reasons[agent, default: []].append(event.at) }
            default: break
            }
        }
        for (agent, times) in requests.sorted(by: { $0.key < $1.key }) {
            let own = reasons[agent] ?? []
            var first = 0
            var firstReason = 0
            var lastReason = 0
            for (index, time) in times.enumerated() {
                while times[first] < time - NoHotLoop.hour { first += 1 }
                while firstReason < own.count, own[firstReason] < time - NoHotLoop.hour { firstReason += 1 }
                while lastReason < own.count, own[lastReason] <= time { lastReason += 1 }
                let bound = NoHotLoop.restingMax + NoHotLoop.perReason * (lastReason - firstReason)
                if index - first + 1 > bound {
                    return .invalid(
                        at: time,
                        why:
                            "\(history.members[agent].name) asked \(index - first + 1) times in an hour with \(lastReason - firstReason) reasons"
                    )
                }
            }
        }
        if case .ended(settled: false)? = history.events.last?.what, history.events.count > World.stepsMax {
            return .invalid(at: history.events.last?.at ?? 0, why: "the run does not end")
        }
        return .valid
    }
}

/// L5 and 5.17: the status says what is so, and work that is left has a timer, an exchange or a named blocker.
struct StatusIsTrue: Checker {
    let name = "L5"
    let promise = "status tells the truth, and no work is left without a timer or a named blocker"

    func check(_ history: History) -> Verdict {
        var edits: [Int: [EditMark]] = [:]
        for event in history.events {
            switch event.what {
            case .outbox(let agent, let marks): edits[agent] = marks
            case .status(let agent, let status) where status.phase != .starting:
                if let why = lie(status, edits[agent] ?? []) {
                    return .invalid(
                        at: event.at, why: "\(history.members[agent].name) says \(status.phase.rawValue): \(why)")
                }
            default: break
            }
        }
        return .valid
    }

    private func lie(_ status: StatusMark, _ edits: [EditMark]) -> String? {
        let open = edits.count { $0.isPending }
        let held = edits.count { $0.state == "held" }
        let dead = edits.count { $0.state == "dead" }
        if status.unsettled != open || status.held != held || status.dead != dead {
            return
                "it counts \(status.unsettled) open, \(status.held) held, \(status.dead) dead; there are \(open), \(held), \(dead)"
        }
        switch status.phase {
        case .inSync where status.metering.somethingWaits, .needsPerson where status.metering.somethingWaits:
            return "a metered link keeps something back"
        case .metered where !status.metering.somethingWaits && status.load != .idle: return "nothing is kept back"
        case .inSync where open + dead > 0: return "\(open) edits are open and \(dead) dead"
        case .inSync where status.pull != .resting && status.pull != .holding: return "the pull side is \(status.pull)"
        case .inSync where status.hasProblem: return "the last exchange failed"
        case .needsPerson where held + dead == 0 && !edits.contains(where: \.needsPerson):
            return "nothing waits for a person"
        case .needsPerson: if let edit = QueuesDrain.moving(edits) { return "edit \(edit.number) waits for nobody" }
        case .sending where open == 0: return "nothing is to be sent"
        case .sending
        where !status.hasPushTimer && !status.pushInFlight && !status.hasPullTimer && !status.pullInFlight:
            return "nothing is under way"
        default: break
        }
        return orphan(status)
    }

    private func orphan(_ status: StatusMark) -> String? {
        switch status.pull {
        case .greeting, .planning, .loading, .following:
            if !status.pullInFlight { return "the pull side is \(status.pull) without an exchange" }
        case .holding:
            // Where the link is cut nobody tells: the timer ends the waiting.
            if !status.hasPullTimer { return "the pull side is holding without a timer" }
            if !status.pullInFlight { return "the pull side is holding without an exchange" }
        case .resting, .backingOff, .needsLogin:
            if !status.hasPullTimer { return "the pull side is \(status.pull) without a timer" }
        case .standingBy:
            let isKeptBack = status.metering.recordsWait && status.hasLoadTimer
            if status.load != .fetching, status.load != .backingOff, !isKeptBack {
                return "the pull side waits for a load that rests"
            }
        case .stopped, .blocked: break
        }
        switch status.load {
        case .fetching: if !status.loadInFlight { return "a load is fetched without an exchange" }
        case .backingOff: if !status.hasLoadTimer { return "a load backs off without a timer" }
        // A load that was refused for good rests until the pull side, which finds out why, pokes it.
        case .stopped, .idle: break
        }
        switch status.fill {
        case .fetching: if !status.fillInFlight { return "old records are fetched without an exchange" }
        case .backingOff: if !status.hasFillTimer { return "the fetching of old records backs off without a timer" }
        case .stopped, .idle: break
        }
        switch status.push {
        case .sending: if !status.pushInFlight { return "the push side is sending without an exchange" }
        case .backingOff: if !status.hasPushTimer { return "the push side backs off without a timer" }
        case .stopped, .unmet, .idle, .needsLogin: break
        }
        return nil
    }
}
