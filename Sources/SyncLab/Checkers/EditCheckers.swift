import SyncProtocol

/// S2: an edit acts at most once, has one terminal result, and what was told of it is what is stored.
struct ExactlyOnce: Checker {
    let name = "S2"
    let promise = "an acknowledged edit acts exactly once and has one terminal result"

    private struct Key: Hashable {
        let replica: String
        let number: Int64
    }

    func check(_ history: History) -> Verdict {
        var told: [Key: ResultCode] = [:]
        var effects: [Key: Int] = [:]
        for event in history.events {
            switch event.what {
            case .judged(let judged):
                for result in (judged.told ?? []) + judged.stored {
                    let key = Key(replica: judged.replica, number: result.number.value)
                    if let before = told[key], before.isTerminal, before != result.code {
                        return .invalid(at: event.at, why: "edit \(key.number) was \(before.rawValue) and is now \(result.code.rawValue)")
                    }
                    if result.code.isTerminal || result.code == .held { told[key] = result.code }
                }
            case .records(let records):
                for record in records where record.action == "applied" || record.action == "decided" {
                    guard let replica = record.replica, let number = record.edit else { continue }
                    let key = Key(replica: replica, number: number)
                    effects[key, default: 0] += 1
                    if effects[key, default: 0] > 1 { return .invalid(at: event.at, why: "edit \(number) of \(record.author) acted twice") }
                }
            default: break
            }
        }
        return .valid
    }
}

/// S3: no edit vanishes or changes, and none leaves its end again.
struct NoEditVanishes: Checker {
    let name = "S3"
    let promise = "no edit vanishes: the count over all its states is conserved"

    private static let next: [String: Set<String>] = [
        "saved": ["sent", "discarded"],
        "sent": ["saved", "waiting", "held", "resulted", "settled", "dead"],
        "waiting": ["sent"],
        "held": ["resulted", "settled", "dead"],
        "resulted": ["settled"],
        "dead": ["discarded"],
        "settled": [], "discarded": [],
    ]

    func check(_ history: History) -> Verdict {
        var known: [Int: [Int64: EditMark]] = [:]
        var accepted: [Int: [Int64: UInt64]] = [:]
        for event in history.events {
            switch event.what {
            case .accepted(let agent, let number, let payload):
                accepted[agent, default: [:]][number] = payload
                if known[agent]?[number] == nil {
                    return .invalid(at: event.at, why: "edit \(number) of \(history.members[agent].name) was accepted and is not there")
                }
            case .outbox(let agent, let edits):
                let name = history.members[agent].name
                let now = Dictionary(uniqueKeysWithValues: edits.map { ($0.number, $0) })
                for number in (known[agent] ?? [:]).keys.sorted() where now[number] == nil {
                    return .invalid(at: event.at, why: "edit \(number) of \(name) is gone")
                }
                for edit in edits {
                    if let before = known[agent]?[edit.number] {
                        if before.payload != edit.payload { return .invalid(at: event.at, why: "edit \(edit.number) of \(name) was rewritten") }
                        if before.state != edit.state, NoEditVanishes.next[before.state]?.contains(edit.state) != true {
                            return .invalid(at: event.at, why: "edit \(edit.number) of \(name) went from \(before.state) to \(edit.state)")
                        }
                    }
                }
                known[agent] = now
            default: break
            }
        }
        for (agent, numbers) in accepted {
            for (number, payload) in numbers where known[agent]?[number]?.payload != payload {
                return .invalid(at: history.events.last?.at ?? 0, why: "edit \(number) of \(history.members[agent].name) is not what was accepted")
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
        for event in history.events {
            switch event.what {
            case .outbox(let agent, let edits): outboxes[agent] = edits
            case .request(let agent, let request):
                var highest: [Int64: Int64] = [:]
                for edit in request.edits {
                    if let before = highest[edit.customer], before > edit.number {
                        return .invalid(
                            at: event.at, why: "\(history.members[agent].name) sends edit \(before) before \(edit.number) of the same customer")
                    }
                    highest[edit.customer] = edit.number
                }
                if let number = forgotten(by: request, outboxes[agent] ?? []) {
                    return .invalid(
                        at: event.at,
                        why: "\(history.members[agent].name) sends later edits while edit \(number), which waits for nothing, stays")
                }
            case .records(let records):
                for record in records where record.action == "applied" {
                    guard let replica = record.replica, let number = record.edit else { continue }
                    let place = Place(replica: replica, customer: record.customer, register: record.register)
                    if let before = last[place], before > number {
                        return .invalid(at: event.at, why: "edit \(number) acted on \(record.register) after edit \(before) of the same author")
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
        guard let highest = request.edits.map(\.number).max(), request.edits.count < ProtocolLimits.pushEditsMax else { return nil }
        let sent = Set(request.edits.map(\.number))
        let open = Set(edits.filter { LabAgent.pendingStates.contains($0.state) && $0.state != "resulted" }.map(\.number))
        return edits.first { edit in
            edit.state == "saved" && edit.number < highest && !sent.contains(edit.number)
                && !(edit.predecessor.map { open.contains($0) && !sent.contains($0) } ?? false)
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
                    at: event.at, why: "\(history.members[agent].name) has pending \(shown.pending), rebuilt it is \(shown.rebuilt)")
            }
        }
        return .valid
    }
}

/// S9: an edit lifts only freezes that its author had seen.
struct FreezeWasSeen: Checker {
    let name = "S9"
    let promise = "a freeze is never lifted by an edit that had not seen it"

    func check(_ history: History) -> Verdict {
        var seen: [String: Set<Int64>] = [:]
        for event in history.events {
            switch event.what {
            case .judged(let judged):
                for edit in judged.edits where edit.kind == "unfreeze" {
                    seen["\(judged.replica)/\(edit.number.value)"] = Set((edit.seen ?? []).map(\.value))
                }
            case .records(let records):
                // An unfreeze that a person decides on later is told by the conflict's own edit; see the model.
                for record in records where record.register == "freezes" && record.action == "applied" {
                    guard let replica = record.replica, let number = record.edit, let before = ids(record.before), let after = ids(record.after)
                    else { continue }
                    let lifted = before.subtracting(after)
                    let known = seen["\(replica)/\(number)"] ?? []
                    if let blind = lifted.subtracting(known).min() {
                        return .invalid(at: event.at, why: "edit \(number) of \(record.author) lifted freeze \(blind) without having seen it")
                    }
                }
            default: break
            }
        }
        return .valid
    }

    private func ids(_ text: String) -> Set<Int64>? {
        (try? WireCoding.decode(V1.State.self, from: text))?.freezes.map { Set($0.map(\.id.value)) }
    }
}

/// S10: everything that was decided about an edit stands in the history, and nothing of a customer moves without it.
struct EveryDecisionRecorded: Checker {
    let name = "S10"
    let promise = "every automatic decision has its record"

    func check(_ history: History) -> Verdict {
        var recorded: Set<String> = []
        var wanted: [(String, Int64)] = []
        var answered: Set<String> = []
        for event in history.events {
            switch event.what {
            case .records(let records):
                for record in records { if let replica = record.replica, let edit = record.edit { recorded.insert("\(replica)/\(edit)") } }
            case .judged(let judged):
                let kinds = Dictionary(judged.edits.map { ($0.number.value, $0.kind) }) { first, _ in first }
                for result in judged.stored where [.applied, .merged, .noop, .held].contains(result.code) {
                    let key = "\(judged.replica)/\(result.number.value)"
                    // A decision that changed nothing leaves no record of its own.
                    if kinds[result.number.value] == "decide-conflict", result.code == .noop { continue }
                    if answered.insert(key).inserted { wanted.append((key, event.at)) }
                }
            default: break
            }
        }
        for (key, at) in wanted where !recorded.contains(key) {
            return .invalid(at: at, why: "edit \(key.split(separator: "/").last ?? "") has a result and no line in the history")
        }
        return .valid
    }
}
