import SyncEngine
import SyncProtocol

/// S1: what a replica holds at a checkpoint is exactly the server's rows at that sequence; a cursor is never ahead. Before
/// the first checkpoint each row is one that the server has had.
struct CursorNotAhead: Checker {
    let name = "S1"
    let promise = "the applied cursor is never ahead of applied rows"

    func check(_ history: History) -> Verdict {
        var truth = TruthLine(history.members)
        for event in history.events {
            switch event.what {
            case .truth(let sequence, let rows, _): truth.take(sequence, rows)
            case .rights(let change): truth.take(change)
            case .image(let agent, let image):
                let member = history.members[agent]
                guard let sequence = image.sequence else {
                    if let why = truth.neverWas(image) {
                        return .invalid(at: event.at, why: "\(member.name), loading, holds \(why)")
                    }
                    continue
                }
                if sequence > truth.sequence {
                    return .invalid(
                        at: event.at, why: "\(member.name) stands at \(sequence), the server at \(truth.sequence)")
                }
                if let difference = truth.difference(image, of: member, at: sequence) {
                    return .invalid(
                        at: event.at, why: "\(member.name) stands at sequence \(sequence), but \(difference)")
                }
            default: break
            }
        }
        return .valid
    }
}

/// S7: nothing outside the scope is visible, and once a checkpoint was reached no bill stands without its customer, or without
/// an entry that it names.
struct InsideScope: Checker {
    let name = "S7"
    let promise = "nothing outside the scope is visible; no bill without its customer and what it names"

    func check(_ history: History) -> Verdict {
        var truth = TruthLine(history.members)
        for event in history.events {
            switch event.what {
            case .truth(let sequence, let rows, _): truth.take(sequence, rows)
            case .rights(let change): truth.take(change)
            case .image(let agent, let image):
                if let why = stranger(in: image, history.members[agent], truth) {
                    return .invalid(at: event.at, why: why)
                }
            default: break
            }
        }
        return .valid
    }

    private func stranger(in image: ImageMark, _ member: MemberFacts, _ truth: TruthLine) -> String? {
        let customers = Set(image.rows.filter { $0.entity == Entity.customer.rawValue }.map(\.key))
        for row in image.rows {
            guard let subject = truth.changes[TruthLine.Target(entity: row.entity, key: row.key)]?.last?.subject else {
                return "\(member.name) holds \(RowName.text(row.entity, row.key)), which never was"
            }
            // While a load is under way, rows are of whatever time their page was.
            let isOwn =
                image.sequence.map { truth.sees(member, subject, at: $0) } ?? truth.everSaw(member, subject)
            if !isOwn {
                return "\(member.name) holds \(RowName.text(row.entity, row.key)), which is not for it"
            }
            if image.sequence != nil, row.entity == Entity.billRecord.rawValue, !customers.contains(subject) {
                return "\(member.name) holds \(RowName.text(row.entity, row.key)) without its customer"
            }
        }
        // What an image of heads lacks comes with the load; a resource may come with the old records of its customer.
        guard image.sequence != nil, !image.isHeadsOnly else { return nil }
        let bare = image.bare.first {
            $0.entity != Entity.resource.rawValue || image.filling[$0.customer] == nil
        }
        return bare.map {
            let entity = Entity(rawValue: $0.entity)?.name ?? "entry"
            return "\(member.name) holds \(RowName.text(Entity.billRecord.rawValue, $0.key)) without its \(entity)"
        }
    }
}

/// S13: within an epoch no row's version goes back, but for a power loss, after which the image may be older.
struct VersionsRise: Checker {
    let name = "S13"
    let promise = "versions never go back within an epoch"

    func check(_ history: History) -> Verdict {
        var seen: [Int: (epoch: String, rows: [TruthLine.Target: Int64])] = [:]
        for event in history.events {
            switch event.what {
            case .died(let agent, powerLoss: true): seen[agent] = nil
            case .image(let agent, let image):
                if let before = seen[agent], before.epoch == image.epoch {
                    for row in image.rows {
                        let target = TruthLine.Target(entity: row.entity, key: row.key)
                        if let known = before.rows[target], known > row.version {
                            return .invalid(
                                at: event.at,
                                why:
                                    "\(RowName.text(row.entity, row.key)) of \(history.members[agent].name) went from version \(known) to \(row.version)"
                            )
                        }
                    }
                }
                seen[agent] = (
                    image.epoch,
                    Dictionary(
                        uniqueKeysWithValues: image.rows.map {
                            (TruthLine.Target(entity: $0.entity, key: $0.key), $0.version)
                        })
                )
            default: break
            }
        }
        return .valid
    }
}

/// S14: what a person could read stays readable across the death of a process; after a power loss it may be older.
struct ReadsNeverGoBack: Checker {
    let name = "S14"
    let promise = "across process death reads never go back and a person reads their own writes"

    func check(_ history: History) -> Verdict {
        var reached: [Int: (epoch: String, sequence: Int64)] = [:]
        var settled: [Int: Set<Int64>] = [:]
        // After a power loss the image may be older than an edit's end, which was forced to disk.
        var isFirstLook: Set<Int> = []
        // Accounts whose access has ended at some time, and those whose tokens an agent came with.
        var ended: Set<String> = []
        var accounts: [Int: Set<String>] = [:]
        var truth = TruthLine(history.members)
        var images: [Int: ImageMark] = [:]
        for event in history.events {
            switch event.what {
            case .truth(let sequence, let rows, _): truth.take(sequence, rows)
            case .rights(let change):
                // Whoever may see less from now on has what was there removed.
                if let old = truth.rights.now(of: change.account), change.rights.mayShowLess(than: old) {
                    ended.insert(change.account)
                }
                truth.take(change)
            case .access(let account, isOpen: false): ended.insert(account)
            case .request(let agent, let request):
                if let account = request.account { accounts[agent, default: []].insert(account) }
            case .wiped(let agent, _):
                let rights = truth.rights.now(history.members[agent])
                let showedTooMuch = images[agent].map { truth.unseen(in: $0, by: rights) != nil } ?? false
                if reached[agent] != nil, ended.isDisjoint(with: accounts[agent] ?? []), !showedTooMuch {
                    return .invalid(
                        at: event.at, why: "\(history.members[agent].name) wiped itself, its access has not ended")
                }
                (reached[agent], images[agent]) = (nil, nil)
            case .died(let agent, powerLoss: true):
                reached[agent] = nil
                isFirstLook.insert(agent)
            case .image(let agent, let image):
                let name = history.members[agent].name
                if let before = reached[agent], before.epoch == image.epoch {
                    guard let sequence = image.sequence else {
                        return .invalid(
                            at: event.at, why: "\(name) stood at sequence \(before.sequence) and shows a load under way"
                        )
                    }
                    if sequence < before.sequence {
                        return .invalid(
                            at: event.at, why: "\(name) went from sequence \(before.sequence) back to \(sequence)")
                    }
                }
                if let sequence = image.sequence { reached[agent] = (image.epoch, sequence) }
                images[agent] = image
            case .outbox(let agent, let edits):
                if isFirstLook.remove(agent) != nil {
                    settled[agent, default: []].formUnion(edits.filter { $0.state == "settled" }.map(\.number))
                }
                for edit in edits
                where edit.state == "settled" && settled[agent, default: []].insert(edit.number).inserted {
                    // Nothing changed for these; a person sees the server's value.
                    if edit.code == "noop" || edit.code == "overruled" { continue }
                    if let result = edit.resultSequence, let place = reached[agent]?.sequence, place < result {
                        return .invalid(
                            at: event.at,
                            why:
                                "edit \(edit.number) of \(history.members[agent].name) is settled at \(result), the image stands at \(place)"
                        )
                    }
                }
            case .shown(let agent, let shown) where shown.read != shown.rebuilt:
                return .invalid(
                    at: event.at,
                    why: "\(history.members[agent].name) is shown \(shown.read), their edits make it \(shown.rebuilt)")
            default: break
            }
        }
        return .valid
    }
}

/// L1: once the world is whole again, every replica holds the server's rows.
struct Agreement: Checker {
    let name = "L1"
    let promise = "replicas agree with the server row by row within a bound"

    func check(_ history: History) -> Verdict {
        var truth = TruthLine(history.members)
        var images: [Int: ImageMark] = [:]
        var phases: [Int: StatusMark] = [:]
        var end: (at: Int64, settled: Bool)?
        var ended: Set<String> = []
        // Whose token an agent came with last.
        var accounts: [Int: String] = [:]
        for event in history.events {
            switch event.what {
            case .truth(let sequence, let rows, _):
                truth.take(sequence, rows)
                if !rows.isEmpty { end = nil }
            case .rights(let change):
                truth.take(change)
                end = nil
            case .access(let account, let isOpen):
                if isOpen { ended.remove(account) } else { ended.insert(account) }
            case .request(let agent, let request): accounts[agent] = request.account
            case .wiped(let agent, _): images[agent] = nil
            case .image(let agent, let image): images[agent] = image
            case .status(let agent, let status): phases[agent] = status
            case .ended(let settled): end = (event.at, settled)
            default: break
            }
        }
        guard let end else { return .unknown(why: "the run did not settle at its end") }
        guard end.settled else { return .invalid(at: end.at, why: unsettled(history, phases)) }
        for (agent, member) in history.members.enumerated() {
            guard let status = phases[agent], status.phase == .inSync || status.phase == .needsPerson else { continue }
            if ended.contains(member.account), accounts[agent] == member.account {
                return .invalid(at: end.at, why: "\(member.name) goes on, its access has ended")
            }
            guard let image = images[agent] else { return .invalid(at: end.at, why: "\(member.name) has no image") }
            if let customer = image.filling.keys.min() {
                return .invalid(at: end.at, why: "\(member.name) waits for old records of customer \(customer)")
            }
            if let difference = truth.difference(image, by: truth.rights.now(member), at: truth.sequence) {
                return .invalid(at: end.at, why: "\(member.name): \(difference)")
            }
        }
        return .valid
    }

    private func unsettled(_ history: History, _ phases: [Int: StatusMark]) -> String {
        let open = history.members.enumerated().compactMap { agent, member in
            phases[agent].map { "\(member.name) \($0.phase.rawValue) with \($0.unsettled) open" }
        }
        return "the world did not come to rest: " + open.joined(separator: ", ")
    }
}
