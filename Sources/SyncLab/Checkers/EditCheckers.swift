import SyncCore
import SyncEngine
import SyncProtocol

/// S2: an edit acts at most once and has one terminal result, word for word the same each time it is told; its author's
/// outbox holds the result that the server gave, an edit that was discarded has not acted, and one that went into
/// another before it was sent never comes to the server.
struct ExactlyOnce: Checker {
    let name = "S2"
    let promise = "an acknowledged edit acts exactly once and has one terminal result"

    private struct Key: Hashable {
        let replica: String
        let number: Int64
    }

    /// What the server has said and done of each edit.
    private struct Seen {
        var results: [Key: V1.Result] = [:]
        /// Every code that an edit may have at its author: told, stored, or the outcome of its conflict.
        var codes: [Key: Set<String>] = [:]
        var effects: [Key: Int] = [:]
        /// Edits that came to the server, and those that must not.
        var came: Set<Key> = []
        var combined: Set<Key> = []
    }

    func check(_ history: History) -> Verdict {
        var seen = Seen()
        var replicas: [Int: String] = [:]
        for event in history.events {
            var why: String?
            switch event.what {
            case .judged(let judged): why = take(judged, &seen)
            case .records(let records): why = take(records, &seen)
            case .truth(_, let rows, _):
                for case .conflict(let mark) in rows.map(\.value) {
                    guard let outcome = mark.outcome else { continue }
                    seen.codes[Key(replica: mark.replica, number: mark.edit), default: []].insert(outcome.rawValue)
                }
            case .request(let agent, let request): replicas[agent] = request.ownReplica
            case .outbox(let agent, let edits):
                if let replica = replicas[agent] { why = lie(edits, replica, history.members[agent].name, &seen) }
            default: break
            }
            if let why { return .invalid(at: event.at, why: why) }
        }
        return .valid
    }

    private func take(_ judged: Judged, _ seen: inout Seen) -> String? {
        for edit in judged.edits {
            let key = Key(replica: judged.replica, number: edit.number.value)
            seen.came.insert(key)
            if seen.combined.contains(key) { return "edit \(key.number) was combined and comes to the server" }
        }
        for result in (judged.told ?? []) + judged.stored {
            let key = Key(replica: judged.replica, number: result.number.value)
            seen.codes[key, default: []].insert(result.code.rawValue)
            guard result.code.isTerminal || result.code == .held else { continue }
            // Who lost the customer is told no values of others with it.
            if let before = seen.results[key], before.code.isTerminal, before.withoutOthers != result.withoutOthers {
                return before.code != result.code
                    ? "edit \(key.number) was \(before.code.rawValue) and is now \(result.code.rawValue)"
                    : "edit \(key.number) is \(result.code.rawValue) with another result than before"
            }
            seen.results[key] = result
        }
        return nil
    }

    private func take(_ records: [RecordMark], _ seen: inout Seen) -> String? {
        for record in records where record.action == "applied" || record.action == "decided" {
            guard let replica = record.replica, let number = record.edit else { continue }
            seen.effects[Key(replica: replica, number: number), default: 0] += 1
            if seen.effects[Key(replica: replica, number: number), default: 0] > 1 {
                return "edit \(number) of \(record.author) acted twice"
            }
        }
        return nil
    }

    /// What an outbox says of an edit and the server never did.
    private func lie(_ edits: [EditMark], _ replica: String, _ name: String, _ seen: inout Seen) -> String? {
        for edit in edits {
            let key = Key(replica: replica, number: edit.number)
            if let code = edit.code, seen.codes[key]?.contains(code) != true {
                return "edit \(edit.number) of \(name) is \(code) in its outbox, which the server never said"
            }
            if edit.state == "discarded", seen.effects[key] != nil {
                return "edit \(edit.number) of \(name) was discarded and acted"
            }
            guard edit.state == "combined" else { continue }
            seen.combined.insert(key)
            if seen.came.contains(key) { return "edit \(edit.number) of \(name) was sent and is combined" }
        }
        return nil
    }
}

/// S3: no edit vanishes or changes, and none leaves its end again; what went into another is part of that, on the
/// older one's footing.
struct NoEditVanishes: Checker {
    let name = "S3"
    let promise = "no edit vanishes: the count over all its states is conserved"

    private static let next: [String: Set<String>] = [
        "saved": ["sent", "discarded", "combined"],
        "sent": ["saved", "waiting", "held", "resulted", "settled", "dead"],
        "waiting": ["sent"],
        "held": ["resulted", "settled", "dead"],
        "resulted": ["settled"],
        "dead": ["discarded"],
        "settled": [], "discarded": [], "combined": [],
    ]

    func check(_ history: History) -> Verdict {
        var known: [Int: [Int64: EditMark]] = [:]
        var accepted: [Int: [Int64: UInt64]] = [:]
        for event in history.events {
            switch event.what {
            case .accepted(let agent, let number, let payload):
                accepted[agent, default: [:]][number] = payload
                if known[agent]?[number] == nil {
                    return .invalid(
                        at: event.at,
                        why: "edit \(number) of \(history.members[agent].name) was accepted and is not there")
                }
            case .combined(let agent, let combination):
                if let why = combination.wrong {
                    return .invalid(
                        at: event.at,
                        why: "edit \(combination.newer.number.value) of \(history.members[agent].name) \(why)")
                }
            case .outbox(let agent, let edits):
                let name = history.members[agent].name
                let now = Dictionary(uniqueKeysWithValues: edits.map { ($0.number, $0) })
                for number in (known[agent] ?? [:]).keys.sorted() where now[number] == nil {
                    return .invalid(at: event.at, why: "edit \(number) of \(name) is gone")
                }
                for edit in edits {
                    if let before = known[agent]?[edit.number] {
                        if before.payload != edit.payload {
                            return .invalid(at: event.at, why: "edit \(edit.number) of \(name) was rewritten")
                        }
                        if before.state != edit.state, NoEditVanishes.next[before.state]?.contains(edit.state) != true {
                            return .invalid(
                                at: event.at,
                                why: "edit \(edit.number) of \(name) went from \(before.state) to \(edit.state)")
                        }
                    }
                    if let why = NoEditVanishes.astray(edit, now) {
                        return .invalid(at: event.at, why: "edit \(edit.number) of \(name) \(why)")
                    }
                }
                known[agent] = now
            default: break
            }
        }
        for (agent, numbers) in accepted {
            for (number, payload) in numbers where known[agent]?[number]?.payload != payload {
                return .invalid(
                    at: history.events.last?.at ?? 0,
                    why: "edit \(number) of \(history.members[agent].name) is not what was accepted")
            }
        }
        return .valid
    }
}

/// S4: a push carries a customer's edits in their author's order, and effects on one register come in that order.
struct AuthorsOrder: Checker {
    let name = "S4"
    let promise = "effects on one customer happen in the order its author made them; other customers never wait"

    private struct Place: Hashable {
        let replica: String
        let customer: Int64
        let register: String
    }

    func check(_ history: History) -> Verdict {
        var last: [Place: Int64] = [:]
        var outboxes: [Int: [EditMark]] = [:]
        // Pushes that came to nothing since the queue was last empty: after two of them edits go one by one, in turn.
        var failures: [Int: Int] = [:]
        var metered: Set<Int> = []
        for event in history.events {
            switch event.what {
            case .outbox(let agent, let edits): outboxes[agent] = edits
            case .link(let agent, let isMetered):
                if isMetered { metered.insert(agent) } else { metered.remove(agent) }
            case .step(let agent, let step):
                guard case .push(_, let push, _) = step else { continue }
                if case .failed = push { failures[agent, default: 0] += 1 }
                if case .nothingToSend = push { failures[agent] = 0 }
            case .started(let agent): failures[agent] = 0
            case .request(let agent, let request):
                var highest: [Int64: Int64] = [:]
                for edit in request.edits {
                    if let before = highest[edit.customer], before > edit.number {
                        return .invalid(
                            at: event.at,
                            why:
                                "\(history.members[agent].name) sends edit \(before) before \(edit.number) of the same customer"
                        )
                    }
                    highest[edit.customer] = edit.number
                }
                let isAlone = request.edits.count == 1 && failures[agent, default: 0] >= 2
                var edits = outboxes[agent] ?? []
                // A metered link may keep back the edits on customers of whom none decides anything.
                if metered.contains(agent) {
                    let sent = Set(request.edits.map(\.customer))
                    let deciding = Set(QueuesDrain.allMoving(edits).filter(\.isDecision).map(\.customer))
                    edits.removeAll { !sent.contains($0.customer) && !deciding.contains($0.customer) }
                }
                if !isAlone, let number = forgotten(by: request, edits) {
                    return .invalid(
                        at: event.at,
                        why:
                            "\(history.members[agent].name) sends later edits while edit \(number), which waits for nothing, stays"
                    )
                }
            case .records(let records):
                for record in records where record.action == "applied" {
                    guard let replica = record.replica, let number = record.edit else { continue }
                    let place = Place(replica: replica, customer: record.customer, register: record.register)
                    if let before = last[place], before > number {
                        return .invalid(
                            at: event.at,
                            why: "edit \(number) acted on \(record.register) after edit \(before) of the same author")
                    }
                    last[place] = number
                }
            default: break
            }
        }
        return .valid
    }

    /// An edit that a push leaves out although it waits for nothing and there is room. What became of edits in flight is
    /// not known here, so those that build on one are passed over.
    private func forgotten(by request: RequestMark, _ edits: [EditMark]) -> Int64? {
        guard let highest = request.edits.map(\.number).max(), request.edits.count < ProtocolLimits.pushEditsMax else {
            return nil
        }
        let sent = Set(request.edits.map(\.number))
        let open = edits.filter { $0.isPending && $0.state != "resulted" }
        let left = Set(open.map(\.number)).subtracting(sent)
        let groups = Dictionary(open.map { ($0.number, $0.group) }) { first, _ in first }
        func waits(_ edit: EditMark) -> Bool {
            edit.builtOn.contains { left.contains($0) && (edit.group == nil || groups[$0] != edit.group) }
        }
        // A group waits whole.
        let waiting = Set(open.filter { waits($0) }.compactMap(\.group))
        return edits.first { edit in
            edit.state == "saved" && edit.number < highest && !sent.contains(edit.number) && !waits(edit)
                && !(edit.group.map { waiting.contains($0) } ?? false)
        }?.number
    }
}

/// S6: the table of pending values is the open edits over the image.
struct PendingIsEditsOverImage: Checker {
    let name = "S6"
    let promise = "what is seen = edits over image; rebuilding gives the same rows"

    func check(_ history: History) -> Verdict {
        for event in history.events {
            if case .shown(let agent, let shown) = event.what, shown.pending != shown.rebuilt {
                return .invalid(
                    at: event.at,
                    why: "\(history.members[agent].name) has pending \(shown.pending), rebuilt it is \(shown.rebuilt)")
            }
        }
        return .valid
    }
}
